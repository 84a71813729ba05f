package session_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/session"
)

// provider is an OpenID provider of the test's own: discovery, keys, codes with
// PKCE, signed ID tokens and userinfo. Its answers can be bent.
type provider struct {
	t      *testing.T
	srv    *httptest.Server
	key    *rsa.PrivateKey
	claims object // of the person who signs in
	info   object // what only userinfo tells
	bend   func(object)
	signer *rsa.PrivateKey // another key than the published one

	mu    sync.Mutex
	codes map[string]url.Values // what was asked for, by code
}

const clientID, clientSecret = "bystander", "s3cret"

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &provider{t: t, key: key, signer: key, codes: map[string]url.Values{}, claims: object{
		"sub": "248289761001", "name": "Paula Wang", "preferred_username": "Paula.Wang@venue.example", "groups": []string{"venue-guards"},
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("/keys", p.keys)
	mux.HandleFunc("/token", p.token)
	mux.HandleFunc("/userinfo", p.userinfo)
	p.srv = httptest.NewServer(mux)
	t.Cleanup(p.srv.Close)
	return p
}

func (p *provider) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, object{
		"issuer": p.srv.URL, "authorization_endpoint": p.srv.URL + "/authorize", "token_endpoint": p.srv.URL + "/token",
		"jwks_uri": p.srv.URL + "/keys", "userinfo_endpoint": p.srv.URL + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
}

// authorize is where the browser is sent: the person signs in and agrees. It
// returns where the provider sends the browser back to.
func (p *provider) authorize(to string) string {
	p.t.Helper()
	u, err := url.Parse(to)
	require.NoError(p.t, err)
	q := u.Query()
	require.Equal(p.t, p.srv.URL+"/authorize", "http://"+u.Host+u.Path)
	require.Equal(p.t, "code", q.Get("response_type"))
	require.Equal(p.t, clientID, q.Get("client_id"))
	require.Equal(p.t, "S256", q.Get("code_challenge_method"))
	require.NotEmpty(p.t, q.Get("nonce"))
	require.Contains(p.t, strings.Fields(q.Get("scope")), "openid")
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	back, err := url.Parse(q.Get("redirect_uri"))
	require.NoError(p.t, err)
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}, "session_state": {"x"}}.Encode()
	return back.String()
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	code := r.PostFormValue("code")
	p.mu.Lock()
	asked, ok := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || id != clientID || secret != clientSecret || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") ||
		r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		p.answer(w, object{"error": "invalid_grant"})
		return
	}
	claims := object{"iss": p.srv.URL, "aud": clientID, "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	for k, v := range p.claims {
		claims[k] = v
	}
	if p.bend != nil {
		p.bend(claims)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: p.signer}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		p.t.Error(err)
		return
	}
	raw, err := jwt.Signed(signer).Claims(map[string]any(claims)).Serialize()
	if err != nil {
		p.t.Error(err)
		return
	}
	p.answer(w, object{"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": raw})
}

func (p *provider) userinfo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer a" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.answer(w, p.info)
}

// joined is a house that the provider vouches for people in.
func joined(t *testing.T) (*house, *provider) {
	t.Helper()
	p := newProvider(t)
	h := open(t, func(c *session.Config) {
		c.Now = nil // the provider's tokens are of the present
		c.Providers = []session.ProviderConfig{{
			ID: "venue", Label: "The venue's sign-in", Issuer: p.srv.URL, ClientID: clientID, Secret: clientSecret, GroupsClaim: "groups",
			Roles: map[string][]actor.Role{"venue-guards": {actor.Operator}, "venue-it": {actor.Administrator}, "venue-audit": {actor.Auditor}},
		}}
	})
	return h, p
}

// through sends a browser to the provider and back, and returns where it ends up.
func (b *browser) through(p *provider, then string) string {
	b.h.t.Helper()
	res, _ := b.raw("GET", "/v1/session/oidc/venue/start?then="+url.QueryEscape(then), nil)
	require.Equal(b.h.t, 303, res.StatusCode)
	return b.back(p.authorize(res.Header.Get("Location")))
}

func (b *browser) back(to string) string {
	b.h.t.Helper()
	// The provider's page sends the browser on: a navigation from another site.
	res, _ := b.raw("GET", strings.TrimPrefix(to, b.h.url), nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	require.Equal(b.h.t, 303, res.StatusCode)
	return res.Header.Get("Location")
}

// proves: B-63
func TestAnIdentityProviderVouches(t *testing.T) {
	h, p := joined(t)
	b := h.browser()
	require.Equal(t, []any{object{"id": "venue", "label": "The venue's sign-in"}}, b.who()["sign_in"].(object)["oidc"])
	require.Equal(t, "/live?x=1", b.through(p, "/live?x=1"))
	who := b.who()
	require.Equal(t, true, who["known"])
	require.Equal(t, "Paula Wang", who["name"])
	require.Equal(t, []any{"operator"}, who["roles"])
	require.Regexp(t, `^venue\.paulawang-[0-9a-f]{8}$`, who["id"])
	status, _ := b.do("GET", "/v1/cameras", nil)
	require.Equal(t, 200, status)
	require.Equal(t, []string{"created", "signed_in"}, h.actions())
	status, _ = b.do("PUT", "/v1/session/password", object{"password": "another four odd words"})
	require.Equal(t, 409, status, "the provider's accounts have no password here")

	// Other groups, other roles; the sessions that held the old ones end.
	p.claims["groups"] = []string{"venue-audit", "unknown"}
	later := h.browser()
	require.Equal(t, "/", later.through(p, "https://elsewhere.example"))
	require.Equal(t, []any{"auditor"}, later.who()["roles"])
	require.Equal(t, false, b.who()["known"])

	// No group that stands for a role: no account, and no session any more.
	p.claims["groups"] = []string{"visitors"}
	require.Equal(t, "/signin?failed=oidc_no_role", h.browser().through(p, "/"))
	require.Equal(t, false, later.who()["known"])

	// Disabled here is disabled, whoever vouches.
	p.claims["groups"] = "venue-guards"
	require.NoError(t, h.store.Disable(t.Context(), who["id"].(string)))
	require.Equal(t, "/signin?failed=oidc_ended", h.browser().through(p, "/"))
}

func TestAProviderAndTheSecondFactor(t *testing.T) {
	h, p := joined(t)
	p.claims["groups"], p.claims["sub"] = []string{"venue-it"}, "it-1"
	b := h.browser()
	require.Equal(t, "/signin?then=%2Fadmin", b.through(p, "/admin"))
	require.Equal(t, object{"needed": true, "enrolled": false, "recent": false}, b.who()["second_factor"])
	status, _ := b.do("GET", "/v1/users", nil)
	require.Equal(t, 401, status)
	p.claims["amr"] = []string{"pwd", "mfa"}
	b = h.browser()
	require.Equal(t, "/admin", b.through(p, "/admin"), "the provider asked for one itself")
	status, _ = b.do("GET", "/v1/users", nil)
	require.Equal(t, 200, status)
	// Groups that only userinfo tells.
	delete(p.claims, "groups")
	p.info = object{"sub": "it-1", "groups": []string{"venue-audit"}}
	b = h.browser()
	b.through(p, "/")
	require.Equal(t, []any{"auditor"}, b.who()["roles"])
	p.info["sub"] = "somebody else"
	require.Equal(t, "/signin?failed=oidc_failed", h.browser().through(p, "/"))
}

// Whatever comes back that does not hold lets nobody in.
// proves: B-63
func TestAProvidersAnswerIsChecked(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, bend := range map[string]func(p *provider){
		"another's key":    func(p *provider) { p.signer = other },
		"another nonce":    func(p *provider) { p.bend = func(c object) { c["nonce"] = "x" } },
		"another audience": func(p *provider) { p.bend = func(c object) { c["aud"] = "somebody" } },
		"another issuer":   func(p *provider) { p.bend = func(c object) { c["iss"] = "https://evil.example" } },
		"expired":          func(p *provider) { p.bend = func(c object) { c["exp"] = time.Now().Add(-time.Hour).Unix() } },
		"no subject":       func(p *provider) { p.bend = func(c object) { delete(c, "sub") } },
	} {
		t.Run(name, func(t *testing.T) {
			h, p := joined(t)
			bend(p)
			b := h.browser()
			require.Equal(t, "/signin?failed=oidc_failed", b.through(p, "/"))
			require.Equal(t, false, b.who()["known"])
			list, err := h.store.List(t.Context())
			require.NoError(t, err)
			require.Empty(t, list)
		})
	}
	t.Run("state", func(t *testing.T) {
		h, p := joined(t)
		b := h.browser()
		res, _ := b.raw("GET", "/v1/session/oidc/venue/start", nil)
		to := p.authorize(res.Header.Get("Location"))
		// Another browser is led to the answer: it did not set out.
		require.Equal(t, "/signin?failed=oidc_expired", h.browser().back(to))
		require.Equal(t, "/signin?failed=oidc_expired", b.back(to), "and the answer is used up")
		require.Equal(t, "/signin?failed=oidc_expired", b.back(h.url+"/v1/session/oidc/venue/callback?code=x&state=made-up"))
		require.Equal(t, "/signin?failed=oidc_denied", func() string {
			res, _ := b.raw("GET", "/v1/session/oidc/venue/start", nil)
			u, err := url.Parse(res.Header.Get("Location"))
			require.NoError(t, err)
			return b.back(h.url + "/v1/session/oidc/venue/callback?error=access_denied&state=" + u.Query().Get("state"))
		}())
		status, _ := b.do("GET", "/v1/session/oidc/none/start", nil)
		require.Equal(t, 404, status)
	})
	t.Run("silent", func(t *testing.T) {
		h, p := joined(t)
		p.srv.Close()
		res, _ := h.browser().raw("GET", "/v1/session/oidc/venue/start", nil)
		require.Equal(t, "/signin?failed=oidc_failed", res.Header.Get("Location"))
	})
}

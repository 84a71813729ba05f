package verify_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/apitest"
	"bystander/api/verify"
)

// TestSignatures breaks a signature in every way, each of which is refused.
//
// proves: B-41
func TestSignatures(t *testing.T) {
	s := newStand(t)
	body := s.body(plain())
	try := func(change func(*http.Request)) reply {
		r := s.request("application/json", body)
		s.sign(r, body)
		change(r)
		return s.send(r)
	}
	require.Equal(t, 200, try(func(*http.Request) {}).Status)
	set := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	for name, c := range map[string]struct {
		change func(*http.Request)
		code   string
	}{
		"none": {func(r *http.Request) {
			for _, h := range []string{verify.HeaderKey, verify.HeaderVersion, verify.HeaderSign} {
				r.Header.Del(h)
			}
		}, "SIGN_MISSING"},
		"wrong":           {set(verify.HeaderSign, strings.Repeat("0", 64)), "SIGN_INVALID"},
		"unknown key":     {set(verify.HeaderKey, "nobody"), "SIGN_INVALID"},
		"other nonce":     {set(verify.HeaderNonce, "nonce-of-somebody-else"), "SIGN_INVALID"},
		"short nonce":     {set(verify.HeaderNonce, "short"), "SIGN_INCOMPLETE"},
		"strange nonce":   {set(verify.HeaderNonce, "nonce nonce nonce nonce"), "SIGN_INCOMPLETE"},
		"other time":      {set(verify.HeaderTime, fmt.Sprint(s.now.Unix()+1)), "SIGN_INVALID"},
		"no time":         {set(verify.HeaderTime, ""), "SIGN_INCOMPLETE"},
		"unknown version": {set(verify.HeaderVersion, "hmac_md5"), "SIGN_VERSION"},
		"sha1 in headers": {set(verify.HeaderVersion, verify.SignSHA1), "SIGN_VERSION"},
		"other body": {func(r *http.Request) {
			b := bytes.Replace(body, []byte(b64("ann")), []byte(b64("bob")), 1)
			r.Body = httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(b)).Body
		}, "SIGN_INVALID"},
	} {
		r := try(c.change)
		require.Equal(t, http.StatusUnauthorized, r.Status, "%s: %s", name, r.raw)
		require.Equal(t, c.code, r.Code, name)
	}
	require.Len(t, s.events, 1)
}

// proves: B-41
func TestReplayAndTime(t *testing.T) {
	s := newStand(t)
	body := s.body(plain())
	r := s.request("application/json", body)
	s.sign(r, body)
	again := r.Clone(t.Context())
	again.Body = s.request("application/json", body).Body
	require.Equal(t, 200, s.send(r).Status)
	got := s.send(again)
	require.Equal(t, 401, got.Status)
	require.Equal(t, "SIGN_REPLAYED", got.Code)

	for _, skew := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		s.now = s.now.Add(20 * time.Minute)
		r = s.request("application/json", body)
		s.now = s.now.Add(skew)
		s.sign(r, body)
		s.now = s.now.Add(-skew)
		require.Equal(t, "SIGN_TIME", s.send(r).Code, "%v", skew)
	}
	// What was signed before a restart may have been used before it.
	old := s.request("application/json", body)
	s.sign(old, body)
	s.now = s.now.Add(2 * time.Second)
	fresh, err := verify.New(s.config)
	require.NoError(t, err)
	s.door, err = api.New(api.Config{Modules: []api.Module{fresh}, Now: s.config.Now}, apitest.NewFake().Backend())
	require.NoError(t, err)
	require.Equal(t, "SIGN_TIME", s.send(old).Code)
	// A key that was revoked is refused at once.
	require.NoError(t, s.keys.Revoke(t.Context(), s.key.ID))
	require.Equal(t, "SIGN_INVALID", s.call(plain()).Code)
}

func legacySign(key, secret string, now, until int64, nonce string) string {
	raw := fmt.Sprintf("a=%s&b=%d&c=%d&d=%s", key, until, now, nonce)
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(raw))
	return base64.StdEncoding.EncodeToString(append(m.Sum(nil), raw...))
}

// TestLegacySign: the published scheme works behind its switch alone.
//
// proves: B-41, B-53
func TestLegacySign(t *testing.T) {
	s := newStand(t)
	fields := func(nonce string) map[string]any {
		f := with("sign_version", verify.SignSHA1)
		f["sign"] = legacySign(s.key.ID, string(s.secret), s.now.Unix(), s.now.Unix()+60, nonce)
		return f
	}
	send := func(f map[string]any) reply { return s.send(s.request("application/json", s.body(f))) }
	require.Equal(t, "SIGN_MISSING", send(fields("1")).Code)
	s = newStand(t, func(c *verify.Config) { c.LegacySHA1 = true })
	r := send(fields("2"))
	require.Equal(t, 200, r.Status, r.raw)
	require.Equal(t, verify.SignSHA1, s.events[0].Detail["sign_version"], "auditors can see who still uses it")
	require.Equal(t, "SIGN_REPLAYED", send(fields("2")).Code)
	for name, sign := range map[string]string{
		"no base64": "%", "short": "eA==", "wrong secret": legacySign(s.key.ID, "guess", s.now.Unix(), s.now.Unix()+60, "3"),
		"expired": legacySign(s.key.ID, string(s.secret), s.now.Unix()-60, s.now.Unix()-1, "4"),
	} {
		f := with("sign_version", verify.SignSHA1)
		f["sign"] = sign
		require.Equal(t, 401, send(f).Status, name)
	}
	f := plain()
	require.Equal(t, "SIGN_MISSING", send(f).Code)
	f["sign_version"], f["sign"] = verify.SignSHA256, "x"
	require.Equal(t, 422, send(f).Status)
}

func TestNonces(t *testing.T) {
	n := verify.NewMemoryNonces(2)
	use := func(nonce string, at time.Duration) (bool, error) {
		return n.Use(t.Context(), "k", nonce, epoch.Add(at), epoch.Add(at+time.Minute))
	}
	ok, err := use("a", 0)
	require.True(t, ok && err == nil)
	ok, _ = use("a", time.Second)
	require.False(t, ok)
	ok, _ = use("b", 2*time.Second)
	require.True(t, ok)
	_, err = use("c", 3*time.Second)
	require.ErrorIs(t, err, verify.ErrBusy, "it refuses rather than forgets")
	ok, err = use("c", 2*time.Minute)
	require.True(t, ok && err == nil, "old ones make room")
}

func TestKeyStore(t *testing.T) {
	s := newStand(t)
	list, err := s.keys.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "a bank", list[0].Label)
	k, err := s.keys.Key(t.Context(), s.key.ID)
	require.NoError(t, err)
	require.Equal(t, s.secret, k.Secret)
	s.now = s.now.Add(25 * time.Hour)
	_, err = s.keys.Key(t.Context(), s.key.ID)
	require.ErrorIs(t, err, verify.ErrNotFound, "it has run out")
	_, _, err = s.keys.Create(t.Context(), "", []string{"x"}, s.now.Add(time.Hour))
	require.ErrorIs(t, err, verify.ErrConfig)
	require.ErrorIs(t, s.keys.Revoke(t.Context(), "nobody"), verify.ErrNotFound)
	require.NoError(t, s.keys.Revoke(t.Context(), s.key.ID))
	require.ErrorIs(t, s.keys.Revoke(t.Context(), s.key.ID), verify.ErrNotFound)
	_, err = verify.New(verify.Config{})
	require.ErrorIs(t, err, verify.ErrConfig)
}

package session

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/users/accounts"
)

const (
	viaSession = "session"
	viaLocal   = "local"

	cookieName = "bystander_session"
	hostPrefix = "__Host-" // browsers then insist on Secure, on our host alone, and on path /
)

// cookie is the session's cookie: with TLS bound to this very host, on plain
// http, which is for this machine, without what needs TLS.
func (m *Module) cookie(r *http.Request, value string) *http.Cookie {
	c := &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if m.secure(r) {
		c.Name, c.Secure = hostPrefix+cookieName, true
	}
	return c
}

func (m *Module) secure(r *http.Request) bool { return m.cfg.HTTPS || r.TLS != nil }

func (m *Module) setCookie(w http.ResponseWriter, r *http.Request, token string) {
	only(w, m.cookie(r, token))
}

// only sets a cookie in place of one of the same name that the same answer has:
// a token may be replaced on the way in, and again by what was asked for.
func only(w http.ResponseWriter, c *http.Cookie) {
	lines := w.Header()["Set-Cookie"]
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, c.Name+"=") })
	if w.Header().Del("Set-Cookie"); len(lines) > 0 {
		w.Header()["Set-Cookie"] = lines
	}
	http.SetCookie(w, c)
}

func (m *Module) dropCookie(w http.ResponseWriter, r *http.Request) {
	c := m.cookie(r, "")
	c.MaxAge = -1
	only(w, c)
}

// token is the request's session token; more than one is none.
func (m *Module) token(r *http.Request) string {
	found := r.CookiesNamed(m.cookie(r, "").Name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

type (
	key      struct{} // of the request's session
	tokenKey struct{} // of the token that holds once the request was let in
)

// from returns the session of a request, at whatever level.
func from(ctx context.Context) (accounts.Session, bool) {
	s, ok := ctx.Value(key{}).(accounts.Session)
	return s, ok
}

// Authenticate implements api.Sessions: it finds out who sends a request by its
// cookie, checks that a page of ours made it, and replaces the token when that
// is due. A cookie that opens nothing is nobody's.
func (m *Module) Authenticate(w http.ResponseWriter, r *http.Request) (context.Context, error) {
	ctx := r.Context()
	token := m.token(r)
	if token == "" {
		return m.visitor(ctx), nil
	}
	s, err := m.store.Session(ctx, token)
	switch {
	case errors.Is(err, accounts.ErrRotated) && interactive(r):
		return nil, problem.New(http.StatusUnauthorized, "SESSION_ROTATED", "the session's token was just replaced; send the request again")
	case errors.Is(err, accounts.ErrSession), errors.Is(err, accounts.ErrRotated):
		return m.visitor(ctx), nil
	case err != nil:
		return nil, m.failed(ctx, err)
	}
	if unsafe(r.Method) && subtle.ConstantTimeCompare([]byte(r.Header.Get(HeaderCSRF)), []byte(s.CSRF)) != 1 {
		return nil, problem.New(http.StatusForbidden, "CSRF", "send the session's token as "+HeaderCSRF+"; GET /v1/session tells it")
	}
	if token, err = m.renew(w, r, s, token); err != nil {
		return nil, err
	}
	return m.with(context.WithValue(ctx, tokenKey{}, token), s), nil
}

// with puts a session and, at its full level, who acts into ctx.
func (m *Module) with(ctx context.Context, s accounts.Session) context.Context {
	ctx = context.WithValue(ctx, key{}, s)
	if s.Level != accounts.LevelFull {
		return ctx
	}
	who := actor.Actor{
		ID: s.Account.ID, Roles: s.Account.Roles, Enrollee: s.Account.Enrollee, Via: viaSession,
		Session: s.ID, Strong: s.Strong, Proved: s.Proved,
	}
	if s.Account.Sample { // it has no secrets; what it exports says so by its name
		who.Strong, who.Proved = true, time.Time{}
	}
	return actor.With(ctx, who)
}

// visitor is who sends a request without a session.
func (m *Module) visitor(ctx context.Context) context.Context {
	if m.cfg.Demo == nil {
		if m.cfg.Required {
			return ctx
		}
		// Whoever sits at this machine may watch it, as before there were accounts.
		return actor.With(ctx, actor.Actor{ID: viaLocal, Roles: []actor.Role{actor.Operator}, Via: viaLocal})
	}
	return actor.With(ctx, actor.Actor{ID: sampleID(actor.Operator), Roles: []actor.Role{actor.Operator}, Via: viaLocal, Strong: true})
}

// renew records use and replaces the token when that is due; it returns the one
// that holds then. The request for the session itself is the best moment: its
// sender waits for the answer before it sends others.
func (m *Module) renew(w http.ResponseWriter, r *http.Request, s accounts.Session, token string) (string, error) {
	ctx := r.Context()
	asks := r.Method == http.MethodGet && r.URL.Path == "/v1/session"
	if !asks { // which a page does by itself
		if err := m.store.Touch(ctx, s); err != nil {
			return "", m.failed(ctx, err)
		}
	}
	if !m.store.Due(s, asks) || !interactive(r) {
		return token, nil
	}
	fresh, err := m.store.Rotate(ctx, token)
	if errors.Is(err, accounts.ErrRotated) {
		return "", problem.New(http.StatusUnauthorized, "SESSION_ROTATED", "the session's token was just replaced; send the request again")
	}
	if err != nil {
		return "", m.failed(ctx, err)
	}
	m.setCookie(w, r, fresh)
	return fresh, nil
}

// interactive reports whether a script sent the request, which can send it
// again; a picture's or a page's cannot.
func interactive(r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, "/v1/") && !strings.HasPrefix(r.URL.Path, "/whep/") && !strings.HasPrefix(r.URL.Path, "/whip/") {
		return false
	}
	dest := r.Header.Get("Sec-Fetch-Dest")
	return (dest == "" || dest == "empty") && r.URL.Path != "/v1/stream"
}

func unsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// Valid implements api.Sessions.
func (m *Module) Valid(ctx context.Context, who actor.Actor) bool {
	ok, err := m.store.Valid(ctx, who.Session)
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		m.log.Error().Err(err).Msg("whether a session holds cannot be told; what it watches ends")
	}
	return ok && err == nil
}

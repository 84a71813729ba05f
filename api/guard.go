package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
)

// requestID returns the id that outer gave the request.
func requestID(ctx context.Context) string { return problem.RequestID(ctx) }

// outer is the outermost layer: it names the request, sets the headers that
// every answer carries, logs, measures, and turns a panic into an answer.
func (a *API) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.cfg.Now()
		id := newRequestID()
		// The id is ours alone: one that the client chose could repeat.
		r = r.WithContext(problem.WithRequestID(r.Context(), id))
		setSecurityHeaders(w.Header(), r.URL.Path)
		w.Header().Set("X-Request-Id", id)
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			p := recover()
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			if p != nil {
				a.log.Error().Str("request_id", id).Str("path", r.URL.Path).
					Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("request failed")
				if ww.Status() == 0 {
					a.problem(ww, r, http.StatusInternalServerError, "something went wrong here; the log names this request")
				}
			}
			a.finished(r, ww, a.cfg.Now().Sub(start))
		}()
		next.ServeHTTP(ww, r)
	})
}

// newRequestID returns a UUID version 7, or version 4 should the clock fail.
func newRequestID() string {
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	return id.String()
}

// finished logs and counts a request. The query is left out: it says whom
// somebody was looking for.
func (a *API) finished(r *http.Request, ww middleware.WrapResponseWriter, took time.Duration) {
	status := ww.Status()
	if status == 0 {
		status = http.StatusOK
	}
	route := chi.RouteContext(r.Context()).RoutePattern()
	if route == "" {
		route = "other"
	}
	a.metrics.observe(route, r.Method, status, took)
	level := zerolog.DebugLevel
	switch {
	case status >= 500:
		level = zerolog.WarnLevel
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		level = zerolog.InfoLevel
	}
	a.log.WithLevel(level).Str("request_id", requestID(r.Context())).
		Str("method", r.Method).Str("path", r.URL.Path).Int("status", status).
		Int("bytes", ww.BytesWritten()).Dur("took", took).Msg("request")
}

// The web application needs nothing from elsewhere, no inline script or style,
// and no sink that takes markup.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

func setSecurityHeaders(h http.Header, path string) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Permissions-Policy", permissionsPolicy(path))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if strings.HasPrefix(path, "/v1/") {
		h.Set("Cache-Control", "no-store")
	}
}

// guard refuses what no honest client sends: a foreign host name, a request
// that another site's page makes, an ambiguous query, an oversized body.
func (a *API) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.hostAllowed(r.Host) {
			a.problem(w, r, http.StatusMisdirectedRequest,
				"this server does not answer to that host name; add it to server.hosts in the configuration, or use http://127.0.0.1")
			return
		}
		if why := crossSite(r); why != "" {
			a.problem(w, r, http.StatusForbidden, why)
			return
		}
		if err := checkQuery(r.URL.RawQuery); err != nil {
			a.problem(w, r, http.StatusUnprocessableEntity, err.Error())
			return
		}
		limit := a.bodyLimit(r.URL.Path)
		if r.ContentLength > limit {
			a.problem(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request may hold at most %d bytes here", limit))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		a.wait(w, r)
		ctx, err := a.authenticate(w, r)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		r = r.WithContext(ctx) //nolint:contextcheck // it is the request's, with who sends it
		if a.limit(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bodyLimit is how much a request to path may hold.
func (a *API) bodyLimit(path string) int64 {
	limit := int64(maxBody)
	for _, m := range a.cfg.Modules {
		l, ok := m.(BodyLimiter)
		if !ok {
			continue
		}
		for prefix, n := range l.BodyLimits() {
			if strings.HasPrefix(path, prefix) {
				limit = max(limit, n)
			}
		}
	}
	return limit
}

// wait moves the server's deadlines for a path whose answers take long.
func (a *API) wait(w http.ResponseWriter, r *http.Request) {
	var long time.Duration
	for _, m := range a.cfg.Modules {
		p, ok := m.(Patient)
		if !ok {
			continue
		}
		for prefix, d := range p.Patience() {
			if strings.HasPrefix(r.URL.Path, prefix) {
				long = max(long, d)
			}
		}
	}
	if long > 0 {
		// The read deadline too: once it is over the server gives the request up.
		rc, until := http.NewResponseController(w), time.Now().Add(long)
		_ = errors.Join(rc.SetReadDeadline(until), rc.SetWriteDeadline(until)) // a test's writer has none
	}
}

// authenticate finds out who sends a request; nobody when it does not say. A
// token goes before a session: whoever sends one means it.
func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (context.Context, error) {
	if a.cfg.Sessions != nil && len(r.Header.Values("Authorization")) == 0 {
		return a.cfg.Sessions.Authenticate(w, r)
	}
	if a.cfg.Authenticate == nil {
		return r.Context(), nil
	}
	who, err := a.cfg.Authenticate(r)
	return actor.With(r.Context(), who), err
}

// valid reports whether what let somebody in still does.
func (a *API) valid(ctx context.Context, who actor.Actor) bool {
	return who.Session == "" || a.cfg.Sessions == nil || a.cfg.Sessions.Valid(ctx, who)
}

// refuse answers a request whose sender is not let in.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if errors.As(err, &p) {
		a.answerProblem(w, r, *p)
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	a.problem(w, r, http.StatusUnauthorized, "the token is not known, has expired or was revoked")
}

func allowedHosts(extra []string) map[string]bool {
	hosts := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, h := range extra {
		hosts[hostName(h)] = true
	}
	return hosts
}

func (a *API) hostAllowed(host string) bool { return a.hosts[hostName(host)] }

// hostName is a Host header's name without port, brackets and final dot.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// crossSite says why a request looks as if another site's page made it, or
// nothing. Programs that are no browsers send neither header, and pass.
func crossSite(r *http.Request) string {
	site := r.Header.Get("Sec-Fetch-Site")
	navigates := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Method == http.MethodGet
	if (site == "cross-site" || site == "same-site") && !navigates {
		return "another site's page may not use this server"
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return ""
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	u, err := url.Parse(origin)
	if err != nil || !strings.EqualFold(u.Host, r.Host) {
		return "the Origin of this request is another site"
	}
	return ""
}

// checkQuery refuses a query that two readers could understand differently:
// broken escapes, semicolons, repeated keys, control characters.
func checkQuery(raw string) error {
	if len(raw) > 2048 {
		return fmt.Errorf("the query is longer than 2048 bytes")
	}
	q, err := url.ParseQuery(raw)
	if err != nil {
		return fmt.Errorf("the query cannot be read: %w", err)
	}
	for k, v := range q {
		if len(v) > 1 {
			return fmt.Errorf("the query names %q more than once", k)
		}
		if strings.ContainsFunc(k+v[0], func(c rune) bool { return c < ' ' || c == 0x7f || c == 0xfffd }) {
			return fmt.Errorf("the query holds a control character")
		}
	}
	return nil
}

// Package me is the HTTP interface of people's own page: an enrolled person gets
// in by the code on their receipt, sees what is kept of them, asks for what the
// law gives them, and takes a copy away. Consents themselves are api/consent's.
package me

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/api/session"
	"bystander/policy/consent"
	"bystander/rights"
)

// Codes knows whose receipt a code stands on; *consent.Service does.
type Codes interface {
	ByCode(ctx context.Context, code string) (enrollee string, err error)
}

// Sessions lets people in; *session.Module does.
type Sessions interface {
	Enter(ctx context.Context, w http.ResponseWriter, r *http.Request, enrollee string) (session.Answer, error)
}

// Requests takes requests through their life; *rights.Service is one.
type Requests interface {
	Submit(ctx context.Context, in rights.Submission) (rights.Receipt, error)
	Verify(ctx context.Context, id, enrollee string, m rights.Method, by, reason string) (rights.Request, error)
	Begin(ctx context.Context, id, by string) (rights.Request, error)
	Fulfil(ctx context.Context, id, outcome, by string) (rights.Request, error)
}

// Filed reads requests; *rights.DB does.
type Filed interface {
	Get(ctx context.Context, id string) (rights.Request, error)
	List(ctx context.Context, q rights.Query) ([]rights.Request, error)
}

// Exporter makes the bundle of one person's data. The caller reads and closes it.
type Exporter interface {
	Export(ctx context.Context, enrollee, request string) (zip io.ReadCloser, err error)
}

// Holdings counts what the house keeps of a person.
type Holdings interface {
	Kept(ctx context.Context, enrollee string) (Kept, error)
}

// Config joins the module to its surroundings. All but Log, Now and PerMinute
// are needed.
type Config struct {
	Codes    Codes
	Sessions Sessions
	Requests Requests
	Filed    Filed
	Export   Exporter
	Holdings Holdings
	Access   actor.Recorder
	Log      zerolog.Logger
	Now      func() time.Time
	// PerMinute bounds the codes tried by everybody together in a minute; 60
	// when 0. A code is not to be guessed as it is: this keeps the log clean.
	PerMinute int
}

// Module adds the routes.
type Module struct {
	*route.Table
	cfg   Config
	wrong *route.PerMinute // of codes that open nothing
}

// New returns the module. It fails when a part is missing.
func New(cfg Config) (*Module, error) {
	if cfg.Codes == nil || cfg.Sessions == nil || cfg.Requests == nil || cfg.Filed == nil || cfg.Export == nil || cfg.Holdings == nil || cfg.Access == nil {
		return nil, errors.New("api/me: codes, sessions, requests, export, holdings and access log are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Module{cfg: cfg, wrong: route.NewPerMinute(cfg.PerMinute, 60, cfg.Now)}
	m.Table = &route.Table{Tag: "me", Answer: m.answer, Now: cfg.Now}
	return m, nil
}

// Patience implements api.Patient: a copy holds video that is redacted anew.
func (m *Module) Patience() map[string]time.Duration {
	return map[string]time.Duration{"/v1/me/requests/": 15 * time.Minute}
}

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	m.Clear()
	m.sessionRoute(api)
	m.keptRoute(api)
	m.requestRoutes(api)
}

var themselves = []actor.Role{actor.Subject}

// add registers an operation whose handler is told who acts.
func add[I, O any](m *Module, api huma.API, o route.Op, f func(ctx context.Context, a actor.Actor, in *I) (*O, error)) {
	route.Add(m.Table, api, o, func(ctx context.Context, in *I) (*O, error) { return f(ctx, actor.From(ctx), in) })
}

// answer turns a refusal into a problem. What else goes wrong is logged and not
// shown.
func (m *Module) answer(ctx context.Context, err error) error {
	var p *problem.Problem
	var no *consent.Refusal
	var r *rights.Refusal
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &no) && no.Sort == consent.Unknown:
		return problem.New(http.StatusNotFound, no.Code(), no.Reasons[0].Text)
	case errors.As(err, &r) && errors.Is(r, rights.ErrNotFound):
		return problem.New(http.StatusNotFound, r.Code, r.Detail)
	case errors.As(err, &r) && errors.Is(r, rights.ErrDisposed):
		return problem.New(http.StatusGone, r.Code, r.Detail)
	case errors.As(err, &r) && errors.Is(r, rights.ErrState):
		return problem.New(http.StatusConflict, r.Code, r.Detail)
	case errors.As(err, &r):
		return problem.New(http.StatusUnprocessableEntity, r.Code, r.Detail)
	}
	return route.StoreFailed(ctx, m.cfg.Log, err, "a person could not be served")
}

// read records a look at a person before it is answered.
func (m *Module) read(ctx context.Context, action, object string) error {
	return route.Record(ctx, m.cfg.Access, m.cfg.Log, actor.Read{Action: action, Object: object, Purpose: "service", Count: 1})
}

// request lets a handler reach the HTTP request and its answer, for the cookie.
type request struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve implements huma.Resolver.
func (q *request) Resolve(ctx huma.Context) []error {
	q.r, q.w = humachi.Unwrap(ctx)
	return nil
}

type codeEntry struct {
	request
	Body struct {
		Code string `json:"code" minLength:"16" maxLength:"40" doc:"As on the receipt; spaces and dashes do not matter"`
	}
}

type codeEntered struct{ Body session.Answer }

func (m *Module) sessionRoute(api huma.API) {
	add(m, api, route.New("me-enter", "POST", "/v1/me/session", "Get in by the code on a receipt", nil, 0),
		func(ctx context.Context, _ actor.Actor, in *codeEntry) (*codeEntered, error) {
			if err := m.patient(); err != nil {
				return nil, err
			}
			enrollee, err := m.cfg.Codes.ByCode(ctx, Plain(in.Body.Code))
			if err != nil {
				m.failed(err)
				return nil, err
			}
			out, err := m.cfg.Sessions.Enter(ctx, in.w, in.r, enrollee)
			return &codeEntered{out}, err
		})
}

// Plain is a code without what makes it easy to read.
func Plain(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
}

// patient refuses once too many wrong codes came within a minute.
func (m *Module) patient() error {
	if m.wrong.Full() {
		return problem.New(http.StatusTooManyRequests, "BUSY", "too many wrong codes at the moment; try again in a minute, or ask at the desk")
	}
	return nil
}

func (m *Module) failed(err error) {
	var no *consent.Refusal
	if errors.As(err, &no) {
		m.wrong.Take()
	}
}

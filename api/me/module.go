// Package me is the HTTP interface of people's own page: an enrolled person gets
// in by the code on their receipt, sees what is kept of them, asks for what the
// law gives them, and takes a copy away. Consents themselves are api/consent's.
package me

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
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
	cfg    Config
	routes []Route

	mu     sync.Mutex
	minute time.Time
	wrong  int
}

// Route is one route with the roles that may call it; none means everybody.
type Route struct {
	Method, Path string
	Roles        []actor.Role
}

// New returns the module. It fails when a part is missing.
func New(cfg Config) (*Module, error) {
	if cfg.Codes == nil || cfg.Sessions == nil || cfg.Requests == nil || cfg.Filed == nil || cfg.Export == nil || cfg.Holdings == nil || cfg.Access == nil {
		return nil, errors.New("api/me: codes, sessions, requests, export, holdings and access log are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.PerMinute <= 0 {
		cfg.PerMinute = 60
	}
	return &Module{cfg: cfg}, nil
}

// Routes lists what Register added.
func (m *Module) Routes() []Route { return slices.Clone(m.routes) }

// Patience implements api.Patient: a copy holds video that is redacted anew.
func (m *Module) Patience() map[string]time.Duration {
	return map[string]time.Duration{"/v1/me/requests/": 15 * time.Minute}
}

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	m.routes = nil
	m.sessionRoute(api)
	m.keptRoute(api)
	m.requestRoutes(api)
}

var themselves = []actor.Role{actor.Subject}

type op struct {
	id, method, path, summary string
	roles                     []actor.Role
	status                    int
}

func add[I, O any](m *Module, api huma.API, o op, f func(ctx context.Context, a actor.Actor, in *I) (*O, error)) {
	m.routes = append(m.routes, Route{o.method, o.path, o.roles})
	desc := "Open to everybody."
	if len(o.roles) > 0 {
		desc = "For an enrolled person, about themselves."
	}
	huma.Register(api, huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Description: desc,
		Tags: []string{"me"}, DefaultStatus: o.status, Middlewares: problem.Need(o.roles...),
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, actor.From(ctx), in)
		if err != nil {
			return nil, m.answer(ctx, err)
		}
		return out, nil
	})
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
	m.cfg.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("a person could not be served")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}

// read records a look at a person before it is answered.
func (m *Module) read(ctx context.Context, action, object string) error {
	err := m.cfg.Access.RecordRead(ctx, actor.Read{Action: action, Object: object, Purpose: "service", Count: 1})
	if err != nil {
		m.cfg.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("access record failed; nothing was shown")
		return problem.New(http.StatusServiceUnavailable, "ACCESS_LOG",
			"the access log cannot be written, and nothing about people is shown without a record; see /healthz")
	}
	return nil
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
	add(m, api, op{"me-enter", "POST", "/v1/me/session", "Get in by the code on a receipt", nil, 0},
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
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.cfg.Now().Truncate(time.Minute); !now.Equal(m.minute) {
		m.minute, m.wrong = now, 0
	}
	if m.wrong >= m.cfg.PerMinute {
		return problem.New(http.StatusTooManyRequests, "BUSY", "too many wrong codes at the moment; try again in a minute, or ask at the desk")
	}
	return nil
}

func (m *Module) failed(err error) {
	var no *consent.Refusal
	if errors.As(err, &no) {
		m.mu.Lock()
		m.wrong++
		m.mu.Unlock()
	}
}

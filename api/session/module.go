// Package session lets browsers in: sign-in by password, second factor, passkey
// or an identity provider, and the cookie that holds the session.
package session

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/users/accounts"
	"bystander/internal/event"
)

// HeaderCSRF carries the session's CSRF token with unsafe methods.
const HeaderCSRF = "X-Bystander-CSRF"

// Config is what the module needs.
type Config struct {
	Store *accounts.Store
	Log   zerolog.Logger
	// Required: nobody acts without signing in. Without, whoever reaches the
	// program is an operator, as before there were accounts.
	Required bool
	// HTTPS: browsers reach the program by https, through a proxy that ends TLS.
	HTTPS bool
	// Demo, when set, makes an unauthenticated visitor a sample operator, and
	// lets visitors try every role.
	Demo *Demo
	// Providers vouch for people besides their own accounts here.
	Providers []ProviderConfig
	Client    *http.Client // asks the providers; nil has one made
	// Site names the installation on events.
	Site func() string
	// Emit puts an event on the log; nil drops it.
	Emit func(event.Event)
	Now  func() time.Time
}

// Demo says what visitors of a demonstration may be.
type Demo struct {
	// Enrollee is the sample person that a subject acts for; empty when there is
	// none.
	Enrollee func(ctx context.Context) (string, error)
}

// Module serves /v1/session and lets sessions in.
type Module struct {
	cfg   Config
	store *accounts.Store
	log   zerolog.Logger
	now   func() time.Time

	ceremonies *pending[ceremony]
	journeys   *pending[journey]
	providers  map[string]*provider

	administered atomic.Bool
}

// New returns the module.
func New(cfg Config) *Module {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Emit == nil {
		cfg.Emit = func(event.Event) {}
	}
	if cfg.Site == nil {
		cfg.Site = func() string { return "" }
	}
	m := &Module{
		cfg: cfg, store: cfg.Store, log: cfg.Log.With().Str("component", "session").Logger(), now: cfg.Now,
		ceremonies: newPending[ceremony](cfg.Now), journeys: newPending[journey](cfg.Now), providers: map[string]*provider{},
	}
	for _, p := range cfg.Providers {
		m.providers[p.ID] = newProvider(p, cfg.Client)
	}
	return m
}

// request lets a handler reach the HTTP request and its answer, for cookies.
type request struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve implements huma.Resolver.
func (q *request) Resolve(ctx huma.Context) []error {
	q.r, q.w = humachi.Unwrap(ctx)
	return nil
}

type answerOutput struct{ Body Answer }

// Register implements api.Module.
func (m *Module) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "get-session", Method: http.MethodGet, Path: "/v1/session",
		Summary: "Who is signed in here, and how to sign in", Tags: []string{"session"},
	}, func(ctx context.Context, in *request) (*answerOutput, error) { return m.answer(ctx, in.r) })
	huma.Register(routes, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: "/v1/session",
		Summary: "Sign out", Tags: []string{"session"}, DefaultStatus: http.StatusNoContent,
	}, m.signOut)
	m.registerSignIn(routes)
	m.registerSetup(routes)
	m.registerOwn(routes)
	m.registerPasskeys(routes)
	m.registerOIDC(routes)
	if m.cfg.Demo != nil {
		huma.Register(routes, huma.Operation{
			OperationID: "demo-act-as", Method: http.MethodPost, Path: "/v1/demo/act-as",
			Summary:     "Act as a sample account, in a demonstration only",
			Description: "There is no such route outside bystander demo.",
			Tags:        []string{"session"}, Errors: []int{http.StatusUnprocessableEntity},
		}, m.actAs)
	}
}

// answer says who sends the request.
func (m *Module) answer(ctx context.Context, r *http.Request) (*answerOutput, error) {
	who := actor.From(ctx)
	out := &answerOutput{Body: Answer{
		Known: who.Known(), ID: who.ID, Name: who.ID, Roles: slices.Clone(who.Roles), Via: who.Via, Enrollee: who.Enrollee,
		Demo: m.cfg.Demo != nil, SignIn: m.ways(r),
	}}
	out.Body.SecondFactor.Recent = who.StrongAt(m.now())
	if out.Body.Roles == nil {
		out.Body.Roles = []actor.Role{}
	}
	s, ok := from(ctx)
	if !ok {
		if who.Via == viaLocal && m.cfg.Demo != nil {
			out.Body.Name = sampleName(actor.Operator)
		}
		var err error
		if out.Body.SignIn.Setup, err = m.wantsSetup(ctx); err != nil {
			return nil, m.failed(ctx, err)
		}
		return out, nil
	}
	expires := s.Expires
	out.Body.ID, out.Body.Name, out.Body.Via = s.Account.ID, s.Account.Name, viaSession
	out.Body.CSRF, out.Body.Expires = s.CSRF, &expires
	out.Body.SecondFactor = Factor{
		Needed: s.Level != accounts.LevelFull, Enrolled: s.Account.FactorEnrolled(), Recent: actor.From(m.with(ctx, s)).StrongAt(m.now()),
	}
	return out, nil
}

// wantsSetup reports whether nobody can administer yet. Once somebody can, that
// stays so while the program runs.
func (m *Module) wantsSetup(ctx context.Context) (bool, error) {
	if m.cfg.Demo != nil || !m.cfg.Required || m.administered.Load() {
		return false, nil
	}
	there, err := m.store.HasAdministrator(ctx)
	if there {
		m.administered.Store(true)
	}
	return !there, err
}

func (m *Module) ways(r *http.Request) Ways {
	alone := m.cfg.Demo == nil
	w := Ways{Required: m.cfg.Required && alone, Password: alone, Passkey: alone && canPasskey(hostOf(r)), OIDC: []Provider{}}
	for _, p := range m.cfg.Providers {
		w.OIDC = append(w.OIDC, Provider{p.ID, p.Label})
	}
	return w
}

func (m *Module) signOut(ctx context.Context, in *request) (*struct{}, error) {
	s, ok := from(ctx)
	if !ok {
		return nil, nil
	}
	m.dropCookie(in.w, in.r)
	if err := m.store.End(ctx, s.Account.ID, s.ID); err != nil && !errors.Is(err, accounts.ErrNone) {
		return nil, m.failed(ctx, err)
	}
	return nil, nil
}

// failed answers for what should not happen; the log alone says what it was.
func (m *Module) failed(ctx context.Context, err error) error {
	m.log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("answer failed")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store of accounts did not answer; try again")
}

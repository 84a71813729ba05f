// Package users lets administrators say who may sign in, and as what.
package users

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/api/users/accounts"
	"bystander/internal/event"
)

// Config is what the module needs.
type Config struct {
	Store  *accounts.Store
	Access actor.Recorder // records that staff's accounts were looked at
	Log    zerolog.Logger
	Site   func() string
	Emit   func(event.Event)
}

// Module serves /v1/users.
type Module struct {
	cfg   Config
	store *accounts.Store
	log   zerolog.Logger
}

// New returns the module. Store and Access are required.
func New(cfg Config) *Module {
	if cfg.Emit == nil {
		cfg.Emit = func(event.Event) {}
	}
	if cfg.Site == nil {
		cfg.Site = func() string { return "" }
	}
	return &Module{cfg, cfg.Store, cfg.Log.With().Str("component", "users").Logger()}
}

// User is an account as administrators see it.
type User struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Roles    []actor.Role   `json:"roles" nullable:"false"`
	State    accounts.State `json:"state" enum:"invited,active,disabled"`
	Sample   bool           `json:"sample" doc:"Of a demonstration"`
	Factor   bool           `json:"second_factor" doc:"Whether it has one"`
	Needed   bool           `json:"factor_needed" doc:"Whether its roles need one"`
	Provider string         `json:"provider" doc:"The identity provider that vouches for it; empty for none"`
	Created  time.Time      `json:"created"`
	Changed  time.Time      `json:"changed"`
	Ended    *time.Time     `json:"ended,omitempty"`
	Clashes  []Clash        `json:"clashes" nullable:"false" doc:"Roles that one person should not hold together"`
}

// Clash is two roles that separate duties keep apart.
type Clash struct {
	Roles []actor.Role `json:"roles" nullable:"false"`
	Code  string       `json:"code" enum:"PLANS_AND_INSPECTS,AUDITS_OWN_WORK,GRANTS_AND_APPROVES,TAKES_AND_APPROVES"`
	Text  string       `json:"text"`
}

// Session is one of a user's sessions.
type Session struct {
	ID      string    `json:"id"`
	Device  string    `json:"device"`
	Method  string    `json:"method"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
}

// Invitation is a one-time link, which is told once.
type Invitation struct {
	User    User      `json:"user"`
	Link    string    `json:"link" doc:"Path and fragment; put this server's address before it. Told once"`
	Expires time.Time `json:"expires"`
}

type (
	listOutput struct {
		Body struct {
			Users []User `json:"users" nullable:"false"`
		}
	}
	userOutput struct {
		Body struct {
			User     User      `json:"user"`
			Sessions []Session `json:"sessions" nullable:"false"`
		}
	}
	changedOutput    struct{ Body User }
	invitationOutput struct{ Body Invitation }
	idInput          struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9][a-z0-9._-]*$"`
	}
	inviteInput struct {
		Body struct {
			ID    string       `json:"id" minLength:"1" maxLength:"63" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"It appears in logs, so not a full name"`
			Name  string       `json:"name" minLength:"1" maxLength:"320" doc:"What colleagues see"`
			Roles []actor.Role `json:"roles" minItems:"1" maxItems:"8" nullable:"false"`
			// A subject's account is for one enrolled person.
			Enrollee string `json:"enrollee,omitempty" maxLength:"64" doc:"With the role subject: the enrolled person"`
		}
	}
	rolesInput struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9][a-z0-9._-]*$"`
		Body struct {
			Roles []actor.Role `json:"roles" minItems:"1" maxItems:"8" nullable:"false"`
		}
	}
)

// Register implements api.Module.
func (m *Module) Register(routes huma.API) {
	op := func(id, method, path, summary string, errs ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"users"},
			Middlewares: problem.Need(actor.Administrator), Errors: append([]int{401, 403}, errs...),
		}
	}
	huma.Register(routes, op("list-users", http.MethodGet, "/v1/users", "Every account", 503), m.list)
	huma.Register(routes, op("get-user", http.MethodGet, "/v1/users/{id}", "One account and its sessions", 404, 503), m.get)
	huma.Register(routes, op("invite-user", http.MethodPost, "/v1/users", "Make an account and a one-time link for its owner", 409, 422), m.invite)
	huma.Register(routes, op("set-user-roles", http.MethodPut, "/v1/users/{id}/roles", "Change what somebody else may do; their sessions end", 404, 409, 422), m.roles)
	huma.Register(routes, op("disable-user", http.MethodPost, "/v1/users/{id}/disable", "End an account for good", 404, 409), m.disable)
	huma.Register(routes, op("end-user-sessions", http.MethodDelete, "/v1/users/{id}/sessions", "End somebody's sessions", 404), m.endSessions)
	huma.Register(routes, op("reset-user", http.MethodPost, "/v1/users/{id}/reset",
		"Remove password and second factor, and make a one-time link to set new ones", 404, 409), m.reset)
}

func (m *Module) user(a accounts.Account) User {
	u := User{
		ID: a.ID, Name: a.Name, Roles: a.Roles, State: a.State, Sample: a.Sample, Factor: a.FactorEnrolled(),
		Needed: m.store.NeedsFactor(a.Roles), Provider: a.Issuer, Created: a.Created, Changed: a.Changed, Clashes: []Clash{},
	}
	if !a.Ended.IsZero() {
		u.Ended = &a.Ended
	}
	for _, c := range accounts.Clashes(a.Roles) {
		u.Clashes = append(u.Clashes, Clash{Roles: c.Roles[:], Code: c.Code, Text: c.Text})
	}
	return u
}

func (m *Module) list(ctx context.Context, _ *struct{}) (*listOutput, error) {
	all, err := m.store.List(ctx)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if err := m.record(ctx, "users.list", "", len(all)); err != nil {
		return nil, err
	}
	out := &listOutput{}
	out.Body.Users = make([]User, len(all))
	for i, a := range all {
		out.Body.Users[i] = m.user(a)
	}
	return out, nil
}

func (m *Module) get(ctx context.Context, in *idInput) (*userOutput, error) {
	a, err := m.store.Get(ctx, in.ID)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	sessions, err := m.store.Sessions(ctx, in.ID)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if err := m.record(ctx, "users.get", in.ID, 1); err != nil {
		return nil, err
	}
	out := &userOutput{}
	out.Body.User, out.Body.Sessions = m.user(a), []Session{}
	for _, s := range sessions {
		out.Body.Sessions = append(out.Body.Sessions, Session{s.ID, s.Device, string(s.Method), s.Created, s.Seen})
	}
	return out, nil
}

// record tells the access log before anything is shown.
func (m *Module) record(ctx context.Context, action, object string, people int) error {
	return route.Record(ctx, m.cfg.Access, m.log, actor.Read{Action: action, Object: object, Purpose: "service", Count: people})
}

func (m *Module) invite(ctx context.Context, in *inviteInput) (*invitationOutput, error) {
	a, err := m.store.Add(ctx, accounts.NewAccount{ID: in.Body.ID, Name: in.Body.Name, Roles: in.Body.Roles, Enrollee: in.Body.Enrollee})
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(ctx, a, "invited", map[string]string{"roles": actor.Names(a.Roles)})
	return m.link(ctx, a, accounts.LinkInvite)
}

func (m *Module) link(ctx context.Context, a accounts.Account, kind accounts.LinkKind) (*invitationOutput, error) {
	token, err := m.store.NewInvitation(ctx, a.ID, kind)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	l, err := m.store.Look(ctx, token)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	return &invitationOutput{Body: Invitation{User: m.user(a), Link: "/setup#" + token, Expires: l.Expires}}, nil
}

func (m *Module) roles(ctx context.Context, in *rolesInput) (*changedOutput, error) {
	was, err := m.other(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if was.Issuer != "" {
		return nil, problem.New(http.StatusConflict, "STATE", "this account's roles come from its identity provider; change its groups there")
	}
	a, err := m.store.SetRoles(ctx, in.ID, in.Body.Roles)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(ctx, a, "roles", map[string]string{"roles": actor.Names(a.Roles), "from": actor.Names(was.Roles)})
	return &changedOutput{m.user(a)}, nil
}

// other returns an account that is not the acting person's own: nobody gives
// themselves roles, or takes away the last way in by mistake.
func (m *Module) other(ctx context.Context, id string) (accounts.Account, error) {
	if id == actor.From(ctx).ID {
		return accounts.Account{}, problem.New(http.StatusConflict, "OWN_ACCOUNT", "this is your own account; somebody else has to do it")
	}
	a, err := m.store.Get(ctx, id)
	if err == nil && a.State == accounts.Disabled {
		err = accounts.ErrState
	}
	if err != nil {
		return a, m.refused(ctx, err)
	}
	return a, nil
}

func (m *Module) disable(ctx context.Context, in *idInput) (*changedOutput, error) {
	if _, err := m.other(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := m.store.Disable(ctx, in.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	a, err := m.store.Get(ctx, in.ID)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(ctx, a, "disabled", map[string]string{"from": actor.Names(a.Roles)})
	return &changedOutput{m.user(a)}, nil
}

func (m *Module) endSessions(ctx context.Context, in *idInput) (*struct{}, error) {
	a, err := m.store.Get(ctx, in.ID)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if _, err := m.store.EndAll(ctx, a.ID, ""); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(ctx, a, "sessions_ended", nil)
	return nil, nil
}

func (m *Module) reset(ctx context.Context, in *idInput) (*invitationOutput, error) {
	a, err := m.other(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if a.Issuer != "" {
		return nil, problem.New(http.StatusConflict, "STATE", "this account signs in with its identity provider; reset it there")
	}
	if err := m.store.Reset(ctx, in.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	if a, err = m.store.Get(ctx, in.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(ctx, a, "reset", nil)
	return m.link(ctx, a, accounts.LinkReset)
}

// tell puts on the log what was done to an account, by pseudonyms alone.
func (m *Module) tell(ctx context.Context, a accounts.Account, action string, detail map[string]string) {
	if detail == nil {
		detail = map[string]string{}
	}
	detail["account"], detail["action"] = event.ActorRef(a.ID).String(), action
	var clashes []string
	for _, c := range accounts.Clashes(a.Roles) {
		clashes = append(clashes, string(c.Roles[0])+"+"+string(c.Roles[1]))
	}
	slices.Sort(clashes)
	detail["clash"] = strings.Join(clashes, ",")
	m.cfg.Emit(event.Event{
		Kind: event.KindAccountChange, SiteID: m.cfg.Site(), ReviewerRef: event.ActorRef(actor.From(ctx).ID), Detail: detail,
	})
}

// refused turns the store's errors into answers.
func (m *Module) refused(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, accounts.ErrNone):
		return problem.New(http.StatusNotFound, "NONE", "there is no such account")
	case errors.Is(err, accounts.ErrExists):
		return problem.New(http.StatusConflict, "EXISTS", "there is an account with this id already")
	case errors.Is(err, accounts.ErrState):
		return problem.New(http.StatusConflict, "STATE", "the account's state does not allow this; a disabled one stays so")
	case errors.Is(err, accounts.ErrInvalid):
		return problem.New(http.StatusUnprocessableEntity, "INVALID", err.Error())
	}
	m.log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("answer failed")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store of accounts did not answer; try again")
}

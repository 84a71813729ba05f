package session

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/users/accounts"
)

type lookInput struct {
	Body struct {
		Link string `json:"link" minLength:"1" maxLength:"128" doc:"What follows # in the link"`
	}
}

// LinkAnswer says where a one-time link leads.
type LinkAnswer struct {
	Kind    accounts.LinkKind `json:"kind" enum:"setup,invite,reset"`
	ID      string            `json:"id" doc:"The account's; empty for a set-up, which names it"`
	Name    string            `json:"name"`
	Roles   []actor.Role      `json:"roles" nullable:"false"`
	Expires time.Time         `json:"expires"`
}

type lookOutput struct{ Body LinkAnswer }

type setupInput struct {
	request
	Body struct {
		Link     string `json:"link" minLength:"1" maxLength:"128"`
		ID       string `json:"id,omitempty" maxLength:"63" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"With a set-up: the first administrator's id. It appears in logs, so not a full name"`
		Name     string `json:"name,omitempty" maxLength:"320" doc:"With a set-up: what colleagues see"`
		Password string `json:"password,omitempty" maxLength:"256" doc:"At least 12 characters; left out by whoever adds a passkey next"`
	}
}

func (m *Module) registerSetup(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "look-at-link", Method: http.MethodPost, Path: "/v1/setup/look",
		Summary:     "Where a one-time link leads",
		Description: "For a set-up, an invitation or a reset. The link is not used up by it.",
		Tags:        []string{"session"}, Errors: []int{410, 422, 429},
	}, m.look)
	huma.Register(routes, huma.Operation{
		OperationID: "set-up", Method: http.MethodPost, Path: "/v1/setup",
		Summary:     "Take up a one-time link",
		Description: "Makes the first administrator, or activates the account that the link was made for, and begins a session.",
		Tags:        []string{"session"}, Errors: []int{409, 410, 422, 429, 503},
	}, m.setUp)
}

func (m *Module) look(ctx context.Context, in *lookInput) (*lookOutput, error) {
	l, err := m.store.Look(ctx, in.Body.Link)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	out := &lookOutput{Body: LinkAnswer{Kind: l.Kind, ID: l.Account.ID, Name: l.Account.Name, Roles: l.Account.Roles, Expires: l.Expires}}
	if l.Kind == accounts.LinkSetup {
		out.Body.Roles = []actor.Role{actor.Administrator}
	}
	return out, nil
}

func (m *Module) setUp(ctx context.Context, in *setupInput) (*answerOutput, error) {
	l, err := m.store.Look(ctx, in.Body.Link)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if in.Body.Password == "" && !m.ways(in.r).Passkey {
		return nil, problem.New(http.StatusUnprocessableEntity, "WEAK_PASSWORD", "set a password: passkeys do not work at this address")
	}
	a, err := m.store.TakeUp(ctx, in.Body.Link, accounts.NewAccount{ID: in.Body.ID, Name: in.Body.Name}, in.Body.Password)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(a.ID, a.ID, "taken_up", map[string]string{"way": string(l.Kind), "roles": actor.Names(a.Roles)})
	return m.begin(ctx, in.request, a, accounts.MethodLink, false)
}

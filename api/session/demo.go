package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/users/accounts"
)

func sampleID(r actor.Role) string { return "sample-" + string(r) }

func sampleName(r actor.Role) string {
	names := map[actor.Role]string{
		actor.Operator: "Sample operator", actor.VenueOwner: "Sample venue owner", actor.Inspector: "Sample inspector",
		actor.Auditor: "Sample auditor", actor.ConsentOfficer: "Sample consent officer", actor.PrivacyOfficer: "Sample privacy officer",
		actor.Administrator: "Sample administrator", actor.Kiosk: "Sample kiosk", actor.Subject: "Sample guest",
	}
	return names[r]
}

type actAsInput struct {
	request
	Body struct {
		Role actor.Role `json:"role" enum:"operator,venue_owner,inspector,auditor,consent_officer,privacy_officer,administrator,kiosk,subject"`
	}
}

// actAs begins a session with the sample account of a role, and ends the one
// that was.
func (m *Module) actAs(ctx context.Context, in *actAsInput) (*answerOutput, error) {
	role := in.Body.Role
	if sampleName(role) == "" {
		return nil, problem.New(http.StatusUnprocessableEntity, "ROLE", "there is no sample account of this role")
	}
	if err := m.sample(ctx, role); err != nil {
		var p *problem.Problem
		if errors.As(err, &p) {
			return nil, p
		}
		return nil, m.failed(ctx, err)
	}
	token, s, err := m.store.Begin(ctx, sampleID(role), accounts.MethodSample, false, in.r.UserAgent())
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if was, ok := from(ctx); ok {
		if err := m.store.End(ctx, was.Account.ID, was.ID); err != nil && !errors.Is(err, accounts.ErrNone) {
			return nil, m.failed(ctx, err)
		}
	}
	m.setCookie(in.w, in.r, token)
	return m.answer(m.with(ctx, s), in.r)
}

// sample makes a role's sample account where it is not there yet.
func (m *Module) sample(ctx context.Context, role actor.Role) error {
	n := accounts.NewAccount{ID: sampleID(role), Name: sampleName(role), Roles: []actor.Role{role}, State: accounts.Active, Sample: true}
	if _, err := m.store.Get(ctx, n.ID); !errors.Is(err, accounts.ErrNone) {
		return err
	}
	if role == actor.Subject {
		if m.cfg.Demo.Enrollee != nil {
			var err error
			if n.Enrollee, err = m.cfg.Demo.Enrollee(ctx); err != nil {
				return fmt.Errorf("session: %w", err)
			}
		}
		if n.Enrollee == "" {
			return problem.New(http.StatusUnprocessableEntity, "NOBODY_ENROLLED", "nobody is enrolled in this demonstration; start it with the sample clips")
		}
	}
	if _, err := m.store.Add(ctx, n); err != nil && !errors.Is(err, accounts.ErrExists) {
		return err
	}
	return nil
}

// SampleRoles are the roles that a visitor of a demonstration may try.
func SampleRoles() []actor.Role {
	return slices.DeleteFunc(actor.Roles(), func(r actor.Role) bool { return sampleName(r) == "" })
}

package session

import (
	"context"
	"errors"
	"net/http"

	"bystander/api/problem"
	"bystander/api/users/accounts"
)

// Enter begins a session for an enrolled person who showed the code on their
// receipt, and ends the one that the browser had. Whoever calls it has checked
// the code.
func (m *Module) Enter(ctx context.Context, w http.ResponseWriter, r *http.Request, enrollee string) (Answer, error) {
	a, err := m.store.Person(ctx, enrollee)
	if err != nil {
		return Answer{}, m.failed(ctx, err)
	}
	token, s, err := m.store.Begin(ctx, a.ID, accounts.MethodLink, false, r.UserAgent())
	if errors.Is(err, accounts.ErrState) {
		return Answer{}, problem.New(http.StatusForbidden, "ACCOUNT_ENDED", "this access has been closed; ask at the desk")
	}
	if err != nil {
		return Answer{}, m.failed(ctx, err)
	}
	if was, ok := from(ctx); ok {
		if err := m.store.End(ctx, was.Account.ID, was.ID); err != nil && !errors.Is(err, accounts.ErrNone) {
			return Answer{}, m.failed(ctx, err)
		}
	}
	m.setCookie(w, r, token)
	out, err := m.answer(m.with(ctx, s), r)
	if err != nil {
		return Answer{}, err
	}
	return out.Body, nil
}

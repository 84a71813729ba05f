package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/peer"
	"bystander/api/problem"
	"bystander/api/users/accounts"
	"bystander/internal/event"
)

// tell puts on the log what happened to an account. by is who did it.
func (m *Module) tell(by, account, action string, more map[string]string) {
	detail := map[string]string{"account": event.ActorRef(account).String(), "action": action}
	for k, v := range more {
		detail[k] = v
	}
	m.cfg.Emit(event.Event{Kind: event.KindAccountChange, SiteID: m.cfg.Site(), ReviewerRef: event.ActorRef(by), Detail: detail})
}

// refused turns the store's errors into answers.
func (m *Module) refused(ctx context.Context, err error) error {
	var wait *accounts.BackoffError
	switch {
	case errors.As(err, &wait):
		s := int(math.Ceil(wait.Wait.Seconds()))
		return huma.ErrorWithHeaders(problem.New(http.StatusTooManyRequests, "BACKOFF", fmt.Sprintf("too many failures; try again in %d seconds", s)),
			http.Header{"Retry-After": {fmt.Sprint(s)}})
	case errors.Is(err, accounts.ErrBusy):
		return problem.New(http.StatusServiceUnavailable, "BUSY", "too many people sign in at this moment; try again")
	case errors.Is(err, accounts.ErrCredentials):
		return problem.New(http.StatusUnauthorized, "CREDENTIALS", "that does not fit; check the name, and what you typed")
	case errors.Is(err, accounts.ErrWeak):
		return problem.New(http.StatusUnprocessableEntity, "WEAK_PASSWORD", err.Error())
	case errors.Is(err, accounts.ErrLink):
		return problem.New(http.StatusGone, "LINK", "this link is used up, has expired or never was; ask for a new one")
	case errors.Is(err, accounts.ErrExists):
		return problem.New(http.StatusConflict, "EXISTS", "there is an account with this id already")
	case errors.Is(err, accounts.ErrInvalid):
		return problem.New(http.StatusUnprocessableEntity, "INVALID", err.Error())
	case errors.Is(err, accounts.ErrState):
		return problem.New(http.StatusConflict, "STATE", err.Error())
	case errors.Is(err, accounts.ErrNone):
		return problem.New(http.StatusNotFound, "NONE", "there is no such thing")
	}
	var p *problem.Problem
	if errors.As(err, &p) {
		return p
	}
	return m.failed(ctx, err)
}

// addressOf is what failures from an address are counted for.
func (m *Module) addressOf(r *http.Request) string { return peer.Address(r, m.cfg.HTTPS) }

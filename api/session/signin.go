package session

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/problem"
	"bystander/api/users/accounts"
)

type signInInput struct {
	request
	Body struct {
		ID       string `json:"id" minLength:"1" maxLength:"63" doc:"The account's id"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

type codeInput struct {
	request
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"32" doc:"Six digits of the authenticator app, or a recovery code"`
	}
}

func (m *Module) registerSignIn(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: "/v1/session",
		Summary:     "Sign in by password",
		Description: "Sets the session's cookie. When the answer's second_factor.needed is true, nothing else is allowed until it is given or set up.",
		Tags:        []string{"session"}, Errors: []int{401, 422, 429, 503},
	}, m.signIn)
	huma.Register(routes, huma.Operation{
		OperationID: "give-second-factor", Method: http.MethodPost, Path: "/v1/session/second-factor",
		Summary: "Give the second factor, each code once", Tags: []string{"session"}, Errors: []int{401, 409, 422, 429},
	}, m.secondFactor)
}

func (m *Module) signIn(ctx context.Context, in *signInInput) (*answerOutput, error) {
	if m.cfg.Demo != nil {
		return nil, problem.New(http.StatusConflict, "DEMO", "nobody signs in to a demonstration; POST /v1/demo/act-as")
	}
	a, err := m.store.SignIn(ctx, in.Body.ID, in.Body.Password, m.addressOf(in.r))
	if err != nil {
		if errors.Is(err, accounts.ErrCredentials) || errors.Is(err, accounts.ErrBackoff) {
			m.log.Warn().Str("address", m.addressOf(in.r)).Str("request_id", problem.RequestID(ctx)).Msg("sign-in refused")
		}
		return nil, m.refused(ctx, err)
	}
	return m.begin(ctx, in.request, a, accounts.MethodPassword, false)
}

// begin begins a session, in place of the one that was, and answers with it.
func (m *Module) begin(ctx context.Context, in request, a accounts.Account, how accounts.Method, strong bool) (*answerOutput, error) {
	token, s, err := m.store.Begin(ctx, a.ID, how, strong, in.r.UserAgent())
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if was, ok := from(ctx); ok {
		if err := m.store.End(ctx, was.Account.ID, was.ID); err != nil && !errors.Is(err, accounts.ErrNone) {
			return nil, m.failed(ctx, err)
		}
	}
	m.setCookie(in.w, in.r, token)
	if s.Level == accounts.LevelFull {
		m.tell(a.ID, a.ID, "signed_in", map[string]string{"way": string(how)})
	}
	return m.answer(m.with(ctx, s), in.r)
}

// at returns the request's session, which must have got to one of the levels.
func (m *Module) at(ctx context.Context, levels ...accounts.Level) (accounts.Session, error) {
	s, ok := from(ctx)
	if !ok {
		return s, problem.New(http.StatusUnauthorized, "NOT_SIGNED_IN", "sign in first")
	}
	for _, l := range levels {
		if s.Level == l {
			return s, nil
		}
	}
	if s.Level == accounts.LevelFull {
		return s, problem.New(http.StatusConflict, "SIGNED_IN", "you are signed in already")
	}
	return s, problem.New(http.StatusForbidden, "SECOND_FACTOR", "give or set up the second factor first")
}

func (m *Module) secondFactor(ctx context.Context, in *codeInput) (*answerOutput, error) {
	s, err := m.at(ctx, accounts.LevelFactor, accounts.LevelFull)
	if err != nil {
		return nil, err
	}
	if err := m.store.CheckFactor(ctx, s.Account.ID, in.Body.Code, m.addressOf(in.r)); err != nil {
		return nil, m.refused(ctx, err)
	}
	return m.raise(ctx, in.request, s, "second_factor")
}

// raise brings the request's session to its full level under a new token.
func (m *Module) raise(ctx context.Context, in request, was accounts.Session, way string) (*answerOutput, error) {
	present, _ := ctx.Value(tokenKey{}).(string)
	token, s, err := m.store.Raise(ctx, present)
	if errors.Is(err, accounts.ErrSession) || errors.Is(err, accounts.ErrRotated) {
		return nil, problem.New(http.StatusUnauthorized, "NOT_SIGNED_IN", "the session is over; sign in again")
	}
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	m.setCookie(in.w, in.r, token)
	if was.Level == accounts.LevelFull {
		m.tell(s.Account.ID, s.Account.ID, "proved", map[string]string{"way": way})
	} else {
		m.tell(s.Account.ID, s.Account.ID, "signed_in", map[string]string{"way": string(was.Method) + "," + way})
	}
	return m.answer(m.with(ctx, s), in.r)
}

package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/problem"
	"bystander/api/users/accounts"
)

// Own is how one's own account is secured.
type Own struct {
	Password    bool       `json:"password"`
	PasswordSet *time.Time `json:"password_set,omitempty"`
	TOTP        bool       `json:"totp" doc:"Whether an authenticator app is set up"`
	Recovery    int        `json:"recovery" doc:"Recovery codes left"`
	Passkeys    []Passkey  `json:"passkeys" nullable:"false"`
	Needed      bool       `json:"factor_needed" doc:"Whether the account's roles need a second factor"`
	Provider    string     `json:"provider" doc:"The identity provider that vouches for the account; empty for none"`
	Fresh       bool       `json:"fresh" doc:"Whether one has proved who one is lately enough to change these; otherwise sign in again, or give the second factor anew"`
	Sessions    []Device   `json:"sessions" nullable:"false"`
}

// Passkey is one of the account's passkeys.
type Passkey struct {
	ID      string     `json:"id"`
	Label   string     `json:"label"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
}

// Device is one of the account's sessions.
type Device struct {
	ID      string    `json:"id"`
	Device  string    `json:"device" doc:"What the browser calls itself"`
	Method  string    `json:"method" enum:"password,passkey,oidc,link,sample"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Expires time.Time `json:"expires"`
	Current bool      `json:"current"`
}

type ownOutput struct{ Body Own }

type passwordInput struct {
	request
	Body struct {
		Current  string `json:"current,omitempty" maxLength:"256" doc:"The present password, where there is one"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

type totpOutput struct {
	Body struct {
		Address string `json:"address" doc:"otpauth:// address, for a QR code"`
		Secret  string `json:"secret" doc:"The same secret, for typing"`
	}
}

type recoveryOutput struct {
	Body struct {
		Codes   []string `json:"codes" nullable:"false" doc:"Shown once; each opens once in place of the second factor"`
		Session Answer   `json:"session"`
	}
}

type idInput struct {
	request
	ID string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9_-]+$"`
}

func (m *Module) registerOwn(routes huma.API) {
	op := func(id, method, path, summary string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"account"}, Errors: append([]int{401, 403}, errs...)}
	}
	huma.Register(routes, op("get-own-account", http.MethodGet, "/v1/session/account", "How one's own account is secured"),
		func(ctx context.Context, in *request) (*ownOutput, error) { return m.own(ctx) })
	huma.Register(routes, op("set-own-password", http.MethodPut, "/v1/session/password", "Change one's password; other sessions end", 422, 429), m.setPassword)
	huma.Register(routes, op("drop-own-password", http.MethodDelete, "/v1/session/password", "Sign in by passkey alone from now on", 409), m.dropPassword)
	huma.Register(routes, op("new-authenticator", http.MethodPost, "/v1/session/totp", "Begin to set up an authenticator app"), m.newTOTP)
	huma.Register(routes, op("confirm-authenticator", http.MethodPut, "/v1/session/totp", "Take the authenticator app up with a code of it", 404, 429), m.confirmTOTP)
	huma.Register(routes, op("drop-authenticator", http.MethodDelete, "/v1/session/totp", "Remove the authenticator app", 404, 409), m.dropTOTP)
	huma.Register(routes, op("new-recovery-codes", http.MethodPost, "/v1/session/recovery", "Replace the recovery codes", 409), m.newRecovery)
	huma.Register(routes, op("end-own-session", http.MethodDelete, "/v1/session/sessions/{id}", "End one of one's own sessions", 404), m.endOne)
	huma.Register(routes, op("end-own-sessions", http.MethodDelete, "/v1/session/sessions", "End all of one's other sessions"), m.endOthers)
}

func (m *Module) own(ctx context.Context) (*ownOutput, error) {
	s, err := m.at(ctx, accounts.LevelFull, accounts.LevelEnrol)
	if err != nil {
		return nil, err
	}
	a := s.Account
	out := &ownOutput{Body: Own{
		Password: a.Password, TOTP: a.TOTP, Recovery: a.Recovery, Needed: m.store.NeedsFactor(a.Roles),
		Provider: a.Issuer, Fresh: s.Fresh(m.now()), Passkeys: []Passkey{}, Sessions: []Device{},
	}}
	if !a.PasswordSet.IsZero() {
		out.Body.PasswordSet = &a.PasswordSet
	}
	keys, err := m.store.Passkeys(ctx, a.ID)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	for _, k := range keys {
		p := Passkey{ID: k.ID, Label: k.Label, Created: k.Created}
		if !k.Used.IsZero() {
			p.Used = &k.Used
		}
		out.Body.Passkeys = append(out.Body.Passkeys, p)
	}
	sessions, err := m.store.Sessions(ctx, a.ID)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	for _, v := range sessions {
		out.Body.Sessions = append(out.Body.Sessions, Device{
			ID: v.ID, Device: v.Device, Method: string(v.Method), Created: v.Created, Seen: v.Seen, Expires: v.Expires, Current: v.ID == s.ID,
		})
	}
	return out, nil
}

// changes returns the session of somebody who may change how they sign in: who
// has just proved who they are, or must set up a second factor.
func (m *Module) changes(ctx context.Context) (accounts.Session, error) {
	s, err := m.at(ctx, accounts.LevelFull, accounts.LevelEnrol)
	switch {
	case err != nil:
		return s, err
	case s.Account.Sample:
		return s, problem.New(http.StatusForbidden, "DEMO", "a sample account has no secrets to change")
	case s.Level == accounts.LevelFull && !s.Fresh(m.now()):
		return s, problem.New(http.StatusForbidden, "NOT_FRESH", "sign in again, or give the second factor anew, to change how you sign in")
	}
	return s, nil
}

func (m *Module) setPassword(ctx context.Context, in *passwordInput) (*struct{}, error) {
	s, err := m.at(ctx, accounts.LevelFull)
	if err == nil && (!s.Account.Password || s.Account.Sample) {
		s, err = m.changes(ctx)
	}
	if err != nil {
		return nil, err
	}
	if s.Account.Issuer != "" {
		return nil, problem.New(http.StatusConflict, "STATE", "this account signs in with its identity provider")
	}
	if s.Account.Password {
		if err := m.store.CheckPassword(ctx, s.Account.ID, in.Body.Current, m.addressOf(in.r)); err != nil {
			return nil, m.refused(ctx, err)
		}
	}
	if err := m.store.SetPassword(ctx, s.Account.ID, in.Body.Password, s.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(s.Account.ID, s.Account.ID, "password", nil)
	return nil, nil
}

func (m *Module) dropPassword(ctx context.Context, _ *request) (*struct{}, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.store.DropPassword(ctx, s.Account.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(s.Account.ID, s.Account.ID, "password_removed", nil)
	return nil, nil
}

func (m *Module) newTOTP(ctx context.Context, _ *request) (*totpOutput, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	out := &totpOutput{}
	out.Body.Address, out.Body.Secret, err = m.store.NewTOTP(ctx, s.Account.ID)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	return out, nil
}

func (m *Module) confirmTOTP(ctx context.Context, in *codeInput) (*recoveryOutput, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	out := &recoveryOutput{}
	if out.Body.Codes, err = m.store.ConfirmTOTP(ctx, s.Account.ID, in.Body.Code, m.addressOf(in.r)); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(s.Account.ID, s.Account.ID, "totp_added", nil)
	answer, err := m.raise(ctx, in.request, s, "totp")
	if err != nil {
		return nil, err
	}
	out.Body.Session = answer.Body
	return out, nil
}

func (m *Module) dropTOTP(ctx context.Context, _ *request) (*struct{}, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.store.DropTOTP(ctx, s.Account.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(s.Account.ID, s.Account.ID, "totp_removed", nil)
	return nil, nil
}

func (m *Module) newRecovery(ctx context.Context, in *request) (*recoveryOutput, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	if !s.Account.FactorEnrolled() {
		return nil, problem.New(http.StatusConflict, "STATE", "set up a second factor first: the codes stand in for it")
	}
	out := &recoveryOutput{}
	if out.Body.Codes, err = m.store.NewRecovery(ctx, s.Account.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(s.Account.ID, s.Account.ID, "recovery_renewed", nil)
	answer, err := m.answer(ctx, in.r)
	if err != nil {
		return nil, err
	}
	out.Body.Session = answer.Body
	return out, nil
}

func (m *Module) endOne(ctx context.Context, in *idInput) (*struct{}, error) {
	s, err := m.at(ctx, accounts.LevelFull)
	if err != nil {
		return nil, err
	}
	if err := m.store.End(ctx, s.Account.ID, in.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	if in.ID == s.ID {
		m.dropCookie(in.w, in.r)
	}
	return nil, nil
}

func (m *Module) endOthers(ctx context.Context, _ *request) (*struct{}, error) {
	s, err := m.at(ctx, accounts.LevelFull)
	if err != nil {
		return nil, err
	}
	if _, err := m.store.EndAll(ctx, s.Account.ID, s.ID); err != nil && !errors.Is(err, accounts.ErrNone) {
		return nil, m.failed(ctx, err)
	}
	return nil, nil
}

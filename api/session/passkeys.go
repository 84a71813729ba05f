package session

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"bystander/api/problem"
	"bystander/api/users/accounts"
)

// ceremony is one exchange with an authenticator that was begun.
type ceremony struct {
	data    webauthn.SessionData
	rp      string
	session string // whose it is, by session id; empty for a sign-in without one
	account string // of a registration or a second factor; empty for a sign-in
}

type beginOutput struct {
	Body struct {
		Ceremony string         `json:"ceremony" doc:"Send it back with the authenticator's answer, within five minutes"`
		Options  map[string]any `json:"options" doc:"For navigator.credentials: publicKey, with bytes in base64url"`
	}
}

type finishInput struct {
	request
	Body struct {
		Ceremony   string         `json:"ceremony" minLength:"1" maxLength:"64"`
		Credential map[string]any `json:"credential" doc:"The authenticator's answer as PublicKeyCredential.toJSON() gives it"`
	}
}

type addPasskeyInput struct {
	request
	Body struct {
		Ceremony   string         `json:"ceremony" minLength:"1" maxLength:"64"`
		Label      string         `json:"label" minLength:"1" maxLength:"320" doc:"What its owner calls it"`
		Credential map[string]any `json:"credential" doc:"The authenticator's answer as PublicKeyCredential.toJSON() gives it"`
	}
}

func (m *Module) registerPasskeys(routes huma.API) {
	op := func(id, method, path, summary string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"account"}, Errors: append([]int{401, 403, 409}, errs...)}
	}
	huma.Register(routes, op("begin-passkey", http.MethodPost, "/v1/session/passkeys/begin", "Begin to add a passkey"), m.beginPasskey)
	huma.Register(routes, op("add-passkey", http.MethodPost, "/v1/session/passkeys", "Add the passkey that an authenticator made", 422), m.addPasskey)
	huma.Register(routes, op("drop-passkey", http.MethodDelete, "/v1/session/passkeys/{id}", "Remove a passkey", 404), m.dropPasskey)
	huma.Register(routes, op("begin-passkey-sign-in", http.MethodPost, "/v1/session/passkey/begin",
		"Begin to sign in by passkey, or to give one as second factor", 429), m.beginSignIn)
	huma.Register(routes, op("passkey-sign-in", http.MethodPost, "/v1/session/passkey", "Sign in by passkey, or give one as second factor", 422, 429), m.passkeySignIn)
}

// party is the relying party at the name by which the browser calls us. The
// front door has checked that the name is one of ours.
func (m *Module) party(r *http.Request) (*webauthn.WebAuthn, error) {
	name := hostOf(r)
	if !canPasskey(name) {
		return nil, problem.New(http.StatusConflict, "NO_PASSKEYS", "browsers bind passkeys to names: open this page by its name instead of its address")
	}
	scheme := "http"
	if m.secure(r) {
		scheme = "https"
	}
	required := protocol.VerificationRequired
	w, err := webauthn.New(&webauthn.Config{
		RPID: name, RPDisplayName: "Bystander", RPOrigins: []string{scheme + "://" + r.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: required,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Enforce: true, Timeout: pendingTerm, TimeoutUVD: pendingTerm},
			Registration: webauthn.TimeoutConfig{Enforce: true, Timeout: pendingTerm, TimeoutUVD: pendingTerm},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("session: passkeys: %w", err)
	}
	return w, nil
}

func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// canPasskey reports whether browsers bind passkeys to the name: not to an IP
// address.
func canPasskey(name string) bool {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err != nil && name != ""
}

// keyholder is an account as the library wants it.
type keyholder struct {
	account accounts.Account
	handle  []byte
	keys    []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (k keyholder) WebAuthnID() []byte { return k.handle }

// WebAuthnName implements webauthn.User.
func (k keyholder) WebAuthnName() string { return k.account.ID }

// WebAuthnDisplayName implements webauthn.User.
func (k keyholder) WebAuthnDisplayName() string { return k.account.Name }

// WebAuthnCredentials implements webauthn.User.
func (k keyholder) WebAuthnCredentials() []webauthn.Credential { return k.keys }

func (m *Module) keyholder(ctx context.Context, a accounts.Account) (keyholder, error) {
	k := keyholder{account: a}
	var err error
	if k.handle, err = m.store.Handle(ctx, a.ID); err != nil {
		return k, err
	}
	have, err := m.store.Passkeys(ctx, a.ID)
	if err != nil {
		return k, err
	}
	for _, p := range have {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Data, &c); err != nil {
			return k, fmt.Errorf("session: passkey: %w", err)
		}
		k.keys = append(k.keys, c)
	}
	return k, nil
}

func (m *Module) begun(options any, c ceremony) (*beginOutput, error) {
	b, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("session: passkeys: %w", err)
	}
	out := &beginOutput{}
	if err := json.Unmarshal(b, &out.Body.Options); err != nil {
		return nil, fmt.Errorf("session: passkeys: %w", err)
	}
	out.Body.Ceremony = m.ceremonies.put(c)
	return out, nil
}

// finished returns a ceremony that was begun by the same session at the same
// name, and the authenticator's answer.
func (m *Module) finished(ctx context.Context, r *http.Request, id string, answer map[string]any) (ceremony, []byte, error) {
	c, ok := m.ceremonies.take(id)
	s, _ := from(ctx)
	if !ok || c.rp != hostOf(r) || c.session != s.ID {
		return c, nil, problem.New(http.StatusConflict, "CEREMONY", "that took too long, or was begun elsewhere; begin again")
	}
	b, err := json.Marshal(answer)
	return c, b, err
}

func (m *Module) beginPasskey(ctx context.Context, in *request) (*beginOutput, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	w, err := m.party(in.r)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	k, err := m.keyholder(ctx, s.Account)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	exclude := webauthn.Credentials(k.keys).CredentialDescriptors()
	options, data, err := w.BeginRegistration(k, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	out, err := m.begun(options, ceremony{data: *data, rp: hostOf(in.r), session: s.ID, account: s.Account.ID})
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	return out, nil
}

func (m *Module) addPasskey(ctx context.Context, in *addPasskeyInput) (*recoveryOutput, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	w, err := m.party(in.r)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	c, answer, err := m.finished(ctx, in.r, in.Body.Ceremony, in.Body.Credential)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if c.account != s.Account.ID {
		return nil, problem.New(http.StatusConflict, "CEREMONY", "that was begun for something else; begin again")
	}
	k, err := m.keyholder(ctx, s.Account)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, m.badKey(ctx, err)
	}
	made, err := w.CreateCredential(k, c.data, parsed)
	if err != nil {
		return nil, m.badKey(ctx, err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	out := &recoveryOutput{}
	out.Body.Codes, err = m.store.AddPasskey(ctx, s.Account.ID, accounts.Passkey{
		ID: base64.RawURLEncoding.EncodeToString(made.ID), Label: in.Body.Label, Data: data,
	})
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	if out.Body.Codes == nil {
		out.Body.Codes = []string{}
	}
	m.tell(s.Account.ID, s.Account.ID, "passkey_added", nil)
	raised, err := m.raise(ctx, in.request, s, "passkey")
	if err != nil {
		return nil, err
	}
	out.Body.Session = raised.Body
	return out, nil
}

// badKey answers an authenticator's answer that does not fit.
func (m *Module) badKey(ctx context.Context, err error) error {
	var p *protocol.Error
	why := err.Error()
	if errors.As(err, &p) {
		why += ": " + p.DevInfo
	}
	m.log.Info().Str("why", why).Str("request_id", problem.RequestID(ctx)).Msg("passkey refused")
	return problem.New(http.StatusUnauthorized, "CREDENTIALS", "the passkey was not accepted; try again, or use another")
}

func (m *Module) dropPasskey(ctx context.Context, in *passkeyIDInput) (*struct{}, error) {
	s, err := m.changes(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.store.DropPasskey(ctx, s.Account.ID, in.ID); err != nil {
		return nil, m.refused(ctx, err)
	}
	m.tell(s.Account.ID, s.Account.ID, "passkey_removed", nil)
	return nil, nil
}

type passkeyIDInput struct {
	ID string `path:"id" maxLength:"1400" pattern:"^[A-Za-z0-9_-]+$"`
}

func (m *Module) beginSignIn(ctx context.Context, in *request) (*beginOutput, error) {
	w, err := m.party(in.r)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	c := ceremony{rp: hostOf(in.r)}
	var options *protocol.CredentialAssertion
	var data *webauthn.SessionData
	if s, ok := from(ctx); ok {
		// The second factor, or a fresh proof, of somebody who is known.
		k, kerr := m.keyholder(ctx, s.Account)
		if kerr != nil {
			return nil, m.refused(ctx, kerr)
		}
		if len(k.keys) == 0 {
			return nil, problem.New(http.StatusConflict, "NO_PASSKEYS", "this account has no passkey")
		}
		c.session, c.account = s.ID, s.Account.ID
		options, data, err = w.BeginLogin(k, webauthn.WithUserVerification(protocol.VerificationRequired))
	} else {
		options, data, err = w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	}
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	c.data = *data
	out, err := m.begun(options, c)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	return out, nil
}

func (m *Module) passkeySignIn(ctx context.Context, in *finishInput) (*answerOutput, error) {
	w, err := m.party(in.r)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	c, answer, err := m.finished(ctx, in.r, in.Body.Ceremony, in.Body.Credential)
	if err != nil {
		return nil, m.refused(ctx, err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, m.badKey(ctx, err)
	}
	a, used, err := m.validate(ctx, w, c, parsed)
	if err != nil {
		return nil, m.badKey(ctx, err)
	}
	if used.Authenticator.CloneWarning {
		m.tell(a.ID, a.ID, "passkey_cloned", nil)
		return nil, m.badKey(ctx, errors.New("the authenticator's counter went back: the passkey may have been copied"))
	}
	data, err := json.Marshal(used)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if err := m.store.UsePasskey(ctx, a.ID, base64.RawURLEncoding.EncodeToString(used.ID), data); err != nil {
		return nil, m.refused(ctx, err)
	}
	if s, ok := from(ctx); ok {
		return m.raise(ctx, in.request, s, "passkey")
	}
	return m.begin(ctx, in.request, a, accounts.MethodPasskey, true)
}

// validate checks an assertion and returns whose it is.
func (m *Module) validate(ctx context.Context, w *webauthn.WebAuthn, c ceremony, parsed *protocol.ParsedCredentialAssertionData) (accounts.Account, *webauthn.Credential, error) {
	if c.account != "" {
		a, err := m.store.Get(ctx, c.account)
		if err != nil {
			return a, nil, err
		}
		k, err := m.keyholder(ctx, a)
		if err != nil {
			return a, nil, err
		}
		used, err := w.ValidateLogin(k, c.data, parsed)
		return a, used, err
	}
	var found accounts.Account
	used, err := w.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		a, err := m.store.ByHandle(ctx, handle)
		if err != nil {
			return nil, err
		}
		found = a
		return m.keyholder(ctx, a)
	}, c.data, parsed)
	return found, used, err
}

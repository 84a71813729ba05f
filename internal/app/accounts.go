package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/actor/tokens"
	"bystander/api/session"
	"bystander/api/users"
	"bystander/api/users/accounts"
	"bystander/internal/config"
	"bystander/match/vault"
)

// openUsers opens the accounts that people sign in to, under the installation's
// key, which is made with the store.
func openUsers(ctx context.Context, cfg config.Config) (*accounts.Store, error) {
	fresh, err := newStore(ctx, cfg, storeAccounts)
	if err != nil {
		return nil, err
	}
	key, err := vault.OpenKey(filepath.Join(cfg.Keys, "accounts.key"), fresh)
	if err != nil {
		return nil, err
	}
	return accounts.Open(ctx, controlPlace(cfg, storeAccounts), accounts.Options{Key: key, FactorRoles: cfg.Accounts.SecondFactor})
}

// signIn is who may use a running installation, and as what.
type signIn struct {
	store   *accounts.Store
	tokens  *tokens.Store
	session session.Config
	users   users.Config
	in      *session.Module // once modules made it
	people  []api.Module    // enrolled people's own page, and the privacy notice
}

// openSignIn opens it; it needs the ledger and the site.
func (e *edge) openSignIn(ctx context.Context) error {
	store, err := openUsers(ctx, e.cfg)
	if err != nil {
		return err
	}
	e.closing(store.Close)
	programs, err := openAccounts(ctx, e.cfg)
	if err != nil {
		return err
	}
	e.closing(programs.Close)
	providers, err := openProviders(e.cfg.Accounts)
	if err != nil {
		return err
	}
	e.signIn = &signIn{store: store, tokens: programs, session: session.Config{
		Providers: providers,
		Store:     store, Log: e.log, Site: e.law.siteID, Emit: e.ledger.emit,
		Required: e.cfg.Server.SignIn == config.SignInRequired, HTTPS: e.cfg.Server.HTTPS,
	}, users: users.Config{
		Store: store, Access: readRecorder{e}, Log: e.log, Site: e.law.siteID, Emit: e.ledger.emit,
	}}
	e.signIn.people, err = e.openToPeople(e.signIn)
	return err
}

// asDemo lets visitors try every role, without a password.
func (e *edge) asDemo() {
	e.signIn.session.Demo = &session.Demo{Enrollee: func(ctx context.Context) (string, error) {
		ids, err := e.desks.consents.people.people.Enrollees(ctx)
		if err != nil || len(ids) == 0 {
			return "", err
		}
		return ids[0].ID, nil
	}}
}

// modules are the sign-in's parts of the interface; the first lets sessions in.
func (s *signIn) modules() (*session.Module, []api.Module) {
	s.in = session.New(s.session)
	return s.in, append([]api.Module{s.in, users.New(s.users)}, s.people...)
}

// doors let people in by session or by token.
type doors struct {
	*session.Module
	tokens *tokens.Store
	log    zerolog.Logger
}

// Valid implements api.Sessions for both.
func (d doors) Valid(ctx context.Context, who actor.Actor) bool {
	if who.Via != actor.ViaToken {
		return d.Module.Valid(ctx, who)
	}
	ok, err := d.tokens.Valid(ctx, who)
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		d.log.Error().Err(err).Msg("whether a token holds cannot be told; what it watches ends")
	}
	return ok && err == nil
}

func openProviders(cfg config.Accounts) ([]session.ProviderConfig, error) {
	var out []session.ProviderConfig
	for _, o := range cfg.OIDC {
		secret, err := o.Secret()
		if err != nil {
			return nil, fmt.Errorf("%w: accounts.oidc: %s: %w", ErrUsage, o.ID, err)
		}
		p := session.ProviderConfig{
			ID: o.ID, Label: o.Label, Issuer: o.Issuer, ClientID: o.Client, Secret: secret.Reveal(), Scopes: o.Scopes,
			GroupsClaim: o.GroupsClaim, Roles: map[string][]actor.Role{},
		}
		for group, roles := range o.Roles {
			for _, r := range roles {
				p.Roles[group] = append(p.Roles[group], actor.Role(r))
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// greet prints the one-time link that makes the first administrator, as long as
// there is none, for whoever started the program. The log has a hint alone: logs
// are read by others, too.
func (e *edge) greet(ctx context.Context, url string, out io.Writer) {
	if e.cfg.Server.SignIn != config.SignInRequired {
		return
	}
	token, err := e.signIn.store.NewSetup(ctx)
	if errors.Is(err, accounts.ErrState) {
		return
	}
	if err != nil {
		e.log.Error().Err(err).Msg("no set-up link could be made; restart to try again")
		return
	}
	fmt.Fprintf(out, "There is no administrator yet. Open this link within an hour to become the first:\n\n  %s/setup#%s\n\n", url, token)
	e.log.Warn().Msg("nobody can administer yet: the set-up link was printed on standard output; it holds for an hour, a restart prints a new one")
}

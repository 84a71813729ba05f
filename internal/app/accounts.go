package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"bystander/api"
	"bystander/api/session"
	"bystander/api/users/accounts"
	"bystander/internal/config"
	"bystander/match/vault"
)

// openUsers opens the accounts that people sign in to, under the installation's
// key, which is made with the store.
func openUsers(ctx context.Context, cfg config.Config) (*accounts.Store, error) {
	path := filepath.Join(cfg.Data, "accounts.db")
	_, missing := os.Stat(path)
	key, err := vault.OpenKey(filepath.Join(cfg.Keys, "accounts.key"), errors.Is(missing, fs.ErrNotExist))
	if err != nil {
		return nil, err
	}
	return accounts.Open(ctx, path, accounts.Options{Key: key, FactorRoles: cfg.Accounts.SecondFactor})
}

// signIn is who may use a running installation, and as what.
type signIn struct {
	store   *accounts.Store
	session session.Config
	in      *session.Module // once modules made it
	people  api.Module      // enrolled people's own page
}

// openSignIn opens it; it needs the ledger and the site.
func (e *edge) openSignIn(ctx context.Context) error {
	store, err := openUsers(ctx, e.cfg)
	if err != nil {
		return err
	}
	e.closing(store.Close)
	e.signIn = &signIn{store: store, session: session.Config{
		Store: store, Log: e.log, Site: e.law.siteID, Emit: e.ledger.emit,
		Required: e.cfg.Server.SignIn == config.SignInRequired, HTTPS: e.cfg.Server.HTTPS,
	}}
	e.signIn.people, err = e.ownPage(e.signIn)
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
	return s.in, []api.Module{s.in, s.people}
}

package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"bystander/internal/config"
	"bystander/internal/sqldb"
)

// The stores of the control: what several replicas share. Each is a file in the
// data folder or, with store.postgres, a schema of the server. What belongs to a
// machine stays with it: events and recordings, the spool, the bus's book, the
// cameras that it runs, and the journal of erasures, which lies with the keys.
const (
	storePolicy    = "policy"
	storeTemplates = "templates"
	storeNames     = "names"
	storeSamples   = "samples"
	storeConsent   = "consent"
	storeSite      = "site"
	storeRights    = "rights"
	storeAccounts  = "accounts"
	storeTokens    = "tokens"
	storeNotes     = "notes"
	storeAccess    = "access"
	storeResolve   = "resolve"
)

// controlStores lists them, for moving and for exports.
func controlStores() []string {
	return []string{
		storePolicy, storeTemplates, storeNames, storeSamples, storeConsent, storeSite,
		storeRights, storeAccounts, storeTokens, storeNotes, storeAccess, storeResolve,
	}
}

// controlPlace is where a store of the control lies.
func controlPlace(cfg config.Config, store string) string {
	if !cfg.Store.Shared() {
		return controlFile(cfg, store)
	}
	return controlSchema(cfg.Store, store)
}

func controlFile(cfg config.Config, store string) string { return filepath.Join(cfg.Data, store+".db") }

func controlSchema(s config.Store, store string) string {
	return sqldb.Place(s.Postgres, "bystander_"+store, s.PasswordFile)
}

// newStore reports whether a store of the control is yet to be made, so that its
// key may be, too. Beside an existing store no new key is made: it could open
// nothing.
func newStore(ctx context.Context, cfg config.Config, store string) (bool, error) {
	there, err := sqldb.Exists(ctx, controlPlace(cfg, store))
	if err != nil {
		return false, fmt.Errorf("%s: %w", storeKey(cfg), err)
	}
	return !there, nil
}

// storeKey names the key of the configuration that says where the control's data
// lie.
func storeKey(cfg config.Config) string {
	if cfg.Store.Shared() {
		return "store.postgres"
	}
	return "data"
}

// claimChain makes sure that no other replica writes this one's chain of events:
// numbers would come twice.
func claimChain(ctx context.Context, db *sqldb.DB, edge string) (release func() error, err error) {
	release, err = db.Claim(ctx, "chain "+chainID(edge))
	if errors.Is(err, sqldb.ErrTaken) {
		return nil, fmt.Errorf("%w: events.edge: a program named %q runs already on this store; give each replica a name of its own: %w", ErrUsage, edge, err)
	}
	return release, err
}

// errShared tells who works on files that the control's data lie elsewhere.
func errShared(cfg config.Config, what string) error {
	if !cfg.Store.Shared() {
		return nil
	}
	return fmt.Errorf("%w: store.postgres: consents, site, accounts and requests lie on a PostgreSQL server, which %s does not reach; "+
		"use pg_dump and pg_restore there (docs/postgres.md), and --without-control for what lies on this machine", ErrUsage, what)
}

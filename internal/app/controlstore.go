package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"bystander/internal/config"
	"bystander/internal/sqldb"
)

// The stores of the control: what several replicas share. Each is a file in the
// data folder or, with store.postgres, a schema of the server. What belongs to a
// machine stays with it: events and recordings, the spool, the bus's book, and the
// journal of erasures, which lies with the keys.
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
	storePeers     = "peers"
	storeCameras   = "cameras"
)

// controlStores lists them, for moving and for exports.
func controlStores() []string {
	return []string{
		storePolicy, storeTemplates, storeNames, storeSamples, storeConsent, storeSite,
		storeRights, storeAccounts, storeTokens, storeNotes, storeAccess, storeResolve, storePeers, storeCameras,
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

// checkShared refuses a server's address that would not be connected to.
func checkShared(cfg config.Config) error {
	if !cfg.Store.Shared() {
		return nil
	}
	if err := sqldb.CheckAddress(cfg.Store.Postgres); err != nil {
		return fmt.Errorf("%w: store.postgres: %w", ErrUsage, err)
	}
	return nil
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

// sharedKeepings names the keepings (retention.go) that replicas share.
var sharedKeepings = []string{"access log", "names asked for", "requests", "consents", "site", "notes", "accounts", "tokens", "edges", "cameras"}

// runRetention applies the rules of keeping: of this machine's own stores here, of
// those that replicas share in one of them.
func (e *edge) runRetention(ctx context.Context, wg *sync.WaitGroup) {
	var own, shared []keeping
	for _, k := range e.keepings() {
		if e.cfg.Store.Shared() && slices.Contains(sharedKeepings, k.name) {
			shared = append(shared, k)
		} else {
			own = append(own, k)
		}
	}
	wg.Go(func() { e.retain(ctx, own) })
	if len(shared) > 0 {
		wg.Go(func() { e.lead(ctx, "retention", func(ctx context.Context) { e.retain(ctx, shared) }) })
	}
}

// claimChain makes sure that no other replica writes this one's chain of events:
// numbers would come twice.
func (e *edge) claimChain(ctx context.Context) error {
	if !e.cfg.Store.Shared() {
		return nil // the spool's lock does
	}
	name := chainID(e.cfg.Events.Edge)
	release, err := sqldb.Claim(ctx, controlPlace(e.cfg, storeAccess), "chain "+name)
	if errors.Is(err, sqldb.ErrTaken) {
		return fmt.Errorf("%w: events.edge: a program named %q runs already on this store; give each replica a name of its own: %w", ErrUsage, name, err)
	}
	if err == nil {
		e.closing(release)
	}
	return err
}

// lead does a duty in one replica at a time; with files there is only one.
func (e *edge) lead(ctx context.Context, duty string, run func(context.Context)) {
	e.signIn.tokens.DB().Leader(duty, func(err error) {
		e.log.Warn().Err(err).Str("component", "store").Str("duty", duty).Msg("which replica does this cannot be told; asked again")
	}).Run(ctx, newStoreMetrics(e).during(duty, run)) //nolint:contextcheck // the metrics ask when they are read
}

// notInFiles refuses to take the files for the whole where the control's data lie
// on a server.
func notInFiles(cfg config.Config, what, instead string) error {
	if !cfg.Store.Shared() {
		return nil
	}
	return fmt.Errorf("%w: store.postgres: consents, site, accounts and requests lie on a PostgreSQL server, which %s does not reach; %s (docs/postgres.md)",
		ErrUsage, what, instead)
}

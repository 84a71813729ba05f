package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bystander/api/notes"
	"bystander/api/peer/book"
	"bystander/audit/access"
	"bystander/audit/resolve"
	"bystander/internal/config"
	"bystander/internal/sqldb"
	"bystander/match/vault"
	"bystander/policy/consent"
	"bystander/policy/sitestore"
	"bystander/rights"
	"bystander/sink/spool"
)

// MoveOptions say where the control's data move to.
type MoveOptions struct {
	From         string // sqlite: the files in the data folder
	To           string // address of the PostgreSQL server
	PasswordFile string
	Stdout       io.Writer
}

// ControlMigrate copies the stores of the control from this machine's files to a
// PostgreSQL server, all of them or none, and checks every table. The files stay
// as they are. The program must not run meanwhile.
func ControlMigrate(ctx context.Context, cfg config.Config, o MoveOptions) error {
	if o.From != "sqlite" {
		return fmt.Errorf("%w: --from: %q; the way is from sqlite to a PostgreSQL server", ErrUsage, o.From)
	}
	if cfg.Store.Shared() {
		return fmt.Errorf("%w: store.postgres is set already; leave it out until the data have moved", ErrUsage)
	}
	if err := sqldb.CheckAddress(o.To); err != nil {
		return fmt.Errorf("%w: --to: %w", ErrUsage, err)
	}
	if !exists(cfg.Data) {
		return fmt.Errorf("%w: data: %s does not exist; there is nothing to move", ErrUsage, cfg.Data)
	}
	alone, err := onlyProcess(cfg)
	if err != nil {
		return err
	}
	defer alone.Close() //nolint:errcheck // a lock on what was not changed
	there := cfg
	there.Store = config.Store{Postgres: o.To, PasswordFile: o.PasswordFile}
	if err := checkEnded(ctx, there); err != nil {
		return err
	}
	// Both sides are brought to this program's schema first.
	if err := errors.Join(openOnce(ctx, cfg), openOnce(ctx, there)); err != nil {
		return err
	}
	var stores []sqldb.Moving
	for _, s := range controlStores() {
		stores = append(stores, sqldb.Moving{From: controlFile(cfg, s), To: controlPlace(there, s)})
	}
	rows := int64(0)
	moved, err := sqldb.Move(ctx, stores, func(m sqldb.Moved) { rows += m.Rows })
	if err != nil {
		return fmt.Errorf("nothing was moved: %w", err)
	}
	if err := markTaken(there); err != nil {
		return err
	}
	for _, m := range moved {
		fmt.Fprintf(o.Stdout, "%-44s %8d rows  sha256 sum %s\n", m.Schema+"."+m.Table, m.Rows, m.Digest)
	}
	_, err = fmt.Fprintf(o.Stdout, "\n%d rows in %d tables, compared on both sides. Next:\n"+
		"  1. set store.postgres and store.password_file in the configuration of every replica\n"+
		"  2. give each replica the same keys folder (%s) and an events.edge of its own\n"+
		"  3. start one, look at it, then start the others\n"+
		"  4. destroy the old files once nobody needs to go back: %s\n",
		rows, len(moved), cfg.Keys, filepath.Join(cfg.Data, "{"+controlStores()[0]+",…}.db"))
	return err
}

// onlyProcess makes sure that no program runs on the data.
func onlyProcess(cfg config.Config) (io.Closer, error) {
	sp, err := spool.Open(filepath.Join(cfg.Data, "spool"), spool.Options{MaxBytes: int64(cfg.Events.SpoolMax)})
	if errors.Is(err, spool.ErrLocked) {
		return nil, fmt.Errorf("%w: the program runs on %s; stop it first, or changes made meanwhile would be lost", ErrUsage, cfg.Data)
	}
	return sp, err
}

// openOnce opens and closes every store of the control, which makes its tables.
func openOnce(ctx context.Context, cfg config.Config) error {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	people, err := openRegistry(ctx, cfg)
	if err != nil {
		return err
	}
	if err := people.close(); err != nil {
		return err
	}
	for store, open := range map[string]func(place string) (io.Closer, error){
		storeSamples:  func(string) (io.Closer, error) { return openSamples(ctx, cfg) },
		storeConsent:  func(p string) (io.Closer, error) { return consent.OpenDB(ctx, p) },
		storeSite:     func(p string) (io.Closer, error) { return sitestore.Open(ctx, p, sitestore.Options{}) },
		storeRights:   func(p string) (io.Closer, error) { return rights.OpenDB(ctx, p) },
		storeAccounts: func(string) (io.Closer, error) { return openUsers(ctx, cfg) },
		storeTokens:   func(string) (io.Closer, error) { return openAccounts(ctx, cfg) },
		storeAccess:   func(p string) (io.Closer, error) { return access.Open(ctx, p, access.Options{}) },
		storeResolve:  func(p string) (io.Closer, error) { return resolve.Open(ctx, p, resolve.Options{}) },
		storeCameras:  func(string) (io.Closer, error) { return openCameraStore(ctx, cfg) },
		storePeers:    func(p string) (io.Closer, error) { return book.Open(ctx, p, nil) },
		storeNotes: func(p string) (io.Closer, error) {
			key, err := vault.OpenKey(filepath.Join(cfg.Keys, "notes.key"), true)
			if err != nil {
				return nil, err
			}
			return notes.Open(ctx, p, key)
		},
	} {
		c, err := open(controlPlace(cfg, store))
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", store, err)
		}
	}
	return nil
}

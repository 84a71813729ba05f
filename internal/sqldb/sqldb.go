// Package sqldb opens the house's databases: SQLite files (write-ahead log, one
// writer) or, where several machines share them, schemas of a PostgreSQL server;
// with versioned migrations in both. A table without a retention rule and a
// column without a data class fail the migration (requirements B-58 and A-01),
// so that nothing is ever kept without somebody having said for how long.
//
// The stores' SQL is written once. On either kind one writer is let in at a time,
// so what a transaction read still holds when it writes.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver, in pure Go
)

// The ways in which a database can be refused.
var (
	// ErrNoRule reports a table without a retention rule.
	ErrNoRule = errors.New("sqldb: table without a retention rule")
	// ErrNoClass reports a column without a data class.
	ErrNoClass = errors.New("sqldb: column without a data class")
	// ErrNewer reports a database that a later version of the program wrote.
	ErrNewer = errors.New("sqldb: database is of a later version")
	// ErrAltered reports a migration that is not the one applied earlier.
	ErrAltered = errors.New("sqldb: migration differs from the one applied")
)

// Migration is one step of a schema. Once released it never changes.
type Migration struct {
	Name string
	SQL  string
}

// Schema describes a database: how to make it, and for each of its tables how
// long rows are kept and of which class each column is.
type Schema struct {
	Migrations []Migration
	Rules      []Rule
	// Classes maps table and column to a data class, L1 to L4.
	Classes map[string]map[string]string
}

// DB is an open database. W is its only writing connection; R reads.
type DB struct {
	W, R   *sql.DB
	Path   string // the place that it was opened at
	schema Schema
	srv    *server // nil for a SQLite file
}

// Open opens or makes the database at a place, which is a file's path or, for
// PostgreSQL, what Place returns, and brings it up to date. It fails with
// ErrNoRule, ErrNoClass, ErrNewer, ErrAltered, ErrPlace and the system's errors; a
// migration that fails leaves the database as it was.
func Open(ctx context.Context, path string, s Schema) (*DB, error) {
	if IsPostgres(path) {
		return openPostgres(ctx, path, s)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // before SQLite makes it readable to all
	if err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	// synchronous=FULL: a commit is on the disk when it returns.
	// secure_delete: disposed rows are overwritten, not merely unlinked.
	const pragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=secure_delete(ON)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=wal_autocheckpoint(8000)"
	uri := fileURI(path) + "?" + pragmas
	w, err := sql.Open("sqlite", uri+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("sqldb: open %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	r, err := sql.Open("sqlite", uri+"&_pragma=query_only(ON)")
	if err != nil {
		return nil, fmt.Errorf("sqldb: open %s: %w", path, errors.Join(err, w.Close()))
	}
	r.SetMaxOpenConns(4)
	d := &DB{W: w, R: r, Path: path, schema: s}
	if err := d.migrate(ctx); err != nil {
		return nil, fmt.Errorf("sqldb: %s: %w", path, errors.Join(err, d.Close()))
	}
	return d, nil
}

// fileURI names a SQLite file, whatever signs are in its path.
func fileURI(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// Close releases the database. SQLite moves its log into the main file first.
func (d *DB) Close() error { return errors.Join(d.R.Close(), d.W.Close()) }

// tries is how often a transaction that met another one is run anew.
const tries = 5

// Tx runs fn in a writing transaction, which is committed if fn succeeds. On
// PostgreSQL fn runs again, from the start, when the server says that it met
// another transaction; the lock that writers hold makes that rare.
func (d *DB) Tx(ctx context.Context, fn func(*sql.Tx) error) error { return InTx(ctx, d.W, fn) }

// InTx is Tx for a database that OpenSteps opened.
func InTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	for n := 1; ; n++ {
		err := once(ctx, db, fn)
		if err == nil || !undone(err) || n == tries {
			return err
		}
		t := time.NewTimer(time.Duration(n) * (10*time.Millisecond + rand.N(20*time.Millisecond)))
		select {
		case <-ctx.Done():
			t.Stop()
			return errors.Join(ctx.Err(), err)
		case <-t.C:
		}
	}
}

func once(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			err = errors.Join(err, e)
		}
		return err
	}
	return tx.Commit()
}

// ErrReading reports an erasure whose old rows cannot be overwritten yet.
var ErrReading = errors.New("sqldb: empty the log: a reader still holds it; try again")

// EmptyLog moves the write-ahead log into the file and cuts it to nothing, so
// that what was deleted before is on the disk no more. On PostgreSQL it writes
// the store's tables anew without the deleted rows; the server's own log still
// holds them until it is overwritten (docs/postgres.md). It fails with ErrReading
// while somebody reads who began before; call it again.
func (d *DB) EmptyLog(ctx context.Context) error { return EmptyLog(ctx, d.W) }

// EmptyLog is the same for a database that OpenSteps opened.
func EmptyLog(ctx context.Context, db *sql.DB) error {
	if srv := serverOf(db); srv != nil {
		return srv.rewrite(ctx, db)
	}
	var busy, pages, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("sqldb: empty the log: %w", err)
	}
	if busy != 0 {
		return ErrReading
	}
	return nil
}

// checkTables fails unless every table has a rule and every column a class.
func (d *DB) checkTables(ctx context.Context, tx *sql.Tx) error {
	rules := map[string]bool{migrationsTable: true}
	for _, r := range d.schema.Rules {
		if err := r.check(); err != nil {
			return err
		}
		rules[r.Table] = true
	}
	rows, err := tx.QueryContext(ctx, d.columns())
	if err != nil {
		return err
	}
	defer rows.Close()
	var errs []error
	named := map[string]bool{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		if !rules[table] && !named[table] {
			errs = append(errs, fmt.Errorf("%w: %s", ErrNoRule, table))
		}
		named[table] = true
		switch d.schema.Classes[table][column] {
		case "L1", "L2", "L3", "L4":
		default:
			if table != migrationsTable {
				errs = append(errs, fmt.Errorf("%w: %s.%s", ErrNoClass, table, column))
			}
		}
	}
	return errors.Join(append(errs, rows.Err())...)
}

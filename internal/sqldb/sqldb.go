// Package sqldb opens the house's embedded SQLite databases: write-ahead log,
// one writer, versioned migrations. A table without a retention rule and a
// column without a data class fail the migration (requirements B-58 and A-01),
// so that nothing is ever kept without somebody having said for how long.
package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
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
	Path   string
	schema Schema
}

const migrationsTable = "schema_migrations"

// Open opens or makes the database at path and brings it up to date. It fails
// with ErrNoRule, ErrNoClass, ErrNewer, ErrAltered and the system's errors; a
// migration that fails leaves the database as it was.
func Open(ctx context.Context, path string, s Schema) (*DB, error) {
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
	uri := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas
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

// Close releases the database. SQLite moves its log into the main file first.
func (d *DB) Close() error { return errors.Join(d.R.Close(), d.W.Close()) }

// Tx runs fn in a writing transaction, which is committed if fn succeeds.
func (d *DB) Tx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := d.W.BeginTx(ctx, nil)
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

// EmptyLog moves the write-ahead log into the file and cuts it to nothing, so
// that what was deleted before is on the disk no more. It fails while somebody
// reads who began before; call it again.
func (d *DB) EmptyLog(ctx context.Context) error {
	var busy, pages, moved int
	if err := d.W.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("sqldb: empty the log: %w", err)
	}
	if busy != 0 {
		return errors.New("sqldb: empty the log: a reader still holds it; try again")
	}
	return nil
}

func (d *DB) migrate(ctx context.Context) error {
	return d.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+migrationsTable+
			` (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL)`); err != nil {
			return err
		}
		done, err := d.checkApplied(ctx, tx)
		if err != nil {
			return err
		}
		for i, m := range d.schema.Migrations[done:] {
			if _, err := tx.ExecContext(ctx, m.SQL); err != nil {
				return fmt.Errorf("migration %s: %w", m.Name, err)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO `+migrationsTable+` VALUES (?,?,?,?)`,
				done+i+1, m.Name, digest(m.SQL), time.Now().UnixMilli()); err != nil {
				return err
			}
		}
		return d.checkTables(ctx, tx)
	})
}

func digest(sql string) string {
	sum := sha256.Sum256([]byte(sql))
	return hex.EncodeToString(sum[:])
}

// checkApplied compares what was applied with what is known and returns how
// many migrations are done.
func (d *DB) checkApplied(ctx context.Context, tx *sql.Tx) (int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT version, name, sha256 FROM `+migrationsTable+` ORDER BY version`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var v int
		var name, sum string
		if err := rows.Scan(&v, &name, &sum); err != nil {
			return 0, err
		}
		if v > len(d.schema.Migrations) {
			return 0, fmt.Errorf("%w: it has migration %d (%s), this program knows %d: use the later program", ErrNewer, v, name, len(d.schema.Migrations))
		}
		if m := d.schema.Migrations[v-1]; digest(m.SQL) != sum {
			return 0, fmt.Errorf("%w: %d (%s)", ErrAltered, v, name)
		}
		n++
	}
	return n, rows.Err()
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
	rows, err := tx.QueryContext(ctx, `SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
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

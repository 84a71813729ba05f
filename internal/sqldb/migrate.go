package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

const migrationsTable = "schema_migrations"

func (d *DB) migrate(ctx context.Context) error {
	return d.Tx(ctx, func(tx *sql.Tx) error {
		if err := prepare(ctx, tx, d.srv); err != nil {
			return err
		}
		if err := apply(ctx, tx, d.schema.Migrations, d.srv != nil); err != nil {
			return err
		}
		if err := d.checkTables(ctx, tx); err != nil || d.srv == nil {
			return err
		}
		return noStatistics(ctx, tx)
	})
}

// prepare makes what migrations are made in. Whoever runs it holds the store's
// lock, so of several replicas that start at once one migrates, and the others
// find it done.
func prepare(ctx context.Context, tx *sql.Tx, srv *server) error {
	if srv != nil {
		if err := srv.makeSchema(ctx, tx); err != nil {
			return err
		}
	}
	kind := "INTEGER"
	if srv != nil {
		kind = "BIGINT"
	}
	_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+migrationsTable+
		` (version `+kind+` PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at `+kind+` NOT NULL)`)
	return err
}

// makeSchema makes the store's schema, unless somebody with more rights did.
func (s *server) makeSchema(ctx context.Context, tx *sql.Tx) error {
	var there bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ?)`, s.place.schema).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.ExecContext(ctx, `CREATE SCHEMA `+s.place.schema); err != nil {
			return fmt.Errorf("%w: schema %s: let the role create schemas in the database (GRANT CREATE ON DATABASE), or make it: %w",
				ErrPlace, s.place.schema, err)
		}
	}
	return nil
}

// apply runs the migrations that are not done yet.
func apply(ctx context.Context, tx *sql.Tx, all []Migration, postgres bool) error {
	done, err := checkApplied(ctx, tx, all)
	if err != nil {
		return err
	}
	if postgres && done < len(all) {
		if _, err := tx.ExecContext(ctx, unlimited); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, functions); err != nil {
			return err
		}
	}
	for i, m := range all[done:] {
		text := m.SQL
		if postgres {
			if text, err = schemaForPostgres(text); err != nil {
				return fmt.Errorf("migration %s: %w", m.Name, err)
			}
		}
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, err)
		}
		// The digest is of the text as it is written here, the same for both kinds.
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+migrationsTable+` VALUES (?,?,?,?)`,
			done+i+1, m.Name, digest(m.SQL), time.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

func digest(sql string) string {
	sum := sha256.Sum256([]byte(sql))
	return hex.EncodeToString(sum[:])
}

// checkApplied compares what was applied with what is known and returns how
// many migrations are done.
func checkApplied(ctx context.Context, tx *sql.Tx, known []Migration) (int, error) {
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
		if v > len(known) {
			return 0, fmt.Errorf("%w: it has migration %d (%s), this program knows %d: use the later program", ErrNewer, v, name, len(known))
		}
		if m := known[v-1]; digest(m.SQL) != sum {
			return 0, fmt.Errorf("%w: %d (%s)", ErrAltered, v, name)
		}
		n++
	}
	return n, rows.Err()
}

// columns lists every table with its columns.
func (d *DB) columns() string {
	if d.srv != nil {
		return `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`
	}
	return `SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'`
}

// noStatistics keeps the server from taking samples of what the columns hold: they
// would outlive an erasure in the server's catalogue. Stores look rows up by key,
// for which the planner needs none.
func noStatistics(ctx context.Context, tx *sql.Tx) error {
	todo, err := texts(ctx, tx, `SELECT format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS 0', c.relname, a.attname)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0
		AND NOT a.attisdropped AND coalesce(a.attstattarget, -1) <> 0`)
	if err != nil || len(todo) == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, strings.Join(todo, ";\n"))
	return err
}

// texts reads one column.
func texts(ctx context.Context, tx *sql.Tx, query string) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// OpenSteps opens a store on a PostgreSQL server whose tables are made by plain
// steps, for those that keep a file of their own otherwise. Both reading and
// writing go through what it returns. It fails as Open does.
func OpenSteps(ctx context.Context, address string, steps []string) (*sql.DB, error) {
	srv, err := openServer(address)
	if err != nil {
		return nil, err
	}
	all := make([]Migration, len(steps))
	for i, s := range steps {
		all[i] = Migration{Name: fmt.Sprintf("step %d", i+1), SQL: s}
	}
	db := srv.pool(true, maxReaders)
	err = InTx(ctx, db, func(tx *sql.Tx) error {
		if err := prepare(ctx, tx, srv); err != nil {
			return err
		}
		if err := apply(ctx, tx, all, true); err != nil {
			return err
		}
		return noStatistics(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("sqldb: %s: %w", srv, closing(err, db))
	}
	return db, nil
}

// OpenAsIs opens what an address holds without migrating it.
func OpenAsIs(ctx context.Context, address string) (*sql.DB, error) {
	srv, err := openServer(address)
	if err != nil {
		return nil, err
	}
	db := srv.pool(true, maxReaders)
	if err := db.PingContext(ctx); err != nil {
		return nil, closing(err, db)
	}
	return db, nil
}

// Exists reports whether there is a store at a place: a file, or a schema on a
// server.
func Exists(ctx context.Context, at string) (bool, error) {
	if !IsPostgres(at) {
		_, err := os.Stat(at)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	db, err := OpenAsIs(ctx, at)
	if err != nil {
		return false, err
	}
	var there bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ?)`, serverOf(db).place.schema).Scan(&there)
	return there, closing(err, db)
}

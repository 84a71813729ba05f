package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The ways in which stores are not removed from a server.
var (
	// ErrInUse reports that somebody else is connected to the stores' database.
	ErrInUse = errors.New("sqldb: the database is in use")
	// ErrEnded reports stores that were removed for good.
	ErrEnded = errors.New("sqldb: what was kept here was destroyed")
)

// View opens a place for reading alone, without bringing it up to date, and begins
// a transaction that sees all of it as it is at one moment. End ends both.
func View(ctx context.Context, place string) (tx *sql.Tx, end func() error, err error) {
	var db *sql.DB
	if IsPostgres(place) {
		var srv *server
		if srv, err = openServer(place); err != nil {
			return nil, nil, err
		}
		db = srv.pool(false, 1)
	} else if db, err = sql.Open("sqlite", fileURI(place)+"?mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(ON)"); err != nil {
		return nil, nil, err
	}
	if tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return nil, nil, closing(err, db)
	}
	if IsPostgres(place) {
		if _, err := tx.ExecContext(ctx, unlimited); err != nil {
			return nil, nil, closing(errors.Join(err, tx.Rollback()), db)
		}
	}
	return tx, func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
}

// Tables lists what a View sees: each table's name with the statement that makes
// it, in the words of the kind of database that it lies in.
func Tables(ctx context.Context, tx *sql.Tx, place string) (_ map[string]string, err error) {
	query := `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`
	if IsPostgres(place) {
		query = `SELECT c.relname, format('CREATE TABLE %I (' || chr(10) || '%s' || chr(10) || ')', c.relname, (SELECT string_agg(line, ',' || chr(10) ORDER BY rank, line) FROM (
			SELECT a.attnum::int AS rank, format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod)) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS line
				FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			UNION ALL SELECT 10000, '  ' || pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f')) parts))
			FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'`
	}
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := map[string]string{}
	for rows.Next() {
		var name, ddl string
		if err := rows.Scan(&name, &ddl); err != nil {
			return nil, err
		}
		out[name] = ddl
	}
	return out, rows.Err()
}

// Dropped is a store's schema that was removed from a server.
type Dropped struct {
	Schema      string
	Tables      int
	Rows, Bytes int64
}

// Drop removes stores from a server, with everything in them: all at once or none.
// A note takes their place, at another place of the same database, which Ended
// reads. Stores that are not there are passed over. It fails with ErrInUse while
// somebody else is connected as the same user, or as this program. The server's
// own log, its copies and its disk are beyond this program.
func Drop(ctx context.Context, stores []string, note string, text []byte) (_ []Dropped, err error) {
	srv, pg, err := dial(ctx, note)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pg.Close(context.WithoutCancel(ctx))) }()
	if err := alone(ctx, pg, readersGo); err != nil { // whoever just left is gone in a moment
		return nil, err
	}
	var out []Dropped
	err = pgx.BeginFunc(ctx, pg, func(tx pgx.Tx) error {
		out = nil
		if err := alone(ctx, tx, 0); err != nil {
			return err
		}
		for _, at := range stores {
			d, err := dropOne(ctx, tx, at, srv)
			if err != nil {
				return err
			}
			if d.Schema != "" {
				out = append(out, d)
			}
		}
		return leaveNote(ctx, tx, srv.place.schema, text)
	})
	if err != nil {
		return nil, fmt.Errorf("sqldb: remove the stores: %w", explain(err))
	}
	return out, nil
}

// Alone fails with ErrInUse while somebody else is connected to a place's database
// as the same user, or as this program.
func Alone(ctx context.Context, place string) (err error) {
	_, pg, err := dial(ctx, place)
	if err != nil {
		return err
	}
	return errors.Join(alone(ctx, pg, readersGo), pg.Close(context.WithoutCancel(ctx)))
}

// dial opens a connection for long work.
func dial(ctx context.Context, place string) (*server, *pgx.Conn, error) {
	srv, err := openServer(place)
	if err != nil {
		return nil, nil, err
	}
	c := srv.config.Copy()
	if c.Password, err = srv.place.password(); err != nil {
		return nil, nil, err
	}
	c.RuntimeParams["statement_timeout"] = "0"
	pg, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, nil, fmt.Errorf("sqldb: %s: %w", srv, err)
	}
	return srv, pg, nil
}

// alone fails while another program could write what is being removed, or make it
// anew; it waits for so long that they go.
func alone(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, patience time.Duration,
) error {
	for end := time.Now().Add(patience); ; {
		rows, err := q.Query(ctx, `SELECT DISTINCT coalesce(nullif(application_name, ''), 'somebody') FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
			AND (usename = session_user OR application_name = 'bystander') ORDER BY 1`)
		if err != nil {
			return err
		}
		who, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(who) == 0 {
			return err
		}
		if !time.Now().Before(end) {
			return fmt.Errorf("%w by %s: stop every replica, and end other sessions", ErrInUse, strings.Join(who, ", "))
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func dropOne(ctx context.Context, tx pgx.Tx, at string, first *server) (d Dropped, err error) {
	srv, err := openServer(at)
	if err != nil {
		return d, err
	}
	if !srv.sameDatabase(first) {
		return d, fmt.Errorf("%w: all stores lie in one database", ErrPlace)
	}
	schema := srv.place.schema
	rows, err := tx.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 1`, schema)
	if err != nil {
		return d, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return d, err
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&there); err != nil || !there {
		return d, err
	}
	d = Dropped{Schema: schema, Tables: len(tables)}
	for _, t := range tables {
		name := pgx.Identifier{schema, t}.Sanitize()
		var rows, bytes int64
		if err := tx.QueryRow(ctx, `SELECT count(*), pg_total_relation_size('`+strings.ReplaceAll(name, "'", "''")+`') FROM `+name).Scan(&rows, &bytes); err != nil {
			return d, err
		}
		d.Rows, d.Bytes = d.Rows+rows, d.Bytes+bytes
	}
	_, err = tx.Exec(ctx, `DROP SCHEMA `+pgx.Identifier{schema}.Sanitize()+` CASCADE`)
	return d, err
}

// leaveNote writes down that the stores were removed, so that no replica makes
// them anew. A note that is there already stays.
func leaveNote(ctx context.Context, tx pgx.Tx, schema string, text []byte) error {
	name := pgx.Identifier{schema}.Sanitize()
	for _, q := range []string{`CREATE SCHEMA IF NOT EXISTS ` + name, `CREATE TABLE IF NOT EXISTS ` + name + `.note (one BIGINT PRIMARY KEY CHECK (one = 1), text BYTEA NOT NULL)`} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+name+`.note VALUES (1, $1) ON CONFLICT DO NOTHING`, text)
	return err
}

// Ended returns the note that Drop left at a place; nil where there is none.
func Ended(ctx context.Context, note string) (text []byte, err error) {
	there, err := Exists(ctx, note)
	if err != nil || !there {
		return nil, err
	}
	db, err := OpenAsIs(ctx, note)
	if err != nil {
		return nil, err
	}
	err = db.QueryRowContext(ctx, `SELECT text FROM note WHERE one = 1`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return text, closing(err, db)
}

func (s *server) sameDatabase(o *server) bool {
	return s.config.Host == o.config.Host && s.config.Port == o.config.Port && s.config.Database == o.config.Database
}

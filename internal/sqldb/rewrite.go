package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func closing(err error, db *sql.DB) error { return errors.Join(err, db.Close()) }

// serverOf returns the server that a database is on; nil for a file.
func serverOf(db *sql.DB) *server {
	if d, ok := db.Driver().(*pgDriver); ok {
		return d.srv
	}
	return nil
}

// readersGo is how long an erasure waits for readers who began before it.
const readersGo = 5 * time.Second

// rewrite writes every table of the store anew, which leaves out deleted rows and
// gives the old files back. PostgreSQL keeps rows that somebody who began earlier
// may still see, so those are waited for.
func (s *server) rewrite(ctx context.Context, db *sql.DB) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqldb: empty the log: %w", err)
	}
	err = c.Raw(func(x any) error {
		own, ok := x.(*conn)
		if !ok {
			return fmt.Errorf("unexpected connection %T", x)
		}
		return rewriteTables(ctx, own.Conn.Conn())
	})
	if err = errors.Join(err, c.Close()); err != nil {
		return fmt.Errorf("sqldb: empty the log: %w", err)
	}
	return nil
}

func rewriteTables(ctx context.Context, c *pgx.Conn) error {
	if err := readersGone(ctx, c); err != nil {
		return err
	}
	rows, err := c.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := c.Exec(ctx, `VACUUM (FULL) `+pgx.Identifier{t}.Sanitize()); err != nil {
			return explain(err)
		}
	}
	return nil
}

// readersGone waits until nobody of this database reads as of a moment before
// now.
func readersGone(ctx context.Context, c *pgx.Conn) error {
	var now string
	if err := c.QueryRow(ctx, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`).Scan(&now); err != nil {
		return err
	}
	for end := time.Now().Add(readersGo); ; {
		var old int
		err := c.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
			AND age(backend_xmin) > age(($1::text::numeric % 4294967296)::text::xid)`, now).Scan(&old)
		switch {
		case err != nil:
			return err
		case old == 0:
			return nil
		case time.Now().After(end):
			return ErrReading
		}
		t := time.NewTimer(20 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

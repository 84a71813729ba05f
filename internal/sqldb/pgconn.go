package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// conn is a connection that understands the stores' SQL. On one that writes,
// every change, a single statement too, first takes the store's lock: as with
// SQLite, one writer at a time, whichever replica it is of. So a transaction that
// reads, decides and writes cannot be overtaken, and none has to be repeated.
type conn struct {
	*stdlib.Conn
	writes bool
	key    int64
	inTx   bool
}

// CheckNamedValue implements driver.NamedValueChecker: truth values are numbers,
// as in SQLite.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	x, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if err != nil {
		return err
	}
	if b, ok := x.(bool); ok {
		x = int64(0)
		if b {
			x = int64(1)
		}
	}
	if b, ok := v.Value.([]byte); ok && b == nil {
		x = nil
	}
	v.Value = x
	return nil
}

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	t, err := c.Conn.BeginTx(ctx, o)
	if err != nil {
		return nil, c.gone(err)
	}
	if c.writes && !o.ReadOnly {
		if _, err := c.Conn.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, []driver.NamedValue{{Ordinal: 1, Value: c.key}}); err != nil {
			return nil, c.gone(errors.Join(explain(err), t.Rollback()))
		}
	}
	c.inTx = true
	return &tx{t, c}, nil
}

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// gone turns the error of a connection that broke before anything was done into
// one that makes database/sql try a new connection.
func (c *conn) gone(err error) error {
	var pg *pgconn.PgError
	if c.Conn.Conn().IsClosed() && (!errors.As(err, &pg) || comesBack(err)) {
		return driver.ErrBadConn
	}
	return err
}

// tx is a transaction; its end frees the connection for single statements.
type tx struct {
	driver.Tx
	c *conn
}

// Commit implements driver.Tx. It fails with ErrUnsure when the connection broke
// in the middle.
func (t *tx) Commit() error {
	t.c.inTx = false
	err := t.Tx.Commit()
	if err != nil && t.c.Conn.Conn().IsClosed() {
		return fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return err
}

// Rollback implements driver.Tx.
func (t *tx) Rollback() error {
	t.c.inTx = false
	err := t.Tx.Rollback()
	if t.c.Conn.Conn().IsClosed() {
		return nil // what was not committed is gone with the connection
	}
	return err
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !c.writes || c.inTx {
		return c.exec(ctx, query, args)
	}
	t, err := c.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return nil, err
	}
	r, err := c.exec(ctx, query, args)
	if err != nil {
		return nil, errors.Join(err, t.Rollback())
	}
	return r, t.Commit()
}

func (c *conn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.Conn.ExecContext(ctx, forPostgres(query), args)
	return r, c.told(explain(err))
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.Conn.QueryContext(ctx, forPostgres(query), args)
	if err == nil || c.inTx || changes(query) {
		return r, c.told(explain(err))
	}
	return r, c.gone(explain(err)) // reading again does no harm
}

// told keeps driver.ErrBadConn out of the middle of a transaction, where
// database/sql would pass it on as it is.
func (c *conn) told(err error) error {
	if c.inTx && errors.Is(err, driver.ErrBadConn) {
		return errors.New("sqldb: the connection to the server broke; nothing was changed: try again")
	}
	return err
}

// changes reports whether a query does more than read.
func changes(query string) bool {
	q := strings.TrimSpace(query)
	return len(q) < 6 || !strings.EqualFold(q[:6], "select")
}

// PrepareContext implements driver.ConnPrepareContext. Nothing here prepares.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.writes && !c.inTx {
		return nil, errors.New("sqldb: prepare statements inside a transaction")
	}
	return c.Conn.PrepareContext(ctx, forPostgres(query))
}

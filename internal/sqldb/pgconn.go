package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// conn is a connection that understands the stores' SQL. On one that writes,
// every change, a single statement too, first takes the store's lock: as with
// SQLite, one writer at a time, whichever replica it is of. So a transaction that
// reads, decides and writes cannot be overtaken, and none has to be repeated.
type conn struct {
	*stdlib.Conn
	writes    bool
	key       int64
	answer    time.Duration // the longest wait for an answer; 0 for any
	sign      time.Duration // and for a sign of life
	inTx      bool
	unlimited bool // what this transaction asks may take as long as it takes
}

// ResetSession implements driver.SessionResetter: a connection that has rested is
// asked for a sign of life before it is used again.
func (c *conn) ResetSession(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, c.sign)
	defer done()
	return c.Conn.ResetSession(ctx)
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
	ctx, w := c.wait(ctx) // of the transaction, until its end
	t, err := c.Conn.BeginTx(ctx, o)
	if err != nil {
		err = said(ctx, err)
		w.over()
		return nil, c.gone(err)
	}
	if c.writes && !o.ReadOnly {
		if _, err := c.Conn.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, []driver.NamedValue{{Ordinal: 1, Value: c.key}}); err != nil {
			err = said(ctx, err)
			w.came()
			err = errors.Join(explain(err), t.Rollback())
			w.over()
			return nil, c.gone(err)
		}
	}
	w.came()
	c.inTx = true
	return &tx{t, c, ctx, w}, nil
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
	c   *conn
	ctx context.Context //nolint:containedctx // driver.Tx ends without one
	w   *waiting
}

// end is done with the transaction, whose last word is asked for by what.
func (t *tx) end(what func() error) error {
	defer func() { t.c.inTx, t.c.unlimited = false, false }()
	if t.c.answer > 0 && !t.c.unlimited {
		t.w.timer = time.AfterFunc(t.c.answer, func() { t.w.cancel(errSilent) })
	}
	defer t.w.over()
	return said(t.ctx, what())
}

// Commit implements driver.Tx. It fails with ErrUnsure when the connection broke
// in the middle.
func (t *tx) Commit() error {
	err := t.end(t.Tx.Commit)
	if err != nil && t.c.Conn.Conn().IsClosed() {
		return fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return err
}

// Rollback implements driver.Tx.
func (t *tx) Rollback() error {
	err := t.end(t.Tx.Rollback)
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
	if query == unlimited && c.inTx {
		c.unlimited = true
	}
	ctx, w := c.wait(ctx)
	defer w.over()
	r, err := c.Conn.ExecContext(ctx, forPostgres(query), args)
	return r, c.told(explain(said(ctx, err)))
}

// QueryContext implements driver.QueryerContext. It returns with the first row.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, w := c.wait(ctx) // of the rows, until they are closed
	r, err := c.Conn.QueryContext(ctx, forPostgres(query), args)
	if pg, ok := r.(*stdlib.Rows); ok && err == nil {
		w.came()
		return &rows{pg, w}, nil
	}
	err = said(ctx, err)
	w.over()
	if err == nil {
		return nil, errors.Join(fmt.Errorf("sqldb: unexpected rows %T", r), r.Close())
	}
	if c.inTx || changes(query) {
		return nil, c.told(explain(err))
	}
	return nil, c.gone(explain(err)) // reading again does no harm
}

// rows are what a query found.
type rows struct {
	*stdlib.Rows
	w *waiting
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	defer r.w.over()
	return r.Rows.Close()
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

package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrTaken reports a name that another process of the installation goes by.
var ErrTaken = errors.New("sqldb: another running process has that name")

// How soon a process notices that it leads no longer, and how long the next one
// waits before it begins: longer, so that no two do one duty at a time.
const (
	beat      = time.Second
	beatLimit = 2 * time.Second
	handOver  = 5 * time.Second
)

// Leader lets one process of an installation at a time do a duty: retention, the
// daily jobs. On a SQLite file, which belongs to one machine, everybody leads.
type Leader struct {
	db       *sql.DB // nil: always leads
	key      int64
	handOver time.Duration
	onError  func(error)
}

// Leader returns who decides about a duty, by its name. OnError hears of a server
// that cannot be asked, which is then asked again; nil drops that.
func (d *DB) Leader(duty string, onError func(error)) *Leader {
	if onError == nil {
		onError = func(error) {}
	}
	l := &Leader{onError: onError, handOver: handOver}
	if d.srv != nil {
		l.db, l.key = d.srv.pool(false, 1), lockKey(d.srv.place.schema+"\x00duty\x00"+duty)
	}
	return l
}

// Run does the duty while this process leads, until ctx ends. Its ctx ends, and
// Run waits for it to return, as soon as the server cannot vouch for the lead any
// more; Run then tries again. A duty that returns by itself is begun again with
// the next lead.
func (l *Leader) Run(ctx context.Context, duty func(context.Context)) {
	if l.db == nil {
		duty(ctx)
		return
	}
	defer l.db.Close() //nolint:errcheck // nothing is lost with it
	for ctx.Err() == nil {
		if err := l.term(ctx, duty); err != nil && ctx.Err() == nil {
			l.onError(fmt.Errorf("sqldb: lead: %w", err))
		}
		if pause(ctx, beat) != nil {
			return
		}
	}
}

// term waits for the lead and does the duty as long as it has it.
func (l *Leader) term(ctx context.Context, duty func(context.Context)) (err error) {
	c, err := l.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(c)) }()
	for mine := false; !mine; {
		if mine, err = holdLock(ctx, c, l.key); err != nil {
			return err
		}
		if !mine {
			if err := pause(ctx, beat); err != nil {
				return nil //nolint:nilerr // the program ends
			}
		}
	}
	// Whoever led before notices within beat and beatLimit.
	if err := l.keep(ctx, c, l.handOver); err != nil || ctx.Err() != nil {
		return err
	}
	term, end := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		defer end()
		duty(term)
	})
	err = l.keep(term, c, 0)
	end()
	done.Wait()
	return err
}

// keep asks the server every beat whether it still answers, for as long as said;
// 0 is until ctx ends.
func (l *Leader) keep(ctx context.Context, c *sql.Conn, long time.Duration) error {
	for begin := time.Now(); long == 0 || time.Since(begin) < long; {
		if err := pause(ctx, beat); err != nil {
			return nil //nolint:nilerr // the duty ends by itself
		}
		if err := alive(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func alive(ctx context.Context, c *sql.Conn) error {
	ask, done := context.WithTimeout(ctx, beatLimit)
	defer done()
	var one int
	err := c.QueryRowContext(ask, `SELECT 1`).Scan(&one)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the duty ends by itself
	}
	return err
}

func holdLock(ctx context.Context, c *sql.Conn, key int64) (mine bool, err error) {
	err = c.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(?)`, key).Scan(&mine)
	return mine, err
}

// drop closes a connection for good, and so gives up its locks. One that broke is
// closed already.
func drop(c *sql.Conn) error {
	err := c.Raw(func(x any) error {
		if own, ok := x.(*conn); ok {
			return own.Conn.Close()
		}
		return nil
	})
	var errs []error
	for _, err := range []error{err, c.Close()} {
		if err != nil && !errors.Is(err, sql.ErrConnDone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Lock makes the others who share the store wait, until unlock, where they would
// take the same name: for what is decided over several transactions. It fails with
// ErrBusy. With a SQLite file it does nothing; one process has its own mutex.
func (d *DB) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	if d.srv == nil {
		return func() error { return nil }, nil
	}
	c, err := d.R.Conn(ctx)
	if err != nil {
		return nil, err
	}
	key := lockKey(d.srv.place.schema + "\x00lock\x00" + name)
	if _, err := c.ExecContext(ctx, `SELECT pg_advisory_lock(?)`, key); err != nil {
		return nil, errors.Join(err, drop(c))
	}
	return func() error {
		_, err := c.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(?)`, key)
		if err != nil {
			return errors.Join(err, drop(c))
		}
		return c.Close()
	}, nil
}

// Claim takes a name among those who share the store at a place, for as long as
// this process runs, so that no two write one chain of events. It fails with
// ErrTaken. A SQLite file is one machine's, whose own locks do that: there Claim
// does nothing. Release gives the name back.
func Claim(ctx context.Context, at, name string) (release func() error, err error) {
	if !IsPostgres(at) {
		return func() error { return nil }, nil
	}
	srv, err := openServer(at)
	if err != nil {
		return nil, err
	}
	db := srv.pool(false, 1)
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, closing(err, db)
	}
	mine, err := holdLock(ctx, c, lockKey(srv.place.schema+"\x00name\x00"+name))
	if err == nil && !mine {
		err = fmt.Errorf("%w: %s", ErrTaken, name)
	}
	if err != nil {
		return nil, errors.Join(err, drop(c), db.Close())
	}
	return func() error { return errors.Join(drop(c), db.Close()) }, nil
}

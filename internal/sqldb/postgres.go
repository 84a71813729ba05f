package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// The ways in which a PostgreSQL server fails a store.
var (
	// ErrUnsure reports a change of which is not known whether it holds: the
	// server went away while it was told to commit.
	ErrUnsure = errors.New("sqldb: the server went away while it took over the change; whether it holds is not known: read it again")
	// ErrBusy reports that others held a store's tables for too long.
	ErrBusy = errors.New("sqldb: others change this store; try again")
)

// Limits of a connection. A replica takes at most 1 + maxReaders connections a
// store, and keeps few of them while it is idle.
const (
	maxReaders = 4
	keptIdle   = 1
	idleFor    = time.Minute
	patience   = 10 * time.Second // with a server that restarts
	lockWait   = 10 * time.Second // as SQLite's busy_timeout
	// How long the server lets a statement run. The sign that it may run longer is
	// what unlimited says.
	statementLimit = 30 * time.Second
	unlimited      = `SET LOCAL statement_timeout = 0`
	oldestServer   = 130000
)

// runtime are the server's settings of each connection, besides search_path.
var runtime = map[string]string{
	"application_name":                    "bystander",
	"client_encoding":                     "UTF8",
	"TimeZone":                            "UTC",
	"statement_timeout":                   strconv.Itoa(int(statementLimit.Milliseconds())),
	"lock_timeout":                        strconv.Itoa(int(lockWait.Milliseconds())),
	"idle_in_transaction_session_timeout": "60s",
}

// server is one store's schema on a server.
type server struct {
	address string
	place   place
	config  *pgx.ConnConfig
	answer  time.Duration // the longest wait for an answer
}

func openServer(address string) (*server, error) {
	c, p, err := parsePlace(address)
	if err != nil {
		return nil, err
	}
	if p.schema == "" {
		return nil, fmt.Errorf("%w: schema: say which one holds the store's tables", ErrPlace)
	}
	// A replica that vanishes in the middle of a change gives up its locks soon.
	for _, settings := range []map[string]string{runtime, lineParams(p.silence)} {
		for k, v := range settings {
			if _, set := c.RuntimeParams[k]; !set {
				c.RuntimeParams[k] = v
			}
		}
	}
	c.RuntimeParams["search_path"] = p.schema
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectWithin
	}
	c.DialFunc = dialer(c.ConnectTimeout, p.silence)
	// Of several hosts the one that takes changes, also for reading: what was
	// written is read back at once.
	c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	return &server{address, p, c, statementLimit + c.ConnectTimeout}, nil
}

// pool opens connections of one kind.
func (s *server) pool(writes bool, most int) *sql.DB {
	c := s.config.Copy()
	if !writes {
		// One moment for all statements of a reading transaction.
		c.RuntimeParams["default_transaction_isolation"] = "repeatable read"
		c.RuntimeParams["default_transaction_read_only"] = "on"
	}
	inner := stdlib.GetConnector(*c, stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) (err error) {
		c.Password, err = s.place.password()
		return err
	}), stdlib.OptionAfterConnect(func(ctx context.Context, pg *pgx.Conn) error {
		ctx, done := context.WithTimeout(ctx, c.ConnectTimeout)
		defer done()
		return greet(ctx, pg)
	}))
	db := sql.OpenDB(&connector{inner: inner, drv: &pgDriver{s}, writes: writes, key: lockKey(s.place.schema)})
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(keptIdle)
	db.SetConnMaxIdleTime(idleFor)
	return db
}

// greet refuses servers that could lose what they have acknowledged.
func greet(ctx context.Context, c *pgx.Conn) error {
	var version int
	var commit string
	err := c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')`).Scan(&version, &commit)
	if err != nil {
		return err
	}
	if version < oldestServer {
		return fmt.Errorf("%w: it is of version %d.%d; 13 is the oldest that is supported", ErrPlace, version/10000, version%10000)
	}
	if commit == "off" {
		_, err = c.Exec(ctx, `SET synchronous_commit = on`)
	}
	return err
}

// lockKey is the number of the lock under which a schema's writers queue.
func lockKey(name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("bystander sqldb v1\x00" + name))
	return int64(h.Sum64())
}

// openPostgres opens a store on a server.
func openPostgres(ctx context.Context, address string, s Schema) (*DB, error) {
	srv, err := openServer(address)
	if err != nil {
		return nil, err
	}
	return srv.open(ctx, s)
}

// open opens a store, whose tables are brought up to date.
func (s *server) open(ctx context.Context, tables Schema) (*DB, error) {
	d := &DB{W: s.pool(true, 1), R: s.pool(false, maxReaders), Path: s.address, schema: tables, srv: s}
	if err := d.migrate(ctx); err != nil {
		return nil, fmt.Errorf("sqldb: %s: %w", s, errors.Join(err, d.Close()))
	}
	return d, nil
}

// String names the server and the schema, without what is secret.
func (s *server) String() string {
	return fmt.Sprintf("PostgreSQL at %s, database %s, schema %s",
		net.JoinHostPort(s.config.Host, strconv.Itoa(int(s.config.Port))), s.config.Database, s.place.schema)
}

// pgDriver tells which server a *sql.DB is of.
type pgDriver struct{ srv *server }

// Open implements driver.Driver; connections come from the connector alone.
func (d *pgDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("sqldb: open a connector instead")
}

// connector opens connections, with patience for a server that restarts.
type connector struct {
	inner  driver.Connector
	drv    *pgDriver
	writes bool
	key    int64
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.drv }

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	end := time.Now().Add(patience)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		inner, err := c.inner.Connect(ctx)
		if err == nil {
			pg, ok := inner.(*stdlib.Conn)
			if !ok {
				return nil, errors.Join(fmt.Errorf("sqldb: unexpected connection %T", inner), inner.Close())
			}
			return &conn{Conn: pg, writes: c.writes, key: c.key, answer: c.drv.srv.answer, sign: c.drv.srv.config.ConnectTimeout}, nil
		}
		if !comesBack(err) || ctx.Err() != nil || time.Now().After(end) {
			return nil, fmt.Errorf("sqldb: %s: %w", c.drv.srv, err)
		}
		t := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, fmt.Errorf("sqldb: %s: %w", c.drv.srv, errors.Join(ctx.Err(), err))
		case <-t.C:
		}
	}
}

// comesBack reports whether a server that could not be reached may be so soon.
func comesBack(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "57P03", "57P01", "57P02", "53300": // starting, shut down, crashed, too many clients
			return true
		}
		return false
	}
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && !errors.As(err, &dns) || pgconn.Timeout(err) || pgconn.SafeToRetry(err)
}

// undone reports a failure after which a transaction did not take place and may
// be tried again: it met another one.
func undone(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// explain adds what a person can do to an error of the server's.
func explain(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "55P03" {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

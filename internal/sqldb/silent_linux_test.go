package sqldb_test

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/internal/sqldb"
	"bystander/internal/testkit/postgres"
)

// line is a TCP proxy on loopback. Silent, the kernel drops every packet that comes
// to either end of it, as a firewall on the way would: nothing is acknowledged,
// nothing closed, no new connection answered. Deaf, it takes what is sent and passes
// nothing on, as a hanging pooler would.
type line struct {
	t    *testing.T
	l    *net.TCPListener
	to   string
	done sync.WaitGroup

	mu    sync.Mutex
	heard *sync.Cond
	deaf  bool
	ended bool
	conns []*net.TCPConn
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // which takes no filter
	l, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &line{t: t, l: l.(*net.TCPListener), to: to}
	p.heard = sync.NewCond(&p.mu)
	p.done.Go(p.accept)
	t.Cleanup(func() {
		p.mu.Lock()
		p.ended = true
		p.heard.Broadcast()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		require.NoError(t, l.Close())
		p.done.Wait()
	})
	return p
}

// at is an address by way of the line.
func (p *line) at(address, query string) string {
	u, err := url.Parse(address)
	require.NoError(p.t, err)
	u.Host = p.l.Addr().String()
	q, err := url.ParseQuery(u.RawQuery + "&" + query)
	require.NoError(p.t, err)
	u.RawQuery = q.Encode()
	return u.String()
}

func (p *line) accept() {
	for {
		c, err := p.l.AcceptTCP()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = c.Close()
			continue
		}
		server := out.(*net.TCPConn)
		p.mu.Lock()
		p.conns = append(p.conns, c, server)
		p.mu.Unlock()
		p.done.Go(func() { p.pass(c, server) })
		p.done.Go(func() { p.pass(server, c) })
	}
}

func (p *line) pass(from, to *net.TCPConn) {
	defer to.CloseWrite() //nolint:errcheck // closed already
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		p.mu.Lock()
		for p.deaf && !p.ended {
			p.heard.Wait()
		}
		p.mu.Unlock()
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (p *line) setDeaf(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
	p.heard.Broadcast()
}

func (p *line) silence(silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range append([]syscall.Conn{p.l}, each(p.conns)...) {
		raw, err := s.SyscallConn()
		require.NoError(p.t, err)
		// A connection that has ended meanwhile has no descriptor any more.
		_ = raw.Control(func(fd uintptr) {
			if !silent {
				_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
				return
			}
			none := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K} // of each packet keep nothing
			require.NoError(p.t, unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &none}))
		})
	}
}

func each(conns []*net.TCPConn) (out []syscall.Conn) {
	for _, c := range conns {
		out = append(out, c)
	}
	return out
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

func put(ctx context.Context, db *sqldb.DB, n int) error {
	_, err := db.W.ExecContext(ctx, `INSERT INTO a VALUES (?, 'x')`, n)
	return err
}

// The network to the server is cut without a word, in the middle of a query, of a
// change that holds the store's lock, and of rest. Each is noticed; the server lets
// go of the lock; and after the cut the store goes on by itself.
func TestASilentCutIsNoticed(t *testing.T) {
	s := postgres.Start(t, postgres.Options{})
	p := newLine(t, hostOf(t, s.URL()))
	db := openAt(t, p.at(s.URL(), "tcp_user_timeout=2000&connect_timeout=2"), "control", schema())
	near := openAt(t, s.URL(), "control", schema())
	require.NoError(t, put(ctx, db, 1))

	tx, err := db.W.BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(ctx, `INSERT INTO a VALUES (2, 'x')`)
	require.NoError(t, err)
	reader, err := db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // in which nothing is asked again
	require.NoError(t, err)
	asked := make(chan error, 1)
	go func() {
		var s sql.NullString
		asked <- reader.QueryRowContext(ctx, `SELECT pg_sleep(3600)::text`).Scan(&s)
	}()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, near.R.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()`).Scan(&n))
		return n == 1
	}, time.Minute, 10*time.Millisecond, "the query is at the server")

	p.silence(true)
	began := time.Now()
	require.Eventually(t, func() bool { return put(ctx, near, 3) == nil }, time.Minute, 10*time.Millisecond, "the server lets go of the lock of who vanished")
	t.Logf("another wrote %v after the cut", time.Since(began))
	require.Error(t, tx.Commit())
	t.Logf("the change ended %v after the cut", time.Since(began))
	select {
	case err := <-asked:
		require.Error(t, err)
		t.Logf("the query ended %v after the cut: %v", time.Since(began), err)
	case <-time.After(25 * time.Second): // the server lets it run for 30
		t.Fatal("a query waits on a line that carries nothing")
	}

	require.NoError(t, reader.Rollback())

	p.silence(false)
	began = time.Now()
	require.Eventually(t, func() bool { return put(ctx, db, 4) == nil }, time.Minute, 10*time.Millisecond, "it goes on by itself")
	t.Logf("it went on %v after the cut was mended", time.Since(began))
	var n int
	require.NoError(t, db.R.QueryRowContext(ctx, `SELECT count(*) FROM a WHERE at <> 2`).Scan(&n))
	require.Equal(t, 3, n)
}

// A hanging pooler acknowledges what it gets, so the kernel notices nothing: then
// the bound on answers does.
func TestAServerThatSaysNothingIsNotWaitedFor(t *testing.T) {
	s := postgres.Start(t, postgres.Options{Shared: true})
	p := newLine(t, hostOf(t, s.URL()))
	db, err := sqldb.OpenAnswering(ctx, sqldb.Place(p.at(s.URL(), "connect_timeout=1"), "testaserverthatsaysnothing", ""), schema(), time.Second)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.W.BeginTx(ctx, nil)
	require.NoError(t, err)
	p.setDeaf(true)
	_, err = tx.ExecContext(ctx, `INSERT INTO a VALUES (1, 'x')`)
	require.ErrorContains(t, err, "did not answer")
	require.NoError(t, tx.Rollback())
	p.setDeaf(false)
	require.Eventually(t, func() bool { return put(ctx, db, 2) == nil }, time.Minute, 10*time.Millisecond)

	tx, err = db.W.BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(ctx, `INSERT INTO a VALUES (3, 'x')`)
	require.NoError(t, err)
	p.setDeaf(true)
	require.ErrorIs(t, tx.Commit(), sqldb.ErrUnsure)
	p.setDeaf(false)
	require.Eventually(t, func() bool { return put(ctx, db, 4) == nil }, time.Minute, 10*time.Millisecond)
}

// What an address says of the line holds at the server's end, too.
func TestTheLineIsWatched(t *testing.T) {
	s := postgres.Start(t, postgres.Options{Shared: true})
	for query, want := range map[string][2]string{
		"":                      {"10000", "5"},
		"tcp_user_timeout=3000": {"3000", "1"},
		"tcp_user_timeout=0":    {"0", "7200"},
	} {
		address := newLine(t, hostOf(t, s.URL())).at(s.URL(), query)
		db := openAt(t, address, "testthelineiswatched", schema())
		var timeout, idle string
		require.NoError(t, db.R.QueryRowContext(ctx, `SELECT current_setting('tcp_user_timeout'), current_setting('tcp_keepalives_idle')`).Scan(&timeout, &idle))
		require.Equal(t, want, [2]string{timeout, idle}, query)
	}
	for _, bad := range []string{"tcp_user_timeout=10s", "tcp_user_timeout=-1", "tcp_user_timeout=5", "tcp_user_timeout=99999999999"} {
		require.ErrorIs(t, sqldb.CheckAddress("postgres://u@127.0.0.1/d?"+bad), sqldb.ErrPlace, bad)
	}
}

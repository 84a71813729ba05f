// Package clickhouse gives tests real ClickHouse servers: the current engine
// over HTTP (Engine), and Debian's old clickhouse-server over native TCP
// (Server).
package clickhouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bystander/internal/backends"
	"bystander/internal/testkit"
)

// Options say which server a test needs.
type Options struct {
	// Shared takes the one server of this test binary, which is started when
	// first asked for and ends with the binary. It must not be hurt. Databases
	// are each test's own in any case.
	//
	// A server is tied to the life of the thread that started it. A package whose
	// tests start camera workers ends threads, so it takes a server for each test.
	Shared bool
	// Dir is where the server's data lies; the test's folder when empty.
	Dir string
}

// patience is how long a server may take to start on a busy machine.
const patience = 90 * time.Second

// backend is what both kinds of server can do.
type backend interface {
	Addr() string
	DSN(database string) string
	Exec(ctx context.Context, sql string) (string, error)
	Start(ctx context.Context) error
	Kill() error
	Stop(time.Duration) error
	Pause() error
	Resume() error
	LogTail() string
	PID() int
}

// Server is a running ClickHouse with one empty database for the test.
type Server struct {
	t        testing.TB
	o        Options
	b        backend
	database string
}

// StartEngine starts the current ClickHouse engine with its HTTP interface on a
// free loopback port. It ends with the test. Where it is not installed the test
// fails and says what installs it.
func StartEngine(t testing.TB, o Options) *Server {
	t.Helper()
	return start(t, o, "engine", func(ctx context.Context, dir string) (backend, error) {
		binary, err := backends.BuildEngine(ctx, testkit.Root(t))
		if err != nil {
			return nil, err
		}
		return backends.StartEngine(ctx, backends.EngineOptions{Dir: dir, Binary: binary})
	})
}

// StartServer starts Debian's clickhouse-server 18.16 on free loopback ports,
// for native TCP. It ends with the test. Where it is not installed the test
// fails and says what installs it.
func StartServer(t testing.TB, o Options) *Server {
	t.Helper()
	return start(t, o, "server", func(ctx context.Context, dir string) (backend, error) {
		return backends.StartServer(ctx, backends.ServerOptions{Dir: dir})
	})
}

type starter func(ctx context.Context, dir string) (backend, error)

func start(t testing.TB, o Options, kind string, run starter) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := &Server{t: t, o: o}
	var err error
	switch {
	case o.Shared:
		s.b, err = sharedServer(ctx, kind, run)
	default:
		dir := o.Dir
		if dir == "" {
			dir = t.TempDir()
		}
		s.b, err = run(ctx, dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	s.database = fmt.Sprintf("t%d_%s", os.Getpid(), strconv.FormatInt(time.Now().UnixNano(), 36))
	s.Exec("CREATE DATABASE " + s.database)
	return s
}

func (s *Server) end() {
	if s.t.Failed() {
		s.t.Logf("the server's log: %s", s.b.LogTail())
	}
	if !s.o.Shared {
		_ = s.b.Kill() // its data goes with the test's folder
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := s.b.Exec(ctx, "DROP DATABASE "+s.database); err != nil {
		s.t.Errorf("testkit/clickhouse: %v", err)
	}
}

// shared are the servers of this test binary, by kind. The kernel ends them with
// the binary; the folders that stay are removed by the next one.
var shared = struct {
	sync.Mutex
	by map[string]backend
}{by: map[string]backend{}}

const sharedPrefix = "bystander-clickhouse-"

func sharedServer(ctx context.Context, kind string, run starter) (backend, error) {
	shared.Lock()
	defer shared.Unlock()
	if b := shared.by[kind]; b != nil {
		return b, nil
	}
	sweep()
	b, err := run(ctx, filepath.Join(os.TempDir(), sharedPrefix+kind+"-"+strconv.Itoa(os.Getpid())))
	if err == nil {
		shared.by[kind] = b
	}
	return b, err
}

// sweep removes the folders of shared servers whose test binary has ended.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), sharedPrefix+"*"))
	if err != nil {
		return // a bad pattern, which this is not
	}
	for _, d := range dirs {
		pid, err := strconv.Atoi(d[strings.LastIndexByte(d, '-')+1:])
		if err == nil && syscall.Kill(pid, 0) != nil {
			_ = os.RemoveAll(d) // another binary may be removing it too
		}
	}
}

// Addr is the server's address: of HTTP for an engine, of native TCP otherwise.
func (s *Server) Addr() string { return s.b.Addr() }

// Database is the name of the test's own database.
func (s *Server) Database() string { return s.database }

// DSN names the test's database for clickhouse.ParseDSN and for the product.
func (s *Server) DSN() string { return s.b.DSN(s.database) }

// Exec runs a statement and returns its answer as tab-separated lines. It has no
// current database: name tables in full.
func (s *Server) Exec(sql string) string {
	s.t.Helper()
	out, err := s.TryExec(s.t.Context(), sql)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TryExec is Exec for statements that may fail.
func (s *Server) TryExec(ctx context.Context, sql string) (string, error) {
	return s.b.Exec(ctx, sql)
}

// PID is the server process's number, 0 when it does not run.
func (s *Server) PID() int { return s.b.PID() }

func (s *Server) hurt() backend {
	s.t.Helper()
	if s.o.Shared {
		s.t.Fatal("testkit/clickhouse: the shared server must not be hurt")
	}
	return s.b
}

// Pause stops the server in its tracks: it keeps its connections and answers
// nothing.
func (s *Server) Pause() { s.t.Helper(); s.must(s.hurt().Pause()) }

// Resume lets a paused server go on.
func (s *Server) Resume() { s.t.Helper(); s.must(s.hurt().Resume()) }

// Kill ends the server as a crash would (SIGKILL).
func (s *Server) Kill() { s.t.Helper(); s.must(s.hurt().Kill()) }

// Stop ends the server in good order.
func (s *Server) Stop() { s.t.Helper(); s.must(s.hurt().Stop(patience)) }

// Restart kills the server if it still runs and starts it on the same port with
// the same data. It returns once the server answers.
func (s *Server) Restart() {
	s.t.Helper()
	b := s.hurt()
	s.must(b.Kill())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.must(b.Start(ctx))
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(fmt.Errorf("testkit/clickhouse: %w", err))
	}
}

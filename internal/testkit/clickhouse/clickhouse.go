// Package clickhouse gives tests real ClickHouse servers: the current engine
// over HTTP (Engine), and Debian's old clickhouse-server over native TCP
// (Server).
package clickhouse

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"bystander/internal/backends"
	"bystander/internal/testkit"
	"bystander/internal/testkit/proc"
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

// backend is what both kinds of server can do.
type backend interface {
	Addr() string
	DSN(database string) string
	Exec(ctx context.Context, sql string) (string, error)
	proc.Process
	LogTail() string
	PID() int
}

// Server is a running ClickHouse with one empty database for the test.
type Server struct {
	proc.Handle
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
	ctx, cancel := context.WithTimeout(context.Background(), proc.Patience)
	defer cancel()
	s := &Server{t: t, o: o}
	s.Handle = proc.New(t, "testkit/clickhouse", func() proc.Process { t.Helper(); return s.hurt() })
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

// shared are the servers of this test binary, by kind.
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
	b, err := run(ctx, proc.SharedDir(sharedPrefix+kind+"-"))
	if err == nil {
		shared.by[kind] = b
	}
	return b, err
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

// Package postgres gives tests a real PostgreSQL server, started from Debian's
// package in a folder of its own, on a free loopback port.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bystander/internal/testkit/proc"
)

// nobody is who runs the server where the tests run as root: initdb and postgres
// refuse root.
const nobody = 65534

const user, database = "bystander", "bystander"

const pollEvery = 20 * time.Millisecond

// Options say which server a test needs. The zero value is one of the test's own.
type Options struct {
	// Shared takes the one server of this test binary, which is started when first
	// asked for and ends with the binary. It must not be hurt.
	Shared bool
	// TLSCert and TLSKey are PEM files; with them the server takes TLS alone.
	TLSCert, TLSKey string
	// Password is what the user gives; none is asked for when empty.
	Password string
	// Durable keeps the server's own promises to the disk, which most tests do
	// not need: they kill the server, not the machine.
	Durable bool
}

// Server is a running PostgreSQL server with one empty database.
type Server struct {
	proc.Handle
	s *server
}

// Start starts a server. It ends with the test. Where PostgreSQL is not installed
// the test fails and says what installs it.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), proc.Patience)
	defer cancel()
	x := &Server{}
	x.Handle = proc.New(t, "testkit/postgres", func() proc.Process {
		t.Helper()
		if o.Shared {
			t.Fatal("testkit/postgres: a shared server must not be hurt")
		}
		return x.s
	})
	var err error
	if o.Shared {
		x.s, err = sharedServer(ctx, o)
	} else {
		var dir string
		if dir, err = os.MkdirTemp("", "bystander-postgres-test-"); err != nil { // t.TempDir is closed to others
			t.Fatal(err)
		}
		x.s, err = start(ctx, dir, o)
		t.Cleanup(func() {
			if t.Failed() && x.s != nil {
				t.Logf("the server's log: %s", x.s.logTail())
			}
			if x.s != nil {
				_ = x.s.Kill() // its data goes with the folder
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Errorf("testkit/postgres: %v", err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// shared is the server of this test binary.
var shared struct {
	sync.Mutex
	s *server
}

func sharedServer(ctx context.Context, o Options) (*server, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.s != nil {
		return shared.s, nil
	}
	s, err := start(ctx, proc.SharedDir("bystander-postgres-"), o)
	if err == nil {
		shared.s = s
	}
	return s, err
}

// URL is the address of the server's database as the configuration takes it.
func (x *Server) URL() string { return x.s.url() }

// Dir is the folder of the server's own files.
func (x *Server) Dir() string { return x.s.dir }

// Exec runs statements as the server's superuser.
func (x *Server) Exec(ctx context.Context, sql string) error { return x.s.exec(ctx, sql) }

type server struct {
	dir  string
	port int
	o    Options

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
	made  bool          // the database
}

// binary finds a program of the newest installed server.
func binary(name string) (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", errors.New("testkit/postgres: PostgreSQL is not installed: run `make build/.setup-test`, or apt-get install postgresql-15")
	}
	return found[len(found)-1], nil
}

func start(ctx context.Context, dir string, o Options) (*server, error) {
	s := &server{dir: dir, o: o}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			return nil, err
		}
	}
	if err := s.init(ctx); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if err := l.Close(); err != nil {
		return nil, err
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	if err := s.exec(ctx, "CREATE DATABASE "+database); err != nil {
		return nil, err
	}
	s.made = true
	if o.Password == "" {
		return s, nil
	}
	return s, s.exec(ctx, "ALTER USER "+user+" PASSWORD '"+o.Password+"'")
}

func (s *server) init(ctx context.Context) error {
	initdb, err := binary("initdb")
	if err != nil {
		return err
	}
	if err := s.fresh(ctx, initdb); err != nil {
		return err
	}
	settings := []string{"max_connections = 200", "shared_buffers = 16MB", "log_min_messages = warning", "autovacuum_naptime = 1s"}
	if !s.o.Durable {
		settings = append(settings, "fsync = off", "full_page_writes = off")
	}
	if s.o.TLSCert != "" {
		cert, err := s.keep("server.crt", s.o.TLSCert)
		if err != nil {
			return err
		}
		key, err := s.keep("server.key", s.o.TLSKey)
		if err != nil {
			return err
		}
		settings = append(settings, "ssl = on", "ssl_cert_file = '"+cert+"'", "ssl_key_file = '"+key+"'")
		hba := "hostssl all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n"
		if err := s.write(filepath.Join(s.dir, "data", "pg_hba.conf"), hba); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + strings.Join(settings, "\n") + "\n")
	return errors.Join(err, f.Close())
}

// fresh makes the folder of an empty server: a copy of one that was made before
// and kept, since making one takes long.
func (s *server) fresh(ctx context.Context, initdb string) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	info, err := os.Stat(initdb)
	if err != nil {
		return err
	}
	kept := filepath.Join(cache, "bystander", fmt.Sprintf("postgres-empty-%x", info.ModTime().Unix()))
	data := filepath.Join(s.dir, "data")
	if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
		cmd := exec.CommandContext(ctx, initdb, "-D", data, "-U", user, "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync", "-A", "trust")
		cmd.Dir, cmd.SysProcAttr = s.dir, s.as()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("testkit/postgres: initdb: %w\n%s", err, out)
		}
		part := kept + "." + strconv.Itoa(os.Getpid())
		if err := os.CopyFS(part, os.DirFS(data)); err != nil {
			return err
		}
		if err := os.Rename(part, kept); err != nil { // another binary was faster
			return os.RemoveAll(part)
		}
		return nil
	}
	if err := os.CopyFS(data, os.DirFS(kept)); err != nil {
		return err
	}
	return filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		mode := os.FileMode(0o600)
		if err == nil && d.IsDir() {
			mode = 0o700
		}
		if err == nil {
			err = os.Chmod(path, mode)
		}
		if err == nil && os.Geteuid() == 0 {
			err = os.Chown(path, nobody, nobody)
		}
		return err
	})
}

// keep copies a file to where the server may read it.
func (s *server) keep(name, from string) (string, error) {
	b, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	to := filepath.Join(s.dir, name)
	return to, s.write(to, string(b))
}

func (s *server) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		return os.Chown(path, nobody, nobody)
	}
	return nil
}

// as runs a command as somebody without rights, who ends with this process.
func (s *server) as() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return a
}

// Start implements proc.Process. After a crash the server's own children need a
// moment to notice; a server does not start before they are gone.
func (s *server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		err := s.begin(ctx)
		if err == nil || ctx.Err() != nil || !errors.Is(err, errEnded) || !strings.Contains(s.logTail(), "shared memory block") {
			return err
		}
		<-time.After(pollEvery)
	}
}

var errEnded = errors.New("testkit/postgres: the server ended")

func (s *server) begin(ctx context.Context) error {
	postgres, err := binary("postgres")
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(postgres, "-D", filepath.Join(s.dir, "data"), "-p", strconv.Itoa(s.port), //nolint:noctx // lives until it is stopped
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+s.dir)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.dir, out, out, s.as()
	if err := errors.Join(cmd.Start(), out.Close()); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // "signal: killed", as a rule
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	for {
		err := s.exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("%w: %w\n%s", errEnded, err, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("testkit/postgres: %w: %w\n%s", ctx.Err(), err, s.logTail())
		case <-time.After(pollEvery):
		}
	}
}

// signal sends the postmaster a signal and, if it is to end, waits for that.
func (s *server) signal(sig syscall.Signal, ends bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	if ends {
		<-s.ended
		s.cmd = nil
	}
	return err
}

// Kill implements proc.Process: the postmaster and every server process die.
func (s *server) Kill() error {
	var children []int
	if pid := s.pid(); pid != 0 {
		children = childrenOf(pid)
	}
	err := s.signal(syscall.SIGKILL, true)
	for _, c := range children {
		_ = syscall.Kill(c, syscall.SIGKILL) // it may have gone with its parent
	}
	return err
}

func (s *server) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// childrenOf lists a process's children; the server's are in sessions of their
// own.
func childrenOf(pid int) (out []int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// Stop implements proc.Process: it ends sessions in order ("fast").
func (s *server) Stop(time.Duration) error { return s.signal(syscall.SIGINT, true) }

// Pause implements proc.Process: nobody new is let in.
func (s *server) Pause() error { return s.signal(syscall.SIGSTOP, false) }

// Resume implements proc.Process.
func (s *server) Resume() error { return s.signal(syscall.SIGCONT, false) }

// exec runs statements over the socket, as the superuser.
func (s *server) exec(ctx context.Context, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, proc.Patience)
	defer cancel()
	c, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s dbname=%s password='%s' sslmode=disable", s.dir, s.port, user, s.main(), s.o.Password))
	if err != nil {
		return fmt.Errorf("testkit/postgres: %w", err)
	}
	_, err = c.Exec(ctx, sql)
	return errors.Join(err, c.Close(ctx))
}

// main is the database for the superuser's statements.
func (s *server) main() string {
	if s.made {
		return database
	}
	return "postgres"
}

func (s *server) url() string {
	u := url.URL{
		Scheme: "postgres", User: url.User(user), Path: "/" + database,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), RawQuery: "sslmode=disable",
	}
	if s.o.TLSCert != "" {
		u.RawQuery = ""
	}
	return u.String()
}

func (s *server) logTail() string {
	b, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4096):])
}

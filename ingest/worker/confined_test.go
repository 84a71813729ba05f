package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"bystander/ingest"
	"bystander/ingest/child"
	"bystander/ingest/driver"
	"bystander/ingest/worker"
)

// prober is a worker in the hands of an enemy that runs code inside a driver: it
// tries what it may not, and tells what came of each as the reason of its end.
type prober struct{}

func probe() int {
	make := func() driver.Driver { return prober{} }
	return child.Main(driver.Set{ingest.DriverFile: make, ingest.DriverRTSP: make})
}

func (prober) Run(_ context.Context, cfg driver.Config, _ driver.Out) error {
	p := probing{}
	p.files(cfg)
	p.processes()
	if cfg.Driver == ingest.DriverRTSP {
		p.network(cfg.URL)
	} else {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		p.note("udp", err)
		_ = unix.Close(fd)
	}
	return ingest.Permanentf(ingest.CodeConfig, "%s", strings.Join(p.told, " "))
}

type probing struct{ told []string }

func (p *probing) note(what string, err error) {
	how := "ok"
	var no syscall.Errno
	switch {
	case errors.As(err, &no):
		how = unix.ErrnoName(no)
	case err != nil:
		how = "other"
	}
	p.told = append(p.told, what+"="+how)
}

// files tries the folder of the file that the address names, and others.
func (p *probing) files(cfg driver.Config) {
	read := func(what, path string) {
		f, err := os.Open(path)
		if err == nil {
			_, err = f.Read(make([]byte, 1))
			_ = f.Close()
		}
		p.note(what, err)
	}
	own := cfg.URL
	if u, err := url.Parse(cfg.URL); err == nil && cfg.Driver == ingest.DriverRTSP {
		own = u.Path
	}
	dir := filepath.Dir(own)
	read("own", own)
	read("key", filepath.Join(dir, "secret.pem"))
	read("passwd", "/etc/passwd")
	read("proc", "/proc/self/environ")
	read("name", "/etc/hosts")
	f, err := os.OpenFile(own, os.O_WRONLY, 0)
	p.note("write", err)
	_ = f.Close()
	f, err = os.OpenFile(filepath.Join(dir, "new"), os.O_CREATE|os.O_WRONLY, 0o600)
	p.note("make", err)
	_ = f.Close()
	p.note("mkdir", os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	p.note("remove", os.Remove(filepath.Join(dir, "secret.pem")))
	_, err = os.ReadDir(dir)
	p.note("list", err)
}

func (p *probing) processes() {
	p.note("exec", exec.CommandContext(context.Background(), "/bin/true").Run())
	p.note("signal", syscall.Kill(os.Getppid(), 0))
	_, _, no := syscall.Syscall6(syscall.SYS_PTRACE, syscall.PTRACE_ATTACH, uintptr(os.Getppid()), 0, 0, 0, 0)
	p.note("ptrace", asError(no))
	_, _, no = syscall.Syscall(unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0)
	p.note("unshare", asError(no))
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	p.told = append(p.told, fmt.Sprintf("dumpable=%d,%v", dumpable, err))
	var l unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_CORE, &l)
	p.told = append(p.told, fmt.Sprintf("core=%d/%d", l.Cur, l.Max))
	_ = unix.Getrlimit(unix.RLIMIT_AS, &l)
	p.told = append(p.told, fmt.Sprintf("memory=%t", l.Max != unix.RLIM_INFINITY))
}

func asError(no syscall.Errno) error {
	if no == 0 {
		return nil
	}
	return no
}

// network tries the camera's own port, the one after it in the address's query,
// and to be connected to.
func (p *probing) network(address string) {
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	for what, to := range map[string]string{"camera": u.Host, "other": "127.0.0.1:" + u.Query().Get("other")} {
		c, err := net.DialTimeout("tcp", to, 5*time.Second)
		p.note(what, err)
		if err == nil {
			_ = c.Close()
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	p.note("listen", err)
	if err == nil {
		_ = ln.Close()
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	p.note("udp", err)
	if err == nil {
		_ = c.Close()
	}
}

// landlockHere asks the kernel itself, not the code under test.
func landlockHere(t *testing.T) int {
	t.Helper()
	v, _, no := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch no {
	case 0:
		return int(v)
	case unix.ENOSYS, unix.EOPNOTSUPP:
		return 0
	}
	t.Fatalf("asking for Landlock: %v", no)
	return 0
}

// folder has a file to play, and a key beside it.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"clip.bin", "secret.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "clip.bin")
}

// deeds starts a prober and reads what came of its deeds.
func deeds(t *testing.T, spec ingest.Spec) (map[string]string, ingest.Confinement) {
	t.Helper()
	opt := quick()
	opt.Command = []string{os.Args[0], "prober"}
	s := open(t, spec, opt)
	_, err := nextWithin(s, 20*time.Second)
	if ingest.CodeOf(err, "") != ingest.CodeConfig {
		t.Fatalf("the prober told nothing: %v", err)
	}
	held := s.Health().Confined
	if held == nil {
		t.Fatal("the worker ran, and nothing is said of what held it")
	}
	return told(err.Error()), *held
}

func told(text string) map[string]string {
	out := map[string]string{}
	for _, f := range strings.Fields(text) {
		if k, v, ok := strings.Cut(f, "="); ok {
			out[k] = v
		}
	}
	return out
}

func check(t *testing.T, got, want map[string]string) {
	t.Helper()
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s: %s, want %s", k, got[k], w)
		}
	}
}

// always holds on every kernel that this program runs on.
var always = map[string]string{
	"exec": "EPERM", "ptrace": "EPERM", "unshare": "EPERM", "dumpable": "0,<nil>", "core": "0/0", "memory": "true", "own": "ok",
}

// TestAWorkerReachesNothing lets code of an enemy run inside a worker. What this
// kernel can keep from it is kept from it, and what it cannot is told.
//
// proves: INV-1, A-15
func TestAWorkerReachesNothing(t *testing.T) {
	abi := landlockHere(t)
	t.Run("file", func(t *testing.T) {
		clip := folder(t)
		got, held := deeds(t, ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: clip})
		if want := (ingest.Confinement{Landlock: abi, Seccomp: true}); held != want {
			t.Errorf("told %v, the kernel has %v", held, want)
		}
		check(t, got, always)
		check(t, got, map[string]string{"udp": "EPERM"})
		if abi == 0 {
			t.Log("this kernel has no Landlock: files are not kept from the worker, and that is told")
			return
		}
		check(t, got, map[string]string{
			"key": "EACCES", "passwd": "EACCES", "proc": "EACCES", "name": "EACCES", "write": "EACCES",
			"make": "EACCES", "mkdir": "EACCES", "remove": "EACCES", "list": "EACCES",
		})
		if abi >= 6 {
			check(t, got, map[string]string{"signal": "EPERM"})
		}
		if left, err := os.ReadDir(filepath.Dir(clip)); err != nil || len(left) != 2 {
			t.Errorf("the folder has %d entries, %v", len(left), err)
		}
	})
	t.Run("network camera", func(t *testing.T) {
		port := func() (net.Listener, string) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ln.Close() })
			return ln, ln.Addr().String()
		}
		_, cam := port()
		_, other := port()
		_, otherPort, _ := net.SplitHostPort(other)
		clip := folder(t)
		got, _ := deeds(t, ingest.Spec{
			ID: "n", Driver: ingest.DriverRTSP, Live: true, URL: "rtsp://" + cam + clip + "?other=" + otherPort,
		})
		delete(got, "own")
		want := map[string]string{"camera": "ok", "udp": "ok", "name": "ok", "dumpable": "0,<nil>", "exec": "EPERM"}
		if abi > 0 {
			want["key"], want["passwd"], want["make"] = "EACCES", "EACCES", "EACCES"
		}
		if abi >= 4 {
			want["other"], want["listen"] = "EACCES", "EACCES"
		} else {
			want["listen"] = "EPERM"
		}
		check(t, got, want)
	})
}

// TestWithoutLandlockItIsSaid runs a source in a process to which the kernel
// denies Landlock: the camera works, and nobody is told that it is confined.
func TestWithoutLandlockItIsSaid(t *testing.T) {
	clip := folder(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "without-landlock", clip)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	state, deeds, _ := strings.Cut(out.String(), "\n")
	if state != "no Landlock, system calls filtered" {
		t.Errorf("told: %q", state)
	}
	got := told(deeds)
	check(t, got, always)
	check(t, got, map[string]string{"key": "ok", "udp": "EPERM"})
	if !strings.Contains(errs.String(), "cannot hold the camera's worker") {
		t.Errorf("the log says nothing: %q", errs.String())
	}
}

// withoutLandlock is the process of that test.
func withoutLandlock(clip string) int {
	err := seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{
				Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"landlock_create_ruleset"},
			}},
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s, err := worker.Start(context.Background(), ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: clip},
		worker.Options{Command: []string{os.Args[0], "prober"}, Log: zerolog.New(os.Stderr)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Close() //nolint:errcheck // the process ends
	_, err = nextWithin(s, 20*time.Second)
	fmt.Println(s.Health().Confined)
	fmt.Println(err)
	return 0
}

package backends

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Mode says how a server is bound to the process that starts it.
type Mode int

const (
	// Bound ends the server with the process that started it: for tests.
	Bound Mode = iota
	// Detached lets it run on, in a session of its own: for `make up`.
	Detached
)

// Process is a server process that can be hurt and started again. It starts no
// goroutine. It is safe for concurrent use.
type Process struct {
	name string
	mode Mode
	dir  string
	args []string
	env  []string
	log  string
	// ready returns nil once the server answers.
	ready func(context.Context) error

	mu  sync.Mutex
	cmd *exec.Cmd
}

// pollEvery is how often a starting or ending server is looked at.
const pollEvery = 20 * time.Millisecond

// Start starts the process and returns once the server answers. It fails with
// ErrStart, with the end of the server's log in the text, and with ctx's error.
func (p *Process) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil && !exited(p.cmd.Process.Pid) {
		return nil
	}
	p.reap()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("backends: %s: %w", p.name, err)
	}
	defer out.Close()
	cmd := exec.Command(p.args[0], p.args[1:]...) //nolint:noctx // lives until it is stopped
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.mode == Detached {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("backends: %s: %w", p.name, err)
	}
	p.cmd = cmd
	return p.await(ctx)
}

func (p *Process) await(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last error
	for {
		if exited(p.cmd.Process.Pid) {
			p.reap()
			return fmt.Errorf("backends: %s: %w: it ended\n%s", p.name, ErrStart, p.LogTail())
		}
		if last = p.ready(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("backends: %s: %w: %w: %w\n%s", p.name, ErrStart, ctx.Err(), last, p.LogTail())
		case <-tick.C:
		}
	}
}

// exited reports whether a child has ended; it stays to be waited for.
func exited(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err != nil || info.Signo != 0
}

// reap takes the end of a process that has ended or is about to.
func (p *Process) reap() {
	if p.cmd != nil {
		_ = p.cmd.Wait() // "signal: killed", as a rule
		p.cmd = nil
	}
}

// Kill ends the process as a crash would, and waits for its end.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	err := p.signal(syscall.SIGKILL)
	p.reap()
	return err
}

// Stop asks the server to end and kills it when it has not within patience.
func (p *Process) Stop(patience time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	err := p.signal(syscall.SIGTERM)
	for end := time.Now().Add(patience); !exited(p.cmd.Process.Pid); {
		if time.Now().After(end) {
			err = errors.Join(err, p.signal(syscall.SIGKILL))
			break
		}
		<-time.After(pollEvery)
	}
	p.reap()
	return err
}

// Pause stops the process in its tracks: its ports stay open and answer nothing.
func (p *Process) Pause() error { return p.locked(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.locked(syscall.SIGCONT) }

func (p *Process) locked(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("backends: %s: %w", p.name, os.ErrProcessDone)
	}
	return p.signal(s)
}

func (p *Process) signal(s syscall.Signal) error {
	err := p.cmd.Process.Signal(s)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("backends: %s: %v: %w", p.name, s, err)
	}
	return nil
}

// PID returns the process's number, 0 when it does not run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// LogTail returns the end of the server's log.
func (p *Process) LogTail() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const most = 4096
	if len(b) > most {
		b = b[len(b)-most:]
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			b = b[i+1:]
		}
	}
	return fmt.Sprintf("%s:\n%s", filepath.Base(p.log), b)
}

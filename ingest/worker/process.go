package worker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bystander/ingest/internal/confine"
)

var errEOF = io.EOF

// process is one running worker.
type process struct {
	cmd      *exec.Cmd
	stderr   *os.File
	needs    confine.Needs
	confined confine.State // what the kernel holds it to; set before it starts
	exited   chan struct{} // closed when the process is reaped
	err      error         // how it ended; read after exited
}

// keptEnv lists the variables that a worker inherits: only what the dynamic
// loader needs to find the very same libraries; and with a card, which of several
// it is to be.
var keptEnv = []string{"LD_LIBRARY_PATH"}

func workerEnv(card bool) []string {
	env := []string{
		// A crash must not print more than its own goroutine.
		"GOTRACEBACK=single",
		// The worker decodes on threads of its own; its Go part is small.
		"GOMAXPROCS=2", "GOMEMLIMIT=256MiB",
	}
	kept := keptEnv
	if card {
		env = append(env, "CUDA_CACHE_DISABLE=1") // it could not write one
		kept = append([]string{"CUDA_VISIBLE_DEVICES"}, kept...)
	}
	for _, k := range kept {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}

// spawn starts a worker that may do what needs says, with control as file 3 and
// pictures as file 4, both of which stay the caller's. Its standard error is read
// from p.stderr.
func spawn(command []string, needs confine.Needs, control, pictures *os.File) (*process, error) {
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("ingest: worker's log: %w", err)
	}
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // the program itself; ended through its process group
	cmd.Env = workerEnv(len(needs.Card) > 0)
	cmd.Dir = "/"
	cmd.Stderr = pw
	cmd.ExtraFiles = []*os.File{control, pictures}
	rules, err := confine.CardRules(needs)
	if err != nil {
		return nil, errors.Join(err, pr.Close(), pw.Close())
	}
	if rules != nil {
		defer rules.Close() //nolint:errcheck // only our copy
		cmd.ExtraFiles = append(cmd.ExtraFiles, rules)
		cmd.Env = append(cmd.Env, fmt.Sprintf("BYSTANDER_CARD_RULES=%d", 2+len(cmd.ExtraFiles)))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true, // Ctrl-C in a terminal is for the edge alone
		Pdeathsig: syscall.SIGKILL,
	}
	p := &process{cmd: cmd, stderr: pr, needs: needs, exited: make(chan struct{})}
	started := make(chan error, 1)
	go p.live(started) // waited for through exited
	err = <-started
	_ = pw.Close()
	if err != nil {
		_ = pr.Close()
		return nil, err
	}
	return p, nil
}

// live starts the worker and waits for its end on one locked thread: the
// parent-death signal is tied to the thread that forked, and would kill the
// worker if that thread ended before the process. The thread also carries "no
// new privileges" and the kernel's confinement into the child, which a Go program
// cannot set for all of its own threads; so it is never given back and ends with
// this goroutine. It must not be the program's first thread, which never ends and
// stands for the whole process: what is confined with it could signal the edge.
func (p *process) live(started chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		locked := make(chan struct{})
		go func() { // waited for through exited
			runtime.LockOSThread() // another thread, as the first one is held below
			close(locked)
			p.serve(started)
		}()
		<-locked
		runtime.UnlockOSThread()
		return
	}
	p.serve(started)
}

// serve is live on the thread that it may keep.
func (p *process) serve(started chan<- error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		started <- fmt.Errorf("ingest: forbid new privileges: %w", err)
		return
	}
	var err error
	if p.confined, err = confine.Thread(p.needs); err != nil {
		started <- fmt.Errorf("ingest: confine the worker: %w", err)
		return
	}
	if err := p.cmd.Start(); err != nil {
		started <- fmt.Errorf("ingest: start the worker: %w", err)
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	close(p.exited)
}

// end waits for the worker to go by itself for as long as grace, then kills it
// with all of its process group, and waits until it is reaped.
func (p *process) end(grace time.Duration) {
	if grace > 0 {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-p.exited:
			return
		case <-timer.C:
		}
	}
	select {
	case <-p.exited:
		return
	default:
	}
	// The group exists as long as its leader is not reaped, and only live
	// reaps it; should it happen in between, the number is not reused so soon.
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		_ = p.cmd.Process.Kill()
	}
	<-p.exited
}

// how says in words how the worker ended.
func (p *process) how() string {
	var exit *exec.ExitError
	if !errors.As(p.err, &exit) {
		return "ended by itself"
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return fmt.Sprintf("was ended by signal %d (%s)", ws.Signal(), ws.Signal())
	}
	return fmt.Sprintf("ended with status %d", exit.ExitCode())
}

// Package proc is what the tests' servers have in common as processes: how they
// are hurt and started again, and what those leave behind that are shared.
package proc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience is how long a server may take to start on a busy machine.
const Patience = 90 * time.Second

// Process is a server that a test may hurt.
type Process interface {
	Start(ctx context.Context) error
	Kill() error
	Stop(grace time.Duration) error
	Pause() error
	Resume() error
}

// Handle hurts a process on a test's behalf, which fails when that cannot be
// done. A test's server embeds one.
type Handle struct {
	t    testing.TB
	name string
	of   func() Process
}

// New returns a handle; of is called each time and ends the test if the process
// must not be hurt. The name begins the errors.
func New(t testing.TB, name string, of func() Process) Handle { return Handle{t, name, of} }

// Pause stops the server in its tracks: it keeps its connections and answers
// nothing.
func (h Handle) Pause() { h.t.Helper(); h.must(h.of().Pause()) }

// Resume lets a paused server go on.
func (h Handle) Resume() { h.t.Helper(); h.must(h.of().Resume()) }

// Kill ends the server as a crash would (SIGKILL).
func (h Handle) Kill() { h.t.Helper(); h.must(h.of().Kill()) }

// Stop ends the server in good order.
func (h Handle) Stop() { h.t.Helper(); h.must(h.of().Stop(Patience)) }

// Restart kills the server if it still runs and starts it on the same ports with
// the same data. It returns once the server answers.
func (h Handle) Restart() {
	h.t.Helper()
	p := h.of()
	h.must(p.Kill())
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	h.must(p.Start(ctx))
}

func (h Handle) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(fmt.Errorf("%s: %w", h.name, err))
	}
}

// SharedDir is the folder of a server that this test binary's tests share. The
// kernel ends the server with the binary. What earlier binaries left under the
// prefix is removed.
func SharedDir(prefix string) string {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*")) // the pattern is a good one
	for _, d := range dirs {
		pid, err := strconv.Atoi(d[strings.LastIndexByte(d, '-')+1:])
		if err == nil && syscall.Kill(pid, 0) != nil {
			_ = os.RemoveAll(d) // another binary may be removing it too
		}
	}
	return filepath.Join(os.TempDir(), prefix+strconv.Itoa(os.Getpid()))
}

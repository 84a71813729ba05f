package registers_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/internal/registers"
	"bystander/internal/testkit/memscan"
)

const envChild = "BYSTANDER_SHIELD_CHILD"

// secretBytes is as long as an embedding.
const secretBytes = 1024

// secretAt is the i-th byte of the secret, which nobody keeps whole.
func secretAt(i int) byte { return byte(uint32(i)*2654435761>>13) ^ byte(i>>3) } //nolint:gosec // the low bits

// handle copies the secret, wipes both copies, and is at work for a while: the
// registers hold pieces of it, and the scheduler wants the processor.
func handle(a, b []byte) {
	for i := range a {
		a[i] = secretAt(i)
	}
	copy(b, a)
	clear(a)
	clear(b)
	for begun := time.Now(); time.Since(begun) < 50*time.Millisecond; {
		for range 1_000_000 { //nolint:revive // time has to pass without a call
		}
	}
}

// TestShieldChild handles the secret while the collector stops the world, and
// holds still.
func TestShieldChild(t *testing.T) {
	how := os.Getenv(envChild)
	if how == "" {
		t.Skip("run by TestShield")
	}
	a, b := make([]byte, secretBytes), make([]byte, secretBytes)
	work := func() { handle(a, b) }
	var begun, over atomic.Bool
	done := make(chan struct{})
	go func() { // waited for below
		defer close(done)
		runtime.LockOSThread()
		begun.Store(true)
		for range 3 {
			if how == "shielded" {
				registers.Shield(work)
			} else {
				work()
			}
		}
		over.Store(true)
	}()
	for !begun.Load() {
		runtime.Gosched()
	}
	runtime.GC()
	<-done
	fmt.Println("handled")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the parent looks now
}

// TestShield looks from outside for pieces of a secret that was handled while the
// scheduler interrupted: they are there without a shield, and not with one.
//
// proves: A-27
func TestShield(t *testing.T) {
	needles := memscan.New()
	for i := 0; i < secretBytes; i += 16 {
		piece := make([]byte, 16)
		for k := range piece {
			piece[k] = secretAt(i + k)
		}
		require.NoError(t, needles.Add(fmt.Sprint("piece ", i), piece))
	}
	for how, want := range map[string]bool{"open": true, "shielded": false} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestShieldChild$")
		cmd.Env = append(os.Environ(), envChild+"="+how)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		pipe, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		out := bufio.NewReader(pipe)
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "handled\n", line)
		hits, _, err := needles.Process(cmd.Process.Pid)
		require.NoError(t, err)
		require.Equal(t, want, len(hits) > 0, "%s: %v", how, hits)
		require.NoError(t, in.Close())
		_, _ = io.Copy(io.Discard, out)
		require.NoError(t, cmd.Wait())
	}
}

// Signals wait until the shield is lifted, and none is lost.
func TestShieldHoldsSignalsBack(t *testing.T) {
	mask := func() (s unix.Sigset_t) {
		require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, nil, &s))
		return s
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	blocked := func(s unix.Sigset_t, sig unix.Signal) bool { return s.Val[0]>>(uint(sig)-1)&1 == 1 }
	before := mask()
	registers.Shield(func() {
		within := mask()
		for _, sig := range []unix.Signal{unix.SIGURG, unix.SIGPROF, unix.SIGCHLD, unix.SIGTERM} {
			require.True(t, blocked(within, sig), sig)
		}
		for _, sig := range []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGABRT} {
			require.False(t, blocked(within, sig), sig)
		}
		registers.Shield(func() {}) // one within another
		require.Equal(t, within, mask())
	})
	require.Equal(t, before, mask())
	require.Panics(t, func() { registers.Shield(func() { panic("f's own") }) })
	require.Equal(t, before, mask(), "after a panic")
	require.Zero(t, testing.AllocsPerRun(100, func() { registers.Shield(func() {}) }))
}

func BenchmarkShield(b *testing.B) {
	for b.Loop() {
		registers.Shield(func() {})
	}
}

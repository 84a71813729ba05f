package proc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit/proc"
)

// noted is a process that notes what is done to it.
type noted struct {
	did []string
	err error
}

func (n *noted) note(s string) error         { n.did = append(n.did, s); return n.err }
func (n *noted) Start(context.Context) error { return n.note("start") }
func (n *noted) Kill() error                 { return n.note("kill") }
func (n *noted) Stop(time.Duration) error    { return n.note("stop") }
func (n *noted) Pause() error                { return n.note("pause") }
func (n *noted) Resume() error               { return n.note("resume") }

// failing is a test that notes its failure.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper()           {}
func (f *failing) Fatal(args ...any) { f.said = fmt.Sprint(args...) }

func TestHandle(t *testing.T) {
	n := &noted{}
	f := &failing{TB: t}
	h := proc.New(f, "server", func() proc.Process { return n })
	h.Pause()
	h.Resume()
	h.Restart()
	h.Stop()
	h.Kill()
	require.Equal(t, []string{"pause", "resume", "kill", "start", "stop", "kill"}, n.did)
	require.Empty(t, f.said)
	n.err = errors.New("gone")
	h.Kill()
	require.Equal(t, "server: gone", f.said)
}

// TestSharedDir: what a binary left that has ended goes; what belongs to a living
// one, or is not named like that, stays.
func TestSharedDir(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	dir := func(name string) string { return filepath.Join(os.TempDir(), name) }
	for _, name := range []string{fmt.Sprintf("p-%d", ended.Process.Pid), fmt.Sprintf("p-%d", os.Getppid()), "p-x", fmt.Sprintf("q-%d", ended.Process.Pid)} {
		require.NoError(t, os.Mkdir(dir(name), 0o700))
	}
	require.Equal(t, dir(fmt.Sprintf("p-%d", os.Getpid())), proc.SharedDir("p-"))
	left, err := filepath.Glob(dir("*"))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{dir(fmt.Sprintf("p-%d", os.Getppid())), dir("p-x"), dir(fmt.Sprintf("q-%d", ended.Process.Pid))}, left)
}

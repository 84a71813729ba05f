package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestTheProgramLeavesNoCore runs the program in a process of its own, allowed to
// dump core by whoever starts it, and asks the kernel what is left of that.
//
// proves: INV-1
func TestTheProgramLeavesNoCore(t *testing.T) {
	if os.Getenv("BYSTANDER_TEST_NOCORE") != "" {
		require.Equal(t, 0, run([]string{"version"}))
		var l unix.Rlimit
		require.NoError(t, unix.Getrlimit(unix.RLIMIT_CORE, &l))
		require.Zero(t, l.Cur)
		require.Zero(t, l.Max, "it cannot be raised again")
		dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		require.NoError(t, err)
		require.Zero(t, dumpable, "neither by a program that is handed crashes, nor for a debugger")
		return
	}
	var l unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_CORE, &l))
	before := l
	l.Cur = l.Max
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_CORE, &l))
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &before) })
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheProgramLeavesNoCore$", "-test.v")
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "BYSTANDER_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "BYSTANDER_TEST_NOCORE=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestTheProgramLeavesNoCore")
}

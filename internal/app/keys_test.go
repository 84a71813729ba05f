package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestSigningKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, err := signingKey(dir, "edge")
	require.NoError(t, err)
	again, err := signingKey(dir, "edge")
	require.NoError(t, err)
	require.Equal(t, first, again)
	for name, mode := range map[string]os.FileMode{"edge.pem": 0o600, "edge.pub": 0o644} {
		st, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, mode, st.Mode().Perm(), name)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2, "nothing else is left behind")

	require.NoError(t, os.Chmod(filepath.Join(dir, "edge.pem"), 0o644))
	_, err = signingKey(dir, "edge")
	require.ErrorContains(t, err, "chmod 600")
}

const envFullDisk = "BYSTANDER_TEST_FULL_DISK"

// TestFullDiskChild makes a key where every write of a byte fails. It has a
// process of its own: the limit would hit the test's own files as well.
func TestFullDiskChild(t *testing.T) {
	dir := os.Getenv(envFullDisk)
	if dir == "" {
		t.Skip("run by TestSigningKeyOnAFullDisk")
	}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{}))
	_, err := signingKey(dir, "edge")
	require.ErrorIs(t, err, unix.EFBIG)
}

// A first start on a full disk leaves no key that bars the next one.
func TestSigningKeyOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestFullDiskChild$", "-test.v")
	cmd.Env = append(os.Environ(), envFullDisk+"="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: TestFullDiskChild")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = signingKey(dir, "edge")
	require.NoError(t, err)
}

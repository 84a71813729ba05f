package app

import (
	"os"
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

// A first start on a full disk leaves no key that bars the next one.
func TestSigningKeyOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
	full := old
	full.Cur = 0 // every write of a byte fails, as on a full disk
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &full))
	_, err := signingKey(dir, "edge")
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &old))
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = signingKey(dir, "edge")
	require.NoError(t, err)
}

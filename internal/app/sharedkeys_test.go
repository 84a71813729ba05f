package app

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/match/vault"
)

// withKeys is the configuration of one with a folder of keys of its own.
func withKeys(t *testing.T) config.Config {
	t.Helper()
	return config.Config{Keys: filepath.Join(t.TempDir(), "keys")}
}

// namesAt are the names of what is in a folder; none where there is no folder.
func namesAt(t *testing.T, dir string) (out []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func TestReplicasTakeTheKeysThatTheyShare(t *testing.T) {
	from := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, ControlKeysMake(from, io.Discard))
	require.Equal(t, sharedKeyFiles(), namesAt(t, from))
	for _, name := range sharedKeyFiles() { // as a mounted secret may be
		require.NoError(t, os.Chmod(filepath.Join(from, name), 0o440))
	}
	one := withKeys(t)
	for range 2 { // as before each start
		require.NoError(t, ControlKeysTake(one, from, io.Discard))
		require.Equal(t, sharedKeyFiles(), namesAt(t, one.Keys), "nothing is left behind")
	}
	dir, err := os.Stat(one.Keys)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), dir.Mode().Perm())
	for _, name := range sharedKeyFiles() {
		st, err := os.Stat(filepath.Join(one.Keys, name))
		require.NoError(t, err)
		if filepath.Ext(name) == ".pub" {
			continue
		}
		require.Equal(t, os.FileMode(0o600), st.Mode().Perm(), name)
	}
	require.NoError(t, os.Remove(filepath.Join(from, vault.MasterKeyName)))
	two := withKeys(t)
	require.NoError(t, ControlKeysTake(two, from, io.Discard), "that one may be kept apart")
	require.NotContains(t, namesAt(t, two.Keys), vault.MasterKeyName)
}

// A replica with a key of its own takes none of the others: it would read neither
// what it wrote itself nor what the others write.
func TestKeysAreTakenAllOrNone(t *testing.T) {
	from := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, ControlKeysMake(from, io.Discard))
	one := withKeys(t)
	_, err := signingKey(one.Keys, "policy")
	require.NoError(t, err)
	was := namesAt(t, one.Keys)
	err = ControlKeysTake(one, from, io.Discard)
	require.ErrorIs(t, err, ErrUsage)
	require.ErrorContains(t, err, "policy.pem is another key")
	require.Equal(t, was, namesAt(t, one.Keys))

	two := withKeys(t)
	last := filepath.Join(from, "samples.key")
	require.NoError(t, os.Truncate(last, 0))
	require.ErrorContains(t, ControlKeysTake(two, from, io.Discard), "is no key")
	require.Empty(t, namesAt(t, two.Keys))
	require.NoError(t, os.Remove(last))
	require.ErrorContains(t, ControlKeysTake(two, from, io.Discard), "control keys make")
	require.Empty(t, namesAt(t, two.Keys))
}

// A key that appears while others are taken is not replaced.
func TestAKeyThatAppearsMeanwhileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accounts.key")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	require.ErrorIs(t, keepKey(path, []byte("shared")), ErrUsage)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(b))
	require.NoError(t, keepKey(path, []byte("mine")))
	require.Len(t, namesAt(t, filepath.Dir(path)), 1)
}

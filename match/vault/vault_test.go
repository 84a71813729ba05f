package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb/sqldbtest"
	"bystander/match"
	"bystander/match/vault"
)

const model = "fd910a25c24c46adc55bafe2f753d648cdc978cdda4d51bc89605875f01fee74"

func options(t *testing.T) vault.Options {
	t.Helper()
	dir := t.TempDir()
	return vault.Options{Path: sqldbtest.Place(t, filepath.Join(dir, "data", "templates.db")), KeyDir: filepath.Join(dir, "keys")}
}

func newVault(t *testing.T, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// blob is a well-formed template: one component is 1.
func blob(at int) []byte {
	b := make([]byte, match.TemplateBytes)
	copy(b[4*at:], []byte{0, 0, 0x80, 0x3f})
	return b
}

func put(t *testing.T, v *vault.Vault, enrollee, scene string, at int) {
	t.Helper()
	b := blob(at)
	_, err := v.Put(t.Context(), vault.NewTemplate{Enrollee: enrollee, Scene: scene, Model: model, Blob: b, Quality: 1})
	require.NoError(t, err)
	require.Equal(t, make([]byte, len(b)), b, "the caller's copy is wiped")
}

func list(t *testing.T, v *vault.Vault, scene, digest string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	require.NoError(t, v.Each(t.Context(), scene, digest, func(s match.StoredTemplate) error {
		require.Len(t, s.SubjectKey, match.SubjectKeyBytes)
		out[s.Enrollee] = bytes.Clone(s.Blob)
		return nil
	}))
	return out
}

func TestRoundTripOverReopen(t *testing.T) {
	o := options(t)
	v := newVault(t, o)
	put(t, v, "a", "s1", 3)
	put(t, v, "b", "s1", 4)
	put(t, v, "a", "s2", 5)
	r1, err := v.Revision(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(3), r1)
	k1, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	k2, err := v.SceneKey(t.Context(), "s2")
	require.NoError(t, err)
	require.NotEqual(t, k1, k2)
	require.NoError(t, v.Close())
	v = newVault(t, o)
	require.Equal(t, map[string][]byte{"a": blob(3), "b": blob(4)}, list(t, v, "s1", model))
	again, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	require.Equal(t, k1, again)
	require.Empty(t, list(t, v, "s1", "another model"), "stale templates are left out")
	n, err := v.Stale(t.Context(), "another model")
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

// proves: A-48, B-54, INV-15
func TestDestroyLeavesNothingReadable(t *testing.T) {
	o := options(t)
	v := newVault(t, o)
	put(t, v, "a", "s1", 3)
	put(t, v, "b", "s1", 4)
	before := rawSealed(t, o.Path, "a")
	require.NoError(t, v.Destroy(t.Context(), "a"))
	require.NoError(t, v.Destroy(t.Context(), "a"), "again is harmless")
	require.Equal(t, map[string][]byte{"b": blob(4)}, list(t, v, "s1", model))
	_, err := v.Put(t.Context(), vault.NewTemplate{Enrollee: "a", Scene: "s1", Model: model, Blob: blob(1)})
	require.ErrorIs(t, err, vault.ErrDestroyed)
	require.NoError(t, v.Close())
	files, err := filepath.Glob(o.Path + "*")
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, old := range before {
			require.NotContains(t, string(b), string(old), "%s still holds key or template", filepath.Base(f))
		}
	}
}

// rawSealed reads wrapped key, subject key and sealed template as they lie on
// disk.
func rawSealed(t *testing.T, path, enrollee string) [][]byte {
	t.Helper()
	db, err := sqldbtest.Raw(t.Context(), path)
	require.NoError(t, err)
	defer db.Close()
	out := make([][]byte, 3)
	require.NoError(t, db.QueryRowContext(t.Context(),
		"SELECT dek, subject_key, sealed FROM subjects JOIN templates USING (enrollee) WHERE enrollee=?", enrollee).
		Scan(&out[0], &out[1], &out[2]))
	return out
}

// proves: B-54
func TestTemplatesCannotBeMovedOrAltered(t *testing.T) {
	for name, sql := range map[string]string{
		"to another person": "UPDATE templates SET enrollee='b' WHERE enrollee='a'",
		"to another scene":  "UPDATE templates SET scene='s1' WHERE scene='s2'",
		"to another model":  "UPDATE templates SET model='" + model + "' WHERE model='old'",
		"altered":           "UPDATE templates SET sealed=CAST(substr(sealed,1,40)||x'00'||substr(sealed,42) AS BLOB) WHERE enrollee='b'",
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			v := newVault(t, o)
			put(t, v, "a", "s1", 1)
			put(t, v, "b", "s1", 2)
			put(t, v, "b", "s2", 3)
			_, err := v.Put(t.Context(), vault.NewTemplate{Enrollee: "b", Scene: "s1", Model: "old", Blob: blob(4)})
			require.NoError(t, err)
			db, err := sqldbtest.Raw(t.Context(), o.Path)
			require.NoError(t, err)
			_, err = db.ExecContext(t.Context(), sql)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			err = v.Each(t.Context(), "s1", model, func(match.StoredTemplate) error { return nil })
			require.ErrorIs(t, err, vault.ErrWrongKey)
		})
	}
}

func TestKeyFiles(t *testing.T) {
	o := options(t)
	v := newVault(t, o)
	put(t, v, "a", "s", 1)
	require.NoError(t, v.Close())
	key := filepath.Join(o.KeyDir, vault.MasterKeyName)
	st, err := os.Stat(key)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	left, err := filepath.Glob(filepath.Join(o.KeyDir, ".key-*"))
	require.NoError(t, err)
	require.Empty(t, left)

	require.NoError(t, os.Chmod(key, 0o640))
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyFile)
	require.ErrorContains(t, err, "chmod 600")

	require.NoError(t, os.Remove(key))
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyFile, "beside an existing vault no new key is made")
	require.NoFileExists(t, key)

	_, err = vault.OpenKey(key, true)
	require.NoError(t, err)
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrWrongKey)

	o2 := options(t)
	o2.MasterKeyFile = filepath.Join(t.TempDir(), "absent")
	_, err = vault.Open(t.Context(), o2)
	require.ErrorIs(t, err, vault.ErrKeyFile, "a key file named by the user is never made")

	require.NoError(t, os.WriteFile(key, []byte("not a key"), 0o600))
	_, err = vault.OpenKey(key, false)
	require.ErrorIs(t, err, vault.ErrKeyFile)
}

func TestEachStopsAtTheCallersError(t *testing.T) {
	v := newVault(t, options(t))
	put(t, v, "a", "s", 1)
	boom := errors.New("boom")
	require.ErrorIs(t, v.Each(t.Context(), "s", model, func(match.StoredTemplate) error { return boom }), boom)
	require.NoError(t, v.DropTemplates(t.Context(), "a", "s"))
	require.Empty(t, list(t, v, "s", model))
	put(t, v, "a", "s", 2)
	require.Len(t, list(t, v, "s", model), 1)
}

package vault_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/match"
	"bystander/match/vault"
)

// face is a probe of a made-up face.
func face(t *testing.T, seed uint64) *match.Probe {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	v := make([]float32, match.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	p := new(match.Probe)
	require.NoError(t, p.Set(v))
	return p
}

// enrol keeps a face in the form of the scene and returns its ref.
func enrol(t *testing.T, v *vault.Vault, enrollee, scene string, p *match.Probe) event.Digest {
	t.Helper()
	key, err := v.SceneKey(t.Context(), scene)
	require.NoError(t, err)
	prot, err := match.NewProtector(key)
	require.NoError(t, err)
	b, err := prot.Seal(p)
	require.NoError(t, err)
	ref, err := v.Put(t.Context(), vault.NewTemplate{Enrollee: enrollee, Scene: scene, Model: model, Blob: b, Quality: 0.9})
	require.NoError(t, err)
	return ref
}

// like compares two stored templates as plain vectors.
func like(a, b []byte) float64 {
	var s float64
	for i := 0; i < len(a); i += 4 {
		s += float64(math.Float32frombits(binary.LittleEndian.Uint32(a[i:]))) * float64(math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
	}
	return s
}

// TestRenewOneScene is revoke-and-renew of ISO/IEC 24745: the renewed scene
// goes on recognising its people, what leaked before compares with nothing, and
// the other scene is not touched.
//
// proves: C-28
func TestRenewOneScene(t *testing.T) {
	o := options(t)
	v := newVault(t, o)
	alice, bob := face(t, 1), face(t, 2)
	ref := enrol(t, v, "alice", "s1", alice)
	enrol(t, v, "bob", "s1", bob)
	enrol(t, v, "alice", "s2", alice)
	before, other := list(t, v, "s1", model), list(t, v, "s2", model)
	oldKey, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	otherKey, err := v.SceneKey(t.Context(), "s2")
	require.NoError(t, err)
	rev, err := v.Revision(t.Context())
	require.NoError(t, err)
	sealed := rawScene(t, o.Path, "s1")

	r, err := v.RenewScene(t.Context(), "s1")
	require.NoError(t, err)
	require.Equal(t, vault.Renewal{Generation: 2, Templates: 2}, r)

	after := list(t, v, "s1", model)
	newKey, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	require.NotEqual(t, oldKey, newKey)
	for who := range before {
		require.InDelta(t, 0, like(before[who], after[who]), 0.3, "the old template compares with the new one")
	}
	require.InDelta(t, like(before["alice"], before["bob"]), like(after["alice"], after["bob"]), 1e-5, "cosines within the scene have changed")
	again, err := v.Revision(t.Context())
	require.NoError(t, err)
	require.Greater(t, again, rev, "nobody would load the gallery again")
	// The live gallery recognises both, under new refs.
	g, err := match.LoadGallery(t.Context(), v, "s1", model)
	require.NoError(t, err)
	defer g.Close()
	for who, p := range map[string]*match.Probe{"alice": alice, "bob": bob} {
		d, ok := g.Alike("", p, 0.99)
		require.True(t, ok)
		require.Equal(t, who, d.Other)
	}
	require.NotContains(t, refs(t, v, "s1"), ref)
	// Nothing of the other scene moved.
	require.Equal(t, other, list(t, v, "s2", model))
	same, err := v.SceneKey(t.Context(), "s2")
	require.NoError(t, err)
	require.Equal(t, otherKey, same)
	// The old key and templates are nowhere in the files.
	require.NoError(t, v.Close())
	files, err := filepath.Glob(o.Path + "*")
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, old := range sealed {
			require.NotContains(t, string(b), string(old), "%s still holds the old form", filepath.Base(f))
		}
	}
}

func refs(t *testing.T, v *vault.Vault, scene string) (out []event.Digest) {
	t.Helper()
	require.NoError(t, v.Each(t.Context(), scene, model, func(s match.StoredTemplate) error {
		out = append(out, s.Ref)
		return nil
	}))
	return out
}

// rawScene reads a scene's wrapped key and sealed templates as they lie on disk.
func rawScene(t *testing.T, path, scene string) (out [][]byte) {
	t.Helper()
	db, err := sqldbtest.Raw(t.Context(), path)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT wrapped FROM scene_keys WHERE scene=? UNION ALL SELECT sealed FROM templates WHERE scene=?", scene, scene)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var b []byte
		require.NoError(t, rows.Scan(&b))
		out = append(out, b)
	}
	require.NoError(t, rows.Err())
	return out
}

func TestRenewIsWholeOrNotAtAll(t *testing.T) {
	o := options(t)
	v := newVault(t, o)
	enrol(t, v, "alice", "s1", face(t, 1))
	enrol(t, v, "bob", "s1", face(t, 2))
	key, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	db, err := sqldbtest.Raw(t.Context(), o.Path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE templates SET quality=quality, sealed=zeroblob(60) WHERE enrollee='bob'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = v.RenewScene(t.Context(), "s1")
	require.ErrorIs(t, err, vault.ErrWrongKey)
	again, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	require.Equal(t, key, again, "the old key stands when a template could not be renewed")
}

// TestEarlierFormsAreStale writes a template as the release before wrote it.
func TestEarlierFormsAreStale(t *testing.T) {
	o := options(t)
	v := newVault(t, o)
	enrol(t, v, "alice", "s1", face(t, 1))
	enrol(t, v, "bob", "s1", face(t, 2))
	db, err := sqldbtest.Raw(t.Context(), o.Path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE templates SET form=1 WHERE enrollee='alice'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.Len(t, list(t, v, "s1", model), 1)
	n, err := v.Stale(t.Context(), model)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	r, err := v.RenewScene(t.Context(), "s1")
	require.NoError(t, err)
	require.Equal(t, vault.Renewal{Generation: 2, Templates: 1, Stale: 1}, r)
}

package vault_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/match"
	"bystander/match/vault"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// seen is an event about an enrollee, as the judge drafts it.
func seen(t *testing.T, v *vault.Vault, enrollee, scene string, at time.Time) event.Event {
	t.Helper()
	e := event.Event{Kind: event.KindMatch, CameraID: "gate", SceneID: scene, TS: at}
	require.NoError(t, v.Each(t.Context(), scene, model, func(s match.StoredTemplate) error {
		if s.Enrollee == enrollee {
			e.SubjectRef = match.SubjectRef(s.SubjectKey, scene, at)
		}
		return nil
	}))
	require.False(t, e.SubjectRef.IsZero())
	require.NoError(t, v.SealPayload(enrollee, &e, match.Payload{Box: [4]float32{1, 2, 3, 4}, Claim: "claim-token"}))
	return e
}

func TestPayload(t *testing.T) {
	o := options(t)
	now := noon
	o.Now = func() time.Time { return now }
	v := newVault(t, o)
	put(t, v, "ann", "s1", 1)
	put(t, v, "bob", "s1", 2)
	put(t, v, "ann", "s2", 3)
	for _, scene := range []string{"s1", "s2"} {
		_, err := v.SceneKey(t.Context(), scene)
		require.NoError(t, err)
	}
	e := seen(t, v, "ann", "s1", noon)
	who, p, err := v.OpenPayload(t.Context(), &e)
	require.NoError(t, err)
	require.Equal(t, "ann", who)
	require.Equal(t, match.Payload{Box: [4]float32{1, 2, 3, 4}, Claim: "claim-token"}, p)
	require.NotContains(t, string(e.PayloadEnc), "claim-token")

	t.Run("the key's id links no more than the pseudonym", func(t *testing.T) {
		require.Equal(t, e.DEKID, seen(t, v, "ann", "s1", noon.Add(time.Hour)).DEKID)
		ids := map[string]bool{e.DEKID: true}
		for _, other := range []event.Event{
			seen(t, v, "ann", "s2", noon), seen(t, v, "ann", "s1", noon.Add(24*time.Hour)), seen(t, v, "bob", "s1", noon),
		} {
			require.False(t, ids[other.DEKID])
			ids[other.DEKID] = true
		}
	})
	t.Run("a payload moved to another event does not open", func(t *testing.T) {
		for name, change := range map[string]func(*event.Event){
			"time": func(e *event.Event) { e.TS = e.TS.Add(time.Second) }, "kind": func(e *event.Event) { e.Kind = event.KindUnmask },
			"camera": func(e *event.Event) { e.CameraID = "door" }, "key id": func(e *event.Event) { e.DEKID = "x" },
			"bytes": func(e *event.Event) { e.PayloadEnc = append([]byte{}, e.PayloadEnc...); e.PayloadEnc[9] ^= 1 },
		} {
			moved := e
			change(&moved)
			_, _, err := v.OpenPayload(t.Context(), &moved)
			require.ErrorIs(t, err, vault.ErrWrongKey, name)
		}
		moved := e
		moved.SubjectRef[0] ^= 1
		_, _, err := v.OpenPayload(t.Context(), &moved)
		require.ErrorIs(t, err, vault.ErrNobody)
	})
	t.Run("refs cover every day since the first key", func(t *testing.T) {
		now = noon.Add(40 * 24 * time.Hour)
		refs, err := v.Refs(t.Context(), "ann")
		require.NoError(t, err)
		require.Len(t, refs, 2*43+2, "two scenes, 40 days and one more at either end, two templates")
		late := seen(t, v, "ann", "s2", now)
		require.Contains(t, refs, e.SubjectRef)
		require.Contains(t, refs, late.SubjectRef)
		require.NotContains(t, refs, seen(t, v, "bob", "s1", noon).SubjectRef)
	})
}

func TestForget(t *testing.T) {
	sqldbtest.File(t)
	o := options(t)
	v := newVault(t, o)
	const ann = "0198f7a2-aaaa-7bbb-8ccc-123456789abc"
	put(t, v, ann, "s1", 1)
	put(t, v, "bob", "s1", 2)
	_, err := v.SceneKey(t.Context(), "s1")
	require.NoError(t, err)
	e, b := seen(t, v, ann, "s1", noon), seen(t, v, "bob", "s1", noon)
	backup := filepath.Join(t.TempDir(), "yesterday.db")
	_, err = v.Revision(t.Context())
	require.NoError(t, err)
	raw, err := os.ReadFile(o.Path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(backup, raw, 0o600))
	_, _ = vault.ForgetIn(t.Context(), backup, "nobody", noon) // brings the copy's log in, if any

	n, err := v.Forget(t.Context(), ann)
	require.NoError(t, err)
	require.Equal(t, int64(1), n)
	_, err = vault.ForgetIn(t.Context(), backup, ann, noon)
	require.NoError(t, err)
	for range 2 { // again is harmless
		_, err = v.Forget(t.Context(), ann)
		require.NoError(t, err)
	}
	_, _, err = v.OpenPayload(t.Context(), &e)
	require.ErrorIs(t, err, vault.ErrNobody)
	_, _, err = v.OpenPayload(t.Context(), &b)
	require.NoError(t, err)
	_, err = v.Put(t.Context(), vault.NewTemplate{Enrollee: ann, Scene: "s1", Model: model, Blob: blob(1), Quality: 1})
	require.ErrorIs(t, err, vault.ErrDestroyed, "no keys again")
	refs, err := v.Refs(t.Context(), ann)
	require.NoError(t, err)
	require.Empty(t, refs)
	require.NoError(t, v.Close())
	for _, dir := range []string{filepath.Dir(o.Path), filepath.Dir(backup)} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				b, rerr := os.ReadFile(path)
				require.NoError(t, rerr)
				require.NotContains(t, string(b), ann, path)
			}
			return err
		}))
	}
}

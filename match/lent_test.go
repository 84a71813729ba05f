package match_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/match"
)

const lentModel = "0095"

// unit is a template of length one.
func unit(t testing.TB, i int) []byte {
	t.Helper()
	b := make([]byte, match.TemplateBytes)
	bits := math.Float32bits(1)
	for k := range 4 {
		b[4*i+k] = byte(bits >> (8 * k))
	}
	return b
}

func stored(t testing.TB, who string, i int) match.StoredTemplate {
	return match.StoredTemplate{Enrollee: who, Ref: event.Digest{byte(i + 1)}, Blob: unit(t, i), SubjectKey: slices.Repeat([]byte{byte(i)}, match.SubjectKeyBytes)}
}

func sceneKey() []byte { return slices.Repeat([]byte{7}, match.SceneKeyBytes) }

func TestLentTemplatesBecomeAGallery(t *testing.T) {
	list := []match.StoredTemplate{stored(t, "bob", 1), stored(t, "ann", 2), stored(t, "ann", 3)}
	l, err := match.NewLent("foyer", lentModel, len(list))
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.Take(match.KeyRecord(nil, sceneKey())))
	for _, s := range list {
		require.NoError(t, l.Take(match.TemplateRecord(nil, s)))
	}
	require.ErrorIs(t, l.Take(match.TemplateRecord(nil, stored(t, "eve", 4))), match.ErrLent, "more than told of")
	g, err := match.LoadGallery(t.Context(), l, "foyer", lentModel)
	require.NoError(t, err)
	require.Equal(t, 3, g.Size())
	require.True(t, g.Has("ann"))
	require.Equal(t, match.Root("foyer", lentModel, list), g.Root(), "which templates came is told from which were told of")
	require.NotEqual(t, match.Root("foyer", lentModel, list[:2]), g.Root())

	s := match.NewShelf()
	s.Put(g)
	require.Equal(t, 3, s.Drop("foyer"))
	require.Zero(t, s.Drop("foyer"))
	require.Zero(t, s.Size("foyer"))
	_, err = match.LoadGallery(t.Context(), l, "door", lentModel)
	require.ErrorIs(t, err, match.ErrLent)
}

func TestLentRecordsThatAreRefused(t *testing.T) {
	key, one := match.KeyRecord(nil, sceneKey()), match.TemplateRecord(nil, stored(t, "ann", 1))
	for name, records := range map[string][][]byte{
		"empty": {{}}, "unknown": {{'x'}}, "short key": {key[:9]}, "key twice": {key, key}, "no key": {one},
		"nobody": {key, one[:len(one)-3]}, "long id": {key, append(slices.Clone(one), strings.Repeat("x", 200)...)},
		"no text": {key, append(slices.Clone(one), 0xff)}, "cut": {key, one[:40]},
	} {
		l, err := match.NewLent("foyer", lentModel, 4)
		require.NoError(t, err)
		for i, r := range records {
			if err = l.Take(r); i < len(records)-1 {
				require.NoError(t, err, name)
			}
		}
		require.ErrorIs(t, err, match.ErrLent, name)
		l.Close()
		l.Close()
	}
	_, err := match.NewLent("foyer", lentModel, match.MaxLent+1)
	require.ErrorIs(t, err, match.ErrLent)
}

func FuzzLent(f *testing.F) {
	f.Add(match.TemplateRecord(nil, match.StoredTemplate{Enrollee: "ann", Blob: make([]byte, match.TemplateBytes), SubjectKey: make([]byte, match.SubjectKeyBytes)}))
	f.Add([]byte("k"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := match.NewLent("foyer", lentModel, 2)
		require.NoError(t, err)
		defer l.Close()
		require.NoError(t, l.Take(match.KeyRecord(nil, sceneKey())))
		if err := l.Take(b); err != nil {
			require.ErrorIs(t, err, match.ErrLent)
		}
	})
}

// An edge that borrows its templates seals what it says of a person under that
// person's key, and nobody else opens it.
func TestShelfSealer(t *testing.T) {
	ann, bob := stored(t, "ann", 1), stored(t, "bob", 2)
	l, err := match.NewLent("foyer", lentModel, 2)
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.Take(match.KeyRecord(nil, sceneKey())))
	require.NoError(t, l.Take(match.TemplateRecord(nil, ann)))
	require.NoError(t, l.Take(match.TemplateRecord(nil, bob)))
	g, err := match.LoadGallery(t.Context(), l, "foyer", lentModel)
	require.NoError(t, err)
	shelf := match.NewShelf()
	shelf.Put(g)
	defer shelf.Close()
	s := match.ShelfSealer{Shelf: shelf}
	e := event.Event{Kind: event.KindMatch, CameraID: "c1", SceneID: "foyer", TS: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
	require.NoError(t, s.SealPayload("ann", &e, match.Payload{Claim: "claim-token"}))
	require.NotContains(t, string(e.PayloadEnc), "claim-token")
	plain, err := match.OpenUnder(ann.SubjectKey, &e)
	require.NoError(t, err)
	require.Contains(t, string(plain), "claim-token")
	_, err = match.OpenUnder(bob.SubjectKey, &e)
	require.ErrorIs(t, err, match.ErrPayload)
	moved := e
	moved.CameraID = "c2"
	_, err = match.OpenUnder(ann.SubjectKey, &moved)
	require.ErrorIs(t, err, match.ErrPayload)
	require.ErrorIs(t, s.SealPayload("eve", &e, match.Payload{}), match.ErrPayload)
	other := e
	other.SceneID = "door"
	require.ErrorIs(t, s.SealPayload("ann", &other, match.Payload{}), match.ErrPayload)
}

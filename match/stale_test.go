package match_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/match"
)

// TestTemplatesOfAnotherModelAreStale loads the gallery as it would be after
// the model was changed without anybody enrolling again: nobody is a candidate,
// so nothing is embedded, let alone matched.
func TestTemplatesOfAnotherModelAreStale(t *testing.T) {
	s := newStand(t, "alice")
	s.emb.next = s.vec["alice"]
	s.look(time.Second, s.face(1))
	require.Equal(t, 1, s.emb.calls, "alice is no candidate even before: the test shows nothing")

	var src templates
	src.add(t, "alice", scene, s.vec["alice"])
	g, err := match.LoadGallery(t.Context(), &src, scene, "0000000000000000000000000000000000000000000000000000000000000000")
	require.NoError(t, err)
	s.shelf.Put(g)
	for range 10 {
		ds, evs := s.look(time.Second, s.face(1))
		require.Equal(t, match.StateUnknown, ds[0].State)
		require.False(t, ds[0].Live || ds[0].Record)
		require.Empty(t, evs)
	}
	require.Equal(t, 1, s.emb.calls)
}

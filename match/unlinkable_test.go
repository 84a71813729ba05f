package match_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/match"
)

// visits shows two faces to one judge, an hour apart, each under a track of its
// own, and returns everything that leaves the judge: decisions, and the events
// that are kept.
func visits(t *testing.T, first, second []float32) (out []string, kept []event.Event) {
	t.Helper()
	s := newStand(t, "alice", "bob")
	for i, face := range [][]float32{first, second} {
		s.emb.next = face
		for range 8 {
			ds, es := s.look(500*time.Millisecond, s.face(uint64(i+1)))
			kept = append(kept, es...)
			for _, d := range ds {
				out = append(out, fmt.Sprintf("%d %v %v %v", d.Track, d.State, d.Live, d.Subject))
				d.Track = 0
				b, err := json.Marshal(d)
				require.NoError(t, err)
				out = append(out, string(b))
			}
		}
		s.look(time.Hour) // nobody is there
	}
	require.Positive(t, s.emb.calls, "nobody was looked at: the test shows nothing")
	return out, kept
}

// TestAStrangerLeavesNothingToLinkBy shows a stranger who comes twice, and two
// strangers who come once each. Nothing is kept of either, and what leaves the
// judge is the same in both cases, to the letter: whoever has all of it cannot tell
// whether it was one person.
//
// proves: INV-12, INV-2
func TestAStrangerLeavesNothingToLinkBy(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	for range 20 {
		one, other := vector(r), vector(r)
		twice, kept := visits(t, one, one)
		require.Empty(t, kept, "an event about a stranger")
		two, kept := visits(t, one, other)
		require.Empty(t, kept)
		require.Equal(t, two, twice)
		for _, line := range twice {
			require.NotContains(t, line, string(match.StateMatched))
		}
	}

	// The same eyes tell an enrolled person: it is not that they see nothing.
	s := newStand(t, "alice", "bob")
	d, kept := s.match("alice", s.face(1))
	require.NotZero(t, d.Subject)
	require.NotEmpty(t, kept)
	again, _ := s.match("alice", s.face(2))
	require.Equal(t, d.Subject, again.Subject, "who agreed is known again")
}

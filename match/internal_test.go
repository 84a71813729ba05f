package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/match/search"
	"bystander/policy"
)

type noLease struct{}

func (noLease) Current() (policy.Held, error) { return policy.Held{}, policy.ErrNoLease }

// A caller who never tells of lost tracks must not make the judge grow. This
// looks inside, since nothing outside shows it.
func TestForgottenTracksAreSwept(t *testing.T) {
	j := &Judge{tracks: map[uint64]*track{}, cfg: JudgeConfig{Leases: noLease{}}}
	for i := range uint64(10 * sweepEvery) {
		j.tracks[i] = &track{offered: j.count}
		if _, _, err := j.Judge(t.Context(), Look{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(j.tracks); n > 3*sweepEvery {
		t.Fatalf("%d tracks are kept", n)
	}
}

// TestSearchIsAPlainLoopOverTheCandidates draws galleries and candidates, some
// of them unknown, in any order: the search finds what a loop over exactly those
// templates finds, and looks at no others.
func TestSearchIsAPlainLoopOverTheCandidates(t *testing.T) {
	prot, err := NewProtector(make([]byte, SceneKeyBytes))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
		g := drawn(t, r, prot)
		var candidates []string
		for _, e := range g.entries {
			if r.IntN(4) > 0 && !slices.Contains(candidates, e.enrollee) {
				candidates = append(candidates, e.enrollee)
			}
		}
		candidates = append(candidates, "nobody")
		if rapid.Bool().Draw(t, "shuffled") {
			r.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		}
		var p Probe
		raw := make([]float32, Dim)
		for i := range raw {
			raw[i] = float32(r.NormFloat64())
		}
		require.NoError(t, p.Set(raw))
		var room scratch
		got := g.search(&p, g.spans(candidates, nil), &room)
		require.Equal(t, scratch{}, room, "the probe was left behind")
		require.Equal(t, loop(g, &p, candidates), got)
	})
}

// drawn is a gallery of random templates, up to four a person.
func drawn(t *rapid.T, r *rand.Rand, prot *Protector) *Gallery {
	g := &Gallery{prot: prot}
	for i := range rapid.IntRange(0, 150).Draw(t, "people") {
		for k := range 1 + r.IntN(4) {
			g.entries = append(g.entries, entry{fmt.Sprintf("%03d", i), event.Digest{byte(k + 1)}})
		}
	}
	n := len(g.entries)
	var err error
	g.mem, err = newLocked(search.Bytes(n))
	require.NoError(t, err)
	t.Cleanup(g.mem.free)
	g.index, err = search.New(g.mem.b, n)
	require.NoError(t, err)
	g.groups = groupsOf(g.entries)
	for i := range n {
		row := g.index.Row(i)
		for d := range row {
			row[d] = float32(r.NormFloat64()) / 16
		}
		g.index.Seal(i)
	}
	return g
}

func loop(g *Gallery, p *Probe, candidates []string) hit {
	var q scratch
	g.prot.apply(&q.query.V, &p.v, &q.tmp)
	h := hit{score: -1, second: -1}
	for _, id := range candidates {
		best, ref, found := float32(-1), event.Digest{}, false
		for i, e := range g.entries {
			if e.enrollee != id {
				continue
			}
			h.compared++
			if s := search.Dot(q.query.V[:], g.index.Row(i)); !found || s > best {
				best, ref, found = s, e.ref, true
			}
		}
		switch {
		case !found:
		case h.enrollee == "" || best > h.score:
			h.enrollee, h.ref, h.second, h.score = id, ref, h.score, best
		case best > h.second:
			h.second = best
		}
	}
	return h
}

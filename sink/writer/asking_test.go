package writer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/sink/writer"
)

// TestAsking goes through a chain's life: a gap is asked for after a grace,
// again when nothing comes and ever more rarely, not while anything comes, and
// another one at once when there is room.
func TestAsking(t *testing.T) {
	now := time.Unix(1000, 0)
	a := writer.NewAsking(2*time.Second, 10*time.Second)
	at := func(after time.Duration, missing []writer.Gap, want ...writer.Gap) {
		t.Helper()
		now = now.Add(after)
		require.Equal(t, want, a.Requests(now, missing), "at %v", now)
	}
	gap := []writer.Gap{{First: 5, Last: 9}}
	at(0, nil)
	a.Due(now)
	at(time.Second, gap)
	at(time.Second, gap, gap...)
	at(time.Second, gap)
	at(time.Second, gap, gap...) // nothing came for 2 s
	at(3*time.Second, gap)
	at(time.Second, gap, gap...) // for 4 s
	at(8*time.Second, gap, gap...)
	at(9*time.Second, gap)
	at(time.Second, gap, gap...) // for 10 s, and so on
	at(10*time.Second, gap, gap...)
	rest := []writer.Gap{{First: 8, Last: 9}}
	at(9*time.Second, rest) // it comes
	at(1900*time.Millisecond, rest)
	rest[0].First = 9
	at(1900*time.Millisecond, rest)
	at(1900*time.Millisecond, rest)
	two := []writer.Gap{{First: 9, Last: 9}, {First: 20, Last: 30}}
	a.Due(now)
	at(100*time.Millisecond, two, two[0]) // nothing came for 2 s
	at(1900*time.Millisecond, two, two[1])
	at(100*time.Second, nil)
	at(100*time.Second, nil)
}

// TestAskingIsBounded: a great loss is asked for in pieces, a few at a time, the
// next ones as soon as these came.
func TestAskingIsBounded(t *testing.T) {
	now := time.Unix(1000, 0)
	a := writer.NewAsking(0, time.Minute)
	missing := []writer.Gap{{First: 1, Last: 40*writer.PerGap - 7}}
	a.Due(now)
	for left := 40; left > 0; {
		got := a.Requests(now, missing)
		require.Len(t, got, min(left, writer.PerRequest))
		for _, g := range got {
			require.LessOrEqual(t, g.Last-g.First, uint64(writer.PerGap-1))
			missing = writer.Without(missing, g.First, g.Last)
		}
		left -= len(got)
		now = now.Add(time.Millisecond)
	}
	require.Empty(t, missing)
	require.Empty(t, a.Requests(now.Add(time.Hour), missing))
}

// TestGaps: the lists' arithmetic is that of sets.
func TestGaps(t *testing.T) {
	const top = 40
	gaps := rapid.Custom(func(t *rapid.T) []writer.Gap {
		var out []writer.Gap
		for _, n := range rapid.SliceOf(rapid.Uint64Range(1, top)).Draw(t, "numbers") {
			out = writer.Join(out, []writer.Gap{{First: n, Last: n}})
		}
		return out
	})
	set := func(gs []writer.Gap) (in [top + 2]bool) {
		for _, g := range gs {
			for n := g.First; n <= g.Last; n++ {
				in[n] = true
			}
		}
		return in
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gaps.Draw(t, "a"), gaps.Draw(t, "b")
		first := rapid.Uint64Range(1, top).Draw(t, "first")
		last := rapid.Uint64Range(first, top).Draw(t, "last")
		inA, inB := set(a), set(b)
		both, join, without := set(writer.Both(a, b)), set(writer.Join(a, b)), set(writer.Without(a, first, last))
		for n := range inA {
			cut := uint64(n) >= first && uint64(n) <= last
			if both[n] != (inA[n] && inB[n]) || join[n] != (inA[n] || inB[n]) || without[n] != (inA[n] && !cut) {
				t.Fatalf("%d: of %v and %v: both %v, join %v, without %d to %d %v", n, a, b, writer.Both(a, b), writer.Join(a, b), first, last, writer.Without(a, first, last))
			}
		}
		for i, g := range writer.Join(a, b) {
			if g.Last < g.First || (i > 0 && g.First <= writer.Join(a, b)[i-1].Last+1) {
				t.Fatalf("not in order and apart: %v", writer.Join(a, b))
			}
		}
	})
}

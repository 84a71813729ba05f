package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"bystander/internal/ort"
	"bystander/match/search"
	"bystander/match/search/graph"
)

func unit(r *rand.Rand, v []float32) {
	var n float64
	for i := range v {
		v[i] = float32(r.NormFloat64())
		n += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] *= float32(1 / math.Sqrt(n))
	}
}

func gallery(t testing.TB, r *rand.Rand, n, copies int) (*search.Index, []int32) {
	t.Helper()
	f := make([]float32, search.Bytes(n)/4+1)
	x, err := search.New(unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), search.Bytes(n)), n)
	require.NoError(t, err)
	groups := make([]int32, n)
	for i := range n {
		if unit(r, x.Row(i)); i > 0 && i%7 < copies {
			copy(x.Row(i), x.Row(i-1))
		}
		x.Seal(i)
		groups[i] = int32(i / 3)
	}
	return x, groups
}

func probes(r *rand.Rand, x *search.Index, n int) []*search.Query {
	out := make([]*search.Query, n)
	for i := range out {
		out[i] = &search.Query{}
		if unit(r, out[i].V[:]); i%3 == 0 {
			copy(out[i].V[:], x.Row(r.IntN(x.Len())))
		}
	}
	return out
}

// TestEqualsTheExactSearch: whatever the device says, the result is that of the
// search of package search, also for galleries of copies, where it must be asked.
func TestEqualsTheExactSearch(t *testing.T) {
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(6, 6))
	for _, c := range []struct{ rows, copies int }{{1, 0}, {2, 0}, {63, 0}, {64, 0}, {65, 1}, {900, 0}, {900, 6}, {5000, 1}} {
		x, groups := gallery(t, r, c.rows, c.copies)
		g, err := graph.New(rt, x, groups, ort.SessionOptions{})
		require.NoError(t, err)
		qs := probes(r, x, 23)
		want, got := make([]search.Result, len(qs)), make([]search.Result, len(qs))
		x.BestOf(qs, groups, []search.Span{{To: c.rows}}, want)
		require.NoError(t, g.BestOf(t.Context(), qs, got))
		for i := range want {
			want[i].Rescored, got[i].Rescored = 0, 0
		}
		require.Equal(t, want, got, "%d rows", c.rows)
		require.NoError(t, g.BestOf(t.Context(), nil, nil))
		require.NoError(t, g.Close())
	}
	x, groups := gallery(t, r, 3, 0)
	_, err = graph.New(rt, x, groups[:2], ort.SessionOptions{})
	require.ErrorIs(t, err, graph.ErrSize)
}

// BenchmarkGraph is a batch of 64 probes against 100,000 rows, beside the search
// on one core.
func BenchmarkGraph(b *testing.B) {
	rt, err := ort.Open(ort.Options{})
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(6, 6))
	x, groups := gallery(b, r, 100_000, 0)
	g, err := graph.New(rt, x, groups, ort.SessionOptions{})
	require.NoError(b, err)
	defer g.Close()
	qs := probes(r, x, 64)
	out := make([]search.Result, len(qs))
	b.Logf("on %v", g.Choice().Provider)
	b.Run("graph", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, g.BestOf(b.Context(), qs, out))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/probe")
	})
	b.Run("one core", func(b *testing.B) {
		for b.Loop() {
			x.BestOf(qs, groups, []search.Span{{To: x.Len()}}, out)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/probe")
	})
}

// Package graph searches a gallery for many probes at once through ONNX Runtime,
// which runs it on a GPU where there is one. The device only proposes: its best
// rows are scored anew in full, and where they do not settle the matter the
// search of package search decides. So the result is the same to the last bit.
//
// The rows lie in the runtime's memory, and on a GPU in the card's, which cannot
// be locked; whoever loads a gallery there has decided that.
package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bystander/internal/ort"
	"bystander/internal/registers"
	"bystander/match/search"
)

// ErrSize reports a gallery that does not fit into one graph.
var ErrSize = errors.New("match/search/graph: size")

// most is how many rows one model may hold: its encoding is bounded to 2 GB.
const most = 1_900_000

// proposals is how many rows the device proposes for each probe.
const proposals = 64

// epsilon bounds what a device's arithmetic may differ by from the exact score
// of two vectors of length 1. Sums of 256 products in float32, in any order, are
// off by less than 256·2⁻²⁴ = 1.5e-5; TF32 is switched off.
const epsilon = 1e-4

// Graph is a gallery on a device. It is safe for concurrent use.
type Graph struct {
	s      *ort.Session
	x      *search.Index
	groups []int32
	k      int
}

// New loads an index, whose rows must all be sealed and stay as they are, onto a
// device. groups is as for search.Index.Best. It fails with ErrSize and the
// errors of ort.Runtime.NewSession.
func New(rt *ort.Runtime, x *search.Index, groups []int32, o ort.SessionOptions) (*Graph, error) {
	n := x.Len()
	if n == 0 || n > most || len(groups) != n {
		return nil, fmt.Errorf("%w: %d rows in %d groups; 1 to %d rows fit", ErrSize, n, len(groups), most)
	}
	g := &Graph{x: x, groups: groups, k: min(proposals, n)}
	model := build(x, g.k)
	defer clear(model)
	var err error
	if g.s, err = rt.NewSession(model, o); err != nil {
		return nil, fmt.Errorf("match/search/graph: %w", err)
	}
	return g, nil
}

// Choice tells where the graph runs.
func (g *Graph) Choice() ort.Choice { return g.s.Choice() }

// Close frees the device's copy.
func (g *Graph) Close() error { return g.s.Close() }

// BestOf is search.Index.BestOf over all rows.
func (g *Graph) BestOf(ctx context.Context, qs []*search.Query, out []search.Result) (err error) {
	if len(qs) == 0 {
		return nil
	}
	registers.Shield(func() { err = g.bestOf(ctx, qs, out) })
	return err
}

func (g *Graph) bestOf(ctx context.Context, qs []*search.Query, out []search.Result) error {
	b, err := g.s.Acquire(ctx, int64(len(qs)), search.Dim)
	if err != nil {
		return fmt.Errorf("match/search/graph: %w", err)
	}
	defer b.Release()
	defer clear(b.Input())
	for i, q := range qs {
		copy(b.Input()[i*search.Dim:], q.V[:])
	}
	if err := b.Run(ctx); err != nil {
		return fmt.Errorf("match/search/graph: %w", err)
	}
	rows := make([]int32, g.k)
	for i, q := range qs {
		scores, numbers := b.Output(0)[i*g.k:(i+1)*g.k], b.Output(1)[i*g.k:(i+1)*g.k]
		if !g.settled(scores, numbers) {
			g.x.BestOf(qs[i:i+1], g.groups, []search.Span{{To: g.x.Len()}}, out[i:i+1])
			continue
		}
		for j, v := range numbers {
			rows[j] = int32(v)
		}
		slices.Sort(rows)
		out[i] = g.x.Among(q, g.groups, rows)
	}
	clear(b.Output(0))
	clear(b.Output(1))
	return nil
}

// settled reports whether no row beyond the proposed ones can be the best, or
// the best of another group.
func (g *Graph) settled(scores, numbers []float32) bool {
	if g.k == g.x.Len() {
		return true
	}
	first := g.groups[int(numbers[0])]
	for j, v := range numbers {
		if g.groups[int(v)] != first {
			return scores[len(scores)-1]+2*epsilon < scores[j]
		}
	}
	return false
}

// Package device finds the best rows of a gallery with an ONNX graph (a product
// of matrices, then the k best), which a GPU runs as one piece. A device adds
// in another order than package search, so that its scores are a little off: it
// names candidates, which are scored anew in full, and a proof that nobody else
// can be among the best. Where the proof fails the whole gallery is searched as
// ever. What is returned is therefore bit for bit what search.Index.Best gives.
//
// The rows lie in the device's memory while a Searcher is open: memory that can
// be neither locked nor, on every GPU, wiped. Who uses it has decided so.
package device

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bystander/internal/ort"
	"bystander/internal/registers"
	"bystander/match/search"
)

// slack is more than a device's float32 sum of search.Dim products may be off:
// 256 additions of values of at most 1, each rounded, twice over. Provider CUDA
// is opened without TF32, which would be off by more.
const slack = 2 * search.Dim * (1.0 / (1 << 23))

// Options say how to search. The zero value gives the defaults.
type Options struct {
	Provider ort.Provider // empty means auto
	Device   int          // GPU, counted from 0
	// Shard is how many rows one graph holds; 0 means a million, for which a
	// model stays below the 2 GB that protobuf allows.
	Shard int
	// Most is how many candidates each shard names; 0 means 64.
	Most int
}

// shard is a part of the rows in a graph of its own.
type shard struct {
	s    *ort.Session
	from int
	k    int
}

// Searcher searches the rows of an index on a device. It is safe for concurrent
// use.
type Searcher struct {
	x      *search.Index
	shards []shard
	choice ort.Choice
}

// ErrEmpty reports an index without rows, which needs no device.
var ErrEmpty = errors.New("match/search/device: no rows")

// New copies the sealed rows of an index to the device. The index must stay as it
// is while the searcher is open. It fails with ErrEmpty and the errors of
// ort.Runtime.NewSession.
func New(rt *ort.Runtime, x *search.Index, o Options) (_ *Searcher, err error) {
	if o.Shard <= 0 {
		o.Shard = 1_000_000
	}
	if o.Most <= 0 {
		o.Most = 64
	}
	o.Shard = min(o.Shard, 1<<20) // 1 GiB of rows, and rows that float32 counts
	if x.Len() == 0 {
		return nil, ErrEmpty
	}
	s := &Searcher{x: x}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for from := 0; from < x.Len(); from += o.Shard {
		n := min(o.Shard, x.Len()-from)
		rows := x.Rows(from, from+n)
		k := min(o.Most, n)
		model := graph(rows, n, search.Dim, k)
		ses, err := rt.NewSession(model, ort.SessionOptions{Provider: o.Provider, Device: o.Device, Parallel: 2, Shapes: 2})
		clear(model)
		if err != nil {
			return nil, fmt.Errorf("match/search/device: %w", err)
		}
		s.shards, s.choice = append(s.shards, shard{ses, from, k}), ses.Choice()
	}
	return s, nil
}

// Choice tells which provider searches and why others do not.
func (s *Searcher) Choice() ort.Choice { return s.choice }

// Close frees the device's memory; it waits for searches under way.
func (s *Searcher) Close() error {
	var errs []error
	for _, h := range s.shards {
		errs = append(errs, h.s.Close())
	}
	return errors.Join(errs...)
}

// Best is search.Index.Best over all rows. proved is false when the device's
// candidates proved nothing and the index was searched as a whole. It fails with
// the device's errors; the caller then searches the index.
func (s *Searcher) Best(ctx context.Context, q *search.Query, groups []int32) (r search.Result, proved bool, err error) {
	registers.Shield(func() { r, proved, err = s.best(ctx, q, groups) })
	return r, proved, err
}

func (s *Searcher) best(ctx context.Context, q *search.Query, groups []int32) (r search.Result, proved bool, err error) {
	rows, least, err := s.candidates(ctx, q)
	if err != nil {
		return search.Result{}, false, err
	}
	r = s.x.Among(q, groups, rows)
	// What the device did not name scores at most slack more than it said, which
	// was at most least. Below the second best it changes nothing.
	if len(rows) == s.x.Len() || r.Second > least+slack {
		return r, true, nil
	}
	return s.x.Best(q, groups, []search.Span{{From: 0, To: s.x.Len()}}), false, nil
}

// candidates asks every shard for its best rows. least bounds from above what the
// device gave any other row.
func (s *Searcher) candidates(ctx context.Context, q *search.Query) (rows []int32, least float32, err error) {
	least = -2
	for _, h := range s.shards {
		b, err := h.s.Acquire(ctx, 1, search.Dim)
		if err != nil {
			return nil, 0, fmt.Errorf("match/search/device: %w", err)
		}
		copy(b.Input(), q.V[:])
		err = b.Run(ctx)
		clear(b.Input())
		if err == nil {
			best, at := b.Output(0), b.Output(1)
			for _, v := range at {
				rows = append(rows, int32(h.from)+int32(v))
			}
			least = max(least, best[h.k-1])
			clear(best)
		}
		b.Release()
		if err != nil {
			return nil, 0, fmt.Errorf("match/search/device: %w", err)
		}
	}
	slices.Sort(rows)
	return rows, least, nil
}

package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"bystander/internal/ort"
	"bystander/internal/ort/batch"
	"bystander/internal/registers"
	"bystander/match"
)

// wipeAfter is how long what ONNX Runtime computed of a face may lie in memory
// of its own when no other face follows, and wipeBy how long when faces follow
// that may be computed elsewhere: in another turn, or in a run of another size.
const (
	wipeAfter = 250 * time.Millisecond
	wipeBy    = time.Second
)

// place is the model on one device. It wipes every tensor that is given back.
// ONNX Runtime, however, keeps the results of its last layers, the embedding
// among them, in an arena that only the next run of that size overwrites; so runs
// on empty pictures follow when no face has been embedded for wipeAfter, after
// wipeBy at the latest where the next face may leave that memory as it is, and
// before Close returns.
type place struct {
	s        *ort.Session
	parallel int

	turns *semaphore.Weighted // one for a run, all for a wipe

	mu     sync.Mutex
	used   []int64   // sizes of runs since the last wipe
	since  time.Time // the first of them
	timer  *time.Timer
	closed bool
	wg     sync.WaitGroup // a wipe begun by the timer
	left   func(*place)   // told once it is closed
}

var _ batch.Session = (*place)(nil)

func newPlace(s *ort.Session, parallel int, left func(*place)) *place {
	p := &place{s: s, parallel: max(parallel, 1), left: left}
	p.turns = semaphore.NewWeighted(int64(p.parallel))
	p.timer = time.AfterFunc(time.Hour, p.idle)
	p.timer.Stop()
	return p
}

// Acquire implements batch.Session.
func (p *place) Acquire(ctx context.Context, shape ...int64) (batch.Binding, error) {
	b, err := p.s.Acquire(ctx, shape...)
	if err != nil {
		return nil, err
	}
	return &private{b, p, shape[0]}, nil
}

// Close implements batch.Session. What a device that was lost still holds cannot
// be wiped; that is no error, since nothing more can be done.
func (p *place) Close() error {
	p.mu.Lock()
	was := p.closed
	p.closed = true
	p.timer.Stop()
	p.mu.Unlock()
	p.wg.Wait()
	if was {
		return nil
	}
	_ = p.wipe(context.Background())
	if p.left != nil {
		p.left(p)
	}
	return p.s.Close()
}

// ran notes a run and lets a wipe follow unless another face comes first.
func (p *place) ran(size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if len(p.used) == 0 {
		p.since = now
	}
	if !slices.Contains(p.used, size) {
		p.used = append(p.used, size)
	}
	if p.closed {
		return
	}
	rest := wipeAfter
	if p.parallel > 1 || len(p.used) > 1 {
		rest = min(rest, max(wipeBy-now.Sub(p.since), 0))
	}
	p.timer.Reset(rest)
}

// idle is called by the timer; Close waits for it.
func (p *place) idle() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.wg.Add(1)
	p.mu.Unlock()
	defer p.wg.Done()
	// A run that fails was reported to whoever embedded; the next one overwrites.
	_ = p.wipe(context.Background())
}

// wipe runs the model on empty pictures, in every size and every turn in which a
// face may have been computed, and has what signals wrote of the registers
// meanwhile overwritten.
func (p *place) wipe(ctx context.Context) error {
	if err := p.turns.Acquire(ctx, int64(p.parallel)); err != nil {
		return fmt.Errorf("match/onnx: wipe: %w", err)
	}
	defer p.turns.Release(int64(p.parallel))
	p.mu.Lock()
	sizes := p.used
	p.used = nil
	p.mu.Unlock()
	var errs []error
	for _, n := range sizes {
		if err := p.blank(ctx, n); err != nil {
			errs = append(errs, fmt.Errorf("match/onnx: wipe: %w", err))
			p.mu.Lock()
			p.used, p.since = append(p.used, n), time.Now()
			p.mu.Unlock()
		}
	}
	registers.Clear()
	registers.Flush()
	return errors.Join(errs...)
}

// blank runs n empty pictures in every turn.
func (p *place) blank(ctx context.Context, n int64) error {
	var all []*ort.Binding
	defer func() {
		for _, b := range all {
			b.Release()
		}
	}()
	for range p.parallel {
		b, err := p.s.Acquire(ctx, n, 3, match.ChipSide, match.ChipSide)
		if err != nil {
			return err
		}
		clear(b.Input())
		all = append(all, b)
	}
	// At the same time, since runs that do not overlap share one place.
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, b := range all {
		wg.Go(func() {
			errs[i] = b.Run(ctx)
			clear(b.Output(0))
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// private are tensors that hold faces and embeddings. Whoever had them last, who
// asked, a worker, or nobody because it came too late, they are empty when they
// are given back.
type private struct {
	*ort.Binding
	p    *place
	size int64
}

// Run implements batch.Binding.
func (b *private) Run(ctx context.Context) error {
	if err := b.p.turns.Acquire(ctx, 1); err != nil {
		return err
	}
	defer b.p.turns.Release(1)
	err := b.Binding.Run(ctx)
	b.p.ran(b.size)
	return err
}

// Release implements batch.Binding.
func (b *private) Release() {
	clear(b.Input())
	for i := range b.Outputs() {
		clear(b.Output(i))
	}
	b.Binding.Release()
}

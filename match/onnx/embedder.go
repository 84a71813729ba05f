// Package onnx runs the face embedder on ONNX Runtime.
package onnx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bystander/internal/ort"
	"bystander/match"
	"bystander/match/internal/registers"
)

// ErrModel reports a model whose input or output is not that of the embedder.
var ErrModel = errors.New("match/onnx: not a model this program knows")

// Model is a model file that the manifest vouches for.
type Model struct {
	Name   string
	Data   []byte
	SHA256 string // hex
}

// wipeAfter is how long what ONNX Runtime computed of a face may lie in memory
// of its own when no other face follows.
const wipeAfter = 250 * time.Millisecond

// Embedder runs face-reidentification-retail-0095: input 1×3×128×128, BGR,
// 0–255; output 1×256×1×1. It is safe for concurrent use.
//
// Its tensors are wiped before Embed returns. ONNX Runtime, however, keeps the
// results of its last layers, the embedding among them, in an arena that only
// the next run overwrites; so a run on an empty picture follows when no face
// has been embedded for wipeAfter, and before Close returns.
type Embedder struct {
	s        *ort.Session
	info     match.EmbedderInfo
	parallel int

	wiping sync.Mutex // one at a time, since each takes every turn
	mu     sync.Mutex
	timer  *time.Timer
	closed bool
	wg     sync.WaitGroup // a wipe begun by the timer
}

var (
	_ match.Embedder = (*Embedder)(nil)
	_ match.Wiper    = (*Embedder)(nil)
)

// New loads the embedder. It fails with the errors of ort.Runtime.NewSession
// and with ErrModel.
func New(rt *ort.Runtime, m Model, o ort.SessionOptions) (*Embedder, error) {
	s, err := rt.NewSession(m.Data, o)
	if err != nil {
		return nil, fmt.Errorf("match/onnx: %s: %w", m.Name, err)
	}
	e := &Embedder{s: s, info: match.EmbedderInfo{Name: m.Name, Digest: m.SHA256, Provider: string(s.Choice().Provider)}, parallel: max(o.Parallel, 1)}
	e.timer = time.AfterFunc(time.Hour, e.idle)
	e.timer.Stop()
	b, err := s.Acquire(context.Background(), 1, 3, match.ChipSide, match.ChipSide)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("match/onnx: %s: %w", m.Name, err), s.Close())
	}
	n := len(b.Output(0))
	b.Release()
	if n != match.Dim {
		return nil, errors.Join(fmt.Errorf("%w: %s gives %d values, want %d", ErrModel, m.Name, n, match.Dim), s.Close())
	}
	return e, nil
}

// Info implements match.Embedder.
func (e *Embedder) Info() match.EmbedderInfo { return e.info }

// Close implements match.Embedder; it waits for calls under way.
func (e *Embedder) Close() error {
	e.mu.Lock()
	was := e.closed
	e.closed = true
	e.timer.Stop()
	e.mu.Unlock()
	e.wg.Wait()
	if was {
		return nil
	}
	err := e.Wipe(context.Background())
	return errors.Join(err, e.s.Close())
}

// soon lets a wipe follow unless another face comes first.
func (e *Embedder) soon() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.timer.Reset(wipeAfter)
	}
}

// idle is called by the timer; Close waits for it.
func (e *Embedder) idle() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.wg.Add(1)
	e.mu.Unlock()
	defer e.wg.Done()
	// A run that fails was reported to whoever embedded; the next one overwrites.
	_ = e.Wipe(context.Background())
}

// Wipe implements match.Wiper: it runs the model on an empty picture in every
// place where a face may have been computed, and has what signals wrote of the
// registers meanwhile overwritten.
func (e *Embedder) Wipe(ctx context.Context) error {
	e.wiping.Lock()
	defer e.wiping.Unlock()
	var all []*ort.Binding
	defer func() {
		for _, b := range all {
			b.Release()
		}
	}()
	for range e.parallel {
		b, err := e.s.Acquire(ctx, 1, 3, match.ChipSide, match.ChipSide)
		if err != nil {
			return fmt.Errorf("match/onnx: wipe: %w", err)
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
	registers.Clear()
	registers.Flush()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("match/onnx: wipe: %w", err)
	}
	return nil
}

// Embed implements match.Embedder. Input and output tensors, which hold a face
// and its embedding, are wiped before they go back to the session.
func (e *Embedder) Embed(ctx context.Context, c *match.Chip, dst *match.Probe) error {
	dst.Wipe()
	b, err := e.s.Acquire(ctx, 1, 3, match.ChipSide, match.ChipSide)
	if err != nil {
		return fmt.Errorf("match/onnx: %w", err)
	}
	defer b.Release()
	defer e.soon()
	defer clear(b.Input())
	copy(b.Input(), c.Planar())
	err = b.Run(ctx)
	registers.Clear()
	if err != nil {
		clear(b.Output(0))
		return fmt.Errorf("match/onnx: %w", err)
	}
	return dst.Set(b.Output(0)) // wipes the output
}

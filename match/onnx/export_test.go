package onnx

import (
	"context"
	"time"
)

// Unwiped is since when something may lie in the memory of the embedder's first
// device.
func (e *Embedder) Unwiped() time.Time {
	e.mu.Lock()
	p := e.places[0]
	e.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.since
}

// Stall makes every device of the embedder hang in its runs until resume is
// called.
func (e *Embedder) Stall(ctx context.Context) (resume func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var held []*place
	resume = func() {
		for _, p := range held {
			p.turns.Release(int64(p.parallel))
		}
	}
	for _, p := range e.places {
		if err := p.turns.Acquire(ctx, int64(p.parallel)); err != nil {
			resume()
			return nil, err
		}
		held = append(held, p)
	}
	return resume, nil
}

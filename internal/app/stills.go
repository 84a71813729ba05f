package app

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bystander/api/zones"
	"bystander/internal/frame"
	"bystander/redact"
)

// stillWait is how long somebody waits for a picture on which nobody is clear.
const stillWait = 5 * time.Second

// stillDesk hands out single redacted pictures of one camera, to those who draw
// zones on them. A nil desk hands out none.
type stillDesk struct {
	asked atomic.Int32

	mu      sync.Mutex
	waiting map[chan *frame.Redacted]struct{} // each has room for its one picture
}

// offer gives a finished picture to whoever waits for one. A picture on which
// somebody is clear, by whatever consent, or which is masked as a whole, is not
// given.
func (d *stillDesk) offer(o redact.Out) {
	if d == nil || d.asked.Load() == 0 || o.Record.FullMask() || o.Stats.Clear+o.Stats.ClearRecord > 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for ch := range d.waiting {
		ch <- o.Record.Retain()
		delete(d.waiting, ch)
	}
	d.asked.Store(0)
}

// next waits for a picture; the caller releases it.
func (d *stillDesk) next(ctx context.Context) (*frame.Redacted, error) {
	ch := make(chan *frame.Redacted, 1)
	d.mu.Lock()
	if d.waiting == nil {
		d.waiting = map[chan *frame.Redacted]struct{}{}
	}
	d.waiting[ch] = struct{}{}
	d.asked.Add(1)
	d.mu.Unlock()
	select {
	case p := <-ch:
		return p, nil
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, still := d.waiting[ch]; !still { // it came in the meantime
		return <-ch, nil
	}
	delete(d.waiting, ch)
	d.asked.Add(-1)
	return nil, ctx.Err()
}

// stills answers zones.Stills from the running cameras, and those of edges.
type stills struct {
	cameras *fleet
	peers   *peers // whose edges have others; may be nil
}

var _ zones.Stills = stills{}

// Still implements zones.Stills.
func (s stills) Still(ctx context.Context, id string) ([]byte, error) {
	c, ok := s.cameras.get(id)
	if !ok {
		return s.peers.remoteStill(ctx, id)
	}
	ctx, cancel := context.WithTimeout(ctx, stillWait)
	defer cancel()
	p, err := c.out.stills.next(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", zones.ErrNoStill, err)
	}
	defer p.Release()
	return encodeJPEG(p.Planes(), p.Meta().Colour)
}

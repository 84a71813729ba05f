package session

import (
	"crypto/rand"
	"sync"
	"time"
)

// Bounds of what waits for a browser to come back.
const (
	pendingTerm = 5 * time.Minute
	maxPending  = 2000
)

// pending keeps what was begun and waits to be finished, each once: ceremonies
// with passkeys, journeys to an identity provider. It is bounded: when it is
// full the oldest goes.
type pending[T any] struct {
	now func() time.Time

	mu    sync.Mutex
	by    map[string]begun[T]
	order []string // by age; may name what is finished
}

type begun[T any] struct {
	what  T
	until time.Time
}

func newPending[T any](now func() time.Time) *pending[T] {
	return &pending[T]{now: now, by: map[string]begun[T]{}}
}

// put keeps what until it is taken and returns what it is taken by.
func (p *pending[T]) put(what T) string {
	id := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for len(p.order) > 0 {
		oldest, ok := p.by[p.order[0]]
		if ok && len(p.by) < maxPending && now.Before(oldest.until) {
			break
		}
		delete(p.by, p.order[0])
		p.order = p.order[1:]
	}
	p.by[id] = begun[T]{what, now.Add(pendingTerm)}
	p.order = append(p.order, id)
	return id
}

// take returns what was kept, once.
func (p *pending[T]) take(id string) (T, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.by[id]
	delete(p.by, id)
	if !ok || !p.now().Before(b.until) {
		var none T
		return none, false
	}
	return b.what, true
}

// newText returns more than 128 random bits as text.
func newText() string { return rand.Text() }

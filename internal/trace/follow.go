package trace

import (
	"sync"
	"time"
)

// Followed remembers which events are followed, by id, until they have left for
// every store. It is bounded: the oldest are forgotten first, and are then simply
// not followed any further. A nil Followed remembers nothing.
type Followed struct {
	mu   sync.Mutex
	most int
	by   map[string]Mark
	ids  []string // in order of coming
}

// Mark is what is remembered of an event.
type Mark struct {
	Ref    Ref       // of the event
	Logged time.Time // when it was durable; zero before
}

// NewFollowed returns a memory of up to most events.
func NewFollowed(most int) *Followed {
	return &Followed{most: max(most, 1), by: map[string]Mark{}}
}

// Put remembers an event, or that it was logged.
func (f *Followed) Put(id string, m Mark) {
	if f == nil || !m.Ref.Followed() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.by[id]; !known {
		if len(f.ids) >= f.most {
			delete(f.by, f.ids[0])
			f.ids = append(f.ids[:0], f.ids[1:]...)
		}
		f.ids = append(f.ids, id)
	}
	f.by[id] = m
}

// Get returns what is remembered of an event.
func (f *Followed) Get(id string) (Mark, bool) {
	if f == nil {
		return Mark{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.by[id]
	return m, ok
}

// AppendParent appends the traceparent of an event that is followed, and returns
// dst as it is for any other.
func (f *Followed) AppendParent(dst []byte, id string) []byte {
	m, _ := f.Get(id)
	return m.Ref.AppendParent(dst)
}

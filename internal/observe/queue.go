package observe

import (
	"sync"
	"time"
)

// Queue watches a bounded first-in first-out queue that is kept elsewhere, a
// channel mostly: how much waits, and since when the oldest does. A nil Queue
// watches nothing. It is safe for concurrent use and does not allocate once it has
// its size.
type Queue struct {
	limit int

	mu      sync.Mutex
	at      []time.Time // a ring
	head, n int
	dropped uint64
}

// QueueState is a queue at one moment.
type QueueState struct {
	Depth, Limit int
	Oldest       time.Duration // since when the oldest waits; 0 where nothing does
	Dropped      uint64        // what was given up since the start
}

// NewQueue returns the watch of a queue that holds up to limit. Whoever waits to
// get in counts, too.
func NewQueue(limit int) *Queue {
	return &Queue{limit: limit, at: make([]time.Time, limit+1)}
}

// In notes that something began to wait.
func (q *Queue) In(now time.Time) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n == len(q.at) { // several wait to get in
		more := make([]time.Time, 2*len(q.at))
		for i := range q.n {
			more[i] = q.at[(q.head+i)%len(q.at)]
		}
		q.at, q.head = more, 0
	}
	q.at[(q.head+q.n)%len(q.at)] = now
	q.n++
}

// Out notes that the oldest was taken.
func (q *Queue) Out() { q.out(false) }

// Drop notes that the oldest was given up.
func (q *Queue) Drop() { q.out(true) }

func (q *Queue) out(dropped bool) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if dropped {
		q.dropped++
	}
	if q.n > 0 {
		q.head = (q.head + 1) % len(q.at)
		q.n--
	}
}

// State returns a snapshot.
func (q *Queue) State(now time.Time) QueueState {
	if q == nil {
		return QueueState{}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	s := QueueState{Depth: q.n, Limit: q.limit, Dropped: q.dropped}
	if q.n > 0 {
		s.Oldest = max(now.Sub(q.at[q.head]), 0)
	}
	return s
}

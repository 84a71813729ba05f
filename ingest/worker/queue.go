package worker

import (
	"context"
	"sync"
	"time"

	"bystander/internal/frame"
)

// queue holds the pictures between a session and Next. It owns what is in it.
type queue struct {
	mu      sync.Mutex
	ring    []*frame.Raw
	head, n int
	end     error // set once: nothing more will be put
	taking  int   // who wait in get
	filled  chan struct{}
	late    chan struct{} // signalled by a put that nobody waits for
	freed   chan struct{}
	ended   chan struct{} // closed when end is set
}

func newQueue(size int) *queue {
	return &queue{
		ring:   make([]*frame.Raw, size),
		filled: make(chan struct{}, 1), late: make(chan struct{}, 1), freed: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// put takes r over. When the queue is full the oldest picture makes room for it,
// which put reports. After the end r is released.
func (q *queue) put(r *frame.Raw) (dropped bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end != nil {
		r.Release()
		return true
	}
	if q.n == len(q.ring) {
		q.shift().Release()
		dropped = true
	}
	q.ring[(q.head+q.n)%len(q.ring)] = r
	q.n++
	if q.taking == 0 {
		signal(q.late)
	}
	signal(q.filled)
	return dropped
}

// dropOldest releases the oldest waiting picture, if there is one.
func (q *queue) dropOldest() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n == 0 {
		return false
	}
	q.shift().Release()
	signal(q.freed)
	return true
}

// waitRoom waits until put would drop nothing.
func (q *queue) waitRoom(ctx context.Context) error {
	for {
		q.mu.Lock()
		room := q.n < len(q.ring)
		q.mu.Unlock()
		if room {
			return nil
		}
		select {
		case <-q.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// get waits for a picture and hands it over. What was put before the end is
// delivered before the end's error.
func (q *queue) get(ctx context.Context) (*frame.Raw, error) {
	for took := 0; ; took = 1 {
		q.mu.Lock()
		q.taking -= took
		if q.n > 0 {
			r := q.shift()
			if q.n > 0 {
				signal(q.filled) // for another waiter
			}
			signal(q.freed)
			q.mu.Unlock()
			return r, nil
		}
		end := q.end
		if end == nil {
			q.taking++
		}
		q.mu.Unlock()
		if end != nil {
			return nil, end
		}
		select {
		case <-q.filled:
		case <-q.ended:
		case <-ctx.Done():
			q.mu.Lock()
			defer q.mu.Unlock()
			q.taking--
			return nil, ctx.Err()
		}
	}
}

// finish sets the error that follows the last picture; the first one holds.
func (q *queue) finish(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		q.end = err
		close(q.ended)
	}
}

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n
}

// state tells how many pictures wait, and since when the oldest does.
func (q *queue) state(now time.Time) (n int, oldest time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n > 0 {
		if at := q.ring[q.head].Passage.Taken; !at.IsZero() {
			oldest = max(now.Sub(at), 0)
		}
	}
	return q.n, oldest
}

// discard releases what nobody will take.
func (q *queue) discard() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n > 0 {
		q.shift().Release()
	}
}

func (q *queue) shift() *frame.Raw {
	r := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return r
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

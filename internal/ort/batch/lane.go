package batch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// state is where a request is.
type state int

const (
	idle    state = iota // with who asked, or on the free list
	queued               // waits
	running              // with a worker
	givenUp              // with a worker, and nobody waits for it any more
)

// Request is one question to the model. It belongs to one goroutine from Acquire
// to Release. After Run failed only Release may be called.
type Request struct {
	lane  *Lane
	seat  *seat
	bind  Binding
	shape [4]int64
	done  chan error
	timer *time.Timer
	until time.Time // zero: it waits as long as it takes
	cpu   time.Duration

	// Under the queue's lock.
	state state
	asked time.Time
	// Of who asked.
	gone bool
}

// size is what a request costs, in input values.
func (r *Request) size() int64 { return r.shape[0] * r.shape[1] * r.shape[2] * r.shape[3] }

// Input is to be filled before Run. It holds what an earlier request left there.
func (r *Request) Input() []float32 { return r.bind.Input() }

// Output is the i-th output after Run, valid until Release.
func (r *Request) Output(i int) []float32 { return r.bind.Output(i) }

// OutputShape is the shape of the i-th output.
func (r *Request) OutputShape(i int) []int64 { return r.bind.OutputShape(i) }

// Run asks and waits for the answer. It fails with ErrLate when the lane's
// patience ends first, with ctx's error, with ErrLost or the device's own error
// when that fails, and with ErrClosed.
func (r *Request) Run(ctx context.Context) error {
	q := r.seat.q
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := q.submit(r); err != nil {
		return err
	}
	var late <-chan time.Time
	if !r.until.IsZero() {
		r.timer.Reset(time.Until(r.until))
		late = r.timer.C
	}
	var err error
	select {
	case err = <-r.done:
	case <-late:
		err = r.giveUp(ErrLate)
	case <-ctx.Done():
		err = r.giveUp(ctx.Err())
	}
	r.timer.Stop()
	if !r.gone {
		r.lane.cpu.Add(int64(r.cpu))
		r.cpu = 0
	}
	return err
}

// giveUp stops waiting; an answer that has come meanwhile counts. From a worker
// that runs it the request is not taken away: the worker gives its tensors back.
func (r *Request) giveUp(why error) error {
	was := r.seat.q.withdraw(r)
	if was == idle {
		return <-r.done
	}
	r.gone = was == running
	return why
}

// Release gives the tensors back. It is called once for each Acquire.
func (r *Request) Release() {
	if r.gone {
		return
	}
	r.recycle()
}

func (r *Request) recycle() {
	r.bind.Release()
	r.bind = nil
	r.seat.free <- r // never blocks: it came from there
}

// LaneOptions say how a camera is served.
type LaneOptions struct {
	// Patience is how long a request may take, from Acquire on, before it is
	// answered ErrLate. 0 waits as long as it takes: for recordings.
	Patience time.Duration
	// Weight is the camera's share where all ask for more than there is; 0 means
	// 1.
	Weight float64
}

// Lane is one camera's way to a model. It is safe for concurrent use.
type Lane struct {
	m    *Model
	name string
	o    LaneOptions
	home *device // nil when only devices of last resort are there
	cpu  atomic.Int64

	mu     sync.Mutex
	seats  []*seat // by device; nil until first used
	closed bool
}

// Acquire waits for a place and gives tensors for an input of the given shape,
// whose first dimension is 1. It fails with ErrLate, ErrNoDevice, ErrClosed,
// ctx's error, and the session's own errors.
func (l *Lane) Acquire(ctx context.Context, shape [4]int64) (*Request, error) {
	var until time.Time
	if l.o.Patience > 0 {
		until = time.Now().Add(l.o.Patience)
	}
	d, s, err := l.sit()
	if err != nil {
		return nil, err
	}
	r, err := s.take(ctx, until)
	if err != nil {
		return nil, err
	}
	r.lane, r.until, r.shape, r.gone = l, until, shape, false
	if r.bind, err = s.q.s.Acquire(ctx, r.shape[:]...); err != nil {
		s.free <- r
		if ctx.Err() == nil && !s.q.own(err) {
			s.q.fail(err)
		}
		return nil, err
	}
	if d.shape.Load() == nil {
		first := r.shape
		d.shape.Store(&first)
	}
	return r, nil
}

// take waits for a free request. A camera whose requests hang on the device is
// told at once.
func (s *seat) take(ctx context.Context, until time.Time) (*Request, error) {
	select {
	case r := <-s.free:
		return r, nil
	default:
	}
	s.q.mu.Lock()
	hung := s.away > 0
	s.q.mu.Unlock()
	if hung && !until.IsZero() {
		return nil, ErrLate
	}
	var late <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		late = t.C
	}
	select {
	case r := <-s.free:
		return r, nil
	case <-late:
		return nil, ErrLate
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.q.stop:
		return nil, s.q.why()
	}
}

func (q *queue) why() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// sit finds the lane's device and its seat there.
func (l *Lane) sit() (*device, *seat, error) {
	d, q := l.m.choose(l.home)
	if d == nil {
		return nil, nil, l.m.none()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, ErrClosed
	}
	s := l.seats[d.index]
	if s == nil || s.q != q {
		s = q.seat(l.o.Weight)
		l.seats[d.index] = s
	}
	return d, s, nil
}

// CPU is the processor time that the model's runs took for this lane.
func (l *Lane) CPU() time.Duration { return time.Duration(l.cpu.Load()) }

// Home names the device that the lane was placed on, empty when none is its own.
func (l *Lane) Home() string {
	if l.home == nil {
		return ""
	}
	return l.home.name
}

// Close gives the lane's places up. Requests under way are finished.
func (l *Lane) Close() {
	l.mu.Lock()
	seats, was := l.seats, l.closed
	l.closed, l.seats = true, nil
	l.mu.Unlock()
	if was {
		return
	}
	for _, s := range seats {
		if s != nil {
			s.q.leave(s)
		}
	}
	l.m.left(l.home)
}

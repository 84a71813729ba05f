package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// hangWait bounds how long closing waits for a run that does not end.
const hangWait = 5 * time.Second

// queue joins the requests for one model on one device.
type queue struct {
	s    Session
	o    Options
	lost func(error) // told once, from a worker or its watchdog

	ready   chan struct{}  // wakes workers; a full one wakes enough of them
	stop    chan struct{}  // closed when no request is taken any more
	workers sync.WaitGroup // waited for by close
	ended   chan struct{}  // closed when the workers are done
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex
	seats   []*seat
	now     float64 // virtual time: that of the seat served last
	waiting int
	closed  error // why nothing is taken any more
	badRuns int   // in a row, of values that are no numbers
	stats   Stats
}

func newQueue(s Session, o Options, lost func(error)) *queue {
	o = o.filled()
	ctx, cancel := context.WithCancel(context.Background())
	q := &queue{
		s: s, o: o, lost: lost, ready: make(chan struct{}, o.Workers),
		stop: make(chan struct{}), ended: make(chan struct{}), ctx: ctx, cancel: cancel,
	}
	for range o.Workers {
		q.workers.Go(q.work)
	}
	go func() { // waited for through ended
		q.workers.Wait()
		close(q.ended)
	}()
	return q
}

// seat is a lane's place in a queue.
type seat struct {
	q      *queue
	weight float64
	free   chan *Request

	// Under q.mu.
	line    []*Request // those that wait, oldest first; at most Depth
	running int
	time    float64 // virtual: what it was given, by its weight
	away    int     // requests given up while they ran
}

func (q *queue) seat(weight float64) *seat {
	s := &seat{q: q, weight: weight, free: make(chan *Request, q.o.Depth), line: make([]*Request, 0, q.o.Depth)}
	for range q.o.Depth {
		r := &Request{seat: s, done: make(chan error, 1), timer: time.NewTimer(time.Hour)}
		r.timer.Stop()
		s.free <- r
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	s.time = q.now
	q.seats = append(q.seats, s)
	return s
}

// leave takes a seat out of the queue. Its requests under way are finished.
func (q *queue) leave(s *seat) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.seats, s); i >= 0 {
		q.seats = slices.Delete(q.seats, i, i+1)
	}
	q.wake()
}

// wake lets a worker look. Workers look until nothing is left before they sleep,
// so that a wake-up that finds no room is not missed.
func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// submit puts a filled request into its camera's line.
func (q *queue) submit(r *Request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed != nil {
		return q.closed
	}
	s := r.seat
	if len(s.line) == 0 && s.running == 0 {
		// Who was idle does not collect a claim on what the others used.
		s.time = max(s.time, q.now)
	}
	r.state, r.asked = queued, time.Now()
	s.line = append(s.line, r)
	q.waiting++
	q.wake()
	return nil
}

// withdraw gives a request up and returns where it was: idle when the answer is
// there already.
func (q *queue) withdraw(r *Request) state {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := r.state
	switch was {
	case queued:
		r.seat.drop(r)
		q.waiting--
		r.state = idle
	case running:
		r.state = givenUp
		r.seat.away++
	case idle, givenUp:
		return idle
	}
	q.stats.Late++
	return was
}

// own reports whether an error is a request's own and no fault of the device.
func (q *queue) own(err error) bool { return q.o.Faulty != nil && q.o.Faulty(err) }

func (s *seat) drop(r *Request) {
	if i := slices.Index(s.line, r); i >= 0 {
		s.line = slices.Delete(s.line, i, i+1)
	}
}

// work serves requests until the queue is closed and empty.
func (q *queue) work() {
	w := worker{q: q, batch: make([]*Request, 0, q.o.Batch)}
	w.guarded = func() { w.filled, w.err = w.run() }
	w.wait = time.NewTimer(time.Hour)
	w.wait.Stop()
	w.dog = time.AfterFunc(time.Hour, func() { q.fail(fmt.Errorf("%w: a run takes longer than %v", ErrHung, q.o.Stall)) })
	w.dog.Stop()
	for {
		due, n := w.pick()
		switch {
		case n > 0:
			w.serve()
		case due > 0:
			w.wait.Reset(due)
			select {
			case <-w.wait.C:
			case <-q.ready:
			case <-q.stop:
			}
			w.wait.Stop()
		default:
			select {
			case <-q.ready:
			case <-q.stop:
				return
			}
		}
	}
}

// worker is what one goroutine of a queue works with.
type worker struct {
	q     *queue
	batch []*Request
	wait  *time.Timer
	dog   *time.Timer

	guarded func() // run, whose results it leaves here
	filled  int
	err     error
}

// pick takes the next run's requests: first that of the camera which was given
// least, then others of its shape in the same order. When it pays to wait for
// more it takes none and says how long.
func (w *worker) pick() (due time.Duration, n int) {
	q := w.q
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.expire(now)
	first := q.next(nil)
	if first == nil {
		return 0, 0
	}
	head := first.line[0]
	if q.closed == nil && q.o.Batch > 1 && q.o.Wait > 0 {
		if left := q.o.Wait - now.Sub(q.oldest(head)); left > 0 && q.worthWaiting(head) {
			return left, 0
		}
	}
	w.batch = w.batch[:0]
	for s := first; s != nil && len(w.batch) < q.o.Batch; s = q.next(head) {
		r := s.line[0]
		s.line = slices.Delete(s.line, 0, 1)
		s.running++
		q.waiting--
		q.now = max(q.now, s.time)
		s.time += float64(r.size()) / s.weight
		r.state = running
		q.stats.Waited += now.Sub(r.asked)
		w.batch = append(w.batch, r)
	}
	return 0, len(w.batch)
}

// next is the seat to be served next, of those whose first request has like's
// shape; nil when there is none.
func (q *queue) next(like *Request) *seat {
	var best *seat
	for _, s := range q.seats {
		if len(s.line) == 0 || like != nil && s.line[0].shape != like.shape {
			continue
		}
		if best == nil || s.time < best.time {
			best = s
		}
	}
	return best
}

// oldest is when the first of the requests of head's shape was asked.
func (q *queue) oldest(head *Request) time.Time {
	at := head.asked
	for _, s := range q.seats {
		if len(s.line) > 0 && s.line[0].shape == head.shape && s.line[0].asked.Before(at) {
			at = s.line[0].asked
		}
	}
	return at
}

// worthWaiting reports whether a run of head's shape has room and somebody may
// still ask.
func (q *queue) worthWaiting(head *Request) bool {
	n, silent := 0, false
	for _, s := range q.seats {
		switch {
		case len(s.line) > 0 && s.line[0].shape == head.shape:
			n++
		case len(s.line) == 0 && s.running == 0:
			silent = true
		}
	}
	return n < q.o.Batch && silent
}

// expire answers requests whose time has passed.
func (q *queue) expire(now time.Time) {
	for _, s := range q.seats {
		for len(s.line) > 0 && !s.line[0].until.IsZero() && !now.Before(s.line[0].until) {
			r := s.line[0]
			s.line = slices.Delete(s.line, 0, 1)
			q.waiting--
			q.stats.Late++
			r.state = idle
			r.done <- ErrLate
		}
	}
}

// serve runs the picked requests and answers them.
func (w *worker) serve() {
	q := w.q
	// Processor time is a thread's.
	runtime.LockOSThread()
	cpu, begun := threadTime(), time.Now()
	w.dog.Reset(q.o.Stall)
	q.o.Guard(w.guarded)
	filled, err := w.filled, w.err
	w.dog.Stop()
	took, used := time.Since(begun), threadTime()-cpu
	runtime.UnlockOSThread()
	n := len(w.batch)
	for _, r := range w.batch {
		r.cpu = used / time.Duration(n)
	}
	bad := err != nil && q.own(err)
	q.mu.Lock()
	q.stats.Runs++
	q.stats.Filled += uint64(filled) //nolint:gosec // not negative
	q.stats.Running += took
	q.stats.CPU += used
	q.stats.Sizes[sizeClass(n)]++
	if bad {
		q.badRuns++
	} else {
		q.badRuns = 0
	}
	lost := err != nil && (!bad || q.badRuns >= q.o.MostFaulty)
	q.mu.Unlock()
	if lost { // before anybody is answered, so that nobody asks here again
		q.fail(err)
	}
	if bad && n > 1 {
		w.alone()
		return
	}
	for _, r := range w.batch {
		q.answer(r, err)
	}
}

// alone runs each request of a run by itself, since one of them made the others
// worthless.
func (w *worker) alone() {
	for _, r := range w.batch {
		w.dog.Reset(w.q.o.Stall)
		var err error
		w.q.o.Guard(func() { err = r.bind.Run(w.q.ctx) })
		w.dog.Stop()
		w.q.answer(r, err)
	}
}

// run computes the picked requests, in one run where there are several.
func (w *worker) run() (filled int, err error) {
	q, n := w.q, len(w.batch)
	if n == 1 {
		return 0, w.batch[0].bind.Run(q.ctx)
	}
	m := 1
	for m < n {
		m *= 2
	}
	m = min(m, q.o.Batch)
	shape := &w.batch[0].shape
	// The device makes ready for a new shape at leisure: no watchdog.
	w.dog.Stop()
	b, err := q.s.Acquire(q.ctx, int64(m)*shape[0], shape[1], shape[2], shape[3])
	if err != nil {
		return 0, err
	}
	defer b.Release()
	in := b.Input()
	one := len(in) / m
	for i, r := range w.batch {
		copy(in[i*one:(i+1)*one], r.bind.Input())
	}
	clear(in[n*one:])
	w.dog.Reset(q.o.Stall)
	if err := b.Run(q.ctx); err != nil {
		return m - n, err
	}
	for j := range b.Outputs() {
		out := b.Output(j)
		part := len(out) / m
		for i, r := range w.batch {
			if copy(r.bind.Output(j), out[i*part:(i+1)*part]) != len(r.bind.Output(j)) {
				return m - n, fmt.Errorf("batch: output %d of %d values for %d requests", j, len(out), m)
			}
		}
	}
	return m - n, nil
}

// answer hands a request back to who asked, or recycles one that was given up.
func (q *queue) answer(r *Request, err error) {
	q.mu.Lock()
	s := r.seat
	s.running--
	away := r.state == givenUp
	r.state = idle
	switch {
	case away: // counted as late already
		s.away--
	case err != nil:
		q.stats.Failed++
	default:
		q.stats.Requests++
	}
	q.mu.Unlock()
	if away {
		r.recycle()
		return
	}
	r.done <- err
}

// fail reports the device as lost and answers everybody who waits.
func (q *queue) fail(err error) {
	if !errors.Is(err, context.Canceled) && q.shut(fmt.Errorf("%w: %w", ErrLost, err)) && q.lost != nil {
		q.lost(err)
	}
}

// shut ends the taking of requests and answers those that wait. It reports
// whether it was the first to.
func (q *queue) shut(why error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed != nil {
		return false
	}
	q.closed = why
	for _, s := range q.seats {
		for _, r := range s.line {
			r.state = idle
			q.waiting--
			q.stats.Failed++
			r.done <- why
		}
		s.line = s.line[:0]
	}
	close(q.stop)
	return true
}

// close ends the queue: nothing is taken, what runs is finished, the session is
// closed. A run that does not end is left behind after hangWait, with ErrHung;
// done is closed once it is over and the session closed after all.
func (q *queue) close(why error) (done <-chan struct{}, err error) {
	q.shut(why)
	over, result := make(chan struct{}), make(chan error, 1)
	go func() { // waited for below, or by whoever waits for done
		defer close(over)
		<-q.ended
		q.cancel()
		result <- q.s.Close()
	}()
	t := time.NewTimer(hangWait)
	defer t.Stop()
	select {
	case <-over:
		return over, <-result
	case <-t.C:
		return over, fmt.Errorf("%w: it is left behind", ErrHung)
	}
}

func (q *queue) snapshot() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	st := q.stats
	st.Waiting = q.waiting
	return st
}

// threadTime is the processor time that the calling thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

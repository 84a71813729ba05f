package spool

import (
	"context"
	"sync"
	"time"

	"bystander/internal/event"
)

// MaxLinger bounds how long a journal may hold an event back to share a sync.
const MaxLinger = 20 * time.Millisecond

// JournalOptions say how a journal works. The zero value is usable.
type JournalOptions struct {
	// Linger is how long the first event of a batch waits for company, at most
	// MaxLinger. At 0 a batch is whatever came while the last one was synced,
	// which already shares syncs under load.
	Linger   time.Duration
	MaxBatch int // events in one write; 1024
}

// Journal numbers, signs and stores events in one order: the only way by which
// an edge's events come into being. One goroutine seals and writes, so calls
// that come together share one fsync (group commit), and a number is used up
// only by an event that is on the disk.
type Journal struct {
	chain  *event.Chain
	spool  *Spool
	o      JournalOptions
	mu     sync.RWMutex // held shared while a request is handed in
	closed bool
	reqs   chan *request
	done   sync.WaitGroup // the goroutine of run
}

type request struct {
	events []event.Event
	err    chan error // of capacity 1, so that run never waits
}

// NewJournal starts a journal whose chain goes on where the spool ends. The
// spool and the chain are used by the journal alone until Close, readers aside.
func NewJournal(chain *event.Chain, s *Spool, o JournalOptions) (*Journal, error) {
	if err := chain.Rewind(s.Head()); err != nil {
		return nil, err
	}
	o.Linger = min(max(o.Linger, 0), MaxLinger)
	if o.MaxBatch <= 0 {
		o.MaxBatch = 1024
	}
	j := &Journal{chain: chain, spool: s, o: o, reqs: make(chan *request, 256)}
	j.done.Go(j.run)
	return j, nil
}

// Record seals the events, stores them and returns them as stored, once they
// are on the disk. They are stored together or not at all. When ctx ends first
// it returns ctx's error and the events may or may not be stored. Otherwise it
// fails like Chain.Seal and Spool.Append.
func (j *Journal) Record(ctx context.Context, events ...event.Event) ([]event.Event, error) {
	if len(events) == 0 {
		return nil, ctx.Err()
	}
	r := &request{events: append([]event.Event(nil), events...), err: make(chan error, 1)}
	if err := j.hand(ctx, r); err != nil {
		return nil, err
	}
	select {
	case err := <-r.err:
		if err != nil {
			return nil, err
		}
		return r.events, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hand puts r into the queue, where run will find it.
func (j *Journal) hand(ctx context.Context, r *request) error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return ErrClosed
	}
	select {
	case j.reqs <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Head returns the last stored number and hash.
func (j *Journal) Head() event.Head { return j.spool.Head() }

// Close stores what was handed in before and stops. It leaves the spool open.
func (j *Journal) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.reqs) // nobody is handing in: they hold mu
	}
	j.mu.Unlock()
	j.done.Wait()
	return nil
}

func (j *Journal) run() {
	for r := range j.reqs {
		j.commit(j.gather(r))
	}
}

// gather collects what is to be written together with first.
func (j *Journal) gather(first *request) []*request {
	batch, n := []*request{first}, len(first.events)
	var linger <-chan time.Time
	if j.o.Linger > 0 {
		t := time.NewTimer(j.o.Linger)
		defer t.Stop()
		linger = t.C
	}
	for n < j.o.MaxBatch {
		var r *request
		var ok bool
		if linger != nil {
			select {
			case r, ok = <-j.reqs:
			case <-linger:
			}
		} else {
			select {
			case r, ok = <-j.reqs:
			default:
			}
		}
		if !ok {
			break
		}
		batch, n = append(batch, r), n+len(r.events)
	}
	return batch
}

// commit seals and stores a batch and answers its callers.
func (j *Journal) commit(batch []*request) {
	var events []event.Event
	good := batch[:0:0]
	for _, r := range batch {
		before := j.chain.Head()
		if err := j.seal(r.events); err != nil {
			r.err <- errJoin(err, j.chain.Rewind(before))
			continue
		}
		good = append(good, r)
		events = append(events, r.events...)
	}
	if len(good) == 0 {
		return
	}
	err := j.spool.Append(context.Background(), events)
	if err != nil {
		err = errJoin(err, j.chain.Rewind(j.spool.Head()))
	}
	for _, r := range good {
		r.err <- err
	}
}

func (j *Journal) seal(events []event.Event) error {
	for i := range events {
		if err := j.chain.Seal(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

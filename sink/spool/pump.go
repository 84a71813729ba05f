package spool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"bystander/internal/event"
	"bystander/sink"
)

func errJoin(err, also error) error {
	if also == nil {
		return err
	}
	return errors.Join(err, also)
}

// PumpOptions say how a pump works. The zero value of a field means its default.
type PumpOptions struct {
	Batch      int           // events in one Append; 512
	MinBackoff time.Duration // before the first new attempt; 200 ms
	MaxBackoff time.Duration // 10 s
	Timeout    time.Duration // of one Append; 30 s
	// OnError is told of each failed attempt, counted from 1 for each batch.
	OnError func(err error, attempt int)
	// Moved is told of each batch that the sink has taken, and when that was begun
	// and done. It must not keep the events.
	Moved func(events []event.Event, from, to time.Time)
}

// Pump carries events from a spool into a sink, acknowledging what the sink has
// made durable. It never drops an event: what fails is tried again, each time
// after a longer pause, for as long as Run runs.
type Pump struct {
	cur  *Cursor
	sink sink.EventSink
	o    PumpOptions

	mu sync.Mutex
	st PumpStatus
}

// Borrower is a sink of which Append keeps nothing of the slice that it was
// given, nor pointers into it. A pump then reads each batch into the same memory.
type Borrower interface {
	sink.EventSink
	Borrows()
}

// PumpStatus is how a pump fares.
type PumpStatus struct {
	Acked    uint64 // last number stored by the sink
	Moved    uint64 // events stored since the start
	Failures uint64 // attempts that failed since the start
	Err      error  // of the last attempt; nil when it succeeded
	Since    time.Time
}

// NewPump returns a pump from cur's spool into to. The caller closes both.
func NewPump(cur *Cursor, to sink.EventSink, o PumpOptions) *Pump {
	if o.Batch <= 0 {
		o.Batch = 512
	}
	if o.MinBackoff <= 0 {
		o.MinBackoff = 200 * time.Millisecond
	}
	if o.MaxBackoff < o.MinBackoff {
		o.MaxBackoff = max(10*time.Second, o.MinBackoff)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return &Pump{cur: cur, sink: to, o: o, st: PumpStatus{Acked: cur.Acked()}}
}

// Status returns a snapshot.
func (p *Pump) Status() PumpStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.st
}

// Run carries events until ctx ends or the spool is closed, which it returns as
// nil. Another error means that the spool itself cannot be read.
func (p *Pump) Run(ctx context.Context) error {
	_, borrows := p.sink.(Borrower)
	in := new(room)
	for {
		if !borrows {
			in.events = nil
		}
		evs, err := p.cur.read(ctx, p.o.Batch, in)
		switch {
		case ctx.Err() != nil || errors.Is(err, ErrClosed):
			return nil //nolint:nilerr // an orderly end
		case err != nil:
			return fmt.Errorf("spool: pump: %w", err)
		}
		if !p.persist(ctx, func() error { return p.append(ctx, evs) }) ||
			!p.persist(ctx, func() error { return p.cur.Ack(evs[len(evs)-1].Seq) }) {
			return nil
		}
		p.mu.Lock()
		p.st.Acked = evs[len(evs)-1].Seq
		p.st.Moved += uint64(len(evs))
		p.mu.Unlock()
	}
}

// Drain carries what the spool holds now and returns when it is all stored, for
// a soft stop; ctx sets the deadline. Run must have returned.
func (p *Pump) Drain(ctx context.Context) error {
	for to := p.cur.s.Head().Seq; p.cur.Acked() < to; {
		evs, err := p.cur.Read(ctx, p.o.Batch)
		if err != nil {
			return fmt.Errorf("spool: drain: %w", err)
		}
		if err := p.append(ctx, evs); err != nil {
			return fmt.Errorf("spool: drain: %w", err)
		}
		if err := p.cur.Ack(evs[len(evs)-1].Seq); err != nil {
			return fmt.Errorf("spool: drain: %w", err)
		}
	}
	return nil
}

func (p *Pump) append(ctx context.Context, evs []event.Event) error {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	from := time.Now()
	err := p.sink.Append(ctx, evs)
	if err == nil && p.o.Moved != nil {
		p.o.Moved(evs, from, time.Now())
	}
	return err
}

// persist calls do until it succeeds; false means that ctx ended or the spool
// was closed first.
func (p *Pump) persist(ctx context.Context, do func() error) bool {
	for attempt := 1; ; attempt++ {
		err := do()
		p.note(err)
		if err == nil {
			return true
		}
		if errors.Is(err, ErrClosed) || ctx.Err() != nil {
			return false
		}
		if p.o.OnError != nil {
			p.o.OnError(err, attempt)
		}
		t := time.NewTimer(p.pause(attempt))
		select {
		case <-ctx.Done():
			t.Stop()
			return false
		case <-t.C:
		}
	}
}

func (p *Pump) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (err == nil) != (p.st.Err == nil) || p.st.Since.IsZero() {
		p.st.Since = time.Now()
	}
	p.st.Err = err
	if err != nil {
		p.st.Failures++
	}
}

// pause doubles with each attempt, and is spread over its upper half so that
// many edges do not come back at once.
func (p *Pump) pause(attempt int) time.Duration {
	d := p.o.MinBackoff
	for ; attempt > 1 && d < p.o.MaxBackoff; attempt-- {
		d *= 2
	}
	d = min(d, p.o.MaxBackoff)
	return d/2 + rand.N(d/2+1)
}

package app

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"bystander/internal/event"
	"bystander/internal/trace"
)

// ledgerQueue bounds the events that wait for the disk: some hours' worth while
// it is full. Whoever emits more waits: events are never dropped.
const ledgerQueue = 4096

// journal makes events durable; *spool.Journal is one.
type journal interface {
	Record(ctx context.Context, events ...event.Event) ([]event.Event, error)
	Close() error
}

// ledger hands events to the journal off the path of pictures, and tries again
// while the disk refuses.
type ledger struct {
	journal journal
	log     zerolog.Logger
	in      chan entry
	path    *eventPath    // measures; set before the first event, nil for nobody
	done    chan struct{} // closed when the writer has ended
	closing chan struct{} // closed by hurry
	once    sync.Once     // of closing

	mu     sync.RWMutex // held while sending, so that close waits for senders
	closed bool
	stored atomic.Uint64
}

func newLedger(j journal, log zerolog.Logger) *ledger {
	l := &ledger{
		journal: j, log: log,
		in: make(chan entry, ledgerQueue), done: make(chan struct{}), closing: make(chan struct{}),
	}
	go l.write() // waited for by close, through done
	return l
}

// emit hands an event over. It blocks only while the queue is full.
func (l *ledger) emit(e event.Event) { l.emitOf(trace.Ref{}, e) }

// emitOf is emit for an event that follows from a picture, of which is the trace.
func (l *ledger) emitOf(of trace.Ref, e event.Event) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		l.log.Error().Str("kind", string(e.Kind)).Msg("event after the ledger was closed")
		return
	}
	l.in <- l.path.came(e, of)
}

// hurry tells that the program is ending: a disk that refuses is no longer
// waited for, so that nobody who emits is held up for good. More calls do
// nothing.
func (l *ledger) hurry() { l.once.Do(func() { close(l.closing) }) }

// close stores what was emitted and ends. What the disk refuses even then is
// told as lost.
func (l *ledger) close() error {
	l.hurry() // first: whoever waits to emit holds the lock
	l.mu.Lock()
	first := !l.closed
	if first {
		l.closed = true
		close(l.in)
	}
	l.mu.Unlock()
	<-l.done
	if !first {
		return nil
	}
	return l.journal.Close()
}

func (l *ledger) write() {
	defer close(l.done)
	for x := range l.in {
		l.path.begins(&x)
		if l.store(x.Event) {
			l.path.logged(&x)
		}
	}
}

// store tries until the disk takes the event; once the program is ending, one
// last time. It reports whether the disk did.
//
//nolint:contextcheck // an event outlives the context of whoever emitted it
func (l *ledger) store(e event.Event) bool {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		_, err := l.journal.Record(context.Background(), e)
		switch {
		case err == nil:
			l.stored.Add(1)
			return true
		case errors.Is(err, event.ErrInvalid):
			l.log.Error().Err(err).Str("kind", string(e.Kind)).Msg("an event breaks its own rules and is not stored")
			return false
		}
		l.log.Error().Err(err).Dur("retry_in", wait).Msg("an event cannot be stored; it waits")
		select {
		case <-time.After(wait):
		case <-l.closing:
			_, err := l.journal.Record(context.Background(), e)
			if err != nil {
				l.log.Error().Err(err).Str("kind", string(e.Kind)).Msg("the log could not be written before the end; this event is lost")
			}
			return err == nil
		}
	}
}

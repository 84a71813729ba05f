package app

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"bystander/internal/event"
)

// ledgerQueue bounds the events that wait for the disk. Whoever emits more
// waits: events are never dropped.
const ledgerQueue = 256

// eventLog is the durable end of the ledger; a spool is one.
type eventLog interface {
	Head() event.Head
	Append(ctx context.Context, events []event.Event) error
}

// ledger numbers, links and signs events and puts them into the spool, off the
// path of pictures.
type ledger struct {
	chain *event.Chain
	log   eventLog
	zlog  zerolog.Logger
	in    chan event.Event
	done  chan struct{} // closed when the writer has ended

	mu     sync.RWMutex // held while sending, so that close waits for senders
	closed bool
	stored atomic.Uint64
}

func newLedger(chain *event.Chain, log eventLog, zlog zerolog.Logger) *ledger {
	l := &ledger{
		chain: chain, log: log, zlog: zlog,
		in: make(chan event.Event, ledgerQueue), done: make(chan struct{}),
	}
	go l.write() // waited for by close, through done
	return l
}

// emit hands an event over. It blocks only while the queue is full.
func (l *ledger) emit(e event.Event) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		l.zlog.Error().Str("kind", string(e.Kind)).Msg("event after the ledger was closed")
		return
	}
	l.in <- e
}

// close stores what was emitted and ends.
func (l *ledger) close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.in)
	}
	l.mu.Unlock()
	<-l.done
}

func (l *ledger) write() {
	defer close(l.done)
	batch := make([]event.Event, 0, ledgerQueue)
	for e := range l.in {
		batch = append(batch[:0], e)
		for more := true; more && len(batch) < cap(batch); {
			select {
			case e, ok := <-l.in:
				if more = ok; ok {
					batch = append(batch, e)
				}
			default:
				more = false
			}
		}
		l.store(batch)
	}
}

// store seals and stores a batch, and tries again until the disk takes it or
// the ledger closes; then it says what was lost.
func (l *ledger) store(batch []event.Event) {
	wait := 100 * time.Millisecond
	for {
		err := l.try(batch)
		if err == nil {
			l.stored.Add(uint64(len(batch)))
			return
		}
		l.zlog.Error().Err(err).Int("events", len(batch)).Dur("retry_in", wait).Msg("events cannot be stored; they wait")
		l.mu.RLock()
		closed := l.closed
		l.mu.RUnlock()
		if closed {
			l.zlog.Error().Int("events", len(batch)).Msg("the log could not be written before the end; these events are lost")
			return
		}
		time.Sleep(wait) //nolint:forbidigo // back-off; close waits for at most one turn
		wait = min(2*wait, 5*time.Second)
	}
}

// try seals copies, so that a batch which could not be stored is numbered anew.
// An event that breaks its own rules is said aloud and left out, so that it
// holds up no other.
func (l *ledger) try(batch []event.Event) error {
	sealed := make([]event.Event, 0, len(batch))
	for _, e := range batch {
		switch err := l.chain.Seal(&e); {
		case errors.Is(err, event.ErrInvalid):
			l.zlog.Error().Err(err).Str("kind", string(e.Kind)).Msg("an event breaks its own rules and is not stored")
		case err != nil:
			return errors.Join(err, l.chain.Rewind(l.log.Head()))
		default:
			sealed = append(sealed, e)
		}
	}
	if err := l.log.Append(context.Background(), sealed); err != nil {
		return errors.Join(err, l.chain.Rewind(l.log.Head()))
	}
	return nil
}

// Package kafka carries an edge's events to the bus, and sends them again when
// the store asks for it.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/sink"
)

// Options say how a sink works. The zero value of a field means its default.
type Options struct {
	// BatchBytes bounds one request before compression; 900 KiB, which brokers
	// take as they come. One event may be larger.
	BatchBytes int
	// Parking takes the events that the bus can never take; needed.
	Parking Parking
	// OnParked is told of each such event. It must not block.
	OnParked func(Parked)
	// Parent appends the W3C trace parent of the event with an id to dst, or
	// returns dst as it is for an event that no trace follows; nil for none.
	Parent func(dst []byte, id string) []byte
	Now    func() time.Time
}

// defaultBatch stays below the 1 MiB that a broker's message.max.bytes allows
// unless somebody raises it.
const defaultBatch = 900 << 10

// Parking keeps events that the bus can never take, where a person finds them.
type Parking interface {
	// Park keeps e and the reason durably.
	Park(e *event.Event, at time.Time, reason error) error
}

// Stats counts since the start.
type Stats struct {
	Sent     uint64 // events acknowledged by all replicas
	Bytes    uint64 // of these, as sent
	Requests uint64
	Parked   uint64
}

// Sink produces events to the events topic. Append returns once every replica
// in sync has them. Order is kept in each chain: one request a partition is
// under way at a time, while the next one is being put together. It implements
// sink.EventSink and is safe for concurrent use.
type Sink struct {
	c     *kafkax.Client
	o     Options
	topic string

	turn   chan struct{} // of capacity 1: whoever holds it may send
	enc    *encoder      // of the holder
	begun  progress      // of the holder: the Append that failed last
	closed chan struct{}
	once   sync.Once

	mu sync.Mutex
	st Stats
}

// ErrClosed reports the use of a closed sink.
var ErrClosed = errors.New("sink/kafka: closed")

// New returns a sink that uses c, which stays the caller's to close. It fails
// with event.ErrClass when an event has a field that may not go there.
func New(c *kafkax.Client, o Options) (*Sink, error) {
	if err := event.TopicEvents.CheckFields(); err != nil {
		return nil, fmt.Errorf("sink/kafka: %w", err)
	}
	if o.Parking == nil {
		return nil, fmt.Errorf("sink/kafka: %w: no place to park what the bus refuses", kafkax.ErrConfig)
	}
	if o.BatchBytes <= 0 {
		o.BatchBytes = defaultBatch
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sink{c: c, o: o, topic: c.Name(event.TopicEvents), turn: make(chan struct{}, 1), closed: make(chan struct{}), enc: newEncoder(c.Codec(), o.Parent)}
	return s, nil
}

// Borrows tells a pump that Append keeps nothing of what it is given; see
// spool.Borrower.
func (s *Sink) Borrows() {}

// Stats returns a snapshot.
func (s *Sink) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st
}

// Close waits for an Append under way and refuses further ones.
func (s *Sink) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.turn <- struct{}{}
	<-s.turn
	return nil
}

// Append sends the events and returns once they are stored by all replicas in
// sync. An event that the bus can never take (too large, or holding what may
// not leave the edge) is parked and told of, and does not hold up the others.
// On another error part of the events may be stored: send all of them again.
// The error says what a person can do; see the errors of kafkax.
func (s *Sink) Append(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range events {
		if e := &events[i]; e.Seq == 0 || e.ChainID == "" || e.RowHash.IsZero() {
			return fmt.Errorf("sink/kafka: %w: event %d of %d is not sealed", event.ErrInvalid, i, len(events))
		}
	}
	select {
	case <-s.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case s.turn <- struct{}{}:
	}
	defer func() { <-s.turn }()
	select {
	case <-s.closed:
		return ErrClosed
	default:
	}
	if len(events) == 0 {
		return nil
	}
	partitions, err := s.c.Partitions(ctx, s.topic)
	if err != nil {
		return err
	}
	// Chains go one after another: an edge has one, a relay of several is rare.
	for _, run := range byChain(events) {
		p := kafkax.PartitionOf([]byte(run[0].ChainID), partitions)
		before := s.begun.of(run)
		n, err := s.send(ctx, p, run[before:])
		if err != nil {
			s.begun.note(run, before+n)
			return err
		}
	}
	s.begun = progress{}
	return nil
}

// progress is how much of a failed Append is stored all the same, so that trying
// again goes on there: on a narrow line a batch might else never get through
// within the time that it is given.
type progress struct {
	first, last event.Digest // row hashes of the first event and of the last stored one
	n           int          // how many are stored
}

func (p *progress) note(run []*event.Event, n int) {
	if *p = (progress{}); n > 0 {
		*p = progress{run[0].RowHash, run[n-1].RowHash, n}
	}
}

// of returns how many events of the run are stored already.
func (p *progress) of(run []*event.Event) int {
	if p.n == 0 || p.n > len(run) || run[0].RowHash != p.first || run[p.n-1].RowHash != p.last {
		return 0
	}
	return p.n
}

// byChain splits events by chain, each in the order given.
func byChain(events []event.Event) [][]*event.Event {
	at := map[string]int{}
	var out [][]*event.Event
	for i := range events {
		e := &events[i]
		n, ok := at[e.ChainID]
		if !ok {
			n = len(out)
			at[e.ChainID] = n
			out = append(out, make([]*event.Event, 0, len(events)-i))
		}
		out[n] = append(out[n], e)
	}
	return out
}

// flight is one request under way.
type flight struct {
	chunk *chunk
	upTo  int        // events of the run that are done with once it has landed
	done  chan error // of capacity 1
}

// send sends one chain's events: while a request is under way the next chunk is
// encoded and compressed. It returns how many were done with, parked ones
// included.
func (s *Sink) send(ctx context.Context, partition int, events []*event.Event) (int, error) {
	var under *flight
	total, stored := len(events), 0
	defer func() {
		if under != nil {
			<-under.done //nolint:errcheck // its error comes too late for anybody
		}
	}()
	land := func() error {
		if under == nil {
			return nil
		}
		f := under
		under = nil
		err := <-f.done
		switch {
		case err == nil:
			s.enc.release(f.chunk)
		case kafkax.Permanent(err):
			err = s.divide(ctx, partition, f.chunk.events, err)
		}
		// After an error the library may still read the chunk's memory: it is not
		// used again.
		if err == nil {
			stored = f.upTo
		}
		return err
	}
	for len(events) > 0 {
		c, rest, bad, err := s.enc.fill(events, s.o.BatchBytes)
		if err := errors.Join(land(), err); err != nil {
			return stored, err
		}
		if err := s.parkAll(bad); err != nil {
			return stored, err
		}
		events = rest
		if c == nil {
			continue
		}
		under = &flight{chunk: c, upTo: total - len(rest), done: make(chan error, 1)}
		go func(f *flight) { f.done <- s.produce(ctx, partition, f.chunk) }(under) // waited for by land
	}
	err := land()
	return stored, err
}

func (s *Sink) produce(ctx context.Context, partition int, c *chunk) error {
	res, err := s.c.Kafka().RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: s.topic, Partition: partition, RequiredAcks: kafka.RequireAll, RawRecords: c.set,
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return s.c.Explain("produce to "+s.topic, err)
	}
	s.mu.Lock()
	s.st.Sent += uint64(len(c.events))
	s.st.Bytes += uint64(c.size) //nolint:gosec // not negative
	s.st.Requests++
	s.mu.Unlock()
	return nil
}

// divide finds out which events of a refused request are at fault, by halves,
// and parks them.
func (s *Sink) divide(ctx context.Context, partition int, events []*event.Event, cause error) error {
	if len(events) == 1 {
		return s.park(events[0], cause)
	}
	for _, half := range [][]*event.Event{events[:len(events)/2], events[len(events)/2:]} {
		c, _, bad, err := newEncoder(s.c.Codec(), s.o.Parent).fill(half, math.MaxInt)
		if err = errors.Join(err, s.parkAll(bad)); err != nil {
			return err
		}
		if c == nil {
			continue
		}
		err = s.produce(ctx, partition, c)
		if kafkax.Permanent(err) {
			err = s.divide(ctx, partition, c.events, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Sink) parkAll(bad []refusal) error {
	for _, b := range bad {
		if err := s.park(b.e, b.err); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sink) park(e *event.Event, reason error) error {
	at := s.o.Now().Round(0).UTC()
	if err := s.o.Parking.Park(e, at, reason); err != nil {
		return fmt.Errorf("sink/kafka: park %s/%d: %w", e.ChainID, e.Seq, err)
	}
	s.mu.Lock()
	s.st.Parked++
	s.mu.Unlock()
	if s.o.OnParked != nil {
		s.o.OnParked(Parked{Chain: e.ChainID, Seq: e.Seq, At: at, Reason: reason.Error()})
	}
	return nil
}

var _ sink.EventSink = (*Sink)(nil)

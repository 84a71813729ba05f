package writer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// part is what one fetch brought of one partition.
type part struct {
	partition int
	room      []event.Event  // what events points into, and maybe more
	events    []*event.Event // that may be believed
	bad       []badRecord
	next      int64 // offset behind the last record
	behind    int64 // records on the bus behind that
	end       bool  // there is nothing behind that
	weight    int64 // held of the memory's share
	count     int64 // of events
	read      time.Time
	followed  []Followed
}

// take returns the next place of the part's room. What it holds is to be
// overwritten.
func (p *part) take() *event.Event {
	n := len(p.room)
	if n == cap(p.room) {
		p.room = slices.Grow(p.room, 1)
	}
	p.room = p.room[:n+1]
	return &p.room[n]
}

// badRecord is a record to be parked.
type badRecord struct {
	partition int   // −1 when it is no longer known
	offset    int64 // −1 when it is no longer known
	reason    string
	err       error
	message   kafka.Message
}

// fetcher reads one partition for one session.
type fetcher struct {
	s         *session
	partition int
	offset    int64
	buf       []byte // of the answers
	records   kafkax.Records
	dec       event.JSONDecoder
}

// run sends parts until ctx ends. It reads the next part while the present one
// waits for its share of the memory.
func (f *fetcher) run(ctx context.Context) {
	w := f.s.w
	lag := w.m.lag.WithLabelValues(strconv.Itoa(f.partition))
	for attempt := 0; ctx.Err() == nil; {
		moment := f.s.progress.moment()
		p, err := f.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			attempt++
			w.trouble(theBus, w.c.Explain(fmt.Sprintf("read partition %d", f.partition), err))
			pause(ctx, w.backoff(attempt))
			continue
		}
		if attempt > 0 {
			attempt = 0
			w.trouble(theBus, nil)
		}
		lag.Set(float64(p.behind + int64(len(p.events)+len(p.bad))))
		if p.next == f.offset {
			if p.end {
				f.s.progress.ended(f.partition, moment)
			}
			continue
		}
		f.offset = p.next
		p.weight = min(w.o.Memory, int64(len(p.events)+len(p.bad)+1)*eventWeight)
		if f.s.memory.Acquire(ctx, p.weight) != nil {
			return
		}
		f.s.progress.sent(f.partition)
		f.s.pending.In(p.read)
		p.count = int64(len(p.events))
		f.s.waiting.Add(p.count)
		if p.end {
			f.s.progress.ended(f.partition, moment)
		}
		select {
		case f.s.parts <- p:
		case <-ctx.Done():
			return
		}
	}
}

// eventWeight is about what one event takes in memory.
const eventWeight = 2048

func (f *fetcher) fetch(ctx context.Context) (*part, error) {
	w := f.s.w
	if f.offset < 0 { // nothing was ever committed
		return f.first(ctx)
	}
	res, buf, err := w.c.Fetch(ctx, kafkax.Fetch{
		Topic: f.s.topic, Partition: f.partition, Offset: f.offset, MaxBytes: w.o.Fetch, MaxWait: w.o.Wait,
	}, f.buf)
	f.buf = buf
	if err != nil {
		return nil, err
	}
	if errors.Is(res.Err, kafka.OffsetOutOfRange) {
		// The bus has disposed of records, or the topic was made anew. What is
		// lacking then shows as a gap, and the edges send it again.
		w.m.resets.Inc()
		w.o.Log.Warn().Int("partition", f.partition).Int64("offset", f.offset).Msg("the bus no longer has this place; reading from its first record")
		return f.first(ctx)
	}
	if res.Err != nil {
		return nil, res.Err
	}
	f.records.Reset(res.Sets, f.offset)
	p := &part{partition: f.partition, next: f.offset, room: f.s.room(f.records.Count()), read: w.o.Now()}
	if err := f.read(p); err != nil {
		return nil, err
	}
	f.verify(p)
	p.behind = max(0, res.HighWatermark-p.next)
	p.end = res.HighWatermark <= p.next
	return p, nil
}

// first finds the partition's first offset.
func (f *fetcher) first(ctx context.Context) (*part, error) {
	res, err := f.s.w.c.Kafka().ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{f.s.topic: {kafka.FirstOffsetOf(f.partition)}},
	})
	if err != nil {
		return nil, err
	}
	for _, o := range res.Topics[f.s.topic] {
		if o.Partition == f.partition {
			if o.Error != nil {
				return nil, o.Error
			}
			f.offset = o.FirstOffset
		}
	}
	return &part{partition: f.partition, next: f.offset}, nil
}

// read decodes records into p.
func (f *fetcher) read(p *part) error {
	for {
		rec, err := f.records.Read()
		if errors.Is(err, io.EOF) {
			p.next = f.records.NextOffset()
			return nil // the rest comes with the next fetch
		}
		var lost *kafkax.Unreadable
		if errors.As(err, &lost) { // what was in it shows as a gap
			p.bad = append(p.bad, badRecord{partition: f.partition, offset: lost.Offset, reason: ReasonUnreadable, err: err, message: kafka.Message{Time: f.s.w.o.Now()}})
			continue
		}
		if err != nil {
			return fmt.Errorf("records from offset %d: %w", p.next, err)
		}
		if reason, err := f.decode(rec, p.take()); err != nil {
			p.room = p.room[:len(p.room)-1]
			p.bad = append(p.bad, f.bad(rec, reason, err))
		} else if f.s.w.o.Follow != nil && len(p.followed) < maxFollowed {
			if parent := rec.Header(kafkax.HeaderTrace); parent != nil {
				p.followed = append(p.followed, Followed{Parent: string(parent), Partition: f.partition, Read: p.read})
			}
		}
	}
}

// maxFollowed bounds what is told of one fetch: whoever may write to the topic may
// say that every event is followed.
const maxFollowed = 64

// Followed is an event that somebody follows, once it is stored.
type Followed struct {
	Parent    string // the record's W3C trace parent, as it came
	Partition int
	Batch     int       // events that were written with it
	Read      time.Time // when it came from the bus
	Begun     time.Time // when the store was begun to be written
	Stored    time.Time // when the store had it
}

// The reasons for which records are parked.
const (
	ReasonUnreadable = "unreadable" // not an event of our schema
	ReasonClass      = "class"      // holds what may not stand on the topic
	ReasonUnknown    = "unknown_edge"
	ReasonSignature  = "signature"
	ReasonHash       = "hash"
	ReasonConflict   = "conflict" // another content is stored under its number
)

func (f *fetcher) decode(rec *kafkax.Record, e *event.Event) (reason string, err error) {
	if err := kafkax.ReadEvent(&f.dec, rec, e); err != nil {
		return ReasonUnreadable, err
	}
	if e.ChainID == "" || e.Seq == 0 || e.RowHash.IsZero() {
		return ReasonUnreadable, fmt.Errorf("%w: not sealed", event.ErrInvalid)
	}
	if err := event.TopicEvents.CheckContent(e); err != nil {
		return ReasonClass, err
	}
	return "", nil
}

// verify puts into p.events what was read and may be believed.
func (f *fetcher) verify(p *part) {
	p.events = event.Refs(p.room)
	keys := f.s.w.o.Keys
	faults := event.VerifyBatch(p.events, keys)
	if len(faults) == 0 {
		return
	}
	for _, fault := range faults {
		e := p.events[fault.Index]
		reason := ReasonHash
		switch {
		case keys(e.ChainID) == nil:
			reason = ReasonUnknown
		case errors.Is(fault.Err, event.ErrSignature):
			reason = ReasonSignature
		}
		p.bad = append(p.bad, reencode(e, reason, fault.Err))
		p.events[fault.Index] = nil
	}
	p.events = slices.DeleteFunc(p.events, func(e *event.Event) bool { return e == nil })
}

// bad keeps a record for the parked topic. A picture or template must not be
// copied to another topic: of such a record only its place is kept.
func (f *fetcher) bad(rec *kafkax.Record, reason string, err error) badRecord {
	b := badRecord{
		partition: f.partition, offset: rec.Offset, reason: reason, err: err,
		message: kafka.Message{Time: time.UnixMilli(rec.At), Key: slices.Clone(rec.Key)},
	}
	if reason != ReasonClass {
		b.message.Value, b.message.Headers = slices.Clone(rec.Value), rec.Headers()
	}
	return b
}

func readBytes(buf []byte, b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return buf[:0], nil
	}
	n := b.Len()
	buf = slices.Grow(buf[:0], n)[:n]
	_, err := io.ReadFull(b, buf)
	return buf, errors.Join(err, b.Close())
}

package writer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// part is what one fetch brought of one partition.
type part struct {
	partition int
	events    []event.Event
	bad       []badRecord
	next      int64 // offset behind the last record
	behind    int64 // records on the bus behind that
	end       bool  // there is nothing behind that
	weight    int64 // held of the memory's share
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
	dec       event.JSONDecoder
	key, val  []byte
	usual     int // events of a fetch
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
	res, err := w.c.Kafka().Fetch(ctx, &kafka.FetchRequest{
		Topic: f.s.topic, Partition: f.partition, Offset: f.offset,
		MinBytes: 1, MaxBytes: int64(w.o.Fetch), MaxWait: w.o.Wait,
	})
	if err != nil {
		return nil, err
	}
	if errors.Is(res.Error, kafka.OffsetOutOfRange) {
		// The bus has disposed of records, or the topic was made anew. What is
		// lacking then shows as a gap, and the edges send it again.
		w.m.resets.Inc()
		w.o.Log.Warn().Int("partition", f.partition).Int64("offset", f.offset).Msg("the bus no longer has this place; reading from its first record")
		f.offset = kafka.FirstOffset
		return f.first(ctx)
	}
	if res.Error != nil {
		return nil, res.Error
	}
	if f.offset < 0 {
		f.offset = res.LogStartOffset
	}
	p := &part{partition: f.partition, next: f.offset, events: make([]event.Event, 0, f.usual)}
	if err := f.read(res.Records, p); err != nil {
		return nil, err
	}
	f.usual = len(p.events)
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

// read decodes records into p. Records before the wanted offset, with which a
// compressed batch may begin, are passed over.
func (f *fetcher) read(records kafka.RecordReader, p *part) error {
	for {
		rec, err := records.ReadRecord()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil // the rest comes with the next fetch
		}
		if err != nil {
			return fmt.Errorf("records after offset %d: %w", p.next, err)
		}
		f.key, err = readBytes(f.key, rec.Key)
		if err == nil {
			f.val, err = readBytes(f.val, rec.Value)
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", rec.Offset, err)
		}
		if rec.Offset < p.next {
			continue
		}
		p.next = rec.Offset + 1
		p.events = append(p.events, event.Event{})
		e := &p.events[len(p.events)-1]
		if reason, err := f.decode(rec.Headers, e); err != nil {
			p.events = p.events[:len(p.events)-1]
			p.bad = append(p.bad, f.bad(rec, reason, err))
		}
	}
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

func (f *fetcher) decode(headers []kafka.Header, e *event.Event) (reason string, err error) {
	if err := kafkax.ReadEvent(&f.dec, f.key, f.val, headers, e); err != nil {
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

// bad keeps a record for the parked topic. A picture or template must not be
// copied to another topic: of such a record only its place is kept.
func (f *fetcher) bad(rec *kafka.Record, reason string, err error) badRecord {
	b := badRecord{partition: f.partition, offset: rec.Offset, reason: reason, err: err, message: kafka.Message{Time: rec.Time, Key: slices.Clone(f.key)}}
	if reason != ReasonClass {
		b.message.Value = slices.Clone(f.val)
		for _, h := range rec.Headers {
			b.message.Headers = append(b.message.Headers, kafka.Header{Key: h.Key, Value: slices.Clone(h.Value)})
		}
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

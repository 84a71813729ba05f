package kafkax

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"bystander/internal/event"
)

// FollowOptions say how Follow works. The zero value is usable.
type FollowOptions struct {
	// CaughtUp is called once, when everything that the topic held at the start
	// has been handed over.
	CaughtUp func()
	// OnError is told of each failed attempt; what was read stays read.
	OnError func(error)
}

// followPause is how long Follow waits after a failed attempt.
const followPause = 500 * time.Millisecond

// Follow reads a topic of one partition from its beginning and goes on with what
// comes, in order, until ctx ends, which it returns as nil, or fn fails, which
// ends it. Trouble with the cluster is told and outlasted. When the topic was
// made anew it starts over. It needs no consumer group: every follower sees
// everything.
func (c *Client) Follow(ctx context.Context, t event.Topic, o FollowOptions, fn func(kafka.Message) error) error {
	f := follower{c: c, topic: c.Name(t), o: o, fn: fn, at: -1}
	for ctx.Err() == nil {
		err := f.step(ctx)
		var stop *stopped
		switch {
		case err == nil:
			continue
		case errors.As(err, &stop):
			return stop.err
		case errors.Is(err, ErrDrift):
			return err
		}
		if o.OnError != nil && ctx.Err() == nil {
			o.OnError(err)
		}
		_ = pause(ctx, followPause)
	}
	return nil
}

// ReadToEnd reads what a topic of one partition holds now, in order, and returns.
// It fails with the cluster's trouble, ctx's error, or fn's.
func (c *Client) ReadToEnd(ctx context.Context, t event.Topic, fn func(kafka.Message) error) error {
	f := follower{c: c, topic: c.Name(t), fn: fn, at: -1, once: true}
	for !f.ready {
		if err := f.read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stopped carries fn's error out, unlike those that are outlasted.
type stopped struct{ err error }

func (s *stopped) Error() string { return s.err.Error() }

type follower struct {
	c     *Client
	topic string
	o     FollowOptions
	fn    func(kafka.Message) error

	at    int64 // next offset, −1 when the start is not known yet
	until int64 // where the topic ended at the start
	ready bool  // CaughtUp was called
	once  bool  // reading ends where the topic ended at the start
	most  int   // bytes of one fetch; 0 is as many as may be
	empty int   // fetches in a row that gave nothing although there is more
}

// Tail reads the last n records or so of a topic of one partition, in order, as it is
// now. It fails like ReadToEnd.
func (c *Client) Tail(ctx context.Context, t event.Topic, n int64, fn func(kafka.Message) error) error {
	f := follower{c: c, topic: c.Name(t), fn: fn, once: true, most: leastFetch}
	first, last, err := c.offsets(ctx, f.topic)
	if err != nil {
		return err
	}
	f.at, f.until = max(first, last-n), last
	for !f.ready && f.at >= 0 { // less than 0: the topic was made anew
		if err := f.read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// The bounds of one fetch in bytes. A request has so much time; where a line is too
// slow for much in that time, less is asked for.
const leastFetch, mostFetch = 64 << 10, 4 << 20

// read is a step of somebody who outlasts nothing.
func (f *follower) read(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return f.c.explain("read "+f.topic, err)
	}
	err := f.step(ctx)
	var stop *stopped
	if errors.As(err, &stop) {
		return stop.err
	}
	return err
}

// step does one fetch.
func (f *follower) step(ctx context.Context) error {
	if f.at < 0 {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	f.caughtUp()
	if f.ready && f.once {
		return nil
	}
	if f.most == 0 {
		f.most = mostFetch
	}
	res, err := f.c.kc.Fetch(ctx, &kafka.FetchRequest{
		Topic: f.topic, Partition: 0, Offset: f.at, MinBytes: 1, MaxBytes: int64(f.most), MaxWait: min(time.Second, f.c.Timeout()/4),
	})
	if err == nil {
		err = res.Error
	}
	if errors.Is(err, kafka.OffsetOutOfRange) {
		f.at = -1 // made anew, or what we wanted is disposed of
		return nil
	}
	if err != nil {
		f.most = max(f.most/4, leastFetch)
		return f.c.explain("read "+f.topic, err)
	}
	before := f.at
	if err := f.hand(res.Records); err != nil {
		f.most = max(f.most/4, leastFetch)
		return err
	}
	f.most = min(2*f.most, mostFetch)
	if f.at == before && res.HighWatermark > f.at {
		// A batch whose records were all compacted away gives nothing, for ever.
		if f.empty++; f.empty >= 3 {
			f.at, f.empty = f.at+1, 0
		}
		return nil
	}
	f.empty = 0
	return nil
}

// begin finds where the topic starts and ends.
func (f *follower) begin(ctx context.Context) error {
	n, err := f.c.Partitions(ctx, f.topic)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("%w: %s has %d partitions, its order needs one", ErrDrift, f.topic, n)
	}
	first, last, err := f.c.offsets(ctx, f.topic)
	if err != nil {
		return err
	}
	f.at, f.until = first, last
	return nil
}

// offsets returns the first offset of partition 0 and the one behind its last.
func (c *Client) offsets(ctx context.Context, topic string) (first, last int64, err error) {
	res, err := c.kc.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)}},
	})
	if err != nil {
		return 0, 0, c.explain("read "+topic, err)
	}
	parts := res.Topics[topic]
	if len(parts) != 1 {
		return 0, 0, fmt.Errorf("%w: %s", ErrNoTopic, topic)
	}
	return parts[0].FirstOffset, parts[0].LastOffset, c.explain("read "+topic, parts[0].Error)
}

func (f *follower) caughtUp() {
	if f.ready || f.at < f.until {
		return
	}
	f.ready = true
	if f.o.CaughtUp != nil {
		f.o.CaughtUp()
	}
}

// hand gives the records from f.at on to fn.
func (f *follower) hand(r kafka.RecordReader) error {
	for {
		rec, err := r.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: read %s: %w", ErrUnavailable, f.topic, err)
		}
		m, err := message(rec)
		if err != nil {
			return fmt.Errorf("%w: read %s: %w", ErrUnavailable, f.topic, err)
		}
		if m.Offset < f.at { // a batch begins before what was asked for
			continue
		}
		m.Topic = f.topic
		if err := f.fn(m); err != nil {
			return &stopped{err}
		}
		f.at = m.Offset + 1
	}
}

func message(r *protocol.Record) (kafka.Message, error) {
	m := kafka.Message{Offset: r.Offset, Time: r.Time, Headers: r.Headers}
	var err error
	if r.Key != nil {
		if m.Key, err = protocol.ReadAll(r.Key); err != nil {
			return m, err
		}
		err = r.Key.Close()
	}
	if r.Value != nil && err == nil {
		if m.Value, err = protocol.ReadAll(r.Value); err != nil {
			return m, err
		}
		err = r.Value.Close()
	}
	return m, err
}

package writer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// lookEvery is how often gaps are looked at.
const lookEvery = 500 * time.Millisecond

// ask requests what is missing of the chains that are mine, until ctx ends.
func (c *chains) ask(ctx context.Context, where func(chain string) (partition int, mine bool)) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		c.settle(ctx, where)
		if rs := c.requests(); len(rs) > 0 {
			c.publish(ctx, rs)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// publish sends requests. Those that do not get through are sent again in time.
func (c *chains) publish(ctx context.Context, requests []kafka.Message) {
	if c.w.o.Store.Refresh != nil {
		c.w.o.Store.Refresh() // it may believe to have what is asked for
	}
	for _, m := range requests {
		if err := c.w.c.Publish(ctx, event.TopicReplay, m); err != nil {
			if ctx.Err() == nil {
				c.w.trouble(theBus, fmt.Errorf("writer: ask for a replay: %w", err))
			}
			return
		}
		c.w.m.asked.Inc()
	}
}

// recall loads the chains that the store knows, so that a gap of a chain that
// has fallen silent is asked for too.
func (c *chains) recall(ctx context.Context, where func(chain string) (partition int, mine bool)) {
	if c.w.o.Store.Chains == nil {
		return
	}
	var ids []string
	for attempt := 1; ; attempt++ {
		var err error
		if ids, err = c.w.o.Store.Chains(ctx); err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		c.w.trouble(theStore, err)
		if !pause(ctx, c.w.backoff(attempt)) {
			return
		}
	}
	for _, id := range ids {
		if _, mine := where(id); mine && c.w.o.Keys(id) != nil && !c.load(ctx, id) {
			return
		}
	}
}

// requests makes the requests that are due.
func (c *chains) requests() []kafka.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.w.o.Now()
	var out []kafka.Message
	for id, s := range c.by {
		for _, g := range s.ask.requests(now, s.missing, &c.w.o) {
			r := kafkax.ReplayRequest{ID: uuid.Must(uuid.NewV7()).String(), Chain: id, From: g.First, To: g.Last, At: now.UTC()}
			err := c.w.sign(&r)
			var m kafka.Message
			if err == nil {
				m, err = r.Record()
			}
			if err != nil {
				c.w.o.Log.Error().Err(err).Str("chain", id).Msg("a gap cannot be asked for")
				continue
			}
			out = append(out, m)
		}
	}
	return out
}

// listen reads what the edges say until ctx ends. An answer that explains a gap
// ends the asking; the events of one that fills it come by themselves. Where a
// chain ends they repeat, so that the topic's past is not needed.
func (c *chains) listen(ctx context.Context) {
	topic := c.w.c.Name(event.TopicReplay)
	offset := int64(kafka.LastOffset)
	for attempt := 1; ctx.Err() == nil; {
		next, err := c.answers(ctx, topic, offset)
		if err == nil {
			if attempt > 1 {
				c.w.trouble(theBus, nil)
			}
			offset, attempt = next, 1
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			offset = kafka.FirstOffset
		}
		c.w.trouble(theBus, c.w.c.Explain("read replay answers", err))
		pause(ctx, c.w.backoff(attempt))
		attempt++
	}
}

func (c *chains) answers(ctx context.Context, topic string, offset int64) (int64, error) {
	if offset < 0 {
		res, err := c.w.c.Kafka().ListOffsets(ctx, &kafka.ListOffsetsRequest{
			Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)}},
		})
		if err != nil {
			return 0, err
		}
		if all := res.Topics[topic]; len(all) > 0 {
			if all[0].Error != nil {
				return 0, all[0].Error
			}
			if offset == kafka.FirstOffset {
				return all[0].FirstOffset, nil
			}
			return all[0].LastOffset, nil
		}
		return 0, kafka.UnknownTopicOrPartition
	}
	res, err := c.w.c.Kafka().Fetch(ctx, &kafka.FetchRequest{Topic: topic, Partition: 0, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, err
	}
	for {
		rec, err := res.Records.ReadRecord()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return offset, nil
		}
		if err != nil {
			return 0, err
		}
		key, err := readBytes(nil, rec.Key)
		var val []byte
		if err == nil {
			val, err = readBytes(nil, rec.Value)
		}
		if err != nil {
			return 0, err
		}
		if rec.Offset < offset {
			continue
		}
		offset = rec.Offset + 1
		r, err := kafkax.ReadReplay(kafka.Message{Key: key, Value: val, Headers: rec.Headers})
		switch {
		case err != nil: // not ours to judge
		case r.Answer != nil:
			c.answered(r.Answer)
		case r.Head != nil:
			c.heard(r.Head)
		}
	}
}

// answered takes note of an edge's answer, if the edge signed it.
func (c *chains) answered(a *kafkax.ReplayAnswer) {
	pub := c.w.o.Keys(a.Chain)
	if pub == nil || a.To < a.From || a.Verify(pub) != nil {
		c.w.m.answers.WithLabelValues("unverified").Inc()
		return
	}
	switch a.Status {
	case kafkax.ReplayDone, kafkax.ReplayRefused, kafkax.ReplayDisposed, kafkax.ReplayDamaged, kafkax.ReplayParked:
		c.w.m.answers.WithLabelValues(string(a.Status)).Inc()
	default:
		c.w.m.answers.WithLabelValues("unknown").Inc()
		return
	}
	if a.Status == kafkax.ReplayDone || a.Status == kafkax.ReplayRefused {
		return // the events themselves end the gap; a refusal is asked again later
	}
	c.mu.Lock()
	s := c.by[a.Chain]
	var gone uint64
	if s != nil {
		before := size(s.missing)
		for _, g := range s.missing {
			if lo, hi := max(g.First, a.From), min(g.Last, a.To); lo <= hi {
				s.explained = append(s.explained, Gap{lo, hi})
			}
		}
		slices.SortFunc(s.explained, func(x, y Gap) int { return cmp.Compare(x.First, y.First) })
		s.missing = without(s.missing, a.From, a.To)
		gone = before - size(s.missing)
	}
	c.mu.Unlock()
	if gone > 0 {
		c.w.o.Log.Warn().Str("chain", a.Chain).Uint64("from", a.From).Uint64("to", a.To).
			Str("status", string(a.Status)).Str("reason", a.Reason).Msg("an edge cannot send these events again")
	}
}

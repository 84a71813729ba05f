package writer

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// maxReason bounds the text of a parked record's reason.
const maxReason = 300

// reencode makes a record again of an event that was read but not believed.
func reencode(e *event.Event, reason string, err error) badRecord {
	m, merr := kafkax.EventRecord(e)
	if merr != nil {
		m = kafka.Message{Key: []byte(e.ChainID)}
	}
	return badRecord{partition: -1, offset: -1, reason: reason, err: err, message: m}
}

// park puts records aside with their reasons. It tries for as long as the bus is
// away; false means that the session ended first.
func (s *session) park(ctx context.Context, bad []badRecord) bool {
	for i := range bad {
		b := &bad[i]
		m := kafka.Message{Key: b.message.Key, Value: b.message.Value, Time: s.w.o.Now()}
		m.Headers = append(m.Headers, b.message.Headers...)
		text := b.err.Error()
		m.Headers = append(m.Headers,
			kafka.Header{Key: kafkax.HeaderParkedReason, Value: []byte(b.reason + ": " + text[:min(len(text), maxReason)])},
			kafka.Header{Key: kafkax.HeaderParkedTopic, Value: []byte(s.topic)},
			kafka.Header{Key: kafkax.HeaderParkedPartition, Value: strconv.AppendInt(nil, int64(b.partition), 10)},
			kafka.Header{Key: kafkax.HeaderParkedOffset, Value: strconv.AppendInt(nil, b.offset, 10)},
			kafka.Header{Key: kafkax.HeaderParkedTime, Value: b.message.Time.UTC().AppendFormat(nil, time.RFC3339Nano)},
		)
		if !s.publishParked(ctx, m) {
			return false
		}
		s.w.m.parked.WithLabelValues(b.reason).Inc()
		s.w.o.Log.Warn().Str("reason", b.reason).Int64("offset", b.offset).Msg("a record was parked")
	}
	s.w.mu.Lock()
	s.w.st.Parked += uint64(len(bad))
	s.w.mu.Unlock()
	return true
}

func (s *session) publishParked(ctx context.Context, m kafka.Message) bool {
	for attempt := 1; ; attempt++ {
		err := s.w.c.Publish(ctx, event.TopicParked, m)
		switch {
		case err == nil:
			return true
		case ctx.Err() != nil:
			return false
		case kafkax.Permanent(err) && m.Value != nil:
			m.Value = nil // too much even to put aside: keep its place and reason
			continue
		case kafkax.Permanent(err) || errors.Is(err, kafkax.ErrDenied):
			s.w.o.Log.Error().Err(err).Msg("a record could not be parked; its place is in the log only")
			return true
		}
		s.w.trouble(theBus, err)
		if !pause(ctx, s.w.backoff(attempt)) {
			return false
		}
	}
}

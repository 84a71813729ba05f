package kafkax

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
)

// The headers of a record, in the order in which they are written. Those that
// begin with ce_ are the CloudEvents attributes of Kafka's binary mode; chain and
// number are extensions, so that a reader can find gaps without the value.
const (
	HeaderSpec   = "ce_specversion"
	HeaderID     = "ce_id"
	HeaderSource = "ce_source"
	HeaderType   = "ce_type"
	HeaderTime   = "ce_time"
	HeaderSchema = "ce_dataschema"
	HeaderMedia  = "content-type"
	HeaderChain  = "ce_chainid"
	HeaderSeq    = "ce_chainseq"
	// HeaderTrace is on the few records that somebody follows: the trace parent of
	// CloudEvents' extension for distributed tracing. It is random, stored nowhere,
	// and no part of the event.
	HeaderTrace = "ce_traceparent"
)

// The headers of a parked record, besides its own.
const (
	HeaderParkedReason    = "parked_reason"
	HeaderParkedTopic     = "parked_topic"
	HeaderParkedPartition = "parked_partition"
	HeaderParkedOffset    = "parked_offset"
	HeaderParkedTime      = "parked_time"
)

// EventRecord returns an event as a record: the key is the chain's id, so that
// a chain's events lie in one partition in order; the value is the JSON form;
// the time is the event's.
func EventRecord(e *event.Event) (kafka.Message, error) {
	value, err := e.AppendJSON(nil)
	if err != nil {
		return kafka.Message{}, err
	}
	return kafka.Message{
		Key: []byte(e.ChainID), Value: value, Time: e.TS,
		Headers: []kafka.Header{
			{Key: HeaderSpec, Value: []byte(event.SpecVersion)},
			{Key: HeaderID, Value: []byte(e.ID)},
			{Key: HeaderSource, Value: []byte(event.CloudSource(e.ChainID))},
			{Key: HeaderType, Value: []byte(event.CloudType(e.Kind))},
			{Key: HeaderTime, Value: e.TS.AppendFormat(nil, time.RFC3339Nano)},
			{Key: HeaderSchema, Value: []byte(event.DataSchema)},
			{Key: HeaderMedia, Value: []byte(event.ContentType)},
			{Key: HeaderChain, Value: []byte(e.ChainID)},
			{Key: HeaderSeq, Value: strconv.AppendUint(nil, e.Seq, 10)},
		},
	}, nil
}

// ErrForeign reports a record that is none of ours: of another schema or media
// type.
var ErrForeign = errors.New("kafka: record is of another schema")

// ReadEvent reads the event of a record into e with d, which the caller keeps
// from record to record. Headers are what others may read; only the value is
// believed, and of that only what event.VerifyBatch accepts. It fails with
// ErrForeign for another schema, event.ErrEncoding for a malformed value, and
// ErrForeign when key and value name different chains.
func ReadEvent(d *event.JSONDecoder, r *Record, e *event.Event) error {
	var err error
	r.header(func(key, value []byte) bool {
		if string(key) == HeaderSchema && string(value) != event.DataSchema {
			err = fmt.Errorf("%w: %q, want %q", ErrForeign, value, event.DataSchema)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	if err := d.Decode(r.Value, e); err != nil {
		return err
	}
	if string(r.Key) != e.ChainID {
		return fmt.Errorf("%w: the key is %q, the event is of chain %q", ErrForeign, r.Key, e.ChainID)
	}
	return nil
}

// Header returns a header's value, nil when there is none.
func Header(headers []kafka.Header, key string) []byte {
	for i := range headers {
		if headers[i].Key == key {
			return headers[i].Value
		}
	}
	return nil
}

package kafkax

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// Fetch asks for records of one partition.
type Fetch struct {
	Topic     string
	Partition int
	Offset    int64 // not negative
	MaxBytes  int   // one batch may be larger
	MaxWait   time.Duration
}

// Fetched is what a Fetch brought.
type Fetched struct {
	HighWatermark int64  // offset behind the last record that all replicas have
	Sets          []byte // record batches for Records, the last one maybe cut short
	Err           error  // of the partition, a kafka.Error
}

// Fetch reads from one partition as it lies on the wire; MinBytes is 1. The
// answer is read into buf, which grows as needed and is returned for the next
// one; after an error it must not be used again. It fails like Ping, unexplained.
func (c *Client) Fetch(ctx context.Context, f Fetch, buf []byte) (Fetched, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.timeout())
	defer cancel()
	m := &rawFetch{client: c.cfg.ClientID, id: fetchID.Add(1), buf: buf}
	m.Request = fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(min(f.MaxWait, c.cfg.timeout()/2).Milliseconds()), MinBytes: 1, MaxBytes: int32(f.MaxBytes), //nolint:gosec // small
		SessionID: -1, SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: f.Topic, Partitions: []fetch.RequestPartition{{
			Partition: int32(f.Partition), CurrentLeaderEpoch: -1, FetchOffset: f.Offset, LogStartOffset: -1, PartitionMaxBytes: int32(f.MaxBytes), //nolint:gosec // small
		}}}},
	}
	res, err := c.tr.RoundTrip(ctx, c.kc.Addr, m)
	if err != nil {
		return Fetched{}, nil, err
	}
	raw, ok := res.(*rawFetched)
	if !ok {
		return Fetched{}, nil, fmt.Errorf("%w: an answer of type %T to a fetch", ErrRecords, res)
	}
	out, err := raw.parse(f)
	return out, raw.b, err
}

// fetchID numbers the requests, so that an answer to another one shows.
var fetchID atomic.Int32

// rawFetch is a fetch request whose answer is left as it is.
type rawFetch struct {
	fetch.Request

	client  string
	id      int32
	version int16
	buf     []byte
}

// Required implements protocol.RawExchanger.
func (r *rawFetch) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.Fetch]
	return true
}

// maxAnswer is what an answer may be longer than was asked for: by a batch, and
// by what stands around it.
const maxAnswer = 64 << 20

// RawExchange implements protocol.RawExchanger.
func (r *rawFetch) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < 4 {
		return nil, fmt.Errorf("%w: fetch version %d: brokers older than 0.11 are not supported", ErrConfig, r.version)
	}
	if err := protocol.WriteRequest(rw, r.version, r.id, r.client, &r.Request); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, unexpected(err)
	}
	n := int64(binary.BigEndian.Uint32(head[:])) - 4
	if n < 0 || n > int64(r.MaxBytes)+maxAnswer {
		return nil, fmt.Errorf("%w: an answer of %d bytes", ErrRecords, n+4)
	}
	if id := int32(binary.BigEndian.Uint32(head[4:])); id != r.id { //nolint:gosec // the bits
		return nil, fmt.Errorf("%w: answer %d to request %d", ErrRecords, id, r.id)
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n+n/4)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(rw, r.buf); err != nil {
		return nil, unexpected(err)
	}
	return &rawFetched{version: r.version, b: r.buf}, nil
}

func unexpected(err error) error {
	if err == io.EOF { //nolint:errorlint // as io.ReadFull returns it
		return io.ErrUnexpectedEOF
	}
	return err
}

// rawFetched is the answer, of version 4 to 11 of the protocol.
type rawFetched struct {
	version int16
	b       []byte
}

// ApiKey implements protocol.Message.
func (r *rawFetched) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // the library's name

// cut walks the answer; what does not fit makes it fail for good.
type cut struct {
	b   []byte
	bad bool
}

func (c *cut) take(n int64) []byte {
	if c.bad || n < 0 || n > int64(len(c.b)) {
		c.bad = true
		return make([]byte, 8)
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

func (c *cut) int16() int16 { return int16(binary.BigEndian.Uint16(c.take(2))) } //nolint:gosec // the bits
func (c *cut) int32() int32 { return int32(binary.BigEndian.Uint32(c.take(4))) } //nolint:gosec // the bits
func (c *cut) int64() int64 { return int64(binary.BigEndian.Uint64(c.take(8))) } //nolint:gosec // the bits

// parse returns the one partition of the answer.
func (r *rawFetched) parse(f Fetch) (Fetched, error) {
	c := &cut{b: r.b}
	c.int32() // throttled for
	if r.version >= 7 {
		if code := c.int16(); code != 0 {
			return Fetched{Err: kafka.Error(code)}, nil
		}
		c.int32() // session
	}
	topics := c.int32()
	topic := string(c.take(int64(c.int16())))
	partitions, partition := c.int32(), c.int32()
	out := Fetched{}
	if code := c.int16(); code != 0 {
		out.Err = kafka.Error(code)
	}
	out.HighWatermark = c.int64()
	c.int64() // last stable offset
	if r.version >= 5 {
		c.int64() // first offset
	}
	if aborted := c.int32(); aborted > 0 {
		c.take(16 * int64(aborted))
	}
	if r.version >= 11 {
		c.int32() // preferred replica
	}
	if n := c.int32(); n > 0 {
		out.Sets = c.take(int64(n))
	}
	if c.bad || topics != 1 || partitions != 1 || topic != f.Topic || int(partition) != f.Partition {
		return Fetched{}, fmt.Errorf("%w: the answer to a fetch of %s/%d is another one", ErrRecords, f.Topic, f.Partition)
	}
	return out, nil
}

var (
	_ protocol.RawExchanger  = (*rawFetch)(nil)
	_ protocol.BrokerMessage = (*rawFetch)(nil)
)

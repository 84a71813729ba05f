package kafkax

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
)

// Batch builds one record batch of Kafka's message format 2 in memory of its
// own. kafka-go's writer makes some forty small writes a record with our
// headers; put together here, a batch costs a fraction of that (see
// BenchmarkProduce in sink/kafka). Nothing else of the protocol is our own.
// The zero value is an empty batch; it is not safe for concurrent use.
type Batch struct {
	records []byte
	out     bytes.Buffer
	count   int32
	first   int64 // ms since 1970, of the first record
	last    int64 // the latest
}

// batchHead is the size of what stands before the records, the length of the
// record set (4 bytes), which the request carries, included.
const batchHead = 4 + 61

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() { b.records, b.count = b.records[:0], 0 }

// Len is the number of records.
func (b *Batch) Len() int { return int(b.count) }

// Size is the length of the records in bytes, before compression.
func (b *Batch) Size() int { return len(b.records) }

// AppendHeader appends a record's header to dst in the form that Add takes.
func AppendHeader(dst []byte, key string, value []byte) []byte {
	dst = binary.AppendVarint(dst, int64(len(key)))
	dst = append(dst, key...)
	dst = binary.AppendVarint(dst, int64(len(value)))
	return append(dst, value...)
}

// Add appends a record. at is its time in ms since 1970; headers are n ones, as
// AppendHeader made them. Nothing is kept of the arguments.
func (b *Batch) Add(at int64, key, value, headers []byte, n int) {
	if b.count == 0 {
		b.first, b.last = at, at
	}
	b.last = max(b.last, at)
	delta := at - b.first
	size := 1 + varintLen(delta) + varintLen(int64(b.count)) +
		varintLen(int64(len(key))) + len(key) + varintLen(int64(len(value))) + len(value) +
		varintLen(int64(n)) + len(headers)
	r := binary.AppendVarint(b.records, int64(size))
	r = append(r, 0) // attributes
	r = binary.AppendVarint(r, delta)
	r = binary.AppendVarint(r, int64(b.count))
	r = binary.AppendVarint(r, int64(len(key)))
	r = append(r, key...)
	r = binary.AppendVarint(r, int64(len(value)))
	r = append(r, value...)
	r = binary.AppendVarint(r, int64(n))
	b.records = append(r, headers...)
	b.count++
}

func varintLen(v int64) int {
	n := 1
	for u := uint64(v<<1) ^ uint64(v>>63); u >= 0x80; u >>= 7 { //nolint:gosec // zigzag, as the format has it
		n++
	}
	return n
}

// Seal compresses the records, if there is a codec, and returns the batch as a record set for
// kafka-go's RawProduceRequest. It is valid until the next Seal.
func (b *Batch) Seal(codec compress.Codec) (protocol.RawRecordSet, error) {
	if b.count == 0 {
		return protocol.RawRecordSet{}, protocol.ErrNoRecord
	}
	b.out.Reset()
	b.out.Write(make([]byte, batchHead))
	var code uint16
	if codec == nil {
		b.out.Write(b.records)
	} else {
		code = uint16(codec.Code()) //nolint:gosec // 1 to 4
		w := codec.NewWriter(&b.out)
		_, err := w.Write(b.records)
		if cerr := w.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return protocol.RawRecordSet{}, fmt.Errorf("kafka: compress: %w", err)
		}
	}
	p := b.out.Bytes()
	if len(p) > math.MaxInt32 {
		return protocol.RawRecordSet{}, fmt.Errorf("%w: a batch of %d bytes", ErrTooLarge, len(p))
	}
	be := binary.BigEndian
	be.PutUint32(p, uint32(len(p)-4))      //nolint:gosec // bounded above
	h := p[4:]                             // base offset: 0
	be.PutUint32(h[8:], uint32(len(h)-12)) //nolint:gosec // bounded above
	be.PutUint32(h[12:], math.MaxUint32)   // leader epoch: −1
	h[16] = 2                              // format
	be.PutUint16(h[21:], code)
	be.PutUint32(h[23:], uint32(b.count-1)) //nolint:gosec // last offset
	be.PutUint64(h[27:], uint64(b.first))   //nolint:gosec // the bits
	be.PutUint64(h[35:], uint64(b.last))    //nolint:gosec // the bits
	be.PutUint64(h[43:], math.MaxUint64)    // producer: none
	be.PutUint16(h[51:], math.MaxUint16)    // its epoch: none
	be.PutUint32(h[53:], math.MaxUint32)    // its sequence: none
	be.PutUint32(h[57:], uint32(b.count))   //nolint:gosec // not negative
	be.PutUint32(h[17:], crc32.Checksum(h[21:], castagnoli))
	return protocol.RawRecordSet{Reader: bytes.NewReader(p)}, nil
}

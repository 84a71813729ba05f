package kafkax

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
)

// ErrRecords reports what is not as the protocol has it. Asking again may bring
// it whole.
var ErrRecords = errors.New("kafka: malformed record batch")

// Unreadable reports a batch that is whole by its checksum and cannot be read all
// the same: its producer wrote it so, and it will never be otherwise. Reading goes
// on behind it.
type Unreadable struct {
	Offset, Next int64 // of the batch, and behind it
	Err          error
}

func (u *Unreadable) Error() string {
	return fmt.Sprintf("kafka: unreadable batch of records %d to %d: %v", u.Offset, u.Next-1, u.Err)
}

// Unwrap returns the cause.
func (u *Unreadable) Unwrap() error { return u.Err }

// Record is one record of a batch. What it points to is valid until the next one
// is read.
type Record struct {
	Offset     int64
	At         int64 // ms since 1970
	Key, Value []byte

	heads []byte // n headers as they stand in the batch, each sound
	n     int
}

// header calls each with the headers' names and values, in order, until it
// returns false.
func (r *Record) header(each func(key, value []byte) bool) {
	b := r.heads
	for range r.n {
		var key, value []byte
		key, b, _ = cutBytes(b)
		value, b, _ = cutBytes(b)
		if !each(key, value) {
			return
		}
	}
}

// Header returns a header's value, nil when there is none; it is valid as long as
// the record is.
func (r *Record) Header(name string) (value []byte) {
	r.header(func(k, v []byte) bool {
		if string(k) == name {
			value = v
		}
		return value == nil
	})
	return value
}

// Headers returns copies of the headers.
func (r *Record) Headers() []kafka.Header {
	var out []kafka.Header
	r.header(func(key, value []byte) bool {
		out = append(out, kafka.Header{Key: string(key), Value: bytes.Clone(value)})
		return true
	})
	return out
}

// Records reads record batches of format 2, the counterpart of Batch: the
// library's reader makes several copies and allocations for each record. Its
// codecs decompress. The zero value is ready; it is not safe for concurrent use.
type Records struct {
	sets []byte // what is left of them
	next int64

	rest  []byte // of the present batch's records
	left  int    // how many these are
	base  int64
	first int64 // ms since 1970
	after int64 // offset behind the batch
	open  bool  // it was begun, so that after holds
	plain bytes.Buffer
	rec   Record
}

// setHead is the size of a batch's head, of which the first setFixed bytes are
// not counted in its length.
const (
	setHead  = 61
	setFixed = 12
)

// maxPlain bounds what one batch may become when it is decompressed. The brokers
// bound it before that, mostly at 1 MiB; our own are smaller than that either way.
const maxPlain = 64 << 20

// Reset begins to read batches as a fetch brought them, the last one of which may
// be cut short. They are not copied.
func (r *Records) Reset(sets []byte, from int64) {
	r.sets, r.next, r.rest, r.left, r.open = sets, from, nil, 0, false
}

// Count is how many records the whole batches that are still to be begun say to
// have.
func (r *Records) Count() int {
	n := 0
	for b := r.sets; len(b) >= setHead; {
		size := setFixed + int64(binary.BigEndian.Uint32(b[8:]))
		if size < setHead || size > int64(len(b)) {
			break
		}
		// A count that lies must not cost memory, and one that compresses this well
		// is rare.
		n += min(int(binary.BigEndian.Uint32(b[57:])), int(size)) //nolint:gosec // bounded
		b = b[size:]
	}
	return n
}

// NextOffset is the offset behind what was read.
func (r *Records) NextOffset() int64 { return r.next }

// Read returns the next record, io.EOF behind the last whole batch. Records
// before the offset given to Reset, with which a batch may begin, are passed
// over. It fails with ErrRecords, and with an Unreadable, after which it can be
// called again.
func (r *Records) Read() (*Record, error) {
	for {
		for r.left > 0 {
			if err := r.record(); err != nil {
				return nil, r.unreadable(err)
			}
			r.left--
			if r.rec.Offset >= r.next {
				r.next = r.rec.Offset + 1
				return &r.rec, nil
			}
		}
		if r.open { // its last records may have been compacted away
			r.next, r.open = max(r.next, r.after), false
		}
		if err := r.batch(); err != nil {
			return nil, err
		}
	}
}

// batch begins the next batch.
func (r *Records) batch() error {
	be := binary.BigEndian
	if len(r.sets) < setHead {
		return io.EOF
	}
	size := setFixed + int64(be.Uint32(r.sets[8:]))
	if size > int64(len(r.sets)) {
		return io.EOF
	}
	h := r.sets[:size]
	if size < setHead || h[16] != 2 {
		return fmt.Errorf("%w: format %d of %d bytes at offset %d", ErrRecords, h[16], size, be.Uint64(h))
	}
	if crc32.Checksum(h[21:], castagnoli) != be.Uint32(h[17:]) {
		return fmt.Errorf("%w: checksum of the batch at offset %d", ErrRecords, be.Uint64(h))
	}
	attributes, count := be.Uint16(h[21:]), be.Uint32(h[57:])
	r.base = int64(be.Uint64(h)) //nolint:gosec // the bits
	r.after = r.base + int64(be.Uint32(h[23:])) + 1
	r.first = int64(be.Uint64(h[27:])) //nolint:gosec // the bits
	r.sets, r.open = r.sets[size:], true
	r.rest, r.left = h[setHead:], int(count)
	if attributes&(1<<5) != 0 { // of a transaction's end, not of a producer
		r.left = 0
		return nil
	}
	if code := compress.Compression(attributes & 7); code != compress.None {
		if err := r.decompress(code); err != nil {
			return r.unreadable(err)
		}
	}
	if int64(count) > int64(len(r.rest)) {
		return r.unreadable(fmt.Errorf("%d records in %d bytes", count, len(r.rest)))
	}
	return nil
}

// unreadable gives the present batch up.
func (r *Records) unreadable(err error) error {
	r.left = 0
	return &Unreadable{Offset: r.base, Next: r.after, Err: err}
}

func (r *Records) decompress(code compress.Compression) error {
	codec := code.Codec()
	if codec == nil {
		return fmt.Errorf("codec %d is not known", code)
	}
	in := codec.NewReader(bytes.NewReader(r.rest))
	r.plain.Reset()
	_, err := io.Copy(&bounded{&r.plain}, in)
	r.rest = r.plain.Bytes()
	return errors.Join(err, in.Close())
}

// bounded refuses to take more than maxPlain bytes.
type bounded struct{ *bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxPlain {
		return 0, fmt.Errorf("more than %d bytes", maxPlain)
	}
	return b.Buffer.Write(p)
}

// ReadFrom hides the buffer's own, which knows no bound.
func (b *bounded) ReadFrom(from io.Reader) (int64, error) {
	n, err := b.Buffer.ReadFrom(io.LimitReader(from, maxPlain+1))
	if n > maxPlain {
		err = fmt.Errorf("more than %d bytes", maxPlain)
	}
	return n, err
}

// record reads the next record into r.rec.
func (r *Records) record() error {
	bad := func() error { return fmt.Errorf("malformed record behind %d", r.next-1) }
	size, b, ok := cutVarint(r.rest)
	if !ok || size < 1 || size > int64(len(b)) {
		return bad()
	}
	r.rest = b[size:]
	at, b, ok := cutVarint(b[1:size]) // behind the attributes
	if !ok {
		return bad()
	}
	place, b, ok := cutVarint(b)
	if !ok {
		return bad()
	}
	r.rec.Offset, r.rec.At = r.base+place, r.first+at
	if r.rec.Key, b, ok = cutBytes(b); !ok {
		return bad()
	}
	if r.rec.Value, b, ok = cutBytes(b); !ok {
		return bad()
	}
	n, b, ok := cutVarint(b)
	if !ok || n < 0 || n > int64(len(b)) {
		return bad()
	}
	r.rec.heads, r.rec.n = b, int(n)
	for range 2 * n {
		if _, b, ok = cutBytes(b); !ok {
			return bad()
		}
	}
	return nil
}

func cutVarint(b []byte) (v int64, rest []byte, ok bool) {
	if len(b) > 0 && b[0] < 0x80 { // most are short
		u := b[0]
		return int64(u>>1) ^ -int64(u&1), b[1:], true
	}
	v, n := binary.Varint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}

// cutBytes reads a length and as many bytes; −1 stands for none.
func cutBytes(b []byte) (v, rest []byte, ok bool) {
	n, b, ok := cutVarint(b)
	switch {
	case !ok || n < -1 || n > int64(len(b)):
		return nil, nil, false
	case n == -1:
		return nil, b, true
	}
	return b[:n:n], b[n:], true
}

// Package wire is the language that the edge and a camera's worker speak over
// their control socket. Each message is one datagram of a SOCK_SEQPACKET pair:
// an eight-byte header and a body of fixed fields and length-prefixed strings,
// little-endian. Parsing checks every field against its range, allocates
// nothing that the message's own bytes do not pay for, and accepts exactly one
// form of each message, since the worker must be taken for hostile.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed reports a message that does not follow the protocol. Whoever
// sent it is not to be trusted any further.
var ErrMalformed = errors.New("wire: malformed message")

// Type says what a message is.
type Type uint8

// The messages from the edge to the worker, and from the worker to the edge.
const (
	TypeStart   Type = 1 // edge: what to do, once
	TypeRelease Type = 2 // edge: a slot may be written again
	TypeOffer   Type = 3 // edge: a WebRTC offer
	TypeStop    Type = 4 // edge: end in good order

	TypeHello  Type = 16 // worker: limits are applied, ready for Start
	TypeState  Type = 17 // worker: how far the camera has got
	TypeFrame  Type = 18 // worker: a picture lies in a slot
	TypeBeat   Type = 19 // worker: alive, with counters
	TypeAnswer Type = 20 // worker: the answer to an offer
)

// MaxMessage bounds a whole message; an SDP offer is the longest.
const MaxMessage = 64 << 10

// The bounds of the strings in messages.
const (
	MaxSDP  = 60 << 10
	MaxURL  = 4 << 10
	MaxText = 512
	MaxName = 128
)

const (
	magic      = 0xB7
	version    = 1
	headerSize = 8
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Split checks a message's header and returns its type and body, which lies in
// msg.
func Split(msg []byte) (Type, []byte, error) {
	if len(msg) < headerSize || len(msg) > MaxMessage {
		return 0, nil, malformed("%d bytes", len(msg))
	}
	if msg[0] != magic || msg[1] != version || msg[3] != 0 {
		return 0, nil, malformed("header % x", msg[:4])
	}
	if n := binary.LittleEndian.Uint32(msg[4:8]); int64(n) != int64(len(msg)-headerSize) {
		return 0, nil, malformed("body of %d bytes announced, %d sent", n, len(msg)-headerSize)
	}
	return Type(msg[2]), msg[headerSize:], nil
}

// Message is anything that can be sent.
type Message interface {
	Type() Type
	appendBody(b []byte) []byte
}

// Append adds the whole message m to b.
func Append(b []byte, m Message) ([]byte, error) {
	start := len(b)
	b = append(b, magic, version, byte(m.Type()), 0, 0, 0, 0, 0)
	b = m.appendBody(b)
	n := len(b) - start
	if n > MaxMessage {
		return b[:start], fmt.Errorf("wire: message of %d bytes, at most %d", n, MaxMessage)
	}
	binary.LittleEndian.PutUint32(b[start+4:], uint32(n-headerSize))
	return b, nil
}

func appendString(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// reader takes fields off a body; the first failure sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.b) < n {
		r.err = malformed("body too short")
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) u8() uint8 {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) bool() bool {
	v := r.u8()
	if v > 1 {
		r.fail("boolean %d", v)
	}
	return v == 1
}

func (r *reader) u16() uint16 {
	if v := r.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if v := r.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

func (r *reader) i32() int32 { return int32(r.u32()) }
func (r *reader) i64() int64 { return int64(r.u64()) }

func (r *reader) string(what string, limit int) string {
	n := int(r.u16())
	if n > limit {
		r.fail("%s of %d bytes, at most %d", what, n, limit)
		return ""
	}
	return string(r.take(n))
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
}

// end reports the first failure, or that bytes are left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) != 0 {
		r.fail("%d bytes left over", len(r.b))
	}
	return r.err
}

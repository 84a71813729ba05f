// Package box carries templates from the control to one edge. Records are sealed
// (HPKE, RFC 9180: X25519 with ML-KEM-768, HKDF-SHA-256, AES-256-GCM) to a key
// that lives in the memory of the edge's process alone, besides the TLS that they
// travel in: nothing on the way, and nothing that either side writes down, can be
// opened later. The last record says that it is the last, so that a cut stream is
// told from a whole one.
package box

import (
	"bufio"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxRecord bounds one record, in bytes.
const MaxRecord = 8 << 10

// overhead is what sealing adds to a record.
const overhead = 16

// maxKey bounds the encapsulated key; that of X25519 with ML-KEM-768 has 1,120 bytes.
const maxKey = 4 << 10

// The ways in which a stream is refused.
var (
	// ErrBroken reports a stream that was cut, altered, or is for somebody else.
	ErrBroken = errors.New("box: the stream is cut or altered, or not for us")
	// ErrKey reports a key that cannot be sealed to.
	ErrKey = errors.New("box: key")
	// ErrSize reports a record that is too large.
	ErrSize = errors.New("box: record too large")
)

func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.MLKEM768X25519(), hpke.HKDFSHA256(), hpke.AES256GCM()
}

// Key opens what was sealed to it. It is made for one process and never written
// down.
type Key struct{ private hpke.PrivateKey }

// NewKey makes a key.
func NewKey() (*Key, error) {
	kem, _, _ := suite()
	k, err := kem.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return &Key{k}, nil
}

// Public is what others seal to.
func (k *Key) Public() []byte { return k.private.PublicKey().Bytes() }

// Tags of a record's additional data.
var (
	more = []byte{0}
	last = []byte{1}
)

// Sealer writes records for one key.
type Sealer struct {
	w    io.Writer
	s    *hpke.Sender
	head [4]byte
}

// NewSealer begins a stream for a public key. info is what both sides know of it:
// whose, and of what. It fails with ErrKey.
func NewSealer(w io.Writer, public, info []byte) (*Sealer, error) {
	kem, kdf, aead := suite()
	pub, err := kem.NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	enc, s, err := hpke.NewSender(pub, kdf, aead, info)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	out := &Sealer{w: w, s: s}
	return out, out.frame(enc)
}

// Put writes a record, which stays the caller's.
func (s *Sealer) Put(record []byte) error { return s.seal(more, record) }

// Close writes the last record; the stream is worth nothing without it.
func (s *Sealer) Close() error { return s.seal(last, nil) }

func (s *Sealer) seal(tag, record []byte) error {
	if len(record) > MaxRecord {
		return fmt.Errorf("%w: %d bytes", ErrSize, len(record))
	}
	sealed, err := s.s.Seal(tag, record)
	if err != nil {
		return fmt.Errorf("box: seal: %w", err)
	}
	return s.frame(append(tag[:1:1], sealed...))
}

func (s *Sealer) frame(b []byte) error {
	binary.BigEndian.PutUint32(s.head[:], uint32(len(b))) //nolint:gosec // bounded by MaxRecord
	if _, err := s.w.Write(s.head[:]); err != nil {
		return fmt.Errorf("box: %w", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("box: %w", err)
	}
	return nil
}

// Opener reads the records of a stream.
type Opener struct {
	in  *bufio.Reader
	r   *hpke.Recipient
	buf []byte
}

// NewOpener reads the beginning of a stream. It fails with ErrBroken.
func NewOpener(in io.Reader, key *Key, info []byte) (*Opener, error) {
	o := &Opener{in: bufio.NewReader(in)}
	enc, err := o.frame(maxKey)
	if err != nil {
		return nil, err
	}
	_, kdf, aead := suite()
	if o.r, err = hpke.NewRecipient(enc, key.private, kdf, aead, info); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return o, nil
}

// Next returns a record, which the caller wipes, or io.EOF after the last. It
// fails with ErrBroken, also where the stream ends before its end.
func (o *Opener) Next() ([]byte, error) {
	b, err := o.frame(1 + MaxRecord + overhead)
	if err != nil {
		return nil, err
	}
	if len(b) < 1+overhead || b[0] > 1 {
		return nil, fmt.Errorf("%w: a record of %d bytes", ErrBroken, len(b))
	}
	record, err := o.r.Open(b[:1], b[1:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if b[0] == last[0] {
		if len(record) > 0 {
			clear(record)
			return nil, fmt.Errorf("%w: the last record is not empty", ErrBroken)
		}
		return nil, io.EOF
	}
	return record, nil
}

func (o *Opener) frame(limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(o.in, head[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, noEOF(err))
	}
	n := int(binary.BigEndian.Uint32(head[:]))
	if n > limit {
		return nil, fmt.Errorf("%w: a record of %d bytes", ErrBroken, n)
	}
	if cap(o.buf) < n {
		o.buf = make([]byte, n)
	}
	if _, err := io.ReadFull(o.in, o.buf[:n]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, noEOF(err))
	}
	return o.buf[:n], nil
}

// noEOF keeps a cut stream from looking like one that has ended.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

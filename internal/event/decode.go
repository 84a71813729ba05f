package event

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// UnmarshalBinary reads what AppendBinary wrote into e, which is overwritten
// and shares no memory with b. Only bytes that AppendBinary could have written
// are accepted, so reading and writing again gives the same bytes; everything
// else fails with ErrEncoding.
func (e *Event) UnmarshalBinary(b []byte) error { return e.decode(b, nil) }

// BinaryDecoder reads events in their stored form like UnmarshalBinary, and
// holds the texts that come again and again once. The zero value is ready; it is
// not safe for concurrent use.
type BinaryDecoder struct{ texts }

// Decode is Event.UnmarshalBinary.
func (d *BinaryDecoder) Decode(b []byte, e *Event) error { return e.decode(b, &d.texts) }

func (e *Event) decode(b []byte, t *texts) error {
	if len(b) > MaxEncoded {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrEncoding, len(b), MaxEncoded)
	}
	const head = 1 + len(Digest{}) + 1
	if len(b) < head || b[0] != encodingMark {
		return fmt.Errorf("%w: no version mark", ErrEncoding)
	}
	*e = Event{RowHash: Digest(b[1 : head-1])}
	n := int(b[head-1])
	b = b[head:]
	if len(b) < n {
		return fmt.Errorf("%w: signature cut short", ErrEncoding)
	}
	if n > 0 {
		e.NodeSig = append(t.place(n)[:0], b[:n]...)
	}
	return e.parse(b[n:], t)
}

// ParseCanonical reads a canonical form. row_hash and node_sig stay empty.
func ParseCanonical(b []byte) (Event, error) {
	var e Event
	err := e.parse(b, nil)
	return e, err
}

func (e *Event) parse(b []byte, t *texts) error {
	fields := canonical()
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n+1+4 {
			return fmt.Errorf("%w: field cut short", ErrEncoding)
		}
		name, mark := b[1:1+n], b[1+n]
		size := int(binary.BigEndian.Uint32(b[2+n:]))
		b = b[6+n:]
		if size > len(b) {
			return fmt.Errorf("%w: %q: value cut short", ErrEncoding, name)
		}
		// The fields ascend, so a name is only ever sought further on.
		for len(fields) > 0 && fields[0].Name != string(name) {
			fields = fields[1:]
		}
		if len(fields) == 0 || byte(fields[0].Type) != mark {
			return fmt.Errorf("%w: field %q of type %q is unknown, repeated or out of order", ErrEncoding, name, mark)
		}
		f := &fields[0]
		fields = fields[1:]
		if err := parseValue(b[:size], f, e, t); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrEncoding, f.Name, err)
		}
		if f.isZero(e) {
			return fmt.Errorf("%w: %s: empty field is written out", ErrEncoding, f.Name)
		}
		b = b[size:]
	}
	if err := e.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return nil
}

func parseValue(b []byte, f *Field, e *Event, t *texts) error {
	ref := f.ref(e)
	switch v := ref.(type) {
	case *string:
		if f.once {
			t = nil
		}
		*v = t.again(f.index, b)
	case *[]byte:
		*v = append(t.place(len(b))[:0], b...)
	case *Digest:
		if len(b) != len(v) {
			return fmt.Errorf("%d bytes", len(b))
		}
		copy(v[:], b)
	case *float32:
		if len(b) != 4 {
			return fmt.Errorf("%d bytes", len(b))
		}
		*v = math.Float32frombits(binary.BigEndian.Uint32(b))
	case *time.Time, *uint32, *uint64:
		if len(b) != 8 {
			return fmt.Errorf("%d bytes", len(b))
		}
		return parseNumber(binary.BigEndian.Uint64(b), ref)
	case *map[string]string:
		return parseMap(b, v)
	}
	return nil
}

func parseNumber(n uint64, ref any) error {
	switch v := ref.(type) {
	case *time.Time:
		if n > maxMillis {
			return fmt.Errorf("time out of range")
		}
		*v = time.UnixMilli(int64(n)).UTC()
	case *uint32:
		if n > math.MaxUint32 {
			return fmt.Errorf("%d is out of range", n)
		}
		*v = uint32(n)
	case *uint64:
		*v = n
	}
	return nil
}

func parseMap(b []byte, m *map[string]string) error {
	next := func() (string, error) {
		if len(b) < 4 {
			return "", fmt.Errorf("entry cut short")
		}
		n := binary.BigEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-4) {
			return "", fmt.Errorf("entry cut short")
		}
		s := string(b[4 : 4+n])
		b = b[4+n:]
		return s, nil
	}
	*m = make(map[string]string)
	last, first := "", true
	for len(b) > 0 {
		k, err := next()
		if err != nil {
			return err
		}
		v, err := next()
		if err != nil {
			return err
		}
		if !first && k <= last {
			return fmt.Errorf("key %q is repeated or out of order", k)
		}
		last, first = k, false
		(*m)[k] = v
	}
	return nil
}

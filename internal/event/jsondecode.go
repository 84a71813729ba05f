package event

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// JSONDecoder reads events in their JSON form. It keeps the texts that come
// again and again (sites, cameras, zones), so that they are held once. The zero
// value is ready; it is not safe for concurrent use.
type JSONDecoder struct {
	texts
	b   []byte
	at  int
	tmp []byte
}

// ParseJSON reads one event from its JSON form; see JSONDecoder.Decode.
func ParseJSON(b []byte) (Event, error) {
	var e Event
	err := new(JSONDecoder).Decode(b, &e)
	return e, err
}

// Decode reads one event into e, which is overwritten and shares no memory with
// b. It is strict: an unknown, repeated or null field, a value of another type
// or out of range, and anything behind the object fail with ErrEncoding. What
// it accepts encoding/json reads to the same event. Whether row_hash and node_sig
// fit the content is for Verify.
func (d *JSONDecoder) Decode(b []byte, e *Event) error {
	if len(b) > MaxJSON {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrEncoding, len(b), MaxJSON)
	}
	*e = Event{}
	d.b, d.at = b, 0
	err := d.object(e)
	d.b = nil
	if err != nil {
		return fmt.Errorf("%w: JSON at byte %d: %w", ErrEncoding, d.at, err)
	}
	if err := e.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return nil
}

var (
	errSyntax = errors.New("not as JSON demands")
	errCut    = errors.New("cut short")
	errRange  = errors.New("number out of range")
)

// byName leads from a field's name to its place in the table.
var byName = sync.OnceValue(func() map[string]int {
	m := make(map[string]int, len(table()))
	for i, f := range table() {
		m[f.Name] = i
	}
	return m
})

func (d *JSONDecoder) object(e *Event) error {
	if err := d.expect('{'); err != nil {
		return err
	}
	fields := table()
	var done uint64 // a bit a field; there are fewer than 64
	next := 0       // writers keep the order, so the next name is mostly known
	for d.space(); d.peek() != '}'; d.space() {
		if done != 0 {
			if err := d.expect(','); err != nil {
				return err
			}
		}
		i := d.known(fields, next)
		if i < 0 {
			var err error
			if i, err = d.named(); err != nil {
				return err
			}
		}
		if done&(1<<i) != 0 {
			return fmt.Errorf("field %q is repeated", fields[i].Name)
		}
		done |= 1 << i
		next = i + 1
		if err := d.value(&fields[i], e); err != nil {
			return fmt.Errorf("%s: %w", fields[i].Name, err)
		}
	}
	d.at++
	if d.space(); d.at != len(d.b) {
		return fmt.Errorf("something follows the event: %w", errSyntax)
	}
	return nil
}

// known reads a name as writers put it, that of the next field or of one behind
// it which is not left out, and returns the field's place; -1 when something else
// stands there, which is then not read.
func (d *JSONDecoder) known(fields []Field, next int) int {
	rest := d.b[d.at:]
	for i := next; i < len(fields); i++ {
		k := fields[i].key
		if len(rest) > len(k) && rest[len(k)-2] == '"' && string(rest[:len(k)]) == k {
			d.at += len(k)
			return i
		}
		if fields[i].Always {
			break
		}
	}
	return -1
}

// named reads a name and returns its field's place.
func (d *JSONDecoder) named() (int, error) {
	name, err := d.text()
	if err != nil {
		return 0, err
	}
	i, ok := byName()[string(name)]
	if !ok {
		return 0, fmt.Errorf("unknown field %q", name)
	}
	return i, d.expect(':')
}

// members walks an object and calls fn with each name, after which d stands
// before the value. The name is valid until fn reads on.
func (d *JSONDecoder) members(fn func(name []byte) error) error {
	if err := d.expect('{'); err != nil {
		return err
	}
	if d.space(); d.peek() == '}' {
		d.at++
		return nil
	}
	for {
		name, err := d.text()
		if err != nil {
			return err
		}
		if err := d.expect(':'); err != nil {
			return err
		}
		if err := fn(name); err != nil {
			return err
		}
		switch d.space(); d.peek() {
		case ',':
			d.at++
		case '}':
			d.at++
			return nil
		default:
			return errSyntax
		}
	}
}

func (d *JSONDecoder) space() {
	for d.at < len(d.b) {
		switch d.b[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (d *JSONDecoder) peek() byte {
	if d.at < len(d.b) {
		return d.b[d.at]
	}
	return 0
}

func (d *JSONDecoder) expect(c byte) error {
	if d.space(); d.at >= len(d.b) {
		return errCut
	}
	if d.b[d.at] != c {
		return fmt.Errorf("%q where %q was expected: %w", d.b[d.at], c, errSyntax)
	}
	d.at++
	return nil
}

func (d *JSONDecoder) value(f *Field, e *Event) error {
	switch v := f.ref(e).(type) {
	case *string:
		b, err := d.text()
		if f.once {
			*v = string(b)
		} else {
			*v = d.again(f.index, b)
		}
		return err
	case *time.Time:
		return d.time(v)
	case *uint32:
		n, err := d.uint(32)
		*v = uint32(n) //nolint:gosec // bounded by uint
		return err
	case *uint64:
		n, err := d.uint(64)
		*v = n
		return err
	case *float32:
		return d.float(v)
	case *Digest:
		return d.digest(v)
	case *[]byte:
		return d.bytes(v)
	case *map[string]string:
		return d.pairs(v)
	default:
		panic(fmt.Sprintf("event: no JSON form for %T", v))
	}
}

// text reads a string and returns its content, which is valid until the next
// call.
func (d *JSONDecoder) text() ([]byte, error) {
	b, err := d.quoted()
	for i, c := range b {
		if c == '\\' {
			d.tmp = append(d.tmp[:0], b[:i]...)
			d.at -= len(b) - i + 1
			return d.escaped()
		}
		if c < ' ' {
			return nil, fmt.Errorf("control character in a string: %w", errSyntax)
		}
	}
	return b, err
}

// quoted reads up to the next quotation mark, whatever stands before it.
func (d *JSONDecoder) quoted() ([]byte, error) {
	if err := d.expect('"'); err != nil {
		return nil, err
	}
	b := d.b[d.at:]
	i := bytes.IndexByte(b, '"')
	if i < 0 {
		return nil, errCut
	}
	d.at += i + 1
	return b[:i], nil
}

// escaped goes on where text met the first backslash.
func (d *JSONDecoder) escaped() ([]byte, error) {
	for d.at < len(d.b) {
		c := d.b[d.at]
		d.at++
		switch {
		case c == '"':
			return d.tmp, nil
		case c < ' ':
			return nil, fmt.Errorf("control character in a string: %w", errSyntax)
		case c != '\\':
			d.tmp = append(d.tmp, c)
		default:
			if err := d.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, errCut
}

var plainEscape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (d *JSONDecoder) escape() error {
	c := d.peek()
	d.at++
	if p := plainEscape[c]; p != 0 {
		d.tmp = append(d.tmp, p)
		return nil
	}
	if c != 'u' {
		return fmt.Errorf("escape \\%c: %w", c, errSyntax)
	}
	r, err := d.unit()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) {
		// Half a pair stands for nothing; encoding/json would put U+FFFD there.
		if d.at+1 >= len(d.b) || d.b[d.at] != '\\' || d.b[d.at+1] != 'u' {
			return fmt.Errorf("half a surrogate pair: %w", errSyntax)
		}
		d.at += 2
		low, err := d.unit()
		if err != nil {
			return err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return fmt.Errorf("half a surrogate pair: %w", errSyntax)
		}
	}
	d.tmp = utf8.AppendRune(d.tmp, r)
	return nil
}

// unit reads four hex digits.
func (d *JSONDecoder) unit() (rune, error) {
	if len(d.b)-d.at < 4 {
		return 0, errCut
	}
	var raw [2]byte
	if _, err := hex.Decode(raw[:], d.b[d.at:d.at+4]); err != nil {
		return 0, errSyntax
	}
	d.at += 4
	return rune(raw[0])<<8 | rune(raw[1]), nil
}

// number reads the text of a number by JSON's grammar.
func (d *JSONDecoder) number() ([]byte, error) {
	d.space()
	from := d.at
	if d.peek() == '-' {
		d.at++
	}
	lead := d.at
	n := d.digits()
	if n == 0 || n > 1 && d.b[lead] == '0' {
		return nil, fmt.Errorf("number: %w", errSyntax)
	}
	if d.peek() == '.' {
		d.at++
		if d.digits() == 0 {
			return nil, fmt.Errorf("number: %w", errSyntax)
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.at++
		if c := d.peek(); c == '+' || c == '-' {
			d.at++
		}
		if d.digits() == 0 {
			return nil, fmt.Errorf("number: %w", errSyntax)
		}
	}
	return d.b[from:d.at], nil
}

func (d *JSONDecoder) digits() int {
	from := d.at
	for d.at < len(d.b) && d.b[d.at] >= '0' && d.b[d.at] <= '9' {
		d.at++
	}
	return d.at - from
}

func (d *JSONDecoder) uint(bits int) (uint64, error) {
	b, err := d.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(b), 10, bits)
	if err != nil {
		return 0, errRange
	}
	return n, nil
}

func (d *JSONDecoder) float(v *float32) error {
	b, err := d.number()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(b), 32)
	if err != nil || math.Signbit(f) && f == 0 {
		return errRange
	}
	*v = float32(f)
	return nil
}

// time reads RFC 3339 in UTC, written with Z.
func (d *JSONDecoder) time(v *time.Time) error {
	b, err := d.text()
	if err != nil {
		return err
	}
	n := len(b)
	if n < len("2006-01-02T15:04:05Z") || b[n-1] != 'Z' || b[13] != ':' || bytes.IndexByte(b, ',') >= 0 {
		return fmt.Errorf("%q is no time such as 2006-01-02T15:04:05.123Z", b)
	}
	if err := v.UnmarshalText(b); err != nil {
		return fmt.Errorf("%q is no time such as 2006-01-02T15:04:05.123Z", b)
	}
	return nil
}

// unhex is the value of a hex digit in lower case; 0xff for all else.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range hexDigits {
		t[hexDigits[i]] = byte(i)
	}
	return t
}()

func (d *JSONDecoder) digest(v *Digest) error {
	b, err := d.quoted()
	if err != nil || len(b) == 0 {
		return err
	}
	if len(b) != 2*len(v) {
		return fmt.Errorf("digest of %d hex digits, want %d", len(b), 2*len(v))
	}
	for i := range v {
		hi, lo := unhex[b[2*i]], unhex[b[2*i+1]]
		if hi|lo == 0xff {
			return fmt.Errorf("digest: %w", errSyntax)
		}
		v[i] = hi<<4 | lo
	}
	return nil
}

func (d *JSONDecoder) bytes(v *[]byte) error {
	b, err := d.quoted()
	if err != nil || len(b) == 0 {
		return err
	}
	out := d.place(base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Strict().Decode(out, b)
	// The decoder passes over line ends, which show in the length.
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(b) {
		return fmt.Errorf("base64: %w", errSyntax)
	}
	*v = out[:n]
	return nil
}

func (d *JSONDecoder) pairs(v *map[string]string) error {
	m := make(map[string]string, 8)
	err := d.members(func(name []byte) error {
		k := d.keep(name)
		if _, twice := m[k]; twice {
			return fmt.Errorf("key %q is repeated", k)
		}
		b, err := d.text()
		m[k] = d.keep(b)
		return err
	})
	*v = m
	return err
}

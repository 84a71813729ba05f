package verify

import (
	"bytes"
	"encoding/hex"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// value is one field as it came: of a JSON string its content, of a number its
// digits. It lies within the request's body and is wiped with it.
type value struct {
	b      []byte
	number bool
}

var (
	errJSON   = errors.New("the body is not one flat JSON object of strings and whole numbers")
	errTwice  = errors.New("a field is given twice")
	errFields = errors.New("too many fields")
)

// maxFields is far more than there are.
const maxFields = 64

// parseJSON reads a flat object of strings and whole numbers in place: strings
// are unescaped where they lie, so that no copy of them is made. b is changed.
func parseJSON(b []byte) (map[string]value, error) {
	p := flat{b: b}
	out := map[string]value{}
	if !p.take('{') {
		return nil, errJSON
	}
	if p.take('}') {
		return out, p.end()
	}
	for {
		p.space()
		k, err := p.str()
		if err != nil || !p.take(':') {
			return nil, errJSON
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if _, twice := out[string(k)]; twice {
			return nil, errTwice
		}
		if len(out) == maxFields {
			return nil, errFields
		}
		out[string(k)] = v
		if p.take(',') {
			continue
		}
		if !p.take('}') {
			return nil, errJSON
		}
		return out, p.end()
	}
}

type flat struct {
	b []byte
	i int
}

func (p *flat) space() {
	for p.i < len(p.b) && bytes.IndexByte([]byte(" \t\r\n"), p.b[p.i]) >= 0 {
		p.i++
	}
}

// take skips white space and then c, if it comes next.
func (p *flat) take(c byte) bool {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *flat) end() error {
	p.space()
	if p.i != len(p.b) {
		return errJSON
	}
	return nil
}

func (p *flat) value() (value, error) {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == '"' {
		s, err := p.str()
		return value{b: s}, err
	}
	from := p.i
	for p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' {
		p.i++
	}
	n := p.b[from:p.i]
	if len(n) == 0 || len(n) > 9 || len(n) > 1 && n[0] == '0' {
		return value{}, errJSON
	}
	return value{b: n, number: true}, nil
}

// str reads a string and unescapes it in place.
func (p *flat) str() ([]byte, error) {
	if p.i >= len(p.b) || p.b[p.i] != '"' {
		return nil, errJSON
	}
	p.i++
	from := p.i
	// Most strings, and all pictures but those of encoders that escape the
	// slash, need no change.
	stop := bytes.IndexByte(p.b[from:], '"')
	if stop < 0 {
		return nil, errJSON
	}
	s := p.b[from : from+stop]
	if bytes.IndexByte(s, '\\') < 0 {
		p.i = from + stop + 1
		return s, check(s)
	}
	to := from
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return p.b[from:to], check(p.b[from:to:to])
		case c == '\\':
			n, err := p.escape(to)
			if err != nil {
				return nil, err
			}
			to += n
		case c < ' ':
			return nil, errJSON
		default:
			p.b[to] = c
			to++
			p.i++
		}
	}
	return nil, errJSON
}

// check refuses what JSON does not allow raw. Control characters that came by
// an escape are refused too: no field needs one.
func check(s []byte) error {
	for _, c := range s {
		if c < ' ' {
			return errJSON
		}
	}
	if !utf8.Valid(s) {
		return errJSON
	}
	return nil
}

var plainEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape writes what the escape at p.i stands for at to and returns its length,
// which is never more than the escape's own.
func (p *flat) escape(to int) (int, error) {
	if p.i+1 >= len(p.b) {
		return 0, errJSON
	}
	if c, ok := plainEscapes[p.b[p.i+1]]; ok {
		p.b[to] = c
		p.i += 2
		return 1, nil
	}
	r, err := p.unit()
	if err != nil {
		return 0, err
	}
	if utf16.IsSurrogate(r) {
		low, err := p.unit()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, errJSON
		}
	}
	return utf8.EncodeRune(p.b[to:to+utf8.UTFMax], r), nil
}

// unit reads one \uXXXX.
func (p *flat) unit() (rune, error) {
	var v [2]byte
	if p.i+6 > len(p.b) || p.b[p.i] != '\\' || p.b[p.i+1] != 'u' {
		return 0, errJSON
	}
	if _, err := hex.Decode(v[:], p.b[p.i+2:p.i+6]); err != nil {
		return 0, errJSON
	}
	p.i += 6
	return rune(v[0])<<8 | rune(v[1]), nil
}

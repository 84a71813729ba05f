package loopcam

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"bystander/internal/av"
)

var errNAL = errors.New("loopcam: malformed H.264 or H.265 data")

// nalus splits a recording's units: length-prefixed with parameter sets apart
// (MP4, Matroska) or with start codes (MPEG-TS, raw).
type nalus struct {
	hevc   bool
	prefix int // bytes of the length; 0 means start codes
	sets   [][]byte
}

// newNALUs reads avcC or hvcC (ISO/IEC 14496-15, 5.3.3 and 8.3.3), or start codes.
func newNALUs(codec av.Codec, extra []byte) (*nalus, error) {
	n := &nalus{hevc: codec == av.CodecH265}
	switch {
	case len(extra) == 0:
		return n, nil
	case len(extra) >= 4 && extra[0] == 0 && extra[1] == 0:
		var b h264.AnnexB
		if err := b.Unmarshal(extra); err != nil {
			return nil, fmt.Errorf("%w: %w", errNAL, err)
		}
		n.sets = b
		return n, nil
	case n.hevc:
		return n, n.hvcC(extra)
	}
	return n, n.avcC(extra)
}

func (n *nalus) avcC(b []byte) error {
	if len(b) < 7 || b[0] != 1 {
		return fmt.Errorf("%w: avcC", errNAL)
	}
	n.prefix = int(b[4]&3) + 1
	count := int(b[5] & 31)
	b = b[6:]
	for part := range 2 {
		if part == 1 {
			if len(b) < 1 {
				return fmt.Errorf("%w: avcC", errNAL)
			}
			count, b = int(b[0]), b[1:]
		}
		for range count {
			unit, rest, err := cut(b, 2)
			if err != nil {
				return err
			}
			n.sets, b = append(n.sets, unit), rest
		}
	}
	return nil
}

func (n *nalus) hvcC(b []byte) error {
	if len(b) < 23 || b[0] != 1 {
		return fmt.Errorf("%w: hvcC", errNAL)
	}
	n.prefix = int(b[21]&3) + 1
	arrays := int(b[22])
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return fmt.Errorf("%w: hvcC", errNAL)
		}
		typ, count := b[0]&0x3f, int(binary.BigEndian.Uint16(b[1:]))
		b = b[3:]
		for range count {
			unit, rest, err := cut(b, 2)
			if err != nil {
				return err
			}
			if typ >= 32 && typ <= 34 { // VPS, SPS, PPS; not SEI
				n.sets = append(n.sets, unit)
			}
			b = rest
		}
	}
	return nil
}

// cut takes a unit with a length of size bytes off b.
func cut(b []byte, size int) (unit, rest []byte, err error) {
	if len(b) < size {
		return nil, nil, fmt.Errorf("%w: length", errNAL)
	}
	l := 0
	for _, v := range b[:size] {
		l = l<<8 | int(v)
	}
	if l > len(b)-size {
		return nil, nil, fmt.Errorf("%w: unit of %d bytes", errNAL, l)
	}
	return b[size : size+l], b[size+l:], nil
}

// split returns the units of one picture, in data's own memory. A key picture
// that brings no parameter sets gets them, so that a reader may join there.
func (n *nalus) split(data []byte, key bool) ([][]byte, error) {
	var units [][]byte
	if n.prefix == 0 {
		var b h264.AnnexB
		if err := b.Unmarshal(data); err != nil {
			return nil, fmt.Errorf("%w: %w", errNAL, err)
		}
		units = b
	}
	for b := data; n.prefix > 0 && len(b) > 0; {
		unit, rest, err := cut(b, n.prefix)
		if err != nil {
			return nil, err
		}
		if len(unit) > 0 {
			units = append(units, unit)
		}
		b = rest
	}
	if key && len(n.sets) > 0 && !n.hasSPS(units) {
		units = append(append([][]byte(nil), n.sets...), units...)
	}
	return units, nil
}

func (n *nalus) hasSPS(units [][]byte) bool {
	for _, u := range units {
		if n.kind(u) == kindSPS {
			return true
		}
	}
	return false
}

type kind int

const (
	kindOther kind = iota
	kindVPS
	kindSPS
	kindPPS
)

func (n *nalus) kind(u []byte) kind {
	if len(u) == 0 {
		return kindOther
	}
	if n.hevc {
		switch u[0] >> 1 & 0x3f {
		case 32:
			return kindVPS
		case 33:
			return kindSPS
		case 34:
			return kindPPS
		}
		return kindOther
	}
	switch u[0] & 0x1f {
	case 7:
		return kindSPS
	case 8:
		return kindPPS
	}
	return kindOther
}

// set returns the first parameter set of a kind, nil when there is none.
func (n *nalus) set(k kind) []byte {
	for _, u := range n.sets {
		if n.kind(u) == k {
			return u
		}
	}
	return nil
}

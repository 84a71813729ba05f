package whip

import (
	"encoding/binary"

	"github.com/pion/rtp/codecs"

	"bystander/ingest/driver"
)

// maxUnit bounds one access unit; a longer one is dropped.
const maxUnit = 4 << 20

// assembly builds access units from RTP payloads that come in order. After a
// loss it drops everything up to the next key unit: a picture that builds on
// one that never came would show what isn't there. Its buffer is reused.
type assembly struct {
	codec driver.Codec
	buf   []byte
	ts    uint32
	open  bool // buf belongs to ts
	whole bool // nothing of the unit is missing so far
	key   bool
	image bool // it holds a picture, not parameter sets alone
	part  bool // inside a fragmented NAL unit

	wantKey bool // for lack of one, units are dropped
	dropped int  // malformed payloads since the last look
	vp8     codecs.VP8Packet
}

func newAssembly(c driver.Codec) *assembly { return &assembly{codec: c, wantKey: true} }

// accessUnit is a picture's worth of data, valid until the next call of add.
type accessUnit struct {
	data []byte
	ts   uint32
	key  bool
}

// add takes the next payload; lost tells that some were lost in front of it. A
// payload ends at most one unit by its marker and one by its time stamp; emit
// is called for each that is whole and can be decoded.
func (a *assembly) add(ts uint32, marker bool, payload []byte, lost bool, emit func(accessUnit) error) error {
	if lost {
		a.whole, a.wantKey = false, true
	}
	if a.open && ts != a.ts {
		if err := a.finish(emit); err != nil {
			return err
		}
	}
	if !a.open {
		// Behind a loss nobody can say whether the unit's beginning was lost.
		a.open, a.ts, a.whole = true, ts, !lost
	}
	ok := a.whole
	if ok {
		if a.codec == driver.VP8 {
			ok = a.addVP8(payload)
		} else {
			ok = a.addH264(payload)
		}
		if !ok {
			a.dropped++
		}
	}
	if !ok || len(a.buf) > maxUnit {
		a.whole, a.wantKey = false, true
	}
	if marker {
		return a.finish(emit)
	}
	return nil
}

func (a *assembly) finish(emit func(accessUnit) error) error {
	u := accessUnit{data: a.buf, ts: a.ts, key: a.key}
	good := a.whole && !a.part && a.image
	if a.whole && !a.part && !a.image {
		// Parameter sets on their own belong to the next picture.
		a.open = false
		return nil
	}
	a.buf, a.open, a.whole, a.key, a.image, a.part = a.buf[:0], false, false, false, false, false
	if !good {
		a.wantKey = true
		return nil
	}
	if a.wantKey && !u.key {
		return nil
	}
	a.wantKey = false
	return emit(u)
}

// NAL unit and payload types of ITU-T H.264 and RFC 6184.
const (
	nalIDR = 5
	stapA  = 24
	fuA    = 28
)

func (a *assembly) nal(header byte, body []byte) {
	t := header & 0x1f
	a.image = a.image || t >= 1 && t <= nalIDR
	a.key = a.key || t == nalIDR
	a.buf = append(a.buf, 0, 0, 0, 1, header)
	a.buf = append(a.buf, body...)
}

// addH264 takes apart the payloads of packetization-mode 0 and 1 and reports
// whether it made sense of this one.
func (a *assembly) addH264(p []byte) bool {
	if len(p) == 0 {
		return false
	}
	t := p[0] & 0x1f
	if a.part && t != fuA {
		return false // the rest of a fragmented NAL unit never came
	}
	switch {
	case t >= 1 && t < stapA:
		a.nal(p[0], p[1:])
		return true
	case t == stapA:
		return a.aggregate(p[1:])
	case t == fuA:
		return a.fragment(p)
	default:
		return false
	}
}

func (a *assembly) aggregate(p []byte) bool {
	if len(p) == 0 {
		return false
	}
	for len(p) > 0 {
		if len(p) < 2 {
			return false
		}
		n := int(binary.BigEndian.Uint16(p))
		if p = p[2:]; n == 0 || n > len(p) {
			return false
		}
		if t := p[0] & 0x1f; t == 0 || t >= stapA {
			return false
		}
		a.nal(p[0], p[1:n])
		p = p[n:]
	}
	return true
}

func (a *assembly) fragment(p []byte) bool {
	if len(p) < 3 { // indicator, header and at least one byte
		return false
	}
	start, end := p[1]&0x80 != 0, p[1]&0x40 != 0
	t := p[1] & 0x1f
	if start == a.part || start && end || t == 0 || t >= stapA {
		return false
	}
	if start {
		a.nal(p[0]&0xe0|t, p[2:])
	} else {
		a.buf = append(a.buf, p[2:]...)
	}
	a.part = !end
	return true
}

// addVP8 takes a payload of RFC 7741. A unit must begin with the start of the
// first partition.
func (a *assembly) addVP8(p []byte) bool {
	body, err := a.vp8.Unmarshal(p)
	if err != nil || len(body) == 0 {
		return false
	}
	begin := a.vp8.S == 1 && a.vp8.PID == 0
	if begin != (len(a.buf) == 0) {
		return false
	}
	if begin {
		a.image, a.key = true, body[0]&1 == 0
	}
	a.buf = append(a.buf, body...)
	return true
}

package live

import (
	"bytes"
	"sync/atomic"
	"time"

	"bystander/sink"
)

const (
	maxPayload = 1180 // bytes; with RTP header, extensions, SRTP, UDP and IPv6 below 1280
	clockRate  = 90000
)

// NAL unit types of ITU-T H.264, table 7-1, and of RFC 6184.
const (
	nalSlice     = 1
	nalIDR       = 5
	nalDelimiter = 9
	nalFiller    = 12
	nalFragment  = 28 // FU-A
)

// unit is one access unit cut into RTP payloads. It is made once a camera and
// shared by that camera's viewers; the last one returns it to its pool.
type unit struct {
	buf      []byte // payloads end to end
	ends     []int  // where each payload ends
	rtp      uint32 // time stamp, 90 kHz, without any viewer's offset
	captured time.Time
	key      bool
	refs     atomic.Int32
	pool     *unitPool
}

// unitPool keeps the buffers of units for reuse, at most cap(free) of them.
type unitPool struct{ free chan *unit }

func newUnitPool(n int) *unitPool { return &unitPool{make(chan *unit, n)} }

// get returns an empty unit with one holder.
func (p *unitPool) get() *unit {
	var u *unit
	select {
	case u = <-p.free:
	default:
		u = &unit{pool: p}
	}
	u.buf, u.ends = u.buf[:0], u.ends[:0]
	u.refs.Store(1)
	return u
}

func (u *unit) retain() { u.refs.Add(1) }

func (u *unit) release() {
	if u.refs.Add(-1) != 0 {
		return
	}
	select {
	case u.pool.free <- u:
	default:
	}
}

// payloads calls f with each RTP payload in order until f fails.
func (u *unit) payloads(f func(payload []byte, first, last bool) error) error {
	from := 0
	for i, to := range u.ends {
		if err := f(u.buf[from:to], i == 0, i == len(u.ends)-1); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// fill cuts p into payloads as RFC 6184 says for packetization-mode 1: single
// NAL units where they fit, FU-A fragments where not. Delimiters and filler
// carry nothing for a viewer and are left out. It fails with ErrNotH264 when
// no picture is found.
func (u *unit) fill(p *sink.Packet) error {
	u.rtp = rtpTime(p.PTS)
	u.captured, u.key = p.Captured, false
	picture := false
	rest := afterStart(p.Data)
	for len(rest) > 0 {
		nal, next := cutNAL(rest)
		rest = next
		if len(nal) == 0 {
			continue
		}
		switch t := nal[0] & 0x1f; t {
		case 0, nalDelimiter, nalFiller:
			continue
		default:
			// 24 and above are RTP's own and can't stand in a byte stream.
			if t >= 24 {
				continue
			}
			picture = picture || t >= nalSlice && t <= nalIDR
			u.key = u.key || t == nalIDR
		}
		u.add(nal)
	}
	if !picture {
		return ErrNotH264
	}
	return nil
}

func (u *unit) add(nal []byte) {
	if len(nal) <= maxPayload {
		u.buf = append(u.buf, nal...)
		u.ends = append(u.ends, len(u.buf))
		return
	}
	indicator, header := nal[0]&0xe0|nalFragment, nal[0]&0x1f
	// Fragments of about equal size: none is so small that its headers weigh
	// more than what it carries.
	body := nal[1:]
	n := (len(body) + maxPayload - 3) / (maxPayload - 2)
	for i := range n {
		h := header
		if i == 0 {
			h |= 0x80
		}
		if i == n-1 {
			h |= 0x40
		}
		u.buf = append(u.buf, indicator, h)
		u.buf = append(u.buf, body[i*len(body)/n:(i+1)*len(body)/n]...)
		u.ends = append(u.ends, len(u.buf))
	}
}

// rtpTime is t in ticks of the video clock, modulo 2³².
func rtpTime(t time.Duration) uint32 {
	sec, frac := t/time.Second, t%time.Second
	return uint32(int64(sec)*clockRate + int64(frac)*clockRate/int64(time.Second)) //nolint:gosec // modulo 2³² is meant
}

var startCode = []byte{0, 0, 1}

// afterStart returns what follows the first start code, nil without one.
func afterStart(b []byte) []byte {
	i := bytes.Index(b, startCode)
	if i < 0 {
		return nil
	}
	return b[i+3:]
}

// cutNAL splits b, which begins behind a start code, at the next one. Zero
// bytes in front of that belong to it (ITU-T H.264, annex B).
func cutNAL(b []byte) (nal, rest []byte) {
	i := bytes.Index(b, startCode)
	if i < 0 {
		nal = b
	} else {
		nal, rest = b[:i], b[i+3:]
	}
	return bytes.TrimRight(nal, "\x00"), rest
}

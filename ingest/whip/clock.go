package whip

import (
	"time"
)

const (
	clockRate = 90000
	// jump is the step of RTP time that is taken for a new beginning.
	jump = 10 * clockRate
	// plausible is how far a publisher's wall clock may be from ours before it
	// is taken for no wall clock at all (some send time since start).
	plausible = 24 * time.Hour
)

// extender turns 32-bit RTP time into ticks that don't wrap.
type extender struct {
	last  uint32
	ticks int64
	begun bool
}

// extend returns ts in ticks since the first one, and whether it can't belong
// to the same stretch of time as the one before; then counting began again.
func (e *extender) extend(ts uint32) (ticks int64, broken bool) {
	if !e.begun {
		e.begun, e.last, e.ticks = true, ts, 0
		return 0, false
	}
	step := int64(int32(ts - e.last)) //nolint:gosec // the difference modulo 2³² is meant
	if step <= -jump || step >= jump {
		e.last, e.ticks = ts, 0
		return 0, true
	}
	e.last = ts
	e.ticks += step
	return e.ticks, false
}

// wall ties RTP time to the publisher's wall clock (RTCP sender report).
type wall struct {
	at  time.Time
	rtp uint32
}

// newWall reads a report; it returns nil if its NTP time is no wall clock.
func newWall(ntp uint64, rtp uint32, now time.Time) *wall {
	const eraOffset = 2208988800 // seconds from 1900 to 1970
	sec := int64(ntp>>32) - eraOffset
	nsec := int64(ntp&0xffffffff) * int64(time.Second) >> 32 //nolint:gosec // below 2³²
	at := time.Unix(sec, nsec)
	if d := at.Sub(now); d > plausible || d < -plausible {
		return nil
	}
	return &wall{at, rtp}
}

// of returns the wall-clock time of ts, zero without a report.
func (w *wall) of(ts uint32) time.Time {
	if w == nil {
		return time.Time{}
	}
	d := int64(int32(ts - w.rtp)) //nolint:gosec // the difference modulo 2³² is meant
	return w.at.Add(time.Duration(d * int64(time.Second) / clockRate))
}

package child

import (
	"math"
	"math/bits"
	"time"

	"bystander/ingest/driver"
	"bystander/internal/frame"
)

// timeline turns a source's time stamps, however odd, into ones that strictly
// increase: relative to the present epoch, and in the source's own ticks.
//
// A live camera's clock may jump, which begins a new epoch. A file is different:
// a long pause in it is what was recorded, and every picture has to come out.
type timeline struct {
	base frame.Rational
	step int64 // ticks of one picture, at least 1
	live bool

	started  bool
	origin   int64 // tick at which the epoch began
	last     int64 // tick of the last picture, as given out
	lastPTS  time.Duration
	shift    int64 // what a file's ticks are moved by after it ran backwards
	anyTicks bool
	maxTicks int64 // last tick given out in any epoch, files only
}

const (
	liveForward  = 5 * time.Second // a live clock that skips more has jumped
	backward     = time.Second     // and so has any that falls back more
	defaultRate  = 25
	maxTickValue = math.MaxInt64 / 4
)

// stamp is the time of one picture.
type stamp struct {
	pts      time.Duration
	ticks    int64
	newEpoch bool
	drop     bool // out of order and late: a live camera's picture is left out
}

// open begins a stream with its own time base; the next picture opens an epoch.
func (t *timeline) open(base, rate frame.Rational) {
	t.base = base
	t.started = false
	t.shift = 0
	t.anyTicks = false
	if !rate.Valid() || rate.Float() > 1000 {
		rate = frame.Rational{Num: defaultRate, Den: 1}
	}
	t.step = max(1, int64(math.Round(1/(rate.Float()*base.Float()))))
}

// next takes the picture's time stamp, which may be driver.NoPTS.
func (t *timeline) next(pts int64) stamp {
	if pts == driver.NoPTS || pts > maxTickValue || pts < -maxTickValue {
		pts = t.last + t.step - t.shift
		if !t.started {
			pts = 0
		}
	}
	if !t.started {
		return t.begin(pts)
	}
	if t.live {
		return t.nextLive(pts)
	}
	return t.nextFile(pts)
}

func (t *timeline) begin(ticks int64) stamp {
	if t.anyTicks && ticks <= t.maxTicks {
		ticks = t.maxTicks + t.step
	}
	t.started, t.origin, t.last, t.lastPTS = true, ticks, ticks, 0
	t.note(ticks)
	return stamp{ticks: ticks, newEpoch: true}
}

// restart makes the picture that was just given s the first of a new epoch.
func (t *timeline) restart(s stamp) stamp {
	t.origin, t.lastPTS = s.ticks, 0
	return stamp{ticks: s.ticks, newEpoch: true}
}

func (t *timeline) nextLive(pts int64) stamp {
	d := pts - t.last
	switch since := t.duration(d); {
	case since > liveForward || since < -backward:
		t.anyTicks = false
		return t.begin(pts)
	case d < 0:
		return stamp{drop: true}
	case d == 0:
		pts++
	}
	return t.advance(pts)
}

func (t *timeline) nextFile(pts int64) stamp {
	ticks := pts + t.shift
	if d := ticks - t.last; d <= 0 {
		if t.duration(d) < -backward {
			t.shift += t.last + t.step - ticks
			return t.begin(t.last + t.step)
		}
		ticks = t.last + 1
	}
	return t.advance(ticks)
}

func (t *timeline) advance(ticks int64) stamp {
	t.last = ticks
	t.note(ticks)
	// Ticks finer than a nanosecond must not make two pictures equal.
	t.lastPTS = max(t.duration(ticks-t.origin), t.lastPTS+1)
	return stamp{pts: t.lastPTS, ticks: ticks}
}

func (t *timeline) note(ticks int64) {
	if !t.live {
		t.anyTicks, t.maxTicks = true, ticks
	}
}

// duration converts ticks exactly, down to a nanosecond, and saturates.
func (t *timeline) duration(ticks int64) time.Duration {
	neg := ticks < 0
	n := uint64(ticks)
	if neg {
		n = -n
	}
	hi, lo := bits.Mul64(n, uint64(t.base.Num)*uint64(time.Second))
	if hi >= uint64(t.base.Den) {
		n = math.MaxInt64
	} else {
		n, _ = bits.Div64(hi, lo, uint64(t.base.Den))
		n = min(n, math.MaxInt64)
	}
	if neg {
		return -time.Duration(n)
	}
	return time.Duration(n)
}

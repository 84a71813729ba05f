package redact

import (
	"time"

	"bystander/internal/geom"
)

// sight is one observation of a track.
type sight struct {
	pts   time.Duration
	box   geom.Box
	score float32
	doubt bool
}

// track is what is known of one target of one kind.
type track struct {
	id    uint64
	kind  TargetKind
	seen  []sight // oldest first; bounded, see note
	total int     // observations ever
	best  float32
	gap   time.Duration // the longest between two observations in a row
	lost  bool
	weak  bool // see Target.Weak
	// taken tells that a new track was first seen, at next, where this one had
	// got to: the same target under a new number.
	taken bool
	next  sight
	// grant holds, for each held picture by its place in the ring, what was
	// permitted when the picture was seen: one bit a rule.
	grant []uint8
}

// A track is confirmed by three sightings or one good one; others are held for
// a quarter of the time, so that a single false alarm does not cost a second.
const (
	confirmScore = 0.60
	confirmSeen  = 3
)

func (t *track) confirmed() bool { return t.total >= confirmSeen || t.best >= confirmScore }

// note adds an observation, newer than all before. Two on one picture are one
// region, and doubtful.
func (t *track) note(s sight) {
	if n := len(t.seen); n > 0 && t.seen[n-1].pts == s.pts {
		l := &t.seen[n-1]
		l.box, l.doubt = l.box.Union(s.box), true
		return
	}
	if len(t.seen) == cap(t.seen) {
		copy(t.seen, t.seen[1:])
		t.seen = t.seen[:len(t.seen)-1]
	}
	if n := len(t.seen); n > 0 {
		t.gap = max(t.gap, s.pts-t.seen[n-1].pts)
	}
	t.taken = false
	t.seen = append(t.seen, s)
	t.total++
	t.best = max(t.best, s.score)
}

// trim forgets what lies so far before now that nothing is computed from it.
func (t *track) trim(now time.Duration) {
	k := 0
	for k+fitMost < len(t.seen) && t.seen[k+fitMost-1].pts < now {
		k++
	}
	if k > 0 {
		t.seen = t.seen[:copy(t.seen, t.seen[k:])]
	}
}

// around returns the indices of the last sighting at or before at and the
// first at or after it; -1 where there is none.
func (t *track) around(at time.Duration) (before, after int) {
	before, after = -1, -1
	for i := range t.seen {
		if t.seen[i].pts <= at {
			before = i
		}
		if t.seen[i].pts >= at {
			after = i
			break
		}
	}
	return before, after
}

// motion is a straight line through some sightings of a track, anchored at one
// end of them. Rates are per second.
type motion struct {
	box            geom.Box
	vx, vy, vw, vh float32
	span           float32 // seconds of sightings it rests on; 0: nothing known
}

// Sightings that a motion is fitted to. Beyond a gap lies another motion.
const (
	fitMost = 5
	fitSpan = 600 * time.Millisecond
	fitGap  = 350 * time.Millisecond
)

// motionAt fits the sightings next to end i, looking back (step -1) or ahead
// (step 1) from there, by least squares.
func (t *track) motionAt(i, step int) motion {
	end := t.seen[i]
	m := motion{box: end.box}
	n, last := 0, end.pts
	var st, stt float32
	var sum, dot [4]float32
	for j := i; j >= 0 && j < len(t.seen) && n < fitMost; j += step {
		s := t.seen[j]
		dt, gap := s.pts-end.pts, s.pts-last
		if max(dt, -dt) > fitSpan || max(gap, -gap) > fitGap {
			break
		}
		last = s.pts
		d := float32(dt.Seconds())
		c := s.box.Centre()
		v := [4]float32{c.X, c.Y, s.box.W(), s.box.H()}
		st += d
		stt += d * d
		for k := range v {
			sum[k] += v[k]
			dot[k] += v[k] * d
		}
		m.span = max(m.span, d, -d)
		n++
	}
	if n < 2 {
		m.span = 0
		return m
	}
	fn := float32(n)
	den := fn*stt - st*st
	if den <= 0 {
		m.span = 0
		return m
	}
	rate := func(k int) float32 { return (fn*dot[k] - st*sum[k]) / den }
	m.vx, m.vy, m.vw, m.vh = rate(0), rate(1), rate(2), rate(3)
	return m
}

// at extrapolates by d seconds, of either sign. Beyond steady the speed dies
// away, since nobody walks straight for long. A target may grow up to twice its
// size, but shrinks little: towards more masking.
func (m motion) at(d float32) geom.Box {
	const steady, fade = 0.4, 0.6
	e, sign := d, float32(1)
	if e < 0 {
		e, sign = -e, -1
	}
	if e > steady {
		x := (e - steady) / fade
		e = steady + fade*x/(1+x)
	}
	e *= sign
	c := m.box.Centre()
	w, h := m.box.W(), m.box.H()
	w = min(max(w+m.vw*e, 0.85*w), 2*w)
	h = min(max(h+m.vh*e, 0.85*h), 2*h)
	return geom.BoxAt(c.X+m.vx*e, c.Y+m.vy*e, w, h)
}

// slack is by how much a place d seconds away from a sighting may be wrong, as
// factors on the sides. What rests on a short or no stretch of sightings is the
// least certain.
func (m motion) slack(kind TargetKind, d float32) (fx, fy float32) {
	rx, ry := float32(0.6), float32(0.4)
	if kind == TargetPerson {
		rx, ry = 0.3, 0.15
	}
	switch m.span {
	case 0:
		rx, ry = rx*5, ry*4 // people cross a picture at up to nine widths a second
	default:
		r := min(0.08/m.span, 1.5)
		rx, ry = rx+r, ry+r/2
	}
	return min(1+rx*d, 1.7), min(1+ry*d, 1.4)
}

// sure tells how a place was come by.
type sure uint8

const (
	gone    sure = iota // not in the picture
	guessed             // extrapolated, or the last region kept whole
	between             // interpolated between two sightings
	exact               // seen on this very picture
)

// place is where a track's target is on one picture.
type place struct {
	box  geom.Box // holds the target, slack included
	core geom.Box // the likeliest place, without slack
	sure sure
}

// bounds says how far a place may be inferred.
type bounds struct {
	hold time.Duration // after the last sighting and before the first
	w, h int           // of the picture
	cut  Ablation
}

// of is how long a track is inferred beyond its first and last sighting. What
// was seen at every look and then no more has mostly left or is hidden; what
// flickered may flicker again. So a track is held by the gaps that it had, within
// bounds that grow with what is known of it.
func (b bounds) of(t *track) time.Duration {
	switch {
	case !t.confirmed():
		return min(max(3*t.gap, b.hold/6), b.hold/4)
	case t.total <= 2:
		return b.hold / 4
	case t.kind == TargetPerson:
		// A person box flickers for a look or two, but unlike a face it does not
		// vanish when somebody turns away.
		return min(max(3*t.gap, b.hold/4), b.hold/2)
	}
	return min(max(6*t.gap, b.hold*6/10), b.hold)
}

// where infers the target's place at a time.
func (t *track) where(at time.Duration, b bounds) place {
	i, j := t.around(at)
	switch {
	case i >= 0 && i == j:
		return place{t.seen[i].box, t.seen[i].box, exact}
	case i >= 0 && j >= 0:
		return t.inside(i, j, at, b)
	case i >= 0 && t.taken && t.next.pts >= at:
		return t.handed(i, at, b)
	case i >= 0:
		return t.ahead(i, at, b)
	case j >= 0:
		return t.before(j, at, b)
	}
	return place{}
}

// inside interpolates between two sightings. What lies far from both is less
// certain.
func (t *track) inside(i, j int, at time.Duration, b bounds) place {
	if b.cut.NoInterpolate {
		return t.ahead(i, at, b)
	}
	p, q := t.seen[i], t.seen[j]
	return lerpPlace(t, p, q, at)
}

func lerpPlace(t *track, p, q sight, at time.Duration) place {
	f := float32(at-p.pts) / float32(q.pts-p.pts)
	core := p.box.Lerp(q.box, f)
	d := float32(min(at-p.pts, q.pts-at).Seconds())
	fx, fy := (motion{span: 1}).slack(t.kind, d)
	return place{grow(core, fx, fy), core, between}
}

// handed interpolates towards the first sighting of the track that took over.
func (t *track) handed(i int, at time.Duration, b bounds) place {
	if b.cut.NoInterpolate {
		return t.ahead(i, at, b)
	}
	p := lerpPlace(t, t.seen[i], t.next, at)
	p.sure = guessed
	return p
}

// ahead extrapolates after the last sighting: for the hold along its motion,
// with the way it came, growing; then the last region stays whole for half as
// long again.
func (t *track) ahead(i int, at time.Duration, b bounds) place {
	if b.cut.NoExtrapolate {
		return place{}
	}
	hold := b.of(t)
	d := at - t.seen[i].pts
	if d > hold+hold/2 || (t.taken && t.next.pts < at) {
		return place{}
	}
	d = min(d, hold)
	return t.along(t.motionAt(i, -1), float32(d.Seconds()), b)
}

// before extrapolates back from the first sighting.
func (t *track) before(j int, at time.Duration, b bounds) place {
	d := t.seen[j].pts - at
	if b.cut.NoBackfill || t.total > len(t.seen) || d > b.of(t) {
		return place{}
	}
	return t.along(t.motionAt(j, 1), -float32(d.Seconds()), b)
}

// along places the target d seconds along a motion. The region trails back
// towards where it was seen, up to a width, in case it stopped.
func (t *track) along(m motion, d float32, b bounds) place {
	core := m.at(d)
	if grow(core, 1.5, 1.5).Clip(b.w, b.h).Empty() {
		return place{} // left the picture
	}
	fx, fy := m.slack(t.kind, max(d, -d))
	trail := m.box
	c, o := core.Centre(), trail.Centre()
	if far := max(c.X-o.X, o.X-c.X, c.Y-o.Y, o.Y-c.Y); far > core.W() {
		trail = m.box.Lerp(core, 1-core.W()/far)
	}
	return place{grow(core, fx, fy).Union(trail), core, guessed}
}

// over reports whether nothing more can come of the track from now on.
func (t *track) over(now time.Duration, b bounds) bool {
	n := len(t.seen)
	if n == 0 {
		return true
	}
	last := t.seen[n-1].pts
	if last >= now {
		return false
	}
	hold := b.of(t)
	if now-last > hold+hold/2 || (t.taken && t.next.pts < now) {
		return true
	}
	m := t.motionAt(n-1, -1)
	c := m.at(float32(min(now-last, hold).Seconds()))
	return t.lost && grow(c, 1.5, 1.5).Clip(b.w, b.h).Empty()
}

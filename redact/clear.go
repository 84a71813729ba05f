package redact

import "time"

// A clear view is earned picture by picture.
const (
	// clearGap is the longest time between two sightings across which a face
	// may stay clear.
	clearGap = 300 * time.Millisecond
	// doubtAhead is how far ahead a doubt takes the clear view away: a
	// tracker notices a crossing late.
	doubtAhead = 500 * time.Millisecond
	// clearRoom is the room around a clear head that must be free of others.
	clearRoom = 1.15
)

// grantAll is every rule.
const grantAll = uint8(1)<<ruleCount - 1

// decide finds the faces that are seen under each rule, and leaves their own
// masks out there. slot is the picture's place in the ring.
func (p *plan) decide(perm Permission, s *stretch, slot int, at time.Duration) {
	for i := range p.faces {
		f := &p.faces[i]
		g := f.t.grant[slot]
		if g == 0 || !f.t.certain(at, s) || p.crowded(i) {
			continue
		}
		f.clear = g & permitted(perm, f.t.id)
	}
	for i := range p.masks {
		if m := &p.masks[i]; m.owner >= 0 {
			m.spared = p.faces[m.owner].clear
		}
	}
}

// granted reports whether anything was permitted to the track on any held picture.
func (t *track) granted() bool {
	for _, g := range t.grant {
		if g != 0 {
			return true
		}
	}
	return false
}

// permitted asks for every rule.
func permitted(perm Permission, id uint64) uint8 {
	var g uint8
	for r := range ruleCount {
		if perm.May(id, r) {
			g |= 1 << r
		}
	}
	return g
}

// crowded reports whether somebody else, or motion that nothing explains, comes
// near the head of face i. A weak face, which is a hand as a rule, does not count:
// its own mask is painted over whatever is clear.
func (p *plan) crowded(i int) bool {
	room := p.faces[i].head.Scale(clearRoom)
	for k := range p.masks {
		if m := &p.masks[k]; m.owner != i && p.somebody(m) && !room.Intersect(m.box).Empty() {
			return true
		}
	}
	return false
}

func (p *plan) somebody(m *mask) bool {
	return m.kind != maskFace || m.owner < 0 || p.faces[m.owner].t.best >= confirmScore
}

// certain reports whether the track was seen close enough to the picture, on
// every look around it, and without a doubt.
func (t *track) certain(at time.Duration, s *stretch) bool {
	i, j := t.around(at)
	if i < 0 || t.seen[i].doubt {
		return false
	}
	from, to := t.seen[i].pts, at
	if j >= 0 {
		to = t.seen[j].pts
	} else if t.lost {
		return false
	}
	if to-from > clearGap || s.missed(t, from, to) {
		return false
	}
	for k := i; k < len(t.seen) && t.seen[k].pts <= max(to, at+doubtAhead); k++ {
		if t.seen[k].doubt {
			return false
		}
	}
	return true
}

// missed reports whether a look strictly after from and up to to did not show
// the track.
func (s *stretch) missed(t *track, from, to time.Duration) bool {
	for k := len(s.looks) - 1; k >= 0 && s.looks[k] > from; k-- {
		if at := s.looks[k]; at <= to && !t.seenAt(at) {
			return true
		}
	}
	return false
}

func (t *track) seenAt(at time.Duration) bool {
	for k := len(t.seen) - 1; k >= 0 && t.seen[k].pts >= at; k-- {
		if t.seen[k].pts == at {
			return true
		}
	}
	return false
}

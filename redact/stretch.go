package redact

import (
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// entry is one held picture.
type entry struct {
	raw    *frame.Raw
	pts    time.Duration
	fault  Reason // not ReasonNone: masked as a whole
	detail string
	look   bool // faces were looked for in all of it, successfully
	guard  bool // the foreground guard looked
	moving []geom.Box
}

// stretch is what is known of one epoch: the held pictures, oldest first, and
// the tracks seen on them.
type stretch struct {
	cfg   Config
	cut   Ablation
	epoch uint32
	size  frame.Size
	begun bool
	last  time.Duration // of the newest picture

	ring  []entry
	head  int
	count int

	tracks []*track // alive
	free   []*track
	looks  []time.Duration // at faces, oldest first; see maxLooks

	// Of the pictures that have left:
	looked   bool // one of them was looked at, as a whole
	lastLook time.Duration
	guarded  bool // the guard looked at one of them
	guardAt  time.Duration
	moved    []geom.Box // and saw this on the newest such
}

// Looks are remembered for as long as a track's clear view may rest on them.
const maxLooks = MaxHold + 128

func newStretch(cfg Config, cut Ablation) *stretch {
	s := &stretch{
		cfg: cfg, cut: cut,
		ring:   make([]entry, cfg.Hold+1),
		looks:  make([]time.Duration, 0, maxLooks),
		tracks: make([]*track, 0, MaxTracks),
		free:   make([]*track, 0, MaxTracks),
		moved:  make([]geom.Box, 0, maxMoving),
	}
	for i := range s.ring {
		s.ring[i].moving = make([]geom.Box, 0, maxMoving)
	}
	return s
}

// continues reports whether raw goes on where the stretch stands.
func (s *stretch) continues(raw *frame.Raw) bool {
	return s.begun && raw.Epoch == s.epoch && raw.Size() == s.size && raw.PTS > s.last
}

// reset begins a new epoch with raw; nothing is carried over.
func (s *stretch) reset(raw *frame.Raw) {
	s.epoch, s.size, s.begun = raw.Epoch, raw.Size(), true
	s.head, s.count = 0, 0
	s.free = append(s.free, s.tracks...)
	s.tracks, s.looks, s.moved = s.tracks[:0], s.looks[:0], s.moved[:0]
	s.looked, s.guarded = false, false
}

func (s *stretch) at(i int) *entry { return &s.ring[(s.head+i)%len(s.ring)] }

func (s *stretch) bounds() bounds {
	return bounds{hold: s.cfg.TrackHold, w: s.size.W, h: s.size.H, cut: s.cut}
}

// add takes in a picture and what was seen on it.
func (s *stretch) add(raw *frame.Raw, g Sighting, perm Permission) {
	slot := (s.head + s.count) % len(s.ring)
	e := &s.ring[slot]
	*e = entry{raw: raw, pts: raw.PTS, moving: e.moving[:0]}
	s.last = raw.PTS
	s.count++
	for _, t := range s.tracks {
		t.grant[slot] = 0
	}
	if e.fault, e.detail = judge(g); e.fault == ReasonNone {
		e.fault = s.see(e, g)
	}
	if e.fault != ReasonNone {
		return
	}
	for _, t := range s.tracks {
		if t.kind == TargetFace && t.total > 0 {
			t.grant[slot] = permitted(perm, t.id)
		}
	}
}

// judge finds what makes a sighting worthless.
func judge(g Sighting) (Reason, string) {
	if g.Fault != "" {
		return ReasonFault, g.Fault
	}
	if len(g.Targets) > MaxTracks {
		return ReasonOverflow, ""
	}
	for _, t := range g.Targets {
		if t.Box.Empty() || !t.Box.Finite() || t.Score != t.Score || t.Kind > TargetPerson {
			return ReasonOutput, ""
		}
	}
	for _, b := range g.Moving {
		if !b.Finite() {
			return ReasonOutput, ""
		}
	}
	return ReasonNone, ""
}

// see enters a sound sighting.
func (s *stretch) see(e *entry, g Sighting) Reason {
	for _, id := range g.Lost {
		for _, t := range s.tracks {
			if t.id == id {
				t.lost = true
			}
		}
	}
	for _, x := range g.Targets {
		t := s.find(x.Track, x.Kind)
		born := t == nil
		if born {
			if t = s.open(x.Track, x.Kind); t == nil {
				return ReasonOverflow
			}
			t.weak = x.Weak
		}
		// A number that returns after it was given up may be somebody else.
		t.note(sight{e.pts, x.Box, x.Score, x.Doubt || t.lost})
		if born && !t.weak {
			s.succeed(t)
		}
	}
	if g.Faces {
		e.look = !g.Part
		if len(s.looks) == cap(s.looks) {
			s.looks = s.looks[:copy(s.looks, s.looks[1:])]
		}
		s.looks = append(s.looks, e.pts)
	}
	e.guard = g.Guard || len(g.Moving) > 0
	for _, b := range g.Moving {
		if len(e.moving) == cap(e.moving) {
			l := &e.moving[len(e.moving)-1]
			*l = l.Union(b)
			continue
		}
		e.moving = append(e.moving, b)
	}
	return ReasonNone
}

func (s *stretch) find(id uint64, k TargetKind) *track {
	for _, t := range s.tracks {
		if t.id == id && t.kind == k {
			return t
		}
	}
	return nil
}

// open makes room for a track; nil when there are too many.
func (s *stretch) open(id uint64, k TargetKind) *track {
	if len(s.tracks) == MaxTracks {
		return nil
	}
	var t *track
	if n := len(s.free); n > 0 {
		t, s.free = s.free[n-1], s.free[:n-1]
		clear(t.grant)
	} else {
		t = &track{
			seen:  make([]sight, 0, len(s.ring)+2*fitMost),
			grant: make([]uint8, len(s.ring)),
		}
	}
	*t = track{id: id, kind: k, seen: t.seen[:0], grant: t.grant}
	s.tracks = append(s.tracks, t)
	return t
}

// succeed lets a new track take over from one that is no longer seen and whose
// inferred place it covers: the same target under a new number. The old one's
// region then ends there, and the pictures between are interpolated. No
// permission passes over.
func (s *stretch) succeed(n *track) {
	first := n.seen[0]
	var heir *track
	best := float32(0.3)
	for _, t := range s.tracks {
		if t == n || t.kind != n.kind || t.taken || t.seen[len(t.seen)-1].pts >= first.pts {
			continue
		}
		w := t.where(first.pts, s.bounds())
		if w.sure == gone || first.box.Scale(1.2).Covers(w.core) < 0.6 {
			continue
		}
		if v := first.box.IoU(w.core); v > best {
			heir, best = t, v
		}
	}
	if heir != nil {
		heir.taken, heir.next = true, first
	}
}

// take removes the oldest picture. Its place in the ring is valid until the
// next add.
func (s *stretch) take() (e *entry, slot int) {
	slot = s.head
	s.head = (s.head + 1) % len(s.ring)
	s.count--
	return &s.ring[slot], slot
}

// left notes that a picture has left and forgets what is no longer needed.
func (s *stretch) left(e *entry) {
	if e.look {
		s.looked, s.lastLook = true, e.pts
	}
	if e.guard {
		s.guarded, s.guardAt = true, e.pts
		s.moved = append(s.moved[:0], e.moving...)
	}
	k := 0
	for _, t := range s.tracks {
		t.trim(e.pts)
		if t.over(e.pts, s.bounds()) {
			s.free = append(s.free, t)
			continue
		}
		s.tracks[k] = t
		k++
	}
	s.tracks = s.tracks[:k]
}

// vouched reports why a picture cannot be vouched for, if so.
func (s *stretch) vouched(e *entry) Reason {
	switch {
	case e.fault != ReasonNone:
		return e.fault
	case e.look:
		return ReasonNone
	case !s.looked:
		return ReasonStart
	case e.pts-s.lastLook > s.cfg.MaxBlind:
		return ReasonBlind
	}
	return ReasonNone
}

// guardNear is how far from a look of the guard its regions still hold.
const guardNear = 250 * time.Millisecond

// movement gathers the moving regions that hold for a picture that has just
// been taken: its own and those of the looks next to it on either side. Where the
// guard did not look at it, a look at which more moved than people can account for
// says nothing of it, and the other one counts alone.
func (s *stretch) movement(e *entry, dst []geom.Box) []geom.Box {
	dst = append(dst, e.moving...)
	if s.guarded && e.pts-s.guardAt <= guardNear && (e.guard || !s.flooded(s.moved)) {
		dst = append(dst, s.moved...)
	}
	if n := s.nextGuarded(e); n != nil && (e.guard || !s.flooded(n.moving)) {
		dst = append(dst, n.moving...)
	}
	return dst
}

// restless reports whether the guard saw more move on a picture than people can
// account for.
func (s *stretch) restless(e *entry) bool { return e.guard && s.flooded(e.moving) }

// flooded adds up the regions of one look, which do not overlap.
func (s *stretch) flooded(regions []geom.Box) bool {
	var sum float32
	for _, b := range regions {
		sum += b.Clip(s.size.W, s.size.H).Area()
	}
	return sum > guardAll*float32(s.size.W*s.size.H)
}

// nextGuarded is the first held picture after e, not much later, that the guard
// looked at; nil when there is none.
func (s *stretch) nextGuarded(e *entry) *entry {
	for i := range s.count {
		n := s.at(i)
		if n.pts-e.pts > guardNear {
			break
		}
		if n.guard {
			return n
		}
	}
	return nil
}

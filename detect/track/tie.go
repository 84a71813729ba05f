package track

import (
	"cmp"
	"slices"

	"bystander/internal/geom"
)

// tie remembers how a face sits on its person.
type tie struct {
	// Place of the face within the person's box: centre in parts of its width
	// and height, and height in parts of its height.
	cx, cy, h float32
	looks     int // at which both were seen and fitted
	misfits   int // looks in a row at which the face did not fit the person
}

type tiePair struct {
	face, person int
	misfit       float32
}

type tieScratch struct {
	pairs []tiePair
	taken []bool
}

const (
	// Looks in a row that a face may not fit its person before they part.
	mostMisfits = 3
	// Looks that a face and a person were seen together before the one is
	// carried by the other.
	leastLooks = 3
)

// tieFaces joins faces to persons. A face that belongs to a person keeps that
// person as long as it fits; a person's next face gets the person's Human.
func (t *Tracker) tieFaces(now float64, faces, persons bool) {
	fs, ps := &t.sets[Face], &t.sets[Person]
	t.keepTies(fs, ps, faces || persons)
	t.carryFaces(fs, ps, now, persons)
	if faces || persons {
		t.newTies(fs, ps)
	}
}

// keepTies parts faces and persons that no longer fit.
func (t *Tracker) keepTies(fs, ps *set, looked bool) {
	if !looked {
		return
	}
	for i := range fs.tracks {
		f := &fs.tracks[i]
		if f.partner == 0 || !f.observed {
			continue
		}
		p := ps.find(f.partner)
		if _, ok := fits(f.box(), p.box(), 0.5); ok {
			f.tie.misfits = 0
			continue
		}
		if f.tie.misfits++; f.tie.misfits >= mostMisfits {
			p.partner, f.partner = 0, 0
			f.tie = tie{}
			// Who joined face and person was wrong about one of them.
			f.human = f.id
			f.suspect()
		}
	}
}

// dropTies forgets partners that are gone.
func (t *Tracker) dropTies() {
	for k := range t.sets {
		other := &t.sets[kinds-1-Kind(k)]
		for i := range t.sets[k].tracks {
			st := &t.sets[k].tracks[i]
			if st.partner != 0 && other.find(st.partner) == nil {
				st.partner, st.tie = 0, tie{}
			}
		}
	}
}

// carryFaces moves a face that nobody sees along with its person, and notes
// where on the person a face is that is seen.
func (t *Tracker) carryFaces(fs, ps *set, now float64, persons bool) {
	for i := range fs.tracks {
		f := &fs.tracks[i]
		if f.partner == 0 {
			continue
		}
		p := ps.find(f.partner)
		b := p.box()
		switch {
		case f.observed:
			c := f.det.box.Centre()
			f.tie.cx, f.tie.cy = (c.X-b.X0)/b.W(), (c.Y-b.Y0)/b.H()
			f.tie.h = f.det.box.H() / b.H()
			if persons && p.observed {
				f.tie.looks++
			}
		case persons && p.observed && f.tie.looks >= leastLooks:
			h := f.tie.h * b.H()
			place := geom.BoxAt(b.X0+f.tie.cx*b.W(), b.Y0+f.tie.cy*b.H(), h*float32(f.m.aspect), h)
			// Person boxes jitter more than face boxes: a weaker measurement.
			f.m.correct(place, now, 3)
			f.place(now)
		}
	}
}

// newTies joins faces and persons that have no partner, best fit first.
func (t *Tracker) newTies(fs, ps *set) {
	s := &t.tie
	s.pairs = s.pairs[:0]
	for i := range fs.tracks {
		f := &fs.tracks[i]
		if f.partner != 0 || !f.observed || f.hits < 2 {
			continue
		}
		for j := range ps.tracks {
			p := &ps.tracks[j]
			if p.hits < 2 || (p.partner != 0 && !replaceable(fs.find(p.partner))) {
				continue
			}
			if m, ok := fits(f.det.box, p.box(), 0.8); ok {
				s.pairs = append(s.pairs, tiePair{i, j, m})
			}
		}
	}
	slices.SortFunc(s.pairs, func(a, b tiePair) int {
		return cmp.Or(cmp.Compare(a.misfit, b.misfit), cmp.Compare(a.face, b.face), cmp.Compare(a.person, b.person))
	})
	s.taken = zero(grow(s.taken, len(fs.tracks)+len(ps.tracks)))
	for _, x := range s.pairs {
		if s.taken[x.face] || s.taken[len(fs.tracks)+x.person] {
			continue
		}
		s.taken[x.face], s.taken[len(fs.tracks)+x.person] = true, true
		join(&fs.tracks[x.face], &ps.tracks[x.person], fs)
	}
}

// replaceable reports whether a person's face is out of sight, so that a face
// seen now may take its place.
func replaceable(f *state) bool { return f == nil || !f.observed }

func join(f, p *state, fs *set) {
	if old := fs.find(p.partner); old != nil {
		old.partner, old.tie = 0, tie{}
	}
	f.partner, p.partner = p.id, f.id
	f.tie = tie{}
	switch {
	case p.born < f.born || p.human != p.id:
		// The person was there before, or had another face.
		f.human = p.human
	default:
		p.human = f.human
	}
}

// fits reports whether a face can belong to a person: inside, in the upper part,
// of plausible size; and how far it is from the usual place.
func fits(f, p geom.Box, inside float32) (float32, bool) {
	if p.Covers(f) < inside {
		return 0, false
	}
	c := f.Centre()
	x, y := (c.X-p.X0)/p.W()-0.5, (c.Y-p.Y0)/p.H()
	if y > 0.5 || f.H() > 0.6*p.H() || f.W() > 0.95*p.W() {
		return 0, false
	}
	return max(x, -x) + max(y-0.12, 0.12-y), true
}

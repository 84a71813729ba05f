package track

import (
	"math"

	"bystander/internal/geom"
)

// associate gives detections to tracks in two stages: sure detections to every
// track, then weak ones to those left over; the rest are born.
func (t *Tracker) associate(k Kind, now float64) {
	s, l, dets := &t.sets[k], t.limits[k], t.dets[k]
	s.used = zero(grow(s.used, len(dets)))
	for _, sure := range [2]bool{true, false} {
		s.cols = s.cols[:0]
		for i := range dets {
			if (dets[i].score >= l.Sure) == sure {
				s.cols = append(s.cols, i)
			}
		}
		s.rows = s.rows[:0]
		for i := range s.tracks {
			if !s.tracks[i].observed {
				s.rows = append(s.rows, i)
			}
		}
		s.price(l, dets, sure)
		s.a.solve()
		s.accept(t, k, dets, now)
	}
	s.markRivals(l, dets)
	for i := range s.tracks {
		if st := &s.tracks[i]; !st.observed {
			st.misses++
		}
	}
	for i := range dets {
		if !s.used[i] {
			t.birth(k, dets[i], now)
		}
	}
}

func (s *set) price(l Limits, dets []detection, sure bool) {
	s.a.size(len(s.rows), len(s.cols))
	for r, i := range s.rows {
		st := &s.tracks[i]
		for c, j := range s.cols {
			cost, near := l.cost(st, dets[j].box)
			// A weak detection only continues what is right there.
			if near && (sure || cost < 1) {
				s.a.set(r, c, cost)
			}
		}
	}
}

// cost says how badly a box fits where a track is predicted, and whether it
// can be that track at all.
func (l Limits) cost(st *state, b geom.Box) (float64, bool) {
	p := st.pred
	iou := p.IoU(b)
	sp, sb := side(p), side(b)
	pc, bc := p.Centre(), b.Centre()
	d := math.Hypot(float64(pc.X-bc.X), float64(pc.Y-bc.Y)) / (0.5 * (sp + sb))
	unseen := float32(st.gap)
	growth := l.NearGrowth
	if st.hits < 2 {
		// Nothing is known yet of how fast it moves.
		growth = max(growth, l.FirstGrowth)
	}
	reach := min(l.Near+growth*unseen, l.NearMost)
	ratio := max(sp/sb, sb/sp)
	near := iou > 0.3 || (d < float64(reach) && ratio < 1.7+float64(unseen)*0.5)
	return 1 - float64(iou) + 0.5*d, near
}

func side(b geom.Box) float64 { return math.Sqrt(float64(b.Area())) + 1e-3 }

func (s *set) accept(t *Tracker, k Kind, dets []detection, now float64) {
	for r, i := range s.rows {
		c := s.a.toCol[r]
		if c < 0 {
			continue
		}
		st, d := &s.tracks[i], dets[s.cols[c]]
		s.used[s.cols[c]] = true
		if st.gap > t.o.Gone.Seconds() || surprising(st.pred, d.box) {
			st.suspect()
		}
		st.off = apart(st.pred, d.box)
		st.m.correct(d.box, now, 1)
		st.det, st.observed = d, true
		st.seen, st.misses = now, 0
		st.hits++
		st.confirmed = st.confirmed || st.hits >= 2 || d.score >= t.limits[k].Sure
	}
}

// apart is the distance of two boxes' middles, in units of their mean size.
func apart(a, b geom.Box) float32 {
	p, q := a.Centre(), b.Centre()
	return float32(math.Hypot(float64(p.X-q.X), float64(p.Y-q.Y)) / (0.5 * (side(a) + side(b))))
}

// surprising reports whether a detection is far from what its track promised:
// likelier than before somebody else stands there.
func surprising(pred, got geom.Box) bool {
	const leastIoU, mostGrowth = 0.35, 1.25
	a, b := side(pred), side(got)
	return pred.IoU(got) < leastIoU || max(a/b, b/a) > mostGrowth
}

func (t *Tracker) birth(k Kind, d detection, now float64) {
	s := &t.sets[k]
	if len(s.tracks) >= t.o.Most {
		t.out.Fault = "more people than can be followed"
		return
	}
	id := t.nextID
	t.nextID++
	s.tracks = append(s.tracks, state{
		id: id, human: id, m: newMotion(d.box, now), pred: d.box, det: d, observed: true,
		confirmed: d.score >= t.limits[k].Sure, born: now, seen: now, hits: 1,
	})
}

// markRivals finds tracks whose detection could as well be another's: a pair
// that could have been assigned crosswise, a missed track whose place somebody
// else took, or a second detection where one was expected. It runs before
// births, when an observed track's pred is still the place expected.
func (s *set) markRivals(l Limits, dets []detection) {
	for i := range s.tracks {
		a := &s.tracks[i]
		if !a.observed {
			continue
		}
		own, _ := l.cost(a, a.det.box)
		for j := range s.tracks {
			if i == j {
				continue
			}
			b := &s.tracks[j]
			cost, near := l.cost(b, a.det.box)
			if !near {
				continue
			}
			if b.observed {
				bOwn, _ := l.cost(b, b.det.box)
				back, backNear := l.cost(a, b.det.box)
				if !backNear || cost+back-own-bOwn >= float64(l.Margin) {
					continue
				}
			} else if cost-own >= float64(l.Margin) {
				continue
			}
			a.ambiguous, b.ambiguous = true, true
		}
		for j := range dets {
			if s.used[j] {
				continue
			}
			if cost, near := l.cost(a, dets[j].box); near && cost-own < float64(l.Margin) {
				a.ambiguous = true
			}
		}
	}
}

// muchSmaller is the part of the other's area below which a box cannot be the
// same head.
const muchSmaller = 0.4

// markOverlaps marks tracks that cover part of each other. A single weak detection
// much smaller than the other is a hand or a fold, and no head that could take its
// place; it counts once it was seen again.
func (s *set) markOverlaps(most float32) {
	for i := range s.tracks {
		for j := range i {
			a, b := &s.tracks[i], &s.tracks[j]
			p, q := a.box(), b.box()
			if !a.confirmed && p.Area() < muchSmaller*q.Area() || !b.confirmed && q.Area() < muchSmaller*p.Area() {
				continue
			}
			if p.Intersect(q).Area() > most*min(p.Area(), q.Area()) {
				a.ambiguous, b.ambiguous = true, true
			}
		}
	}
}

// settleDoubt voids what is known of every ambiguous track, at each look anew,
// so that only what is seen after the last ambiguous one counts.
func (s *set) settleDoubt() {
	for i := range s.tracks {
		if s.tracks[i].ambiguous {
			s.tracks[i].suspect()
		}
	}
}

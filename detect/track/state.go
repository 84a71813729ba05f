package track

import (
	"slices"
	"time"

	"bystander/detect"
	"bystander/internal/geom"
)

// state is a track between looks.
type state struct {
	id, human, partner uint64
	generation         uint32
	doubt, ambiguous   bool
	confirmed          bool
	observed           bool // at the latest look of its kind
	m                  motion
	pred               geom.Box // at the time of the latest call
	gap                float64  // unseen before the latest look, in seconds
	det                detection
	born, seen         float64
	off                float32 // of the last detection from its prediction, in sizes
	hits, misses       int
	tie                tie
}

// detection is a face or a person as the tracker sees it.
type detection struct {
	box   geom.Box
	score float32
	marks [5]geom.Point
	has   bool
}

func (s *state) place(now float64) { s.pred = s.m.box(now) }

// box is the measured box at a look that found the track, else the predicted.
func (s *state) box() geom.Box {
	if s.observed {
		return s.det.box
	}
	return s.pred
}

func (s *state) unseen(now float64) float64 { return max(now-s.seen, 0) }

// suspect voids what is known of the person.
func (s *state) suspect() {
	s.doubt = true
	s.generation++
}

// set is the tracks of one kind, in order of id.
type set struct {
	tracks []state
	a      solver
	rows   []int // tracks that take part, by row of the solver
	cols   []int // detections that take part, by column
	used   []bool
}

func (s *set) find(id uint64) *state {
	i, ok := slices.BinarySearchFunc(s.tracks, id, func(t state, id uint64) int {
		switch {
		case t.id < id:
			return -1
		case t.id > id:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &s.tracks[i]
}

func (t *Tracker) begin(at time.Duration) {
	t.out.Lost, t.out.Fault = t.out.Lost[:0], ""
	now := at.Seconds()
	switch {
	case !t.begun:
	case now < t.last:
		t.out.Fault = "the clock of the pictures went backwards"
		t.dropAll()
	case now-t.last > t.o.Gap.Seconds():
		t.dropAll()
	}
	t.begun, t.last = true, now
	for k := range t.dets {
		t.dets[k] = t.dets[k][:0]
	}
}

func (t *Tracker) takeFaces(faces []detect.Face) {
	for i := range faces {
		f := &faces[i]
		t.take(Face, detection{box: f.Box, score: f.Score, marks: f.Landmarks, has: f.HasLandmarks})
	}
}

func (t *Tracker) takePersons(persons []detect.Person) {
	for i := range persons {
		t.take(Person, detection{box: persons[i].Box, score: persons[i].Score})
	}
}

func (t *Tracker) take(k Kind, d detection) {
	const far = 1e7 // pixels; beyond it float32 no longer resolves a pixel
	ok := d.box.Finite() && !d.box.Empty() && d.score-d.score == 0 &&
		min(d.box.X0, d.box.Y0) > -far && max(d.box.X1, d.box.Y1) < far &&
		min(d.box.W(), d.box.H()) >= 1e-3
	switch {
	case !ok:
		t.out.Fault = "a detection is not a real box"
	case len(t.dets[k]) >= t.o.Most:
		t.out.Fault = "more detections than can be followed"
	default:
		t.dets[k] = append(t.dets[k], d)
	}
}

func (t *Tracker) end(at time.Duration, faces, persons bool) Result {
	now := at.Seconds()
	for k, looked := range [kinds]bool{Face: faces, Person: persons} {
		s := &t.sets[k]
		for i := range s.tracks {
			st := &s.tracks[i]
			st.observed, st.ambiguous = false, false
			st.gap = st.unseen(now)
			st.place(now)
		}
		if looked {
			t.associate(Kind(k), now)
		}
	}
	t.tieFaces(now, faces, persons)
	for k, looked := range [kinds]bool{Face: faces, Person: persons} {
		t.sets[k].markOverlaps(t.limits[k].Overlap)
		t.sets[k].settleDoubt()
		if looked {
			t.bury(Kind(k), now)
		}
	}
	t.dropTies()
	return t.report(at)
}

// bury ends tracks: weak ones at the first miss, the others when they have
// left the picture or were unseen for too long.
func (t *Tracker) bury(k Kind, now float64) {
	s := &t.sets[k]
	kept := s.tracks[:0]
	for i := range s.tracks {
		if st := s.tracks[i]; !t.over(k, &st, now) {
			kept = append(kept, st)
			continue
		}
		t.out.Lost = append(t.out.Lost, s.tracks[i].id)
	}
	s.tracks = kept
}

func (t *Tracker) over(k Kind, st *state, now float64) bool {
	if !st.m.finite() {
		t.out.Fault = "a track is no longer finite"
		return true
	}
	if st.observed {
		return false
	}
	if !st.confirmed {
		return true
	}
	hold := t.limits[k].Hold.Seconds()
	if st.hits < 2 {
		hold /= 2
	}
	if k == Face && st.partner != 0 && st.tie.looks >= leastLooks {
		if p := t.sets[Person].find(st.partner); p != nil && p.unseen(now) < hold {
			hold = max(hold, t.o.HoldTied.Seconds())
		}
	}
	if st.unseen(now) > hold {
		return true
	}
	if t.o.Size.W <= 0 {
		return false
	}
	return st.pred.Clip(t.o.Size.W, t.o.Size.H).Empty()
}

func (t *Tracker) report(at time.Duration) Result {
	now := at.Seconds()
	t.out.Tracks = t.out.Tracks[:0]
	for k := range t.sets {
		for i := range t.sets[k].tracks {
			st := &t.sets[k].tracks[i]
			t.out.Tracks = append(t.out.Tracks, Track{
				ID: st.id, Kind: Kind(k), Human: st.human, Partner: st.partner,
				Generation: st.generation, Doubt: st.doubt, Ambiguous: st.ambiguous,
				Box: st.box(), Observed: st.observed, Confirmed: st.confirmed, Score: st.det.score, Surprise: st.off,
				Landmarks: st.det.marks, HasLandmarks: st.det.has && st.observed,
				Age:    seconds(now - st.born),
				Unseen: seconds(st.unseen(now)), Hits: st.hits, Misses: st.misses,
			})
		}
	}
	return t.out
}

func seconds(s float64) time.Duration { return time.Duration(max(s, 0) * float64(time.Second)) }

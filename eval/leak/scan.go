package leak

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Doubt says why a detection of the original may be no face.
type Doubt string

// The doubts.
const (
	DoubtBrief Doubt = "brief" // its track lasts less than a sixth of a second
	DoubtHead  Doubt = "head"  // its body has a head already
)

// Face is a face of the original that is judged.
type Face struct {
	Box   geom.Box `json:"box"`
	Score float32  `json:"score"`
	Track int      `json:"track"` // from 1; faces linked over pictures
	Nth   int      `json:"nth"`   // sighting of its track, from 0
	Doubt Doubt    `json:"doubt,omitempty"`
}

// FrameSeen is what the judge knows of one picture of the original.
type FrameSeen struct {
	Faces  []Face     `json:"faces,omitempty"`
	People []geom.Box `json:"people,omitempty"` // persons, and faces widened to a head
	Raw    int        `json:"raw"`              // faces found before they were sifted
	Empty  bool       `json:"empty,omitempty"`  // nobody within a second
}

// Seen is what the judge knows of an original. It holds places, no pixels.
type Seen struct {
	Size   frame.Size  `json:"size"`
	Frames []FrameSeen `json:"frames"`
	Tracks int         `json:"tracks"`
}

// Faces is the number of faces judged.
func (s *Seen) Faces() int {
	n := 0
	for i := range s.Frames {
		n += len(s.Frames[i].Faces)
	}
	return n
}

// Sure is the number of those that are in no doubt.
func (s *Seen) Sure() int {
	n := 0
	for i := range s.Frames {
		for _, f := range s.Frames[i].Faces {
			if f.Doubt == "" {
				n++
			}
		}
	}
	return n
}

// looked is one picture before sifting.
type looked struct {
	faces   []detect.Face
	persons []geom.Box
	looked  bool // for persons
}

// Persons at least this sure make a face a person's, and a stretch not empty.
const personScore = 0.25

// Scan finds the faces of the original that are to be judged. rate is its
// pictures a second, told is called after each picture, and may be nil.
func (j *Judge) Scan(ctx context.Context, src Pictures, rate float64, told func(done int)) (*Seen, error) {
	var (
		all  []looked
		size frame.Size
		got  []detect.Person
	)
	for {
		p, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			size = p.Size
		} else if p.Size != size {
			return nil, fmt.Errorf("%w: the original's size changes from %v to %v at picture %d", ErrPair, size, p.Size, len(all))
		}
		var l looked
		if l.faces, err = j.Faces.DetectFaces(ctx, p, nil); err != nil {
			return nil, fmt.Errorf("leak: judge: %w", err)
		}
		if j.Persons != nil && len(all)%max(j.personEvery(), 1) == 0 {
			if got, err = j.Persons.DetectPersons(ctx, p, got[:0]); err != nil {
				return nil, fmt.Errorf("leak: persons: %w", err)
			}
			l.looked = true
			for _, q := range got {
				if q.Score >= personScore {
					l.persons = append(l.persons, q.Box)
				}
			}
		}
		all = append(all, l)
		if told != nil {
			told(len(all))
		}
	}
	return sift(all, size, rate, j.Persons != nil), nil
}

func (j *Judge) personEvery() int {
	if j.PersonEvery == 0 {
		return 3
	}
	return j.PersonEvery
}

// sift keeps the faces that persist, lie on a person and are large enough, and
// links them to tracks.
func sift(all []looked, size frame.Size, rate float64, persons bool) *Seen {
	s := &Seen{Size: size, Frames: make([]FrameSeen, len(all))}
	for i := range all {
		f := &s.Frames[i]
		f.People = peopleAt(all, i)
		f.Raw = len(all[i].faces)
		for _, c := range all[i].faces {
			if min(c.Box.W(), c.Box.H()) < LeastSide || !persists(all, i, c.Box) || persons && !onPerson(f.People, c.Box) {
				continue
			}
			f.Faces = append(f.Faces, Face{Box: c.Box, Score: c.Score})
		}
	}
	if persons {
		for i := range s.Frames {
			s.Frames[i].oneHead()
		}
	}
	for i := range all {
		for _, c := range all[i].faces {
			s.Frames[i].People = append(s.Frames[i].People, c.Box.Scale(2))
		}
	}
	s.empties(rate)
	s.link()
	s.doubtBrief(min(max(3, int(rate/6+0.5)), len(all)))
	return s
}

// doubtBrief marks the faces of tracks with fewer sightings than least, which is
// a sixth of a second: hands and folds of cloth pass for a face for a picture or
// two.
func (s *Seen) doubtBrief(least int) {
	n := map[int]int{}
	for i := range s.Frames {
		for _, f := range s.Frames[i].Faces {
			n[f.Track]++
		}
	}
	for i := range s.Frames {
		for k := range s.Frames[i].Faces {
			if f := &s.Frames[i].Faces[k]; f.Doubt == "" && n[f.Track] < least {
				f.Doubt = DoubtBrief
			}
		}
	}
}

// peopleAt are the persons of a picture: its own, or those of the looks before
// and after it.
func peopleAt(all []looked, i int) []geom.Box {
	if all[i].looked {
		return append([]geom.Box(nil), all[i].persons...)
	}
	var out []geom.Box
	for k := i - 1; k >= 0; k-- {
		if all[k].looked {
			out = append(out, all[k].persons...)
			break
		}
	}
	for k := i + 1; k < len(all); k++ {
		if all[k].looked {
			return append(out, all[k].persons...)
		}
	}
	return out
}

// onPerson reports whether a face's centre lies on a person.
func onPerson(people []geom.Box, face geom.Box) bool {
	c := face.Centre()
	for _, b := range people {
		b = b.Scale(1.1)
		if c.X >= b.X0 && c.X < b.X1 && c.Y >= b.Y0 && c.Y < b.Y1 {
			return true
		}
	}
	return false
}

// oneHead marks what can hardly be a face since a body has one head: below the
// chin of a surer face, no larger than it, and on no person but that face's.
// Waving hands look like that. People is still persons alone.
func (f *FrameSeen) oneHead() {
	for i := range f.Faces {
		c := &f.Faces[i]
		for _, a := range f.Faces {
			if a.Score > c.Score && c.Box.Centre().Y > a.Box.Y1 && c.Box.Area() <= a.Box.Area() && f.sharePerson(a.Box, c.Box) {
				c.Doubt = DoubtHead
			}
		}
	}
}

// sharePerson reports whether c lies on no person on whom a does not lie.
func (f *FrameSeen) sharePerson(a, c geom.Box) bool {
	for _, p := range f.People {
		if one := []geom.Box{p}; onPerson(one, c) && !onPerson(one, a) {
			return false
		}
	}
	return true
}

// sameFace is the overlap from which on two boxes in neighbouring pictures are
// one face.
const sameFace = 0.3

// persists reports whether a face is also seen in two of the two pictures
// before and the two after, or in as many of those as there are.
func persists(all []looked, i int, box geom.Box) bool {
	near, seen := 0, 0
	for k := max(i-2, 0); k <= min(i+2, len(all)-1); k++ {
		if k == i {
			continue
		}
		near++
		for _, c := range all[k].faces {
			if c.Box.IoU(box) >= sameFace {
				seen++
				break
			}
		}
	}
	return seen >= min(2, near)
}

// empties marks the pictures in which, and within a second of which, nobody is
// seen.
func (s *Seen) empties(rate float64) {
	reach := max(int(rate+0.5), 1)
	last := -1 - reach
	for i := range s.Frames {
		if len(s.Frames[i].People) > 0 {
			last = i
		}
		s.Frames[i].Empty = i-last > reach
	}
	next := len(s.Frames) + reach
	for i := len(s.Frames) - 1; i >= 0; i-- {
		if len(s.Frames[i].People) > 0 {
			next = i
		}
		if next-i <= reach {
			s.Frames[i].Empty = false
		}
	}
}

// trackGap is how many pictures a track may be unseen and go on.
const trackGap = 5

// link numbers the faces by person, best overlap first.
func (s *Seen) link() {
	type tail struct {
		box    geom.Box
		at, id int
		nth    int
	}
	var tails []tail
	for i := range s.Frames {
		faces := s.Frames[i].Faces
		taken := make([]bool, len(tails))
		for n := range faces {
			best, most := -1, float32(0.15)
			for k := range tails {
				if v := tails[k].box.IoU(faces[n].Box); !taken[k] && i-tails[k].at <= trackGap && v > most {
					best, most = k, v
				}
			}
			if best < 0 {
				s.Tracks++
				tails = append(tails, tail{id: s.Tracks, nth: -1})
				taken = append(taken, false)
				best = len(tails) - 1
			}
			t := &tails[best]
			t.box, t.at, taken[best] = faces[n].Box, i, true
			t.nth++
			faces[n].Track, faces[n].Nth = t.id, t.nth
		}
	}
}

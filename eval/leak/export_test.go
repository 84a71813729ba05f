package leak

import (
	"slices"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Doors for the tests of single measures.

// Exposure is the correlation of fine detail at a place of two pictures.
func Exposure(a, b frame.Planes, box geom.Box) float32 {
	var p, q patch
	if !p.cut(a, box) || !q.cut(b, box) {
		return 0
	}
	return correlation(&p, &q)
}

// ExposedAt is the correlation from which on a face counts as exposed.
const ExposedAt = exposedAt

// Area is the changed part of a picture, and what of it lies in no box.
func Area(a, b frame.Planes, people []geom.Box) (all, nobody float64) {
	var c changes
	c.compare(a, b)
	return c.area(people)
}

// ChangedPart is the changed part of a box of uncoded pictures.
func ChangedPart(a, b frame.Planes, box geom.Box) float64 { return changedPart(a, b, box) }

// Boxes is what a judge found on one picture.
type Boxes struct {
	Faces   []geom.Box
	Persons []geom.Box
}

// Sift is Scan without the models. All faces score 0.9, but for those with the
// given indices in their pictures, which score less.
func Sift(pictures []Boxes, size frame.Size, rate float64, weak ...int) *Seen {
	all := make([]looked, len(pictures))
	for i, p := range pictures {
		all[i] = looked{persons: p.Persons, looked: true}
		for n, b := range p.Faces {
			f := detect.Face{Box: b, Score: 0.9}
			if slices.Contains(weak, n) {
				f.Score = 0.75
			}
			all[i].faces = append(all[i].faces, f)
		}
	}
	return sift(all, size, rate, true)
}

// Count tallies verdicts on a Seen.
func Count(seen *Seen, verdict func(frame int, f Face) Leak) *Result {
	t := newTally("test", seen, 2)
	for i := range seen.Frames {
		var leaks []Leak
		for _, f := range seen.Frames[i].Faces {
			l := verdict(i, f)
			l.Frame, l.Face = i, f
			leaks = append(leaks, l)
		}
		t.r.Frames++
		t.faces(leaks)
	}
	return t.result()
}

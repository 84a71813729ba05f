// Package nms keeps the best of overlapping boxes.
package nms

import (
	"cmp"
	"slices"

	"bystander/detect"
	"bystander/internal/geom"
)

// Rule says when a weaker box is dropped for a stronger one.
type Rule struct {
	// IoU is the most that two boxes may overlap, in [0,1].
	IoU float32
	// Inside, when positive, also drops a box of which more than this part
	// lies in a stronger one, or the other way round; the stronger one then
	// grows to hold both. It joins the parts of a face seen by two tiles.
	Inside float32
	// Nested, when positive, drops a box of which more than this part lies in a
	// stronger one. Detectors see faces in the middle of large faces.
	Nested float32
	// Most bounds how many boxes are looked at, the best first; 0 means 1000.
	// It keeps a picture of pure noise from taking quadratic time.
	Most int
}

// Faces keeps the best faces, best first, in place.
func (r Rule) Faces(f []detect.Face) []detect.Face {
	// The comparison takes values and calls nothing, else each would be moved
	// to the heap.
	slices.SortStableFunc(f, func(a, b detect.Face) int { return cmp.Compare(b.Score, a.Score) })
	return keep(r, f, func(f *detect.Face) *geom.Box { return &f.Box })
}

// Persons keeps the best persons, best first, in place.
func (r Rule) Persons(p []detect.Person) []detect.Person {
	slices.SortStableFunc(p, func(a, b detect.Person) int { return cmp.Compare(b.Score, a.Score) })
	return keep(r, p, func(p *detect.Person) *geom.Box { return &p.Box })
}

// keep takes boxes in order, best first.
func keep[T any](r Rule, s []T, box func(*T) *geom.Box) []T {
	most := r.Most
	if most <= 0 {
		most = 1000
	}
	if len(s) > most {
		s = s[:most]
	}
	kept := s[:0]
next:
	for i := range s {
		b := box(&s[i])
		for j := range kept {
			k := box(&kept[j])
			if r.Inside > 0 && max(k.Covers(*b), b.Covers(*k)) > r.Inside {
				*k = k.Union(*b)
				continue next
			}
			if k.IoU(*b) > r.IoU || r.Nested > 0 && k.Covers(*b) > r.Nested {
				continue next
			}
		}
		kept = append(kept, s[i])
	}
	return kept
}

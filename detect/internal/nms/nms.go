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
	// lies in a stronger one, or the other way round. It joins the halves of a
	// face seen by two tiles.
	Inside float32
	// Most bounds how many boxes are looked at, the best first; 0 means 1000.
	// It keeps a picture of pure noise from taking quadratic time.
	Most int
}

// Faces keeps the best faces, best first, in place.
func (r Rule) Faces(f []detect.Face) []detect.Face {
	return keep(r, f, func(f *detect.Face) (geom.Box, float32) { return f.Box, f.Score })
}

// Persons keeps the best persons, best first, in place.
func (r Rule) Persons(p []detect.Person) []detect.Person {
	return keep(r, p, func(p *detect.Person) (geom.Box, float32) { return p.Box, p.Score })
}

func keep[T any](r Rule, s []T, of func(*T) (geom.Box, float32)) []T {
	slices.SortStableFunc(s, func(a, b T) int {
		_, p := of(&a)
		_, q := of(&b)
		return cmp.Compare(q, p)
	})
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
		b, _ := of(&s[i])
		for j := range kept {
			k, _ := of(&kept[j])
			if k.IoU(b) > r.IoU {
				continue next
			}
			if r.Inside > 0 && max(k.Covers(b), b.Covers(k)) > r.Inside {
				continue next
			}
		}
		kept = append(kept, s[i])
	}
	return kept
}

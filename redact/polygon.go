package redact

import (
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// polygonRow reports the runs of chroma samples in chroma row y that polygon g
// touches, by the even-odd rule. A row of chroma stands for a band of two luma
// rows. What g covers of a band is, between two crossings of the band's upper
// (or lower) border, at most as wide as those crossings and the horizontal
// reach within the band of the edges that start there, so the union of
// the spans at both borders and of every edge's reach holds all of it. Runs may
// overlap.
func polygonRow(g geom.Polygon, s frame.Size, y int, run func(x0, x1 int)) {
	top, bottom := float32(2*y), float32(2*y+2)
	emit := func(a, b float32) {
		w := s.Chroma().W
		a, b = max(a, -2), min(b, float32(s.W)+2)
		x0, x1 := max(floorHalf(a), 0), min(floorHalf(b)+1, w)
		if x0 < x1 {
			run(x0, x1)
		}
	}
	for i, j := 0, len(g)-1; i < len(g); j, i = i, i+1 {
		a, b := g[j], g[i]
		if a.Y > b.Y {
			a, b = b, a
		}
		if b.Y < top || a.Y > bottom {
			continue
		}
		xa, xb := edgeAt(a, b, max(a.Y, top), a.X), edgeAt(a, b, min(b.Y, bottom), b.X)
		emit(min(xa, xb), max(xa, xb))
	}
	for _, v := range [2]float32{top, bottom} {
		spansAt(g, v, emit)
	}
}

// edgeAt is x on the edge a–b at height y; flat when the edge is level.
func edgeAt(a, b geom.Point, y, flat float32) float32 {
	if b.Y == a.Y {
		return flat
	}
	return a.X + (b.X-a.X)*((y-a.Y)/(b.Y-a.Y))
}

// spansAt reports the even-odd spans of g on the line at height y.
func spansAt(g geom.Polygon, y float32, span func(a, b float32)) {
	var buf [MaxCorners]float32
	xs := buf[:0]
	for i, j := 0, len(g)-1; i < len(g); j, i = i, i+1 {
		a, b := g[j], g[i]
		if (a.Y > y) == (b.Y > y) {
			continue
		}
		x := edgeAt(a, b, y, a.X)
		k := len(xs)
		xs = append(xs, x)
		for ; k > 0 && xs[k-1] > x; k-- {
			xs[k] = xs[k-1]
		}
		xs[k] = x
	}
	for i := 0; i+1 < len(xs); i += 2 {
		span(xs[i], xs[i+1])
	}
}

// floorHalf is the index of the chroma sample that stands for luma position x.
func floorHalf(x float32) int {
	n := int(x)
	if float32(n) > x {
		n--
	}
	return n >> 1
}

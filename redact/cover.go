package redact

import (
	"math"
	"math/bits"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// cover is the union of all masks of one picture: one bit for each chroma
// sample, which stands for itself and the luma it belongs to. Luma and chroma
// are therefore always covered alike.
type cover struct {
	w, h int // chroma samples
	row  int // words a row
	bits []uint64
}

// resize lays the cover out for a picture and clears it.
func (c *cover) resize(s frame.Size) {
	cs := s.Chroma()
	c.w, c.h, c.row = cs.W, cs.H, (cs.W+63)/64
	n := c.row * c.h
	if cap(c.bits) < n {
		c.bits = make([]uint64, n)
	}
	c.bits = c.bits[:n]
	clear(c.bits)
}

// line is one row of the cover.
func (c *cover) line(y int) []uint64 { return c.bits[y*c.row : (y+1)*c.row] }

// setRun covers samples [x0,x1) of row y, which must lie in the picture.
func (c *cover) setRun(y, x0, x1 int) {
	l := c.line(y)
	a, b := x0>>6, (x1-1)>>6
	first := ^uint64(0) << (x0 & 63)
	last := ^uint64(0) >> (63 - (x1-1)&63)
	if a == b {
		l[a] |= first & last
		return
	}
	l[a] |= first
	for i := a + 1; i < b; i++ {
		l[i] = ^uint64(0)
	}
	l[b] |= last
}

// nextRun is the first covered sample of row y at or after x, w if none.
func (c *cover) nextRun(y, x int) int {
	l := c.line(y)
	for i := x >> 6; i < len(l); i++ {
		v := l[i]
		if i == x>>6 {
			v &= ^uint64(0) << (x & 63)
		}
		if v != 0 {
			return min(i<<6+bits.TrailingZeros64(v), c.w)
		}
	}
	return c.w
}

// endRun is the first sample of row y after x that is not covered.
func (c *cover) endRun(y, x int) int {
	l := c.line(y)
	for i := x >> 6; i < len(l); i++ {
		v := ^l[i]
		if i == x>>6 {
			v &= ^uint64(0) << (x & 63)
		}
		if v != 0 {
			return min(i<<6+bits.TrailingZeros64(v), c.w)
		}
	}
	return c.w
}

// count is the number of covered samples.
func (c *cover) count() int {
	n := 0
	for _, v := range c.bits {
		n += bits.OnesCount64(v)
	}
	return n
}

// or adds what d covers; the sizes must be equal.
func (c *cover) or(d *cover) {
	for i, v := range d.bits {
		c.bits[i] |= v
	}
}

// outline is the family of a mask's shape: the superellipse |x|ⁿ+|y|ⁿ ≤ 1.
type outline uint8

// The outlines, and how much wider a box must be made for the shape inscribed
// in it to hold the original box, corners included: 2^(1/n).
const (
	outlineFace  outline = iota // n = 3: a head
	outlineHead                 // n = 6: a rounded rectangle
	outlineBlock                // n = 8: more so
	outlineCount
)

var outlinePower = [outlineCount]float64{3, 6, 8}

// hold is the box whose inscribed shape holds b.
func (o outline) hold(b geom.Box) geom.Box {
	f := float32(math.Pow(2, 1/outlinePower[o])) + 0.005
	return b.Scale(f)
}

// outlineSteps is how finely the shapes are tabled.
const outlineSteps = 512

// outlineTable holds half the width of each shape over its height, in the upper
// half: entry i is the widest at i/steps and beyond.
type outlineTable [outlineCount][outlineSteps + 1]float32

func newOutlineTable() *outlineTable {
	var t outlineTable
	for o, n := range outlinePower {
		for i := range outlineSteps + 1 {
			v := float64(i) / outlineSteps
			t[o][i] = float32(math.Pow(1-math.Pow(v, n), 1/n))
		}
	}
	return &t
}

// rows is the range of chroma rows that a box touches in a picture.
func rowsOf(b geom.Box, h int) (y0, y1 int) {
	return clampInt(floorHalf(b.Y0), 0, h), clampInt(floorHalf(b.Y1)+1, 0, h)
}

// span is the run of chroma samples that the shape inscribed in b touches in
// row y; empty when x0 >= x1. Every sample that the shape so much as touches is
// in it.
func (t *outlineTable) span(o outline, b geom.Box, y, w int) (x0, x1 int) {
	c := b.Centre()
	top, bottom := float32(2*y), float32(2*y+2)
	var off float32
	switch {
	case bottom < c.Y:
		off = c.Y - bottom
	case top > c.Y:
		off = top - c.Y
	}
	v := off / (b.H() / 2)
	if !(v < 1) {
		return 0, 0
	}
	half := t[o][int(v*outlineSteps)] * b.W() / 2
	return clampInt(floorHalf(c.X-half), 0, w), clampInt(floorHalf(c.X+half)+1, 0, w)
}

// add covers a mask's shape.
func (c *cover) add(t *outlineTable, o outline, b geom.Box) {
	y0, y1 := rowsOf(b, c.h)
	for y := y0; y < y1; y++ {
		if x0, x1 := t.span(o, b, y, c.w); x0 < x1 {
			c.setRun(y, x0, x1)
		}
	}
}

// addPolygon covers every sample that a polygon touches.
func (c *cover) addPolygon(g geom.Polygon, s frame.Size) {
	y0, y1 := rowsOf(g.Bounds(), c.h)
	for y := y0; y < y1; y++ {
		polygonRow(g, s, y, func(x0, x1 int) { c.setRun(y, x0, x1) })
	}
}

func clampInt(v, lo, hi int) int { return min(max(v, lo), hi) }

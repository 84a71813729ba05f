package redact

import (
	"math"

	"bystander/internal/geom"
)

// Where a head is, from a face or from a whole person. Proportions are those
// of standing adults (head height about a seventh and shoulder width about a
// quarter of the stature), taken generously: children and seated people have
// larger heads for their boxes.

// headOfFace widens a face box, which runs from the brow to the chin, to the
// whole head: hair above, ears beside, chin and throat below.
func headOfFace(f geom.Box, margin float32) geom.Box {
	w, h := f.W(), f.H()
	return geom.Box{
		X0: f.X0 - margin*w, Y0: f.Y0 - (margin+0.20)*h,
		X1: f.X1 + margin*w, Y1: f.Y1 + (margin-0.05)*h,
	}
}

// headOfPlace is the head for an inferred place: that of the likeliest face, with
// each side moved out as far as the place may be wrong, and as large as it takes
// for the shape inscribed in it to hold the whole place.
func headOfPlace(p place, margin float32) geom.Box {
	h := headOfFace(p.core, margin)
	h = geom.Box{
		X0: h.X0 - (p.core.X0 - p.box.X0), Y0: h.Y0 - (p.core.Y0 - p.box.Y0),
		X1: h.X1 + (p.box.X1 - p.core.X1), Y1: h.Y1 + (p.box.Y1 - p.core.Y1),
	}
	c := h.Centre()
	x := max(c.X-p.box.X0, p.box.X1-c.X) / (h.W() / 2)
	y := max(c.Y-p.box.Y0, p.box.Y1-c.Y) / (h.H() / 2)
	if u := x*x*x + y*y*y; u > 1 { // outlineFace has n = 3
		h = h.Scale(float32(math.Cbrt(float64(u))) + 0.005)
	}
	return h
}

// bodyOfFace is the place of the body below a face, for coverage of the whole
// person when the person detector missed it, and for telling which motion a
// face explains.
func bodyOfFace(f geom.Box) geom.Box {
	c, w, h := f.Centre(), f.W(), f.H()
	return geom.Box{X0: c.X - 1.9*w, Y0: f.Y0 - 0.5*h, X1: c.X + 1.9*w, Y1: f.Y0 + 8*h}
}

// personHead is what a person box says about its head.
type personHead struct {
	region geom.Box // holds the head, wherever in it
	tight  geom.Box // where the head most likely is
	sure   bool     // the box shows one upright person, so one face explains it
}

// edge is how near, in pixels, a box must come to the picture's border to count
// as cut off by it.
func edge(w, h int) float32 { return 2 + 0.004*float32(max(w, h)) }

// headOfPerson places the head in a person box in a w×h picture. The narrower
// the box for its height, the surer the place. A box cut off at the side, or
// wide enough for two people or an arm stretched out, takes its full width; one
// as wide as high may be lying or bent, and is taken whole.
func headOfPerson(b geom.Box, w, h int) personHead {
	bw, bh := b.W(), b.H()
	e := edge(w, h)
	cutSide := b.X0 <= e || b.X1 >= float32(w)-e
	cutTop := b.Y0 <= e
	cutBottom := b.Y1 >= float32(h)-e
	aspect := bw / bh
	if aspect >= 1.15 {
		return personHead{region: b, tight: b}
	}
	// Height of the head with a margin: by the box's height when the person is
	// seen whole, by its width where legs are missing.
	depth, half := 0.22*bh, 0.32*bw
	if cutBottom || aspect > 0.5 {
		depth = max(depth, 0.60*bw)
	}
	if cutSide || cutTop || aspect > 0.62 {
		half = 0.5 * bw
	}
	if cutTop {
		depth = max(depth, 0.30*bh)
	}
	c := b.Centre()
	y1 := min(b.Y0+depth, b.Y1)
	p := personHead{
		region: geom.Box{X0: c.X - half, Y0: b.Y0 - 0.04*bh, X1: c.X + half, Y1: y1},
		sure:   !cutSide && aspect < 1,
	}
	th := min(max(0.14*bh, 0.38*bw), 0.6*bh)
	if !cutBottom && aspect < 0.6 {
		th = min(0.15*bh, 0.5*bw)
	}
	p.tight = geom.BoxAt(c.X, b.Y0+th/2, 0.8*th, th)
	return p
}

// explains reports whether a face, whose widened head is head, is the head of
// the person: it lies where that head must be, and is as large for the
// box as one person's head would be, so that the box does not hold a second.
// Of a person that is only inferred the place is all that is asked for.
func (p personHead) explains(face, head, person geom.Box, s sure) bool {
	c := face.Centre()
	if !(c.X > p.region.X0 && c.X < p.region.X1 && c.Y > p.region.Y0 && c.Y < p.region.Y1) {
		return false
	}
	if s == guessed || !p.sure {
		return s == guessed
	}
	// The top of the person must be the top of this head, and not another
	// person's behind.
	if head.Y0 > person.Y0+0.35*head.H() {
		return false
	}
	r := head.W() / person.W()
	if off := c.X - person.Centre().X; max(off, -off) < 0.15*person.W() {
		return r >= 0.24 && r <= 1.6 // arms out, or a coat
	}
	return r >= 0.33 && r <= 1.6
}

// grow widens a box about its centre, x and y apart.
func grow(b geom.Box, fx, fy float32) geom.Box {
	c := b.Centre()
	return geom.BoxAt(c.X, c.Y, b.W()*fx, b.H()*fy)
}

// Package geom holds the plane geometry that every stage shares: points and
// boxes in picture coordinates. The unit is the luma pixel of the full-size
// picture, x to the right and y downwards; a box is half open, [X0,X1)×[Y0,Y1).
package geom

import "math"

// Point is a position in luma pixels.
type Point struct {
	X float32 `json:"x"`
	Y float32 `json:"y"`
}

// Box is an axis-aligned rectangle in luma pixels.
type Box struct {
	X0 float32 `json:"x0"`
	Y0 float32 `json:"y0"`
	X1 float32 `json:"x1"`
	Y1 float32 `json:"y1"`
}

// BoxAt returns the box with the given centre, width and height.
func BoxAt(cx, cy, w, h float32) Box {
	return Box{cx - w/2, cy - h/2, cx + w/2, cy + h/2}
}

// W is the width, which is negative for an inverted box.
func (b Box) W() float32 { return b.X1 - b.X0 }

// H is the height, which is negative for an inverted box.
func (b Box) H() float32 { return b.Y1 - b.Y0 }

// Centre returns the middle of the box.
func (b Box) Centre() Point { return Point{(b.X0 + b.X1) / 2, (b.Y0 + b.Y1) / 2} }

// Empty reports whether the box holds no area. A box with a NaN edge is empty.
func (b Box) Empty() bool { return !(b.X1 > b.X0 && b.Y1 > b.Y0) }

// Finite reports whether every edge is a real number.
func (b Box) Finite() bool {
	s := float64(b.X0) + float64(b.Y0) + float64(b.X1) + float64(b.Y1)
	return !math.IsNaN(s) && !math.IsInf(s, 0)
}

// Area is the covered area in square pixels, 0 for an empty box.
func (b Box) Area() float32 {
	if b.Empty() {
		return 0
	}
	return b.W() * b.H()
}

// Intersect returns the common part, which may be empty.
func (b Box) Intersect(c Box) Box {
	return Box{max(b.X0, c.X0), max(b.Y0, c.Y0), min(b.X1, c.X1), min(b.Y1, c.Y1)}
}

// Union returns the smallest box that holds both. An empty box adds nothing.
func (b Box) Union(c Box) Box {
	switch {
	case b.Empty():
		return c
	case c.Empty():
		return b
	}
	return Box{min(b.X0, c.X0), min(b.Y0, c.Y0), max(b.X1, c.X1), max(b.Y1, c.Y1)}
}

// IoU is intersection over union, in [0,1].
func (b Box) IoU(c Box) float32 {
	i := b.Intersect(c).Area()
	if i == 0 {
		return 0
	}
	return i / (b.Area() + c.Area() - i)
}

// Covers is the part of c's area that lies in b, in [0,1]; 0 for an empty c.
func (b Box) Covers(c Box) float32 {
	a := c.Area()
	if a == 0 {
		return 0
	}
	return b.Intersect(c).Area() / a
}

// Scale returns the box with both sides multiplied by f about its centre.
func (b Box) Scale(f float32) Box {
	c := b.Centre()
	return BoxAt(c.X, c.Y, b.W()*f, b.H()*f)
}

// Shift returns the box moved by (dx, dy).
func (b Box) Shift(dx, dy float32) Box {
	return Box{b.X0 + dx, b.Y0 + dy, b.X1 + dx, b.Y1 + dy}
}

// Clip returns the part of b inside a w×h picture.
func (b Box) Clip(w, h int) Box {
	return b.Intersect(Box{0, 0, float32(w), float32(h)})
}

// Lerp returns the box a fraction t of the way from b to c; t outside [0,1]
// extrapolates.
func (b Box) Lerp(c Box, t float32) Box {
	return Box{
		b.X0 + (c.X0-b.X0)*t, b.Y0 + (c.Y0-b.Y0)*t,
		b.X1 + (c.X1-b.X1)*t, b.Y1 + (c.Y1-b.Y1)*t,
	}
}

// Polygon is a closed outline in luma pixels; the last corner joins the first.
type Polygon []Point

// Contains reports whether p lies inside, by the even-odd rule.
func (g Polygon) Contains(p Point) bool {
	in := false
	for i, j := 0, len(g)-1; i < len(g); j, i = i, i+1 {
		a, b := g[i], g[j]
		if (a.Y > p.Y) != (b.Y > p.Y) &&
			p.X < (b.X-a.X)*(p.Y-a.Y)/(b.Y-a.Y)+a.X {
			in = !in
		}
	}
	return in
}

// ContainsBox reports whether the whole box lies inside: every corner does and
// no edge of the outline enters the box.
func (g Polygon) ContainsBox(b Box) bool {
	if len(g) < 3 || b.Empty() || !b.Finite() {
		return false
	}
	for _, p := range [4]Point{{b.X0, b.Y0}, {b.X1, b.Y0}, {b.X1, b.Y1}, {b.X0, b.Y1}} {
		if !g.Contains(p) {
			return false
		}
	}
	return !g.edgeEnters(b)
}

// TouchesBox reports whether outline and box share any area.
func (g Polygon) TouchesBox(b Box) bool {
	if len(g) < 3 || b.Empty() || !b.Finite() {
		return false
	}
	return g.Contains(b.Centre()) || g.Contains(Point{b.X0, b.Y0}) || g.edgeEnters(b)
}

// Bounds returns the smallest box around the outline.
func (g Polygon) Bounds() Box {
	if len(g) == 0 {
		return Box{}
	}
	b := Box{g[0].X, g[0].Y, g[0].X, g[0].Y}
	for _, p := range g[1:] {
		b = Box{min(b.X0, p.X), min(b.Y0, p.Y), max(b.X1, p.X), max(b.Y1, p.Y)}
	}
	return b
}

func (g Polygon) edgeEnters(b Box) bool {
	for i, j := 0, len(g)-1; i < len(g); j, i = i, i+1 {
		if segmentEnters(g[j], g[i], b) {
			return true
		}
	}
	return false
}

// segmentEnters clips the segment p–q to the open box (Liang–Barsky).
func segmentEnters(p, q Point, b Box) bool {
	t0, t1 := float32(0), float32(1)
	dx, dy := q.X-p.X, q.Y-p.Y
	for _, e := range [4][2]float32{
		{-dx, p.X - b.X0}, {dx, b.X1 - p.X}, {-dy, p.Y - b.Y0}, {dy, b.Y1 - p.Y},
	} {
		d, r := e[0], e[1]
		switch {
		case d == 0:
			if r <= 0 {
				return false
			}
		case d < 0:
			t0 = max(t0, r/d)
		default:
			t1 = min(t1, r/d)
		}
	}
	return t0 < t1
}

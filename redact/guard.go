package redact

import "bystander/internal/geom"

// The foreground guard is the last net: what moves, is large enough to be a
// person or a head, and is explained by no face or person is masked where it is.

// Sizes that a moving region must have to matter, as parts of the picture's
// height; and the parts of the picture above which one region, or all of them
// together, are no people but the light or the camera: then the guard cannot
// tell anybody from the scene, and the other parts of the union carry alone.
const (
	guardLeastW = 0.020
	guardLeastH = 0.035
	guardMost   = 0.20
	guardAll    = 0.35
	guardGrid   = 8 // samples of a region a side
)

// maskMoving adds what of the moving regions nothing explains. It runs after
// all other masks are in place.
func (p *plan) maskMoving(w, h int) {
	if p.restless {
		return
	}
	for _, m := range p.moving {
		m = m.Clip(w, h)
		if m.Empty() || m.Area() > guardMost*float32(w*h) {
			continue
		}
		rest := p.unexplained(m)
		if rest.W() < guardLeastW*float32(h) || rest.H() < guardLeastH*float32(h) {
			continue
		}
		p.block(maskGuard, rest, -1)
	}
}

// unexplained is the smallest box around those samples of a region that lie in
// no face, person, or body below a face.
func (p *plan) unexplained(m geom.Box) geom.Box {
	var rest geom.Box
	cw, ch := m.W()/guardGrid, m.H()/guardGrid
	for j := range guardGrid {
		for i := range guardGrid {
			x, y := m.X0+float32(i)*cw, m.Y0+float32(j)*ch
			cell := geom.Box{X0: x, Y0: y, X1: x + cw, Y1: y + ch}
			if !p.explained(cell.Centre()) {
				rest = rest.Union(cell)
			}
		}
	}
	return rest
}

func (p *plan) explained(c geom.Point) bool {
	for i := range p.faces {
		f := &p.faces[i]
		if f.t.weak {
			continue
		}
		if holds(f.head, c) || holds(bodyOfFace(f.at.core), c) {
			return true
		}
	}
	for i := range p.persons {
		if holds(p.persons[i].at.box.Scale(1.12), c) {
			return true
		}
	}
	return false
}

func holds(b geom.Box, c geom.Point) bool {
	return c.X >= b.X0 && c.X < b.X1 && c.Y >= b.Y0 && c.Y < b.Y1
}

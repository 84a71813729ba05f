package redact

import (
	"fmt"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// The process's only means to declare a picture redacted.
var sealer = frame.TakeSealer()

// The colour of a full mask, of StyleSolid and of filled polygons: a dark grey
// that is legal in full and limited range.
const (
	solidY = 44
	solidC = 128
)

// Full covers the whole picture with one colour. It takes ownership of raw and
// fails only with ErrShared, when somebody else holds raw; raw is then given
// back unseen.
func Full(raw *frame.Raw) (*frame.Redacted, error) {
	if raw == nil {
		return nil, ErrNoPicture
	}
	if raw.Shared() {
		raw.Release()
		return nil, ErrShared
	}
	paintUniform(raw.Planes())
	return sealer.Seal(raw, true), nil
}

func paintUniform(p frame.Planes) {
	c := p.Chroma()
	fillPlane(p.Y, p.StrideY, p.W, p.H, solidY)
	fillPlane(p.U, p.StrideC, c.W, c.H, solidC)
	fillPlane(p.V, p.StrideC, c.W, c.H, solidC)
}

func fillPlane(b []byte, stride, w, h int, v byte) {
	fillBytes(b[:w], v)
	for y := 1; y < h; y++ {
		copy(b[y*stride:y*stride+w], b[:w])
	}
}

// fillBytes sets every byte of b, doubling what is set, so that long runs are
// written by the runtime's own copy.
func fillBytes(b []byte, v byte) {
	n := min(len(b), 32)
	for i := range n {
		b[i] = v
	}
	for n > 0 && n < len(b) {
		n += copy(b[n:], b[:n])
	}
}

// FillPrivacy covers the polygons with one colour, in place, before any
// detector sees the picture (INV-8). Every sample that a polygon touches is
// covered. It keeps nothing and leaves ownership with the caller; when it fails
// the picture must not be looked at.
func FillPrivacy(raw *frame.Raw, polys []geom.Polygon) error {
	if len(polys) == 0 {
		return nil
	}
	if raw == nil {
		return ErrNoPicture
	}
	if raw.Shared() {
		return fmt.Errorf("redact: fill: %w", ErrShared)
	}
	if err := checkPolygons(polys); err != nil {
		return fmt.Errorf("redact: fill: %w: %w", ErrConfig, err)
	}
	p := raw.Planes()
	for y := range p.Chroma().H {
		for _, g := range polys {
			polygonRow(g, p.Size, y, func(x0, x1 int) { solidRun(p, y, x0, x1) })
		}
	}
	return nil
}

// solidRun paints chroma samples [x0,x1) of chroma row y and the luma they
// stand for.
func solidRun(p frame.Planes, y, x0, x1 int) {
	l0, l1 := 2*x0, min(2*x1, p.W)
	for r := 2 * y; r < min(2*y+2, p.H); r++ {
		fillBytes(p.Y[r*p.StrideY+l0:r*p.StrideY+l1], solidY)
	}
	fillBytes(p.U[y*p.StrideC+x0:y*p.StrideC+x1], solidC)
	fillBytes(p.V[y*p.StrideC+x0:y*p.StrideC+x1], solidC)
}

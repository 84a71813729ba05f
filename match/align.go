package match

import (
	"fmt"
	"math"

	"bystander/internal/geom"
)

// ChipSide is the side of an aligned face in pixels.
const ChipSide = 128

// template holds where left eye, right eye, nose, left and right mouth corner
// (as seen in the picture) lie on an aligned face, in parts of its side; they
// are those that face-reidentification-retail-0095 was trained with.
var template = [5]geom.Point{
	{X: 0.31557, Y: 0.46157},
	{X: 0.68262, Y: 0.46157},
	{X: 0.50026, Y: 0.64053},
	{X: 0.34947, Y: 0.82469},
	{X: 0.65344, Y: 0.82469},
}

// Similarity maps chip to picture: x' = A·x − B·y + Tx, y' = B·x + A·y + Ty.
type Similarity struct{ A, B, Tx, Ty float64 }

// Scale is how many picture pixels one chip pixel spans.
func (s Similarity) Scale() float64 { return math.Hypot(s.A, s.B) }

// Map returns the place in the picture of a place on the chip.
func (s Similarity) Map(x, y float64) (float64, float64) {
	return s.A*x - s.B*y + s.Tx, s.B*x + s.A*y + s.Ty
}

// Align finds the similarity (rotation, one scale, shift; no mirroring) from
// chip to picture that brings the template nearest to the landmarks in the
// least-squares sense (Umeyama, 1991; in the plane it has this closed form).
// It fails with ErrLandmarks for points that are not finite, coincide, or fit
// so badly that no face can have them.
func Align(lm [5]geom.Point) (Similarity, error) {
	var sx, sy, dx, dy float64
	for i, p := range lm {
		sx += float64(template[i].X) * ChipSide / 5
		sy += float64(template[i].Y) * ChipSide / 5
		dx += float64(p.X) / 5
		dy += float64(p.Y) / 5
	}
	var dotp, cross, norm, spread float64
	for i, p := range lm {
		x, y := float64(template[i].X)*ChipSide-sx, float64(template[i].Y)*ChipSide-sy
		u, v := float64(p.X)-dx, float64(p.Y)-dy
		dotp += x*u + y*v
		cross += x*v - y*u
		norm += x*x + y*y
		spread += u*u + v*v
	}
	s := Similarity{A: dotp / norm, B: cross / norm}
	s.Tx, s.Ty = dx-(s.A*sx-s.B*sy), dy-(s.B*sx+s.A*sy)
	if k := s.Scale(); !(k > 1e-3 && k < 1e4) || math.IsNaN(s.Tx+s.Ty) || math.IsInf(s.Tx+s.Ty, 0) {
		return Similarity{}, fmt.Errorf("%w: scale %.3g", ErrLandmarks, k)
	}
	// What the fit leaves unexplained, as a part of the landmarks' spread.
	if residual := 1 - (s.A*s.A+s.B*s.B)*norm/spread; !(residual < 0.5) {
		return Similarity{}, fmt.Errorf("%w: %.0f %% of their spread is unexplained", ErrLandmarks, 100*residual)
	}
	return s, nil
}

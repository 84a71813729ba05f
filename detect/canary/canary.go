// Package canary checks that detectors still see: it draws a face and a blank
// picture by arithmetic alone, and knows what an honest detector says of each.
package canary

import (
	"context"
	"errors"
	"fmt"
	"math"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// ErrBlind reports a detector that misses the drawn face, or finds one where
// there is none.
var ErrBlind = errors.New("canary: the detector gives wrong answers")

// Size of the drawn pictures.
const (
	width, height = 320, 192
	centreX       = 160
	centreY       = 96
	faceW, faceH  = 64, 84 // half axes are half of it
)

// Canary holds the drawn pictures. It is safe for concurrent use.
type Canary struct{ face, blank frame.Planes }

// New draws the pictures.
func New() *Canary {
	s := frame.Size{W: width, H: height}
	c := &Canary{
		face:  frame.PlanesOver(make([]byte, s.Bytes()), s),
		blank: frame.PlanesOver(make([]byte, s.Bytes()), s),
	}
	background(c.blank)
	background(c.face)
	Draw(c.face, FaceBox())
	return c
}

// FaceBox is where the drawn face is.
func FaceBox() geom.Box { return geom.BoxAt(centreX, centreY, faceW, faceH) }

// Check shows d both pictures. It returns ErrBlind for a wrong answer, or the
// detector's own error.
func (c *Canary) Check(ctx context.Context, d detect.FaceDetector) error {
	faces, err := d.DetectFaces(ctx, c.face, nil)
	if err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	found := false
	for _, f := range faces {
		found = found || f.Box.IoU(FaceBox()) >= 0.35
	}
	if !found {
		return fmt.Errorf("%w: it misses the drawn face among %d answers", ErrBlind, len(faces))
	}
	faces, err = d.DetectFaces(ctx, c.blank, nil)
	if err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	if len(faces) > 0 {
		return fmt.Errorf("%w: it finds %d faces in an empty picture", ErrBlind, len(faces))
	}
	return nil
}

func background(p frame.Planes) {
	for y := range p.H {
		for x := range p.W {
			p.Y[y*p.StrideY+x] = byte(70 + 30*y/p.H + 20*x/p.W)
		}
	}
	for i := range p.U {
		p.U[i], p.V[i] = 128, 128
	}
}

// blob darkens or lightens an ellipse with a soft rim: d is the luma added at
// its middle.
type blob struct{ x, y, rx, ry, d float64 }

// features of the face in units of its half axes, from its centre.
var features = []blob{
	{-0.40, -0.16, 0.20, 0.075, -95},
	{0.40, -0.16, 0.20, 0.075, -95}, // eyes
	{-0.40, -0.16, 0.08, 0.06, -60},
	{0.40, -0.16, 0.08, 0.06, -60}, // pupils
	{-0.40, -0.37, 0.26, 0.05, -75},
	{0.40, -0.37, 0.26, 0.05, -75}, // brows
	{0, 0.10, 0.07, 0.26, 22},      // bridge of the nose
	{-0.13, 0.27, 0.07, 0.04, -60},
	{0.13, 0.27, 0.07, 0.04, -60}, // nostrils
	{0, 0.33, 0.22, 0.05, -25},
	{0, 0.57, 0.33, 0.055, -80},
	{0, 0.66, 0.24, 0.06, -25}, // mouth
	{-0.62, 0.25, 0.3, 0.5, -14},
	{0.62, 0.25, 0.3, 0.5, -14}, // cheeks fall away
}

// Draw draws the face, with hair and neck, over p such that the face fills box.
// Made-up crowds for tests are drawn with it.
func Draw(p frame.Planes, box geom.Box) {
	c := box.Centre()
	cx, cy, rx, ry := float64(c.X), float64(c.Y), float64(box.W())/2, float64(box.H())/2
	// Hair and neck reach beyond the face.
	around := geom.BoxAt(c.X, c.Y, box.W()*1.4, box.H()*1.1)
	around.Y0 -= box.H() * 0.3
	around.Y1 += box.H() * 0.6
	around = around.Clip(p.W, p.H)
	for y := int(around.Y0); y < int(around.Y1); y++ {
		for x := int(around.X0); x < int(around.X1); x++ {
			u, v := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			i := y*p.StrideY + x
			skin, neck := soft(u, v), soft(u/0.55, (v-1.3)/0.7)
			l := mix(float64(p.Y[i]), 120, neck)
			l = mix(l, 35, soft(u/1.18, (v+0.22)/1.12)) // hair, then the face over it
			l = mix(l, tone(u, v), skin)
			p.Y[i] = byte(min(max(l, 16), 235))
			if x%2 == 0 && y%2 == 0 {
				j := y/2*p.StrideC + x/2
				k := max(skin, neck)
				p.U[j], p.V[j] = byte(mix(float64(p.U[j]), 110, k)), byte(mix(float64(p.V[j]), 150, k))
			}
		}
	}
}

// tone is the luma of the skin at (u, v), in half axes from the face's centre.
func tone(u, v float64) float64 {
	t := 178 - 22*u*u - 14*v*v
	for _, b := range features {
		t += b.d * math.Exp(-(sq((u-b.x)/b.rx)+sq((v-b.y)/b.ry))*0.9)
	}
	return t
}

// soft is 1 inside the unit circle and falls to 0 over its rim.
func soft(u, v float64) float64 {
	r := math.Sqrt(u*u + v*v)
	return min(max((1.06-r)/0.12, 0), 1)
}

func mix(a, b, t float64) float64 { return a + (b-a)*t }
func sq(v float64) float64        { return v * v }

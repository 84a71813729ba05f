// Package liveness tells a live face from a print or a screen with MiniFASNet
// (minivision-ai/Silent-Face-Anti-Spoofing), from one picture and without
// anything that the person has to do (passive presentation-attack detection,
// ISO/IEC 30107-1).
//
// What it is worth was measured on prints and screens alone, see eval/pad; it
// knows nothing of masks, and a picture fed past the camera is no presentation
// that it could see. The published method joins two networks that look at 2.7
// and 4 times the face; only the first is in the model manifest.
package liveness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/internal/yuv"
)

// Side of the network's input in pixels, and the crop around the face in parts
// of the face box.
const (
	Side  = 80
	Scale = 2.7
)

// DefaultThreshold is the score from which on a face counts as live; see
// eval/pad for what it costs and gives.
const DefaultThreshold = 0.5

// MinFace is the shorter side in pixels of the least face box that a verdict is
// given on. Below, the crop holds too little of the texture that tells a print.
const MinFace = 48

// The ways in which nothing can be said.
var (
	// ErrModel reports a model that is not MiniFASNet.
	ErrModel = errors.New("detect/liveness: not the model that this package knows")
	// ErrFace reports a face too small, or outside the picture.
	ErrFace = errors.New("detect/liveness: the face cannot be judged")
)

// Model is a model file whose hash was checked.
type Model struct {
	Name   string
	Data   []byte
	SHA256 string // hex
}

// Options say how the model runs. The zero value gives the defaults.
type Options struct {
	Provider  ort.Provider
	Parallel  int     // faces judged at once; 0 means 1
	Threshold float32 // 0 means DefaultThreshold
}

// Detector judges faces. It is safe for concurrent use. It fits match.Liveness.
type Detector struct {
	s         *ort.Session
	info      detect.Info
	threshold float32
}

// New loads the model. It fails with the errors of ort.Runtime.NewSession and
// with ErrModel.
func New(rt *ort.Runtime, m Model, o Options) (*Detector, error) {
	if o.Threshold == 0 {
		o.Threshold = DefaultThreshold
	}
	if !(o.Threshold > 0 && o.Threshold < 1) {
		return nil, fmt.Errorf("detect/liveness: a threshold lies between 0 and 1, not at %v", o.Threshold)
	}
	s, err := rt.NewSession(m.Data, ort.SessionOptions{Provider: o.Provider, Parallel: o.Parallel, Shapes: 1})
	if err != nil {
		return nil, fmt.Errorf("detect/liveness: %s: %w", m.Name, err)
	}
	in, out := s.Input().Shape, s.Outputs()
	if !slices.Equal(in, []int64{1, 3, Side, Side}) || len(out) != 1 || len(out[0].Shape) != 2 || out[0].Shape[1] != 3 {
		return nil, errors.Join(fmt.Errorf("%w: it takes 1×3×80×80 and gives 1×3, this one takes %v", ErrModel, in), s.Close())
	}
	return &Detector{s, detect.Info{Name: m.Name, Digest: m.SHA256, Provider: string(s.Choice().Provider)}, o.Threshold}, nil
}

// Info describes the loaded model.
func (d *Detector) Info() detect.Info { return d.info }

// Close frees the model; it waits for calls under way.
func (d *Detector) Close() error { return d.s.Close() }

// Threshold is the score from which on a face counts as live.
func (d *Detector) Threshold() float32 { return d.threshold }

// Live reports whether the face in the box is live. A face that cannot be
// judged is not: doubt never passes for life. Other trouble is an error.
func (d *Detector) Live(ctx context.Context, p frame.Planes, m frame.Meta, face geom.Box) (bool, error) {
	score, err := d.Score(ctx, p, m.Colour, face)
	if errors.Is(err, ErrFace) {
		return false, nil
	}
	return err == nil && score >= d.threshold, err
}

// Score returns how live the face is, 0–1. It fails with ErrFace.
func (d *Detector) Score(ctx context.Context, p frame.Planes, c frame.Colour, face geom.Box) (float32, error) {
	crop, err := Crop(p.Size, face)
	if err != nil {
		return 0, err
	}
	b, err := d.s.Acquire(ctx, 1, 3, Side, Side)
	if err != nil {
		return 0, fmt.Errorf("detect/liveness: %w", err)
	}
	defer b.Release()
	defer clear(b.Input()) // it holds a face
	if err := sample(b.Input(), p, c, crop); err != nil {
		return 0, err
	}
	if err := b.Run(ctx); err != nil {
		return 0, fmt.Errorf("detect/liveness: %w", err)
	}
	// The classes: 0 print, 1 live, 2 screen.
	live := b.Output(0)[1]
	if !(live >= 0 && live <= 1) {
		return 0, fmt.Errorf("detect/liveness: %w: a score of %v", detect.ErrNotFinite, live)
	}
	return live, nil
}

// Crop returns the part of the picture that the network looks at: the face box
// widened Scale times about its centre, or as far as the picture allows, and
// shifted to lie inside, as its authors crop.
func Crop(s frame.Size, face geom.Box) (geom.Box, error) {
	w, h := face.W(), face.H()
	if !face.Finite() || !(min(w, h) >= MinFace) {
		return geom.Box{}, fmt.Errorf("%w: it has %.0f×%.0f pixels, at least %d are needed", ErrFace, w, h, MinFace)
	}
	cx, cy := (face.X0+face.X1)/2, (face.Y0+face.Y1)/2
	if cx < 0 || cy < 0 || cx > float32(s.W) || cy > float32(s.H) {
		return geom.Box{}, fmt.Errorf("%w: it lies outside the picture", ErrFace)
	}
	k := min(float32(s.H-1)/h, float32(s.W-1)/w, Scale)
	w, h = w*k, h*k
	x := min(max(cx-w/2, 0), float32(s.W)-w)
	y := min(max(cy-h/2, 0), float32(s.H)-h)
	return geom.Box{X0: x, Y0: y, X1: x + w, Y1: y + h}, nil
}

// sample scales the crop to the network's square, B, G, R planes of 0–255. The
// sides are scaled apart, and between the four nearest pixels without averaging
// over more, which aliases: the network was trained so, and judges live faces
// better for it (eval/pad).
func sample(dst []float32, p frame.Planes, c frame.Colour, crop geom.Box) error {
	x0, y0 := int(crop.X0), int(crop.Y0)
	w := min(int(crop.X1), p.W-1) - x0 + 1
	h := min(int(crop.Y1), p.H-1) - y0 + 1
	// Chroma belongs to pairs of pixels, so the part taken begins at an even one.
	ox, oy := x0&1, y0&1
	part, c := cut(p, c, x0-ox, y0-oy, w+ox, h+oy)
	stride := 3 * part.W
	bgr := make([]byte, stride*part.H)
	defer clear(bgr) // it holds a face
	if err := yuv.ToPacked(bgr, stride, yuv.BGR, part, c); err != nil {
		return fmt.Errorf("detect/liveness: crop: %w", err)
	}
	columns, rows := taps(w), taps(h)
	for j, r := range rows {
		top, low := bgr[(r.at+oy)*stride:], bgr[(r.next+oy)*stride:]
		for i, q := range columns {
			a, b := 3*(q.at+ox), 3*(q.next+ox)
			for ch := range 3 {
				t := mix(float32(top[a+ch]), float32(top[b+ch]), q.part)
				l := mix(float32(low[a+ch]), float32(low[b+ch]), q.part)
				dst[ch*Side*Side+j*Side+i] = mix(t, l, r.part)
			}
		}
	}
	return nil
}

// cut returns a part of a picture, which begins at an even place. What the
// picture's size says of unnamed colours is said outright, since the part's
// size would say something else.
func cut(p frame.Planes, c frame.Colour, x, y, w, h int) (frame.Planes, frame.Colour) {
	if c.Matrix == 0 || c.Matrix == 2 {
		c.Matrix = 6
		if p.H >= 720 {
			c.Matrix = 1
		}
	}
	q := p
	q.Size = frame.Size{W: w, H: h}
	q.Y = p.Y[y*p.StrideY+x:]
	q.U, q.V = p.U[y/2*p.StrideC+x/2:], p.V[y/2*p.StrideC+x/2:]
	return q, c
}

// tap is a place between two pixels, and how near it is to the second.
type tap struct {
	at, next int
	part     float32
}

// taps places the network's pixels on n pixels of the picture.
func taps(n int) (out [Side]tap) {
	for i := range out {
		f := max((float64(i)+0.5)*float64(n)/Side-0.5, 0)
		at := min(int(f), n-1)
		out[i] = tap{at, min(at+1, n-1), float32(f - float64(at))}
	}
	return out
}

func mix(a, b, part float32) float32 { return a + (b-a)*part }

package leak

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/internal/yuv"
)

// The judge's input and what it is told apart by.
const (
	rfbW, rfbH = 640, 480
	rfbScore   = 0.7 // in the original
	rfbAgain   = 0.5 // in the redacted picture: a doubtful face is one too
	rfbIoU     = 0.3
	// Tiles show the smallest faces enlarged by a third, so that 16 pixels are
	// well within what the model was trained for.
	tileW, tileH     = 480, 360
	tileOverlap      = 120
	tileEdge         = 2 // pixels: boxes nearer to an inner edge are cut off
	containedInOther = 0.7
)

// found is a face as the judge sees it.
type found struct {
	box   geom.Box
	score float32
}

// RFB is the face judge: Ultra-Light-Fast-Generic-Face-Detector, version
// RFB-640. It is used by one goroutine at a time.
type RFB struct {
	s             *ort.Session
	scores, boxes int
	resize        map[image.Rectangle]*yuv.Resizer // tables by window
	size          frame.Size
}

// NewRFB loads the judge from the bytes of version-RFB-640.onnx. It fails with
// ErrModel and the errors of ort.Runtime.NewSession.
func NewRFB(rt *ort.Runtime, model []byte) (*RFB, error) {
	s, err := rt.NewSession(model, ort.SessionOptions{Provider: ort.CPU})
	if err != nil {
		return nil, fmt.Errorf("leak: judge: %w", err)
	}
	r := &RFB{s: s, scores: s.OutputIndex("scores"), boxes: s.OutputIndex("boxes")}
	if r.scores < 0 || r.boxes < 0 || !slices.Equal(s.Input().Shape, []int64{1, 3, rfbH, rfbW}) {
		_ = s.Close()
		return nil, fmt.Errorf("%w: it takes %v", ErrModel, s.Input().Shape)
	}
	return r, nil
}

// Close frees the model.
func (r *RFB) Close() error { return r.s.Close() }

// windows are the parts of a picture that the judge looks at: the whole, then
// tiles that overlap.
func windows(s frame.Size) []image.Rectangle {
	all := image.Rect(0, 0, s.W, s.H)
	out := []image.Rectangle{all}
	nx, ny := tilesAcross(s.W, tileW), tilesAcross(s.H, tileH)
	if nx*ny == 1 {
		return out
	}
	for j := range ny {
		for i := range nx {
			x, y := tileStart(s.W, tileW, nx, i), tileStart(s.H, tileH, ny, j)
			out = append(out, image.Rect(x, y, x+tileW, y+tileH).Intersect(all))
		}
	}
	return out
}

func tilesAcross(n, side int) int {
	if n <= side {
		return 1
	}
	step := side - tileOverlap
	return 1 + (n-side+step-1)/step
}

func tileStart(n, side, k, i int) int {
	if k <= 1 {
		return 0
	}
	return (n - side) * i / (k - 1) &^ 1
}

// look finds faces scored at least least in the given windows of a picture,
// best first.
func (r *RFB) look(ctx context.Context, p frame.Planes, in []image.Rectangle, least float32) ([]found, error) {
	if p.Size != r.size {
		r.size, r.resize = p.Size, map[image.Rectangle]*yuv.Resizer{}
	}
	var all []found
	for _, w := range in {
		got, err := r.window(ctx, p, w, least)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return suppress(all), nil
}

func (r *RFB) window(ctx context.Context, p frame.Planes, w image.Rectangle, least float32) ([]found, error) {
	b, err := r.s.Acquire(ctx, 1, 3, rfbH, rfbW)
	if err != nil {
		return nil, fmt.Errorf("leak: judge: %w", err)
	}
	defer b.Release()
	k := min(float64(rfbW)/float64(w.Dx()), float64(rfbH)/float64(w.Dy()))
	fit := frame.Size{W: min(int(math.Round(float64(w.Dx())*k)), rfbW), H: min(int(math.Round(float64(w.Dy())*k)), rfbH)}
	z := r.resize[w]
	if z == nil {
		z = &yuv.Resizer{}
		r.resize[w] = z
	}
	norm := yuv.Norm{Mean: [3]float32{127, 127, 127}, Scale: [3]float32{1.0 / 128, 1.0 / 128, 1.0 / 128}}
	if err := z.Do(b.Input(), p, frame.Colour{Matrix: 2}, yuv.Planar{
		Canvas: frame.Size{W: rfbW, H: rfbH}, Size: fit, Source: w, Order: yuv.RGB, Norm: norm, Fill: 127,
	}); err != nil {
		return nil, fmt.Errorf("leak: judge: %w", err)
	}
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("leak: judge: %w", err)
	}
	return r.decode(b.Output(r.scores), b.Output(r.boxes), w, k, p.Size, least), nil
}

// decode reads the faces above the threshold, in the picture's pixels. Boxes
// cut off at an edge inside the picture are left to the neighbouring window.
func (r *RFB) decode(scores, boxes []float32, w image.Rectangle, k float64, s frame.Size, least float32) []found {
	var out []found
	for i := 0; 2*i+1 < len(scores) && 4*i+3 < len(boxes); i++ {
		if !(scores[2*i+1] >= least) {
			continue
		}
		q := boxes[4*i : 4*i+4]
		at := func(v float32, side, from int) float32 { return v*float32(side)/float32(k) + float32(from) }
		b := geom.Box{
			X0: at(q[0], rfbW, w.Min.X), Y0: at(q[1], rfbH, w.Min.Y),
			X1: at(q[2], rfbW, w.Min.X), Y1: at(q[3], rfbH, w.Min.Y),
		}
		cut := (w.Min.X > 0 && b.X0 < float32(w.Min.X+tileEdge)) || (w.Min.Y > 0 && b.Y0 < float32(w.Min.Y+tileEdge)) ||
			(w.Max.X < s.W && b.X1 > float32(w.Max.X-tileEdge)) || (w.Max.Y < s.H && b.Y1 > float32(w.Max.Y-tileEdge))
		if b = b.Clip(s.W, s.H); cut || !b.Finite() || b.Empty() {
			continue
		}
		out = append(out, found{b, scores[2*i+1]})
	}
	return suppress(out)
}

// suppress keeps the best of boxes that overlap or lie inside each other.
func suppress(f []found) []found {
	slices.SortStableFunc(f, func(a, b found) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	kept := f[:0]
	for _, c := range f {
		if !slices.ContainsFunc(kept, func(k found) bool {
			return k.box.IoU(c.box) > rfbIoU || k.box.Covers(c.box) > containedInOther || c.box.Covers(k.box) > containedInOther
		}) {
			kept = append(kept, c)
		}
	}
	return kept
}

// Package tile looks at a picture in overlapping tiles, so that a detector with
// a fixed view finds faces too small for it. It costs one call a tile: for
// recordings and evaluation rather than for live cameras.
package tile

import (
	"context"
	"fmt"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/frame"
)

// Options says how to cut. The zero value gives the defaults.
type Options struct {
	// Side is a tile's side in luma pixels; 0 means 640.
	Side int
	// Overlap is how far neighbouring tiles overlap, in pixels: faces up to
	// this size are whole in some tile. 0 means a fifth of Side.
	Overlap int
	// TilesOnly leaves out the look at the whole picture, which finds what is
	// larger than a tile.
	TilesOnly bool
	// IoU is the most that two faces reported may overlap; 0 means 0.3.
	IoU float32
}

// Detector wraps a face detector. It owns and closes it.
type Detector struct {
	d detect.FaceDetector
	o Options
}

// New wraps d. It fails when the options leave no progress from tile to tile.
func New(d detect.FaceDetector, o Options) (*Detector, error) {
	if o.Side == 0 {
		o.Side = 640
	}
	if o.Overlap == 0 {
		o.Overlap = o.Side / 5
	}
	if o.IoU == 0 {
		o.IoU = 0.3
	}
	if o.Side < 32 || o.Overlap < 0 || o.Overlap > o.Side/2 {
		return nil, fmt.Errorf("detect/tile: side %d must be at least 32 and overlap %d at most half of it", o.Side, o.Overlap)
	}
	return &Detector{d, o}, nil
}

// Info implements detect.FaceDetector.
func (t *Detector) Info() detect.Info {
	i := t.d.Info()
	i.Name += " (tiled)"
	return i
}

// Close implements detect.FaceDetector.
func (t *Detector) Close() error { return t.d.Close() }

// DetectFaces implements detect.FaceDetector. An error in one tile is an error
// for the picture.
func (t *Detector) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	n := len(dst)
	nx, ny := t.count(p.W), t.count(p.H)
	var err error
	if !t.o.TilesOnly || nx*ny <= 1 {
		if dst, err = t.d.DetectFaces(ctx, p, dst); err != nil {
			return dst[:n], err
		}
	}
	if nx*ny > 1 {
		for i := range nx * ny {
			x, y := t.start(p.W, nx, i%nx), t.start(p.H, ny, i/nx)
			if dst, err = t.look(ctx, p, x, y, dst); err != nil {
				return dst[:n], err
			}
		}
	}
	kept := nms.Rule{IoU: t.o.IoU, Inside: 0.7}.Faces(dst[n:])
	return dst[:n+len(kept)], nil
}

func (t *Detector) look(ctx context.Context, p frame.Planes, x, y int, dst []detect.Face) ([]detect.Face, error) {
	n := len(dst)
	v := View(p, x, y, min(t.o.Side, p.W-x), min(t.o.Side, p.H-y))
	dst, err := t.d.DetectFaces(ctx, v, dst)
	if err != nil {
		return dst[:n], err
	}
	for i := range dst[n:] {
		f := &dst[n+i]
		f.Box = f.Box.Shift(float32(x), float32(y))
		for j := range f.Landmarks {
			f.Landmarks[j].X += float32(x)
			f.Landmarks[j].Y += float32(y)
		}
	}
	return dst, nil
}

// count is how many tiles cover a side of n pixels.
func (t *Detector) count(n int) int {
	if n <= t.o.Side {
		return 1
	}
	step := t.o.Side - t.o.Overlap
	return 1 + (n-t.o.Side+step-1)/step
}

// start is where tile i of k begins: evenly spread, on an even pixel so that
// the chroma planes stay aligned.
func (t *Detector) start(n, k, i int) int {
	if k <= 1 {
		return 0
	}
	return (n - t.o.Side) * i / (k - 1) &^ 1
}

// View is a w×h window of p at (x, y), which must be even and inside.
func View(p frame.Planes, x, y, w, h int) frame.Planes {
	c := y/2*p.StrideC + x/2
	return frame.Planes{
		Size: frame.Size{W: w, H: h},
		Y:    p.Y[y*p.StrideY+x:], U: p.U[c:], V: p.V[c:],
		StrideY: p.StrideY, StrideC: p.StrideC,
	}
}

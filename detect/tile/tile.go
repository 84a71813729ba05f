// Package tile looks at a picture in overlapping tiles, so that a detector with
// a fixed view finds faces too small for it. It costs one call a tile: for
// recordings and evaluation rather than for live cameras.
package tile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Options says how to cut. The zero value gives the defaults.
type Options struct {
	// Side is a tile's width in luma pixels; 0 means 640. Height is its height;
	// 0 means Side.
	Side, Height int
	// Overlap is how far neighbouring tiles overlap, in pixels: faces up to
	// this size are whole in some tile. 0 means a fifth of Side.
	Overlap int
	// TilesOnly leaves out the look at the whole picture, which finds what is
	// larger than a tile.
	TilesOnly bool
	// DropCut leaves out what is cut off by a tile's edge inside the picture: it
	// is whole in the next tile if it is no larger than Overlap, and in the look
	// at the whole picture otherwise.
	DropCut bool
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
	if o.Height == 0 {
		o.Height = o.Side
	}
	if o.IoU == 0 {
		o.IoU = 0.3
	}
	if least := min(o.Side, o.Height); least < 32 || o.Overlap < 0 || o.Overlap > least/2 {
		return nil, fmt.Errorf("detect/tile: sides %d×%d must be at least 32 and overlap %d at most half of them", o.Side, o.Height, o.Overlap)
	}
	if o.DropCut && o.TilesOnly {
		return nil, errors.New("detect/tile: what is cut off can only be dropped where the whole picture is looked at too")
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
	return t.detect(ctx, p, dst, func(geom.Box) bool { return true })
}

// DetectNear is DetectFaces for the whole picture and those tiles that hold one
// of the boxes, cut off or not: enough to tell whether a face is there.
func (t *Detector) DetectNear(ctx context.Context, p frame.Planes, near []geom.Box, dst []detect.Face) ([]detect.Face, error) {
	return t.detect(ctx, p, dst, func(tile geom.Box) bool {
		return slices.ContainsFunc(near, func(b geom.Box) bool { return !b.Intersect(tile).Empty() })
	})
}

func (t *Detector) detect(ctx context.Context, p frame.Planes, dst []detect.Face, wanted func(geom.Box) bool) ([]detect.Face, error) {
	n := len(dst)
	nx, ny := count(p.W, t.o.Side, t.o.Overlap), count(p.H, t.o.Height, t.o.Overlap)
	var err error
	if !t.o.TilesOnly || nx*ny <= 1 {
		if dst, err = t.d.DetectFaces(ctx, p, dst); err != nil {
			return dst[:n], err
		}
	}
	if nx*ny > 1 {
		for i := range nx * ny {
			x, y := start(p.W, t.o.Side, nx, i%nx), start(p.H, t.o.Height, ny, i/nx)
			w, h := min(t.o.Side, p.W-x), min(t.o.Height, p.H-y)
			if !wanted(geom.Box{X0: float32(x), Y0: float32(y), X1: float32(x + w), Y1: float32(y + h)}) {
				continue
			}
			if dst, err = t.look(ctx, p, x, y, w, h, dst); err != nil {
				return dst[:n], err
			}
		}
	}
	kept := nms.Rule{IoU: t.o.IoU, Inside: 0.7}.Faces(dst[n:])
	return dst[:n+len(kept)], nil
}

// look finds the faces in one tile.
func (t *Detector) look(ctx context.Context, p frame.Planes, x, y, w, h int, dst []detect.Face) ([]detect.Face, error) {
	n := len(dst)
	dst, err := t.d.DetectFaces(ctx, p.Window(x, y, w, h), dst)
	if err != nil {
		return dst[:n], err
	}
	kept := dst[:n]
	for _, f := range dst[n:] {
		if t.o.DropCut && cut(f.Box, x, y, w, h, p.Size) {
			continue
		}
		f.Box = f.Box.Shift(float32(x), float32(y))
		for j := range f.Landmarks {
			f.Landmarks[j].X += float32(x)
			f.Landmarks[j].Y += float32(y)
		}
		kept = append(kept, f)
	}
	return kept, nil
}

// cut reports whether a box found in a tile ends at an edge of it that lies
// inside the picture.
func cut(b geom.Box, x, y, w, h int, s frame.Size) bool {
	const edge = 2 // pixels
	return x > 0 && b.X0 < edge || y > 0 && b.Y0 < edge ||
		x+w < s.W && b.X1 > float32(w-edge) || y+h < s.H && b.Y1 > float32(h-edge)
}

// count is how many tiles cover n pixels.
func count(n, side, overlap int) int {
	if n <= side {
		return 1
	}
	step := side - overlap
	return 1 + (n-side+step-1)/step
}

// start is where tile i of k begins: evenly spread, on an even pixel so that
// the chroma planes stay aligned.
func start(n, side, k, i int) int {
	if k <= 1 {
		return 0
	}
	return (n - side) * i / (k - 1) &^ 1
}

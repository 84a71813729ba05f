package onnx

import (
	"context"
	"math"
	"slices"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// A part is looked at in an input of whole steps, so that few shapes occur: each
// has tensors of its own. Steps are a quarter of an input of 640 by 384. Above
// partMost of the whole input a part is not worth the coarser place.
const (
	partStepW, partStepH = 160, 96
	partMost             = 0.7
)

// window is a part of a picture, in its pixels.
type window struct{ x, y, w, h int }

// windowOf widens a part to whole steps of the input, at the scale at which the
// whole picture would be looked at. It reports false where that is no cheaper.
func windowOf(s frame.Size, whole fit, part geom.Box) (window, fit, bool) {
	part = part.Clip(s.W, s.H)
	if part.Empty() || !part.Finite() {
		return window{}, fit{}, false
	}
	x, y := stretchOf(part.X0, part.X1, whole.sx, partStepW, whole.netW), stretchOf(part.Y0, part.Y1, whole.sy, partStepH, whole.netH)
	if float32(x.n*y.n) > partMost*float32(whole.netW*whole.netH) {
		return window{}, fit{}, false
	}
	var w window
	f := fit{netW: x.n, netH: y.n}
	w.x, w.w, f.w, f.sx = x.of(s.W, whole.sx)
	w.y, w.h, f.h, f.sy = y.of(s.H, whole.sy)
	return w, f, true
}

// stretch is a part of one side of the input.
type stretch struct{ at, n int }

// stretchOf is the shortest stretch of whole steps around a part of a picture's
// side. It begins on a cell of the coarsest output, so that each cell sees what it
// would see in the whole.
func stretchOf(from, to, scale float32, step, side int) stretch {
	coarse := strides[len(strides)-1]
	at := int(from/scale) / coarse * coarse
	n := int(math.Ceil((float64(to/scale)-float64(at))/float64(step)-1e-4)) * step
	n = min(max(n, step), side)
	return stretch{min(at, side-n), n}
}

// of is where the stretch begins in a picture's side, how many of its pixels it
// covers, how many of the input's these take, and how many lie in one of those.
func (x stretch) of(side int, scale float32) (at, length, used int, exact float32) {
	at = min(int(float32(x.at)*scale+0.5)&^1, side-1)
	length = min(int(float32(x.n)*scale+0.5), side-at)
	used = min(max(int(float32(length)/scale+0.5), 1), x.n)
	return at, length, used, float32(length) / float32(used)
}

// DetectFacesIn implements detect.PartDetector. On a GPU, where pictures of one
// shape share runs, and with a fixed input it looks at the whole. A face that the
// part cuts is left to the next look at the whole: covered by what is seen of it,
// the rest of it would be open until then.
func (d *YuNet) DetectFacesIn(ctx context.Context, p frame.Planes, part geom.Box, dst []detect.Face) ([]detect.Face, bool, error) {
	whole := d.fixed.W > 0 || d.e.Choice.Provider.OnGPU()
	var w window
	var f fit
	if err := check(p); err != nil {
		return dst, false, err
	}
	if !whole {
		var ok bool
		w, f, ok = windowOf(p.Size, fitIn(p.Size, d.fixed, d.o.Long), part)
		whole = !ok
	}
	if whole {
		dst, err := d.DetectFaces(ctx, p, dst)
		return dst, true, err
	}
	b, f, err := d.runFit(ctx, p.Window(w.x, w.y, w.w, w.h), p.H, f)
	if err != nil {
		return dst, false, err
	}
	defer b.Release()
	n := len(dst)
	dst, err = d.faces(b, f, frame.Size{W: w.w, H: w.h}, dst)
	for i := range dst[n:] {
		c := &dst[n+i]
		c.Box = c.Box.Shift(float32(w.x), float32(w.y))
		for j := range c.Landmarks {
			c.Landmarks[j].X += float32(w.x)
			c.Landmarks[j].Y += float32(w.y)
		}
	}
	found := slices.DeleteFunc(dst[n:], func(c detect.Face) bool { return w.cuts(c.Box, p.Size) })
	return dst[:n+len(found)], false, err
}

// cuts reports whether a face reaches an edge of the window that is none of the
// picture: what is seen of it is too small a box for it.
func (w window) cuts(b geom.Box, s frame.Size) bool {
	const near = 1 // pixel
	return w.x > 0 && b.X0 <= float32(w.x)+near || w.x+w.w < s.W && b.X1 >= float32(w.x+w.w)-near ||
		w.y > 0 && b.Y0 <= float32(w.y)+near || w.y+w.h < s.H && b.Y1 >= float32(w.y+w.h)-near
}

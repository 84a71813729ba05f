package yuv

// #include "yuv.h"
import "C"

import (
	"fmt"
	"image"

	"bystander/internal/frame"
)

// Planar says how a picture becomes a network's input tensor.
type Planar struct {
	// Canvas is the tensor's size, 3×H×W float32 (NCHW with N = 1).
	Canvas frame.Size
	// Size is the size of the resized picture in the canvas's top left corner;
	// the rest gets Fill.
	Size frame.Size
	// Source is the part of the picture to take, in luma pixels; empty means
	// all of it.
	Source image.Rectangle
	Order  Order
	Norm   Norm
	// Fill is a channel value in 0–255; Norm applies to it too.
	Fill float32
}

// Resizer fills network inputs. It keeps its tables between calls with the
// same sizes. The zero value is ready; it is not safe for concurrent use.
type Resizer struct {
	key    resizeKey
	args   C.by_planar_args
	lx, ly axis
	cx, cy axis
	tmp    []float32
}

type resizeKey struct {
	src    frame.Size
	rect   image.Rectangle
	size   frame.Size
	canvas frame.Size
}

// Do resizes p into dst, which holds 3*Canvas.W*Canvas.H values: the mean of
// the covered area where the picture shrinks, bilinear where it grows, per
// axis. Colours are clamped to 0–255 before Norm. It fails with ErrArgs or
// frame.ErrSize and allocates only when a size changes.
func (r *Resizer) Do(dst []float32, p frame.Planes, c frame.Colour, o Planar) error {
	if err := check(p); err != nil {
		return err
	}
	if o.Source.Empty() {
		o.Source = image.Rect(0, 0, p.W, p.H)
	}
	if !o.Source.In(image.Rect(0, 0, p.W, p.H)) {
		return fmt.Errorf("%w: source %v reaches out of %v", ErrArgs, o.Source, p.Size)
	}
	if err := o.Canvas.Check(); err != nil {
		return err
	}
	if o.Size.W <= 0 || o.Size.H <= 0 || o.Size.W > o.Canvas.W || o.Size.H > o.Canvas.H {
		return fmt.Errorf("%w: %v does not lie in a canvas of %v", ErrArgs, o.Size, o.Canvas)
	}
	if n := 3 * o.Canvas.W * o.Canvas.H; len(dst) < n {
		return fmt.Errorf("%w: tensor of %d values, %d needed", ErrArgs, len(dst), n)
	}
	r.plan(p.Size, o)
	a := &r.args
	a.m = matrixOf(c, p.H)
	a.mean, a.scale = three(o.Norm.Mean), three(o.Norm.Scale)
	for i := range 3 {
		a.fill[i] = C.float((o.Fill - o.Norm.Mean[i]) * o.Norm.Scale[i])
	}
	a.rgb = order(o.Order)
	a.stride_y, a.stride_c = C.int32_t(p.StrideY), C.int32_t(p.StrideC)
	C.by_planar(a, f32(dst), u8(p.Y), u8(p.U), u8(p.V),
		i32(r.lx.start), f32(r.lx.weight), i32(r.ly.start), f32(r.ly.weight),
		i32(r.cx.start), f32(r.cx.weight), i32(r.cy.start), f32(r.cy.weight), f32(r.tmp))
	return nil
}

// plan makes the tables when the geometry is new.
func (r *Resizer) plan(src frame.Size, o Planar) {
	key := resizeKey{src, o.Source, o.Size, o.Canvas}
	if key == r.key {
		return
	}
	r.key = key
	q, ch := o.Source, src.Chroma()
	r.lx.make(q.Min.X, q.Dx(), 1, o.Size.W, q.Min.X, q.Max.X)
	r.ly.make(q.Min.Y, q.Dy(), 1, o.Size.H, q.Min.Y, q.Max.Y)
	r.cx.make(q.Min.X, q.Dx(), 2, o.Size.W, q.Min.X/2, min((q.Max.X+1)/2, ch.W))
	r.cy.make(q.Min.Y, q.Dy(), 2, o.Size.H, q.Min.Y/2, min((q.Max.Y+1)/2, ch.H))
	r.lx.pack(q.Min.X, q.Max.X)
	r.cx.pack(q.Min.X/2, min((q.Max.X+1)/2, ch.W))
	a := &r.args
	a.canvas_w, a.canvas_h = C.int32_t(o.Canvas.W), C.int32_t(o.Canvas.H)
	a.lx, a.ly, a.cx, a.cy = r.lx.c(), r.ly.c(), r.cx.c(), r.cy.c()
	a.luma_x0, a.luma_w = C.int32_t(q.Min.X), C.int32_t(q.Dx())
	c0, c1 := q.Min.X/2, min((q.Max.X+1)/2, ch.W)
	a.chroma_x0, a.chroma_w = C.int32_t(c0), C.int32_t(c1-c0)
	n := max(q.Dx(), c1-c0) + 3*o.Size.W + 2*(c1-c0)
	if cap(r.tmp) < n {
		r.tmp = make([]float32, n)
	}
	r.tmp = r.tmp[:n]
}

// axis holds which source samples make up each output sample of one axis of
// one plane.
type axis struct {
	n, taps, step int
	doubles       bool
	lanes         int
	start         []int32
	weight        []float32 // tap by tap: weight[k*n+i]; with lanes, weight[i*lanes+k]
	spare         []float32 // for pack
}

func (a *axis) c() C.by_axis {
	c := C.by_axis{
		n: C.int32_t(a.n), taps: C.int32_t(a.taps), step: C.int32_t(a.step), first: C.int32_t(a.start[0]),
		lanes: C.int32_t(a.lanes),
	}
	if a.doubles {
		c.doubles = 1
	}
	return c
}

// make divides the span [from, from+length)/sub into n parts; taps stay within
// [lo, hi). All positions are exact fractions over n*sub.
func (a *axis) make(from, length, sub, n, lo, hi int) {
	den := n * sub
	shrinks := length > den
	a.n, a.taps, a.step, a.lanes = n, 2, 0, 0
	if shrinks {
		a.taps = (length+den-1)/den + 1
		if length%den == 0 && from%sub == 0 {
			a.taps = length / den
		}
	} else if length == den && from%sub == 0 {
		a.taps = 1
	}
	a.taps = min(a.taps, hi-lo)
	a.start = resized(a.start, n)
	a.weight = resized(a.weight, n*a.taps)
	clear(a.weight)
	for i := range n {
		begin := from*n + i*length // over den
		if shrinks {
			a.area(i, begin, length, den, lo, hi)
		} else {
			a.bilinear(i, begin, length, den, lo, hi)
		}
	}
	a.regular()
	a.doubles = n == 2*(hi-lo) && length == n && from == 2*lo && sub == 2 && hi-lo > 1
}

// area weighs each sample by how much of it the part covers.
func (a *axis) area(i, begin, length, den, lo, hi int) {
	s := max(min(begin/den, hi-a.taps), lo)
	a.start[i] = int32(s)
	var sum float32
	for k := range a.taps {
		l, r := max((s+k)*den, begin), min((s+k+1)*den, begin+length)
		w := float32(max(r-l, 0))
		a.weight[k*a.n+i] = w
		sum += w
	}
	for k := range a.taps {
		a.weight[k*a.n+i] /= sum
	}
}

// bilinear weighs the two samples around the part's middle.
func (a *axis) bilinear(i, begin, length, den, lo, hi int) {
	pos := float64(2*begin+length)/float64(2*den) - 0.5
	pos = max(float64(lo), min(pos, float64(hi-1)))
	s := min(int(pos), hi-a.taps)
	a.start[i] = int32(s)
	if a.taps == 1 {
		a.weight[i] = 1
		return
	}
	f := float32(pos - float64(s))
	a.weight[i], a.weight[a.n+i] = 1-f, f
}

// regular notes when all starts lie taps apart and all weights are equal, for
// which the kernel has shorter loops.
func (a *axis) regular() {
	for i := range a.start {
		if a.start[i] != a.start[0]+int32(i*a.taps) {
			return
		}
	}
	for _, w := range a.weight {
		if w != a.weight[0] {
			return
		}
	}
	a.step = a.taps
}

// pack lays the weights of each output side by side, in lanes, where the kernel
// has no shorter loop and the taps are few. Lanes stay within [lo, hi) as taps do.
func (a *axis) pack(lo, hi int) {
	lanes := 4
	if a.taps > lanes {
		lanes = 8
	}
	if a.step > 0 || a.doubles || a.taps > lanes || lanes > hi-lo {
		return
	}
	a.lanes = lanes
	a.spare = resized(a.spare, a.n*lanes)
	clear(a.spare)
	for i := range a.start {
		begin := min(int(a.start[i]), hi-lanes)
		for k := range a.taps {
			a.spare[i*lanes+int(a.start[i])-begin+k] = a.weight[k*a.n+i]
		}
		a.start[i] = int32(begin)
	}
	a.weight, a.spare = a.spare, a.weight
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

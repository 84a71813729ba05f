package yuv

// #include "yuv.h"
import "C"

import (
	"fmt"
	"math"

	"bystander/internal/frame"
)

// Affine is a 2×3 matrix, row by row: (x, y) becomes
// (A[0]x + A[1]y + A[2], A[3]x + A[4]y + A[5]).
type Affine [6]float32

// maxGrid bounds the points averaged for a chip pixel to maxGrid².
const maxGrid = 8

// Chip says how a square is cut out of a picture.
type Chip struct {
	Side int // of the chip in pixels, at most 1024
	// Inverse maps chip to picture. Whole numbers are the centres of pixels on
	// both sides, as in OpenCV's warpAffine; a landmark in the coordinates of
	// geom, where a pixel's centre lies at one half, is half a pixel more.
	Inverse     Affine
	Order       Order
	Norm        Norm
	Interleaved bool // H×W×3 instead of 3×H×W
}

// Warp samples a chip into dst, which holds 3*Side*Side values. Sampling is
// bilinear; where the picture is finer than the chip, the mean of a grid of
// points is taken so that nothing aliases. What lies outside the picture is
// black. It fails with ErrArgs or frame.ErrSize.
func Warp(dst []float32, p frame.Planes, c frame.Colour, o Chip) error {
	if err := check(p); err != nil {
		return err
	}
	if o.Side <= 0 || o.Side > 1024 || len(dst) < 3*o.Side*o.Side {
		return fmt.Errorf("%w: chip of side %d in %d values", ErrArgs, o.Side, len(dst))
	}
	for _, v := range o.Inverse {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("%w: transform is not finite", ErrArgs)
		}
	}
	a := C.by_warp_args{
		m: matrixOf(c, p.H), mean: three(o.Norm.Mean), scale: three(o.Norm.Scale),
		rgb: order(o.Order), side: C.int32_t(o.Side), grid: C.int32_t(o.Inverse.grid()),
		w: C.int32_t(p.W), h: C.int32_t(p.H),
		stride_y: C.int32_t(p.StrideY), stride_c: C.int32_t(p.StrideC),
	}
	for i, v := range o.Inverse {
		a.inv[i] = C.float(v)
	}
	if o.Interleaved {
		a.interleaved = 1
	}
	C.by_warp(&a, f32(dst), u8(p.Y), u8(p.U), u8(p.V))
	return nil
}

// grid is the number of points along each side of a chip pixel: about one for
// each picture pixel that it spans.
func (a Affine) grid() int {
	span := max(math.Hypot(float64(a[0]), float64(a[3])), math.Hypot(float64(a[1]), float64(a[4])))
	return int(max(1, min(math.Ceil(span-0.05), maxGrid)))
}

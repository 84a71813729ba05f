// Package yuv holds the few loops that touch every sample of a planar YUV
// 4:2:0 picture: resizing into a network's input tensor, cutting out face
// chips, coarse grids, and packed RGB. The loops are C, built for AVX2 and for
// any x86-64 processor in one; nothing is allocated per picture.
//
// Chroma samples are taken to lie in the middle of the four luma samples that
// they belong to. Functions without a receiver are safe for concurrent use.
package yuv

// #cgo CFLAGS: -O3 -Wall
// #cgo LDFLAGS: -lm
// #cgo noescape by_planar
// #cgo nocallback by_planar
// #cgo noescape by_warp
// #cgo nocallback by_warp
// #cgo noescape by_grid
// #cgo nocallback by_grid
// #cgo noescape by_frost
// #cgo nocallback by_frost
// #cgo noescape by_means
// #cgo nocallback by_means
// #cgo noescape by_to_rgb
// #cgo nocallback by_to_rgb
// #cgo noescape by_from_rgb
// #cgo nocallback by_from_rgb
// #include "yuv.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"bystander/internal/frame"
)

// ErrArgs reports planes, sizes or destinations that do not fit together.
var ErrArgs = errors.New("yuv: arguments do not fit")

// Order is the order of colour channels.
type Order uint8

// The orders.
const (
	BGR Order = iota
	RGB
)

// Norm turns a channel value x in 0–255 into (x - Mean) * Scale. Index 0 is
// the first channel of the tensor, so B for BGR.
type Norm struct {
	Mean, Scale [3]float32
}

// Identity leaves channel values as they are, 0–255.
func Identity() Norm { return Norm{Scale: [3]float32{1, 1, 1}} }

// UsualMatrix is the matrix of pictures that do not say theirs: BT.709 from 720
// rows on, else BT.601.
func UsualMatrix(rows int) uint8 {
	if rows >= 720 {
		return 1
	}
	return 6
}

// weights returns the luma weights of red and blue for a matrix code point of
// ISO/IEC 23091-2, the usual one where none is given.
func weights(c frame.Colour, rows int) (kr, kb float64) {
	m := c.Matrix
	if m != 1 && m != 4 && m != 5 && m != 6 && m != 7 && m != 9 && m != 10 {
		m = UsualMatrix(rows)
	}
	switch m {
	case 1:
		return 0.2126, 0.0722
	case 4:
		return 0.30, 0.11
	case 7:
		return 0.212, 0.087
	case 9, 10:
		return 0.2627, 0.0593
	}
	return 0.299, 0.114
}

func matrixOf(c frame.Colour, rows int) C.by_matrix {
	kr, kb := weights(c, rows)
	kg := 1 - kr - kb
	y0, ys, cs := 16.0, 255.0/219, 255.0/224
	if c.FullRange {
		y0, ys, cs = 0, 1, 1
	}
	return C.by_matrix{
		y0: C.float(y0), ys: C.float(ys),
		rv: C.float(2 * (1 - kr) * cs), bu: C.float(2 * (1 - kb) * cs),
		gu: C.float(-2 * (1 - kb) * kb / kg * cs), gv: C.float(-2 * (1 - kr) * kr / kg * cs),
	}
}

// check makes sure that C may read every sample of p.
func check(p frame.Planes) error {
	if err := p.Check(); err != nil {
		return err
	}
	c := p.Chroma()
	if !holds(p.Y, p.StrideY, p.W, p.H) || !holds(p.U, p.StrideC, c.W, c.H) ||
		!holds(p.V, p.StrideC, c.W, c.H) {
		return fmt.Errorf("%w: planes too short for %v", ErrArgs, p.Size)
	}
	return nil
}

func holds(b []byte, stride, w, h int) bool {
	return stride >= w && stride <= math.MaxInt32 && len(b) >= stride*(h-1)+w
}

func u8(b []byte) *C.uint8_t   { return (*C.uint8_t)(unsafe.SliceData(b)) }
func f32(b []float32) *C.float { return (*C.float)(unsafe.SliceData(b)) }
func i32(b []int32) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(b)) }
func order(o Order) C.int32_t  { return C.int32_t(min(o, RGB)) }
func three(v [3]float32) [3]C.float {
	return [3]C.float{C.float(v[0]), C.float(v[1]), C.float(v[2])}
}

package yuv

// #include "yuv.h"
import "C"

import (
	"fmt"

	"bystander/internal/frame"
)

// GridSize is the size of the grid that Grid makes of a w×h plane.
func GridSize(w, h, cell int) (gw, gh int) {
	return (w + cell - 1) / cell, (h + cell - 1) / cell
}

// Grid writes the rounded mean of every cell×cell block of a plane to dst, row
// by row, GridSize values; blocks at the right and lower edge are cut short.
// cell lies in 1–256. It fails with ErrArgs.
func Grid(dst, plane []byte, stride, w, h, cell int) error {
	if w <= 0 || h <= 0 || cell < 1 || cell > 256 || !holds(plane, stride, w, h) {
		return fmt.Errorf("%w: grid of %d over %d×%d", ErrArgs, cell, w, h)
	}
	if gw, gh := GridSize(w, h, cell); len(dst) < gw*gh {
		return fmt.Errorf("%w: grid of %d values, %d needed", ErrArgs, len(dst), gw*gh)
	}
	C.by_grid(u8(dst), u8(plane), C.int(stride), C.int(w), C.int(h), C.int(cell))
	return nil
}

// mostAcross is how wide a cell of Means may be; the kernel sums so many columns
// at a time.
const mostAcross = 4096

// Means writes the mean of each of gw×gh cells that divide a plane evenly to dst,
// row by row. Sides of cells differ by one sample where the plane's are no
// multiples. It fails with ErrArgs, also where a cell would hold no sample.
func Means(dst []float32, plane []byte, stride, w, h, gw, gh int) error {
	if gw < 1 || gh < 1 || w < gw || h < gh || w/gw >= mostAcross || !holds(plane, stride, w, h) {
		return fmt.Errorf("%w: %d×%d cells over %d×%d", ErrArgs, gw, gh, w, h)
	}
	if w > frame.MaxPixels/h { // no sum overflows
		return fmt.Errorf("%w: %d×%d", ErrArgs, w, h)
	}
	if len(dst) < gw*gh {
		return fmt.Errorf("%w: %d values, %d needed", ErrArgs, len(dst), gw*gh)
	}
	C.by_means(f32(dst), u8(plane), C.int(stride), C.int(w), C.int(h), C.int(gw), C.int(gh))
	return nil
}

// ToPacked writes the picture as packed 8-bit RGB or BGR, three bytes a pixel,
// rows stride bytes apart. It fails with ErrArgs or frame.ErrSize.
func ToPacked(dst []byte, stride int, o Order, p frame.Planes, c frame.Colour) error {
	if err := check(p); err != nil {
		return err
	}
	if !holds(dst, stride, 3*p.W, p.H) {
		return fmt.Errorf("%w: packed picture too short for %v", ErrArgs, p.Size)
	}
	m := matrixOf(c, p.H)
	C.by_to_rgb(&m, u8(dst), C.int(stride), C.int(order(o)), C.int(p.W), C.int(p.H),
		u8(p.Y), u8(p.U), u8(p.V), C.int(p.StrideY), C.int(p.StrideC))
	return nil
}

// FromPacked reads packed 8-bit pixels, bpp bytes each (3, or 4 with the last
// ignored, as in image.RGBA of an opaque picture), into the planes dst by the
// colours c. Chroma is the mean of four pixels. It fails with ErrArgs or
// frame.ErrSize.
func FromPacked(dst frame.Planes, c frame.Colour, src []byte, stride, bpp int, o Order) error {
	if err := check(dst); err != nil {
		return err
	}
	if (bpp != 3 && bpp != 4) || !holds(src, stride, bpp*dst.W, dst.H) {
		return fmt.Errorf("%w: packed picture too short for %v", ErrArgs, dst.Size)
	}
	f := forwardOf(c, dst.H)
	C.by_from_rgb(&f, u8(src), C.int(stride), C.int(bpp), C.int(order(o)), C.int(dst.W), C.int(dst.H),
		u8(dst.Y), u8(dst.U), u8(dst.V), C.int(dst.StrideY), C.int(dst.StrideC))
	return nil
}

func forwardOf(c frame.Colour, rows int) C.by_forward {
	kr, kb := weights(c, rows)
	kg := 1 - kr - kb
	ys, cs, y0 := 219.0/255, 224.0/255, 16.0
	if c.FullRange {
		ys, cs, y0 = 1, 1, 0
	}
	cb, cr := cs/(2*(1-kb)), cs/(2*(1-kr))
	var f C.by_forward
	for i, v := range [9]float64{
		kr * ys, kg * ys, kb * ys,
		-kr * cb, -kg * cb, (1 - kb) * cb,
		(1 - kr) * cr, -kg * cr, -kb * cr,
	} {
		f.k[i] = C.float(v)
	}
	f.off = [3]C.float{C.float(y0), 128, 128}
	return f
}

package yuv

// #include "yuv.h"
import "C"

import (
	"fmt"
	"unsafe"

	"bystander/internal/frame"
)

// Frost is the fill of a picture's masks as package redact has worked it out: a
// colour for each cell of 8×8 luma and 4×4 chroma samples, and the grain that goes
// over the luma. Slices belong to the caller.
type Frost struct {
	// W and H are the cells that it takes to hold the picture. Cells reach over
	// its right and lower edge.
	W, H int
	// Y, U and V are the cells' colours times 64, row by row: of each cell that a
	// run touches and of those next to it.
	Y, U, V []int32
	// Grain is a tile of GrainSide rows without a seam, in luma steps times 256.
	// Each row goes on with its own beginning to GrainRow values.
	Grain []int16
}

// The measures of the grain.
const (
	GrainSide = C.BY_GRAIN
	GrainRow  = C.BY_GRAIN_ROW
)

// Run is a run of masked chroma samples, [X0,X1) of row Y, with the luma that they
// stand for.
type Run struct {
	Y, X0, X1 int32
	// Rib is what goes over the two rows of luma, in luma steps times 256. With
	// the grain it must not lead out of 0–255.
	Rib [2]int16
}

// A run is handed over as it lies in memory.
var _ [unsafe.Sizeof(Run{})]byte = [C.sizeof_by_run]byte{}

// Draw fills the runs of picture number seq: the cells' colours, interpolated
// between their middles, with the texture over the luma. The grain drifts by a
// sample a picture. It touches nothing outside of the runs and reads no sample. It
// fails with ErrArgs or frame.ErrSize before it writes anything.
func (f *Frost) Draw(p frame.Planes, seq uint64, runs []Run) error {
	if err := check(p); err != nil {
		return err
	}
	c := p.Chroma()
	n := f.W * f.H
	if f.W != (c.W+3)/4 || f.H != (c.H+3)/4 || len(f.Y) < n || len(f.U) < n || len(f.V) < n ||
		len(f.Grain) < GrainSide*GrainRow {
		return fmt.Errorf("%w: a fill of %d×%d cells for %v", ErrArgs, f.W, f.H, p.Size)
	}
	for i := range runs {
		r := &runs[i]
		if r.X0 < 0 || r.X0 >= r.X1 || int(r.X1) > c.W || r.Y < 0 || int(r.Y) >= c.H {
			return fmt.Errorf("%w: a run [%d,%d) of row %d in %v", ErrArgs, r.X0, r.X1, r.Y, c)
		}
	}
	if len(runs) == 0 {
		return nil
	}
	a := C.by_frost_args{
		w: C.int32_t(p.W), h: C.int32_t(p.H),
		stride_y: C.int32_t(p.StrideY), stride_c: C.int32_t(p.StrideC),
		cells_w: C.int32_t(f.W), cells_h: C.int32_t(f.H), drift: C.int32_t(seq & (GrainSide - 1)),
	}
	C.by_frost(&a, u8(p.Y), u8(p.U), u8(p.V), i32(f.Y), i32(f.U), i32(f.V),
		(*C.int16_t)(unsafe.SliceData(f.Grain)),
		(*C.by_run)(unsafe.Pointer(unsafe.SliceData(runs))), C.int(len(runs)))
	return nil
}

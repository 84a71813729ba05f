package search

// #cgo CFLAGS: -O3 -Wall
// #cgo noescape by_coarse
// #cgo nocallback by_coarse
// #cgo noescape by_coarse_as
// #cgo nocallback by_coarse_as
// #include "search.h"
import "C"

import "unsafe"

// lanes is how many queries the kernel takes at once.
const lanes = C.BY_LANES

// The C side's length of a row must be ours.
var _ [Dim]struct{} = [C.BY_DIM]struct{}{}

// coarse sets out[k*n+i] to the inner product of row i, of n rows, with the
// coarse form of query k.
func coarse(rows []int8, n int, qs []*Query, out []int32) {
	if n == 0 {
		return
	}
	_, _ = rows[n*Dim-1], out[len(qs)*n-1]
	q := pointers(qs)
	C.by_coarse((*C.int8_t)(unsafe.Pointer(&rows[0])), C.int(n), q[0], q[1], q[2], q[3],
		C.int(len(qs)), (*C.int32_t)(unsafe.Pointer(&out[0])))
}

func pointers(qs []*Query) (p [lanes]*C.int16_t) {
	for i, q := range qs {
		p[i] = (*C.int16_t)(unsafe.Pointer(&q.coarse[0]))
	}
	return p
}

// Kernels, for tests: each must give what the plain one gives.
const (
	kernelPlain  = 'p'
	kernelAVX2   = '2'
	kernelAVX512 = 'w'
)

// coarseAs is coarse with a chosen kernel, where the processor has it.
func coarseAs(kernel byte, rows []int8, n int, qs []*Query, out []int32) {
	q := pointers(qs)
	C.by_coarse_as(C.char(kernel), (*C.int8_t)(unsafe.Pointer(&rows[0])), C.int(n), q[0], q[1], q[2], q[3],
		C.int(len(qs)), (*C.int32_t)(unsafe.Pointer(&out[0])))
}

// Kernel names the instructions that the first pass runs on: "avx512", "avx2"
// or "plain".
func Kernel() string { return C.GoString(C.by_kernel()) }

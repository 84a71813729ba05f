// Package search finds the best rows of a gallery exactly. A first pass over
// rows of one byte a value gives every score with a proven bound on its error;
// only rows that the bound cannot rule out are scored in full. What it returns
// is bit for bit what a plain loop over all rows returns.
//
// It knows nothing of people, keys or consent: package match says which rows
// may be looked at.
package search

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// Dim is the length of a row.
const Dim = 256

// Span is the rows from From up to, not including, To.
type Span struct{ From, To int }

// Result is the outcome of one search.
type Result struct {
	Row      int     // best row; −1 when none was looked at
	Score    float32 // of that row; −1 when none
	Second   float32 // best score of a row of another group; −1 when none
	Compared int     // rows looked at
	Rescored int     // of these, scored in full
}

// ErrSize reports memory or rows of the wrong size.
var ErrSize = errors.New("search: size")

// bytesPerRow: the row itself, its coarse form, scale and error.
const bytesPerRow = 4*Dim + Dim + 8

// Bytes is how much memory an index of n rows takes.
func Bytes(n int) int { return n * bytesPerRow }

// Index holds n rows of length 1 in memory of the caller's. It is safe for
// concurrent searches once all rows are set.
type Index struct {
	rows   []float32
	coarse []int8
	scale  []float32 // value = coarse × scale
	miss   []float32 // length of what the coarse form misses, rounded up
	// whole is the greatest length of a coarse row, rounded up.
	whole float32
}

// New makes an index over mem, of Bytes(n) bytes aligned for float32, which
// stays the caller's to lock and to wipe.
func New(mem []byte, n int) (*Index, error) {
	if n < 0 || len(mem) < Bytes(n) {
		return nil, fmt.Errorf("%w: %d bytes for %d rows", ErrSize, len(mem), n)
	}
	if n == 0 {
		return &Index{}, nil
	}
	if uintptr(unsafe.Pointer(&mem[0]))%4 != 0 {
		return nil, fmt.Errorf("%w: memory is not aligned", ErrSize)
	}
	floats := unsafe.Slice((*float32)(unsafe.Pointer(&mem[0])), n*(Dim+2))
	rest := mem[4*n*(Dim+2):]
	return &Index{
		rows: floats[:n*Dim], scale: floats[n*Dim : n*(Dim+1)], miss: floats[n*(Dim+1):],
		coarse: unsafe.Slice((*int8)(unsafe.Pointer(&rest[0])), n*Dim),
	}, nil
}

// Len is the number of rows.
func (x *Index) Len() int { return len(x.scale) }

// Row is row i, to be filled before Seal(i), and read-only afterwards.
func (x *Index) Row(i int) []float32 { return x.rows[i*Dim : (i+1)*Dim : (i+1)*Dim] }

// Rows are the rows from from up to, not including, to, one after the other; they
// are read-only.
func (x *Index) Rows(from, to int) []float32 { return x.rows[from*Dim : to*Dim : to*Dim] }

// up rounds a bound up, by far more than float32 arithmetic can lose.
func up(v float64) float32 { return float32(v*(1+1e-5) + 1e-7) }

// Seal makes the coarse form of row i. A row that is changed is sealed again.
func (x *Index) Seal(i int) {
	row, c := x.Row(i), x.coarse[i*Dim:(i+1)*Dim]
	var most float32
	for _, v := range row {
		most = max(most, max(v, -v))
	}
	scale := most / 127
	var miss, whole float64
	for d, v := range row {
		var k int8
		if scale > 0 {
			k = int8(min(max(math.RoundToEven(float64(v)/float64(scale)), -127), 127))
		}
		c[d] = k
		got := float64(k) * float64(scale)
		miss += (float64(v) - got) * (float64(v) - got)
		whole += got * got
	}
	x.scale[i], x.miss[i] = scale, up(math.Sqrt(miss))
	x.whole = max(x.whole, up(math.Sqrt(whole)))
}

// Query is a probe on its way through a search. Its owner wipes it.
type Query struct {
	V      [Dim]float32 // set by the caller, of length 1
	coarse [Dim]int16
	scale  float32
	miss   float32
	length float32
}

// Wipe overwrites the probe with zeros.
func (q *Query) Wipe() { *q = Query{} }

// prepare makes the coarse form.
func (q *Query) prepare() {
	var most float32
	for _, v := range q.V {
		most = max(most, max(v, -v))
	}
	q.scale = most / math.MaxInt16
	var miss, length float64
	for d, v := range q.V {
		var k int16
		if q.scale > 0 {
			k = int16(min(max(math.RoundToEven(float64(v)/float64(q.scale)), -math.MaxInt16), math.MaxInt16))
		}
		q.coarse[d] = k
		e := float64(v) - float64(k)*float64(q.scale)
		miss += e * e
		length += float64(v) * float64(v)
	}
	q.miss, q.length = up(math.Sqrt(miss)), up(math.Sqrt(length))
}

// Dot is the inner product of two rows. Eight sums let the additions overlap.
// Their order is fixed and no multiplication is fused with an addition, so that
// the result is the same on every processor.
func Dot(a, b []float32) float32 {
	a, b = a[:Dim:Dim], b[:Dim:Dim]
	var s [8]float32
	for i := 0; i < Dim; i += 8 {
		s[0] += float32(a[i] * b[i])
		s[1] += float32(a[i+1] * b[i+1])
		s[2] += float32(a[i+2] * b[i+2])
		s[3] += float32(a[i+3] * b[i+3])
		s[4] += float32(a[i+4] * b[i+4])
		s[5] += float32(a[i+5] * b[i+5])
		s[6] += float32(a[i+6] * b[i+6])
		s[7] += float32(a[i+7] * b[i+7])
	}
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}

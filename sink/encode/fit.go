package encode

import "bystander/internal/frame"

// fitter makes pictures smaller by the mean of what each pixel covers. Its
// buffers stay, so that a picture costs no allocation.
type fitter struct {
	from, to frame.Size
	out      frame.Planes
	sums     []uint32 // of one row of the result
	cols     []int    // where each column of the result begins in the source, and where the last ends
}

// fitInto is the size in which a picture fits into a box, with its own shape and
// even sides; a picture that fits stays as it is.
func fitInto(s, box frame.Size) frame.Size {
	if box.W <= 0 || box.H <= 0 || s.W <= box.W && s.H <= box.H {
		return s
	}
	w, h := box.W, s.H*box.W/s.W
	if h > box.H {
		w, h = s.W*box.H/s.H, box.H
	}
	return frame.Size{W: max(2, w&^1), H: max(2, h&^1)}
}

// do returns p in the size to. The result belongs to f and lasts until the next
// call; p is only read.
func (f *fitter) do(p frame.Planes, to frame.Size) frame.Planes {
	if f.from != p.Size || f.to != to {
		f.from, f.to = p.Size, to
		f.out = frame.PlanesOver(make([]byte, to.Bytes()), to)
		f.sums = make([]uint32, to.W)
		f.cols = make([]int, to.W+1)
	}
	f.plane(f.out.Y, f.out.StrideY, to, p.Y, p.StrideY, p.Size)
	f.plane(f.out.U, f.out.StrideC, to.Chroma(), p.U, p.StrideC, p.Chroma())
	f.plane(f.out.V, f.out.StrideC, to.Chroma(), p.V, p.StrideC, p.Chroma())
	return f.out
}

func (f *fitter) plane(dst []byte, stride int, to frame.Size, src []byte, from int, size frame.Size) {
	cols, sums := f.cols[:to.W+1], f.sums[:to.W]
	for i := range cols {
		cols[i] = i * size.W / to.W
	}
	for y := range to.H {
		top, end := y*size.H/to.H, max((y+1)*size.H/to.H, y*size.H/to.H+1)
		clear(sums)
		for row := top; row < end; row++ {
			line := src[row*from : row*from+size.W]
			for x := range sums {
				for _, v := range line[cols[x]:cols[x+1]] {
					sums[x] += uint32(v)
				}
			}
		}
		out := dst[y*stride : y*stride+to.W]
		rows := uint32(end - top) //nolint:gosec // a few rows
		for x := range out {
			n := rows * uint32(cols[x+1]-cols[x])      //nolint:gosec // a few columns
			out[x] = byte((sums[x] + n/2) / max(n, 1)) //nolint:gosec // a mean of bytes
		}
	}
}

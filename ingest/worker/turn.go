package worker

import "bystander/internal/frame"

// sideways reports whether a turn exchanges width and height.
func sideways(turn int) bool { return turn == 90 || turn == 270 }

// turnedSize is the size of a picture once it is turned.
func turnedSize(s frame.Size, turn int) frame.Size {
	if sideways(turn) {
		return frame.Size{W: s.H, H: s.W}
	}
	return s
}

// turnedAspect is the shape of a picture's pixels once it is turned.
func turnedAspect(r frame.Rational, turn int) frame.Rational {
	if sideways(turn) {
		return frame.Rational{Num: r.Den, Den: r.Num}
	}
	return r
}

// copyTurned copies src into dst, turned clockwise. dst has the size that
// turnedSize gives.
func copyTurned(dst, src frame.Planes, turn int) {
	if turn == 0 {
		dst.CopyFrom(src)
		return
	}
	c := src.Chroma()
	turnPlane(plane{dst.Y, dst.StrideY}, plane{src.Y, src.StrideY}, src.W, src.H, turn)
	turnPlane(plane{dst.U, dst.StrideC}, plane{src.U, src.StrideC}, c.W, c.H, turn)
	turnPlane(plane{dst.V, dst.StrideC}, plane{src.V, src.StrideC}, c.W, c.H, turn)
}

type plane struct {
	b      []byte
	stride int
}

// block is the side of the squares in which a plane is turned, so that what is
// read and what is written both stay in the processor's cache.
const block = 32

// turnPlane writes the w×h samples of src into dst, turned.
func turnPlane(dst, src plane, w, h, turn int) {
	if turn == 180 {
		for y := range h {
			in := src.b[y*src.stride:][:w]
			out := dst.b[(h-1-y)*dst.stride:][:w]
			for x, v := range in {
				out[w-1-x] = v
			}
		}
		return
	}
	// A sample at (x, y) goes to column h-1-y of row x when turned by 90, and to
	// column y of row w-1-x when turned by 270.
	first, across, down := h-1, dst.stride, -1
	if turn == 270 {
		first, across, down = (w-1)*dst.stride, -dst.stride, 1
	}
	for top := 0; top < h; top += block {
		for left := 0; left < w; left += block {
			for y := top; y < min(top+block, h); y++ {
				in := src.b[y*src.stride:]
				at := first + left*across + y*down
				for x := left; x < min(left+block, w); x++ {
					dst.b[at] = in[x]
					at += across
				}
			}
		}
	}
}

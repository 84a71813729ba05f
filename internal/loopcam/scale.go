package loopcam

import (
	"errors"

	"bystander/internal/frame"
)

// scaler resizes planes: the mean of the covered area where they shrink, linear
// interpolation where they grow.
type scaler struct {
	src, dst frame.Size
	lx, ly   axis // luma
	cx, cy   axis // chroma
	rows     []uint32
}

// axis holds, for each output position, where to read and with which weights;
// weights sum to 1<<weightBits.
type axis struct {
	start   []int
	weights [][]uint32
}

const weightBits = 12

var errScale = errors.New("loopcam: planes too small to scale")

func newAxis(from, to int) axis {
	a := axis{start: make([]int, to), weights: make([][]uint32, to)}
	ratio := float64(from) / float64(to)
	for i := range to {
		lo, hi := float64(i)*ratio, float64(i+1)*ratio
		if ratio < 1 { // between the two nearest samples
			c := (lo+hi)/2 - 0.5
			lo, hi = c+0.5-0.5, c+0.5+0.5
		}
		first := max(0, int(lo))
		var w []float64
		for j := first; j < from && float64(j) < hi; j++ {
			w = append(w, max(0, min(hi, float64(j+1))-max(lo, float64(j))))
		}
		a.start[i], a.weights[i] = first, quantize(w)
	}
	return a
}

// quantize makes whole weights with the exact sum.
func quantize(w []float64) []uint32 {
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	out := make([]uint32, len(w))
	left, best := uint32(1<<weightBits), 0
	for i, v := range w {
		out[i] = min(left, uint32(v/sum*(1<<weightBits)))
		left -= out[i]
		if v > w[best] {
			best = i
		}
	}
	out[best] += left
	return out
}

func (s *scaler) scale(dst, src frame.Planes) error {
	if dst.Size == src.Size {
		dst.CopyFrom(src)
		return nil
	}
	if src.W < 2 || src.H < 2 || dst.W < 2 || dst.H < 2 {
		return errScale
	}
	if s.src != src.Size || s.dst != dst.Size {
		s.src, s.dst = src.Size, dst.Size
		sc, dc := src.Chroma(), dst.Chroma()
		s.lx, s.ly = newAxis(src.W, dst.W), newAxis(src.H, dst.H)
		s.cx, s.cy = newAxis(sc.W, dc.W), newAxis(sc.H, dc.H)
		s.rows = make([]uint32, src.W)
	}
	s.plane(dst.Y, dst.StrideY, src.Y, src.StrideY, src.W, s.lx, s.ly)
	s.plane(dst.U, dst.StrideC, src.U, src.StrideC, src.Chroma().W, s.cx, s.cy)
	s.plane(dst.V, dst.StrideC, src.V, src.StrideC, src.Chroma().W, s.cx, s.cy)
	return nil
}

func (s *scaler) plane(dst []byte, ds int, src []byte, ss, sw int, ax, ay axis) {
	acc := s.rows[:sw]
	for y := range ay.start {
		clear(acc)
		for k, w := range ay.weights[y] {
			row := src[(ay.start[y]+k)*ss:][:sw]
			for x, v := range row {
				acc[x] += w * uint32(v)
			}
		}
		out := dst[y*ds:][:len(ax.start)]
		for x := range out {
			var sum uint64
			in := acc[ax.start[x]:]
			for k, w := range ax.weights[x] {
				sum += uint64(w) * uint64(in[k])
			}
			out[x] = byte((sum + 1<<(2*weightBits-1)) >> (2 * weightBits))
		}
	}
}

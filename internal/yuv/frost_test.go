package yuv_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"bystander/internal/frame"
	"bystander/internal/yuv"
)

// fills returns a fill of random colours for pictures of size s, with the texture
// that there is room for.
func fills(r *rand.Rand, s frame.Size) *yuv.Frost {
	c := s.Chroma()
	f := &yuv.Frost{W: (c.W + 3) / 4, H: (c.H + 3) / 4}
	for range f.W * f.H {
		f.Y = append(f.Y, 64*40+r.Int32N(64*170))
		f.U = append(f.U, r.Int32N(64*255))
		f.V = append(f.V, r.Int32N(64*255))
	}
	f.Grain = make([]int16, yuv.GrainSide*yuv.GrainRow)
	for i := range f.Grain {
		x, y := i%yuv.GrainRow, i/yuv.GrainRow
		if x < yuv.GrainSide {
			f.Grain[i] = int16(r.IntN(3584) - 1792)
			continue
		}
		f.Grain[i] = f.Grain[y*yuv.GrainRow+x-yuv.GrainSide]
	}
	return f
}

// blend is sample (x, y) of a plane whose cells have side samples: between rows
// rounded down to 1/16 of a step in luma and 1/32 in chroma, as the kernel's fixed
// point is, then exact between columns, and rounded with what is added.
func blend(cells []int32, w, h, side, x, y, add int) byte {
	shift := map[int]int{8: 6, 4: 4}[side]
	cell := func(x, y int) int { return int(cells[min(max(y, 0), h-1)*w+min(max(x, 0), w-1)]) }
	i, j := (x+side/2)/side-1, (y+side/2)/side-1
	kx, ky := 2*(x+side/2-(i+1)*side)+1, 2*(y+side/2-(j+1)*side)+1
	down := func(i int) int { return (cell(i, j)*(2*side-ky) + cell(i, j+1)*ky) >> shift }
	a, b := down(i), down(i+1)
	return byte((a*2*side + (b-a)*kx + 128 + add) >> 8)
}

// TestFrostAgainstReference draws random runs, also such as reach over every edge
// and such as are longer than the kernel takes at a time.
func TestFrostAgainstReference(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		s := frame.Size{W: 1 + r.IntN(90), H: 1 + r.IntN(60)}
		if r.IntN(20) == 0 {
			s.W = 1400
		}
		f, p, c, seq := fills(r, s), noise(s, r.Uint64()), s.Chroma(), r.Uint64()
		want := frame.Planes{Size: s, StrideY: p.StrideY, StrideC: p.StrideC}
		want.Y, want.U, want.V = bytes.Clone(p.Y), bytes.Clone(p.U), bytes.Clone(p.V)
		var runs []yuv.Run
		for y := range c.H {
			for x := r.IntN(c.W); x < c.W; x += r.IntN(9) {
				run := yuv.Run{Y: int32(y), X0: int32(x), X1: int32(x + 1 + r.IntN(c.W-x))}
				run.Rib = [2]int16{int16(r.IntN(7168) - 3584), int16(r.IntN(7168) - 3584)}
				x = int(run.X1)
				runs = append(runs, run)
			}
		}
		for _, run := range runs {
			for x := int(run.X0); x < int(run.X1); x++ {
				at := int(run.Y)*p.StrideC + x
				want.U[at] = blend(f.U, f.W, f.H, 4, x, int(run.Y), 0)
				want.V[at] = blend(f.V, f.W, f.H, 4, x, int(run.Y), 0)
			}
			for k, rib := range run.Rib {
				y := 2*int(run.Y) + k
				for x := 2 * int(run.X0); x < min(2*int(run.X1), s.W) && y < s.H; x++ {
					o := int(seq % yuv.GrainSide)
					grain := f.Grain[(y+o)%yuv.GrainSide*yuv.GrainRow+(x+o)%yuv.GrainSide]
					want.Y[y*p.StrideY+x] = blend(f.Y, f.W, f.H, 8, x, y, int(grain)+int(rib))
				}
			}
		}
		if err := f.Draw(p, seq, runs); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.Y, want.Y) || !bytes.Equal(p.U, want.U) || !bytes.Equal(p.V, want.V) {
			t.Fatalf("%v, %d runs: not the fill that is wanted", s, len(runs))
		}
	}
}

func TestFrostRefusals(t *testing.T) {
	s := frame.Size{W: 33, H: 18}
	r := rand.New(rand.NewPCG(1, 1))
	p, f := noise(s, 1), fills(r, s)
	short, few, other := p, *f, *f
	short.V, few.U, other.W = short.V[:9], few.U[:9], 4
	bare := *f
	bare.Grain = bare.Grain[:9]
	good := yuv.Run{X1: 17, Y: 8}
	for name, err := range map[string]error{
		"planes":  f.Draw(short, 0, []yuv.Run{good}),
		"colours": few.Draw(p, 0, []yuv.Run{good}),
		"cells":   other.Draw(p, 0, []yuv.Run{good}),
		"grain":   bare.Draw(p, 0, []yuv.Run{good}),
		"left":    f.Draw(p, 0, []yuv.Run{good, {X0: -1, X1: 3}}),
		"right":   f.Draw(p, 0, []yuv.Run{{X0: 3, X1: 18}}),
		"empty":   f.Draw(p, 0, []yuv.Run{{X0: 3, X1: 3}}),
		"above":   f.Draw(p, 0, []yuv.Run{{Y: -1, X1: 3}}),
		"below":   f.Draw(p, 0, []yuv.Run{{Y: 9, X1: 3}}),
	} {
		if !errors.Is(err, yuv.ErrArgs) {
			t.Errorf("%s: got %v, want ErrArgs", name, err)
		}
	}
	if err := f.Draw(p, 0, []yuv.Run{good}); err != nil {
		t.Fatal(err)
	}
}

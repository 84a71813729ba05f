package yuv_test

import (
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"bystander/internal/frame"
	"bystander/internal/yuv"
)

// noise is a picture of random samples with padded rows.
func noise(s frame.Size, seed uint64) frame.Planes {
	r := rand.New(rand.NewPCG(seed, 1))
	c := s.Chroma()
	p := frame.Planes{Size: s, StrideY: s.W + 5, StrideC: c.W + 3}
	p.Y, p.U, p.V = make([]byte, p.StrideY*s.H), make([]byte, p.StrideC*c.H), make([]byte, p.StrideC*c.H)
	for _, b := range [][]byte{p.Y, p.U, p.V} {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	return p
}

// plane is one plane in float64.
type plane struct {
	b      []byte
	stride int
	w, h   int
}

func planesOf(p frame.Planes) (y, u, v plane) {
	c := p.Chroma()
	return plane{p.Y, p.StrideY, p.W, p.H}, plane{p.U, p.StrideC, c.W, c.H}, plane{p.V, p.StrideC, c.W, c.H}
}

func (p plane) at(x, y int) float64 { return float64(p.b[y*p.stride+x]) }

func clamp(v, lo, hi float64) float64 { return max(lo, min(v, hi)) }

// toRGB is the textbook conversion (ISO/IEC 23091-2) in float64.
func toRGB(y, u, v, kr, kb float64, full bool) [3]float64 {
	ys, cs := (y-16)/219, 1/224.0
	if full {
		ys, cs = y/255, 1/255.0
	}
	pb, pr := (u-128)*cs, (v-128)*cs
	r := ys + 2*(1-kr)*pr
	b := ys + 2*(1-kb)*pb
	g := (ys - kr*r - kb*b) / (1 - kr - kb)
	return [3]float64{clamp(r*255, 0, 255), clamp(g*255, 0, 255), clamp(b*255, 0, 255)}
}

// axisRef gives the weight of every source sample for output i of n, for a
// span [from, from+length) of the axis, restricted to [lo, hi).
func axisRef(from, length float64, i, n, lo, hi int) map[int]float64 {
	out := map[int]float64{}
	step := length / float64(n)
	a, b := from+float64(i)*step, from+float64(i+1)*step
	if step > 1 {
		var sum float64
		for s := lo; s < hi; s++ {
			if w := min(b, float64(s+1)) - max(a, float64(s)); w > 1e-9 {
				out[s] = w
				sum += w
			}
		}
		for s := range out {
			out[s] /= sum
		}
		return out
	}
	pos := clamp((a+b)/2-0.5, float64(lo), float64(hi-1))
	s := int(math.Floor(pos))
	out[s] += 1 - (pos - float64(s))
	out[min(s+1, hi-1)] += pos - float64(s)
	return out
}

func sampleRef(p plane, xs, ys map[int]float64) float64 {
	var v float64
	for y, wy := range ys {
		for x, wx := range xs {
			v += wx * wy * p.at(x, y)
		}
	}
	return v
}

var colours = []struct {
	name   string
	c      frame.Colour
	kr, kb float64
}{
	{"601 limited", frame.Colour{Matrix: 6}, 0.299, 0.114},
	{"601 full", frame.Colour{Matrix: 5, FullRange: true}, 0.299, 0.114},
	{"709 limited", frame.Colour{Matrix: 1}, 0.2126, 0.0722},
	{"709 full", frame.Colour{Matrix: 1, FullRange: true}, 0.2126, 0.0722},
	{"2020 limited", frame.Colour{Matrix: 9}, 0.2627, 0.0593},
	{"unspecified, small", frame.Colour{Matrix: 2}, 0.299, 0.114},
}

func TestResizerAgainstReference(t *testing.T) {
	var r yuv.Resizer // one for all cases: tables must follow the sizes
	for _, tc := range []struct {
		src, size, canvas frame.Size
		rect              image.Rectangle
	}{
		{src: frame.Size{W: 64, H: 48}, size: frame.Size{W: 64, H: 48}},
		{src: frame.Size{W: 64, H: 48}, size: frame.Size{W: 32, H: 24}, canvas: frame.Size{W: 40, H: 32}},
		{src: frame.Size{W: 96, H: 48}, size: frame.Size{W: 32, H: 16}},
		{src: frame.Size{W: 128, H: 64}, size: frame.Size{W: 32, H: 16}, canvas: frame.Size{W: 32, H: 32}},
		{src: frame.Size{W: 160, H: 80}, size: frame.Size{W: 32, H: 16}},
		{src: frame.Size{W: 97, H: 61}, size: frame.Size{W: 41, H: 23}, canvas: frame.Size{W: 48, H: 24}},
		{src: frame.Size{W: 97, H: 61}, size: frame.Size{W: 71, H: 50}},
		{src: frame.Size{W: 33, H: 21}, size: frame.Size{W: 70, H: 50}},
		{src: frame.Size{W: 64, H: 20}, size: frame.Size{W: 32, H: 40}},
		{src: frame.Size{W: 128, H: 72}, size: frame.Size{W: 41, H: 23}, canvas: frame.Size{W: 64, H: 32}}, // 5 taps
		{src: frame.Size{W: 200, H: 90}, size: frame.Size{W: 29, H: 13}},                                   // 7, and 4 of chroma
		{src: frame.Size{W: 97, H: 61}, size: frame.Size{W: 9, H: 7}},                                      // more than lanes
		{src: frame.Size{W: 7, H: 9}, size: frame.Size{W: 2, H: 2}},                                        // fewer samples than lanes
		{src: frame.Size{W: 65, H: 49}, size: frame.Size{W: 20, H: 20}, rect: image.Rect(13, 7, 53, 47)},
		{src: frame.Size{W: 65, H: 49}, size: frame.Size{W: 20, H: 20}, rect: image.Rect(12, 8, 65, 49)},
		{src: frame.Size{W: 65, H: 49}, size: frame.Size{W: 30, H: 30}, rect: image.Rect(63, 47, 65, 49)},
		{src: frame.Size{W: 1, H: 1}, size: frame.Size{W: 4, H: 4}},
		{src: frame.Size{W: 9, H: 9}, size: frame.Size{W: 1, H: 1}},
	} {
		if tc.canvas == (frame.Size{}) {
			tc.canvas = tc.size
		}
		for i, col := range colours {
			t.Run(fmt.Sprintf("%v to %v of %v %v %s", tc.src, tc.size, tc.canvas, tc.rect, col.name), func(t *testing.T) {
				o := yuv.Planar{
					Canvas: tc.canvas, Size: tc.size, Source: tc.rect, Order: yuv.Order(i % 2), Fill: 114,
					Norm: yuv.Norm{Mean: [3]float32{104, 117, 123}, Scale: [3]float32{1, 0.5, 2}},
				}
				checkResize(t, &r, noise(tc.src, uint64(i)), col.c, col.kr, col.kb, o)
			})
		}
	}
}

func checkResize(t *testing.T, r *yuv.Resizer, p frame.Planes, c frame.Colour, kr, kb float64, o yuv.Planar) {
	t.Helper()
	n := o.Canvas.W * o.Canvas.H
	dst := make([]float32, 3*n+1)
	dst[3*n] = 42
	if err := r.Do(dst, p, c, o); err != nil {
		t.Fatal(err)
	}
	if dst[3*n] != 42 {
		t.Fatal("wrote past the tensor")
	}
	q := o.Source
	if q.Empty() {
		q = image.Rect(0, 0, p.W, p.H)
	}
	py, pu, pv := planesOf(p)
	for y := range o.Canvas.H {
		for x := range o.Canvas.W {
			rgb := [3]float64{float64(o.Fill), float64(o.Fill), float64(o.Fill)}
			if x < o.Size.W && y < o.Size.H {
				lx := axisRef(float64(q.Min.X), float64(q.Dx()), x, o.Size.W, q.Min.X, q.Max.X)
				ly := axisRef(float64(q.Min.Y), float64(q.Dy()), y, o.Size.H, q.Min.Y, q.Max.Y)
				cx := axisRef(float64(q.Min.X)/2, float64(q.Dx())/2, x, o.Size.W, q.Min.X/2, (q.Max.X+1)/2)
				cy := axisRef(float64(q.Min.Y)/2, float64(q.Dy())/2, y, o.Size.H, q.Min.Y/2, (q.Max.Y+1)/2)
				rgb = toRGB(sampleRef(py, lx, ly), sampleRef(pu, cx, cy), sampleRef(pv, cx, cy), kr, kb, c.FullRange)
			}
			if o.Order == yuv.BGR {
				rgb[0], rgb[2] = rgb[2], rgb[0]
			}
			for k := range 3 {
				want := (rgb[k] - float64(o.Norm.Mean[k])) * float64(o.Norm.Scale[k])
				got := float64(dst[k*n+y*o.Canvas.W+x])
				if math.Abs(got-want) > 0.01 || math.IsNaN(got) {
					t.Fatalf("channel %d at %d,%d: got %.4f, want %.4f", k, x, y, got, want)
				}
			}
		}
	}
}

// warpRef samples one chip pixel point by point.
func warpRef(p frame.Planes, kr, kb float64, full bool, inv yuv.Affine, grid, i, j int) [3]float64 {
	py, pu, pv := planesOf(p)
	bil := func(q plane, x, y float64) float64 {
		x, y = clamp(x, 0, float64(q.w-1)), clamp(y, 0, float64(q.h-1))
		x0, y0 := int(x), int(y)
		x1, y1 := min(x0+1, q.w-1), min(y0+1, q.h-1)
		fx, fy := x-float64(x0), y-float64(y0)
		return (q.at(x0, y0)*(1-fx)+q.at(x1, y0)*fx)*(1-fy) + (q.at(x0, y1)*(1-fx)+q.at(x1, y1)*fx)*fy
	}
	var sy, su, sv, n float64
	for b := range grid {
		for a := range grid {
			x := float64(i) + (float64(a)+0.5)/float64(grid) - 0.5
			y := float64(j) + (float64(b)+0.5)/float64(grid) - 0.5
			u := float64(inv[0])*x + float64(inv[1])*y + float64(inv[2])
			v := float64(inv[3])*x + float64(inv[4])*y + float64(inv[5])
			if u < -0.5 || v < -0.5 || u > float64(p.W)-0.5 || v > float64(p.H)-0.5 {
				continue
			}
			sy += bil(py, u, v)
			su += bil(pu, u/2-0.25, v/2-0.25)
			sv += bil(pv, u/2-0.25, v/2-0.25)
			n++
		}
	}
	if n == 0 {
		return [3]float64{}
	}
	rgb := toRGB(sy/n, su/n, sv/n, kr, kb, full)
	for k := range rgb {
		rgb[k] *= n / float64(grid*grid)
	}
	return rgb
}

func TestWarpAgainstReference(t *testing.T) {
	turned := func(scale, angle, tx, ty float64) yuv.Affine {
		s, c := math.Sincos(angle)
		return yuv.Affine{
			float32(scale * c), float32(-scale * s), float32(tx),
			float32(scale * s), float32(scale * c), float32(ty),
		}
	}
	for _, tc := range []struct {
		name string
		inv  yuv.Affine
		grid int
	}{
		{"as it is", yuv.Affine{1, 0, 5, 0, 1, 7}, 1},
		{"grown, turned", turned(0.4, 0.3, 20.3, 11.7), 1},
		{"half, turned", turned(2, -0.5, 5.1, 30.2), 2},
		{"a third", turned(2.7, 0.1, -3, 2), 3},
		{"over the edge", turned(3, 1, 60, -20), 3},
		{"outside", turned(1, 0, 900, 900), 1},
		{"far too large", turned(40, 0, 0, 0), 8},
	} {
		for i, col := range colours {
			t.Run(tc.name+" "+col.name, func(t *testing.T) {
				const side = 24
				p := noise(frame.Size{W: 91, H: 71}, uint64(i))
				o := yuv.Chip{
					Side: side, Inverse: tc.inv, Order: yuv.Order(i % 2), Interleaved: i%3 == 0,
					Norm: yuv.Norm{Mean: [3]float32{127.5, 100, 50}, Scale: [3]float32{1 / 127.5, 1, 2}},
				}
				dst := make([]float32, 3*side*side)
				if err := yuv.Warp(dst, p, col.c, o); err != nil {
					t.Fatal(err)
				}
				for y := range side {
					for x := range side {
						rgb := warpRef(p, col.kr, col.kb, col.c.FullRange, tc.inv, tc.grid, x, y)
						if o.Order == yuv.BGR {
							rgb[0], rgb[2] = rgb[2], rgb[0]
						}
						for k := range 3 {
							at := k*side*side + y*side + x
							if o.Interleaved {
								at = 3*(y*side+x) + k
							}
							want := (rgb[k] - float64(o.Norm.Mean[k])) * float64(o.Norm.Scale[k])
							if got := float64(dst[at]); math.Abs(got-want) > 0.1 || math.IsNaN(got) {
								t.Fatalf("channel %d at %d,%d: got %.4f, want %.4f", k, x, y, got, want)
							}
						}
					}
				}
			})
		}
	}
}

func TestGrid(t *testing.T) {
	for _, s := range []frame.Size{{W: 64, H: 48}, {W: 97, H: 61}, {W: 1, H: 1}, {W: 4500, H: 9}} {
		for _, cell := range []int{1, 2, 7, 8, 16, 64, 256} {
			p := noise(s, uint64(cell))
			gw, gh := yuv.GridSize(s.W, s.H, cell)
			dst := make([]byte, gw*gh)
			if err := yuv.Grid(dst, p.Y, p.StrideY, s.W, s.H, cell); err != nil {
				t.Fatal(err)
			}
			for gy := range gh {
				for gx := range gw {
					sum, n := 0, 0
					for y := gy * cell; y < min((gy+1)*cell, s.H); y++ {
						for x := gx * cell; x < min((gx+1)*cell, s.W); x++ {
							sum += int(p.Y[y*p.StrideY+x])
							n++
						}
					}
					if want := byte((sum + n/2) / n); dst[gy*gw+gx] != want {
						t.Fatalf("%v cell %d at %d,%d: got %d, want %d", s, cell, gx, gy, dst[gy*gw+gx], want)
					}
				}
			}
		}
	}
}

func TestMeans(t *testing.T) {
	for _, s := range []frame.Size{{W: 80, H: 45}, {W: 97, H: 61}, {W: 1280, H: 720}, {W: 9001, H: 1000}} {
		p := noise(s, 3)
		for _, n := range []frame.Size{{W: 80, H: 45}, {W: 3, H: 1}, {W: 7, H: 11}} {
			dst := make([]float32, n.W*n.H)
			if err := yuv.Means(dst, p.Y, p.StrideY, s.W, s.H, n.W, n.H); err != nil {
				t.Fatal(err)
			}
			for i, got := range dst {
				x0, x1 := i%n.W*s.W/n.W, (i%n.W+1)*s.W/n.W
				y0, y1 := i/n.W*s.H/n.H, (i/n.W+1)*s.H/n.H
				sum := 0
				for y := y0; y < y1; y++ {
					for x := x0; x < x1; x++ {
						sum += int(p.Y[y*p.StrideY+x])
					}
				}
				if want := float32(sum) / float32((x1-x0)*(y1-y0)); got != want {
					t.Fatalf("%v in %v cells: cell %d is %v, want %v", s, n, i, got, want)
				}
			}
		}
	}
}

func TestPacked(t *testing.T) {
	for i, col := range colours {
		for _, s := range []frame.Size{{W: 64, H: 48}, {W: 33, H: 17}, {W: 1, H: 1}} {
			p := noise(s, uint64(i))
			o := yuv.Order(i % 2)
			stride := 3*s.W + 4
			dst := make([]byte, stride*s.H)
			if err := yuv.ToPacked(dst, stride, o, p, col.c); err != nil {
				t.Fatal(err)
			}
			py, pu, pv := planesOf(p)
			for y := range s.H {
				for x := range s.W {
					rgb := toRGB(py.at(x, y), pu.at(x/2, y/2), pv.at(x/2, y/2), col.kr, col.kb, col.c.FullRange)
					if o == yuv.BGR {
						rgb[0], rgb[2] = rgb[2], rgb[0]
					}
					for k := range 3 {
						if d := math.Abs(float64(dst[y*stride+3*x+k]) - rgb[k]); d > 0.6 {
							t.Fatalf("%s %v channel %d at %d,%d: off by %.2f", col.name, s, k, x, y, d)
						}
					}
				}
			}
		}
	}
}

// TestFromPacked goes there and back on colours that are flat in blocks of 2×2,
// which 4:2:0 can hold.
func TestFromPacked(t *testing.T) {
	for i, col := range colours {
		for _, bpp := range []int{3, 4} {
			s := frame.Size{W: 31, H: 19}
			r := rand.New(rand.NewPCG(uint64(i), uint64(bpp)))
			stride := bpp*s.W + 3
			src := make([]byte, stride*s.H)
			for y := range s.H {
				for x := range s.W {
					for k := range 3 {
						at := y*stride + bpp*x + k
						switch {
						case x%2 == 1:
							src[at] = src[at-bpp]
						case y%2 == 1:
							src[at] = src[at-stride]
						default:
							src[at] = byte(r.Uint32())
						}
					}
				}
			}
			p := frame.PlanesOver(make([]byte, s.Bytes()), s)
			o := yuv.Order(i % 2)
			if err := yuv.FromPacked(p, col.c, src, stride, bpp, o); err != nil {
				t.Fatal(err)
			}
			back := make([]byte, 3*s.W*s.H)
			if err := yuv.ToPacked(back, 3*s.W, o, p, col.c); err != nil {
				t.Fatal(err)
			}
			for y := range s.H {
				for x := range s.W {
					for k := range 3 {
						a, b := int(src[y*stride+bpp*x+k]), int(back[3*(y*s.W+x)+k])
						if a-b > 3 || b-a > 3 {
							t.Fatalf("%s channel %d at %d,%d: %d became %d", col.name, k, x, y, a, b)
						}
					}
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	good := noise(frame.Size{W: 16, H: 16}, 1)
	short := good
	short.V = short.V[:10]
	var r yuv.Resizer
	o := yuv.Planar{Canvas: frame.Size{W: 8, H: 8}, Size: frame.Size{W: 8, H: 8}}
	dst := make([]float32, 3*64)
	outside, large := o, o
	outside.Source = image.Rect(-1, 0, 8, 8)
	large.Size.W = 9
	chip := yuv.Chip{Side: 8, Inverse: yuv.Affine{1, 0, 0, 0, 1, 0}}
	nan, tiny := chip, chip
	nan.Inverse[2] = float32(math.NaN())
	tiny.Side = 0
	for name, err := range map[string]error{
		"short planes":  r.Do(dst, short, frame.Colour{}, o),
		"short tensor":  r.Do(dst[:10], good, frame.Colour{}, o),
		"source":        r.Do(dst, good, frame.Colour{}, outside),
		"canvas":        r.Do(dst, good, frame.Colour{}, large),
		"warp planes":   yuv.Warp(dst, short, frame.Colour{}, chip),
		"warp tensor":   yuv.Warp(dst[:10], good, frame.Colour{}, chip),
		"warp nan":      yuv.Warp(dst, good, frame.Colour{}, nan),
		"warp side":     yuv.Warp(dst, good, frame.Colour{}, tiny),
		"grid cell":     yuv.Grid(make([]byte, 99), good.Y, good.StrideY, 16, 16, 0),
		"grid room":     yuv.Grid(make([]byte, 3), good.Y, good.StrideY, 16, 16, 8),
		"means cells":   yuv.Means(make([]float32, 99), good.Y, good.StrideY, 16, 16, 17, 4),
		"means wide":    yuv.Means(make([]float32, 99), make([]byte, 8192), 8192, 8192, 1, 2, 1),
		"means room":    yuv.Means(make([]float32, 15), good.Y, good.StrideY, 16, 16, 4, 4),
		"means plane":   yuv.Means(make([]float32, 16), good.Y[:99], good.StrideY, 16, 16, 4, 4),
		"packed room":   yuv.ToPacked(make([]byte, 100), 48, yuv.RGB, good, frame.Colour{}),
		"packed stride": yuv.ToPacked(make([]byte, 4800), 47, yuv.RGB, good, frame.Colour{}),
		"bytes a pixel": yuv.FromPacked(good, frame.Colour{}, make([]byte, 4800), 64, 5, yuv.RGB),
	} {
		if !errors.Is(err, yuv.ErrArgs) {
			t.Errorf("%s: got %v, want ErrArgs", name, err)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	for _, bc := range []struct{ src, size, canvas frame.Size }{
		{frame.Size{W: 1280, H: 720}, frame.Size{W: 640, H: 360}, frame.Size{W: 640, H: 384}},
		{frame.Size{W: 1280, H: 720}, frame.Size{W: 640, H: 384}, frame.Size{W: 640, H: 384}},
		{frame.Size{W: 1920, H: 1080}, frame.Size{W: 640, H: 360}, frame.Size{W: 640, H: 384}},
		{frame.Size{W: 1280, H: 720}, frame.Size{W: 416, H: 234}, frame.Size{W: 416, H: 416}},
		{frame.Size{W: 640, H: 360}, frame.Size{W: 640, H: 360}, frame.Size{W: 640, H: 384}},
		{frame.Size{W: 480, H: 270}, frame.Size{W: 640, H: 360}, frame.Size{W: 640, H: 384}},
	} {
		b.Run(fmt.Sprintf("%vto%v", bc.src, bc.size), func(b *testing.B) {
			p := noise(bc.src, 1)
			dst := make([]float32, 3*bc.canvas.W*bc.canvas.H)
			var r yuv.Resizer
			o := yuv.Planar{Canvas: bc.canvas, Size: bc.size, Norm: yuv.Identity()}
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Do(dst, p, frame.Colour{Matrix: 1}, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWarp128(b *testing.B) {
	p := noise(frame.Size{W: 1280, H: 720}, 1)
	dst := make([]float32, 3*128*128)
	for _, scale := range []float32{0.5, 1.5, 3} {
		b.Run(fmt.Sprint(scale), func(b *testing.B) {
			o := yuv.Chip{Side: 128, Inverse: yuv.Affine{scale, 0.1, 100, -0.1, scale, 100}, Norm: yuv.Identity()}
			b.ReportAllocs()
			for b.Loop() {
				if err := yuv.Warp(dst, p, frame.Colour{Matrix: 1}, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGrid8(b *testing.B) {
	p := noise(frame.Size{W: 1280, H: 720}, 1)
	gw, gh := yuv.GridSize(p.W, p.H, 8)
	dst := make([]byte, gw*gh)
	b.ReportAllocs()
	for b.Loop() {
		if err := yuv.Grid(dst, p.Y, p.StrideY, p.W, p.H, 8); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPacked(b *testing.B) {
	p := noise(frame.Size{W: 1280, H: 720}, 1)
	dst := make([]byte, 3*p.W*p.H)
	b.Run("to", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := yuv.ToPacked(dst, 3*p.W, yuv.RGB, p, frame.Colour{Matrix: 1}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("from", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := yuv.FromPacked(p, frame.Colour{Matrix: 1}, dst, 3*p.W, 3, yuv.RGB); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package leak

import (
	"math"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// What counts as exposed.
const (
	patchSide  = 32   // samples a side at which detail is compared
	patchInner = 0.8  // part of the face box that is compared
	patchSigma = 3.0  // of the Gaussian that is taken away
	exposedAt  = 0.75 // correlation from which on detail is still there
)

// patch is the fine detail of a place: its luma at patchSide, less a Gaussian.
type patch [patchSide * patchSide]float32

// cut samples the inner part of a box and removes what is coarse. It reports
// false for a box that has no area inside the picture.
func (t *patch) cut(p frame.Planes, b geom.Box) bool {
	b = b.Scale(patchInner).Clip(p.W, p.H)
	if b.W() < 2 || b.H() < 2 {
		return false
	}
	for j := range patchSide {
		for i := range patchSide {
			x0 := b.X0 + b.W()*float32(i)/patchSide
			y0 := b.Y0 + b.H()*float32(j)/patchSide
			t[j*patchSide+i] = meanOf(p, x0, y0, x0+b.W()/patchSide, y0+b.H()/patchSide)
		}
	}
	var low patch
	low.gauss(t)
	for i := range t {
		t[i] -= low[i]
	}
	return true
}

// meanOf is the mean luma of an area: by parts of the samples that it covers
// when it is wider than a sample, bilinear between their centres otherwise.
func meanOf(p frame.Planes, x0, y0, x1, y1 float32) float32 {
	wide := func(a, b float32) (lo, hi float32) {
		if b-a < 1 {
			c := (a + b) / 2
			return c - 0.5, c + 0.5
		}
		return a, b
	}
	x0, x1 = wide(x0, x1)
	y0, y1 = wide(y0, y1)
	var sum, weight float32
	for y := int(math.Floor(float64(y0))); float32(y) < y1; y++ {
		wy := min(float32(y+1), y1) - max(float32(y), y0)
		row := p.Y[min(max(y, 0), p.H-1)*p.StrideY:]
		for x := int(math.Floor(float64(x0))); float32(x) < x1; x++ {
			w := wy * (min(float32(x+1), x1) - max(float32(x), x0))
			sum += w * float32(row[min(max(x, 0), p.W-1)])
			weight += w
		}
	}
	return sum / max(weight, 1e-6)
}

// gaussTaps reach three sigma.
const gaussReach = int(3 * patchSigma)

// gauss is src blurred, its border continued.
func (t *patch) gauss(src *patch) {
	var k [2*gaussReach + 1]float32
	var sum float32
	for i := range k {
		d := float64(i - gaussReach)
		k[i] = float32(math.Exp(-d * d / (2 * patchSigma * patchSigma)))
		sum += k[i]
	}
	var tmp patch
	pass := func(dst, src *patch, dx, dy int) {
		for y := range patchSide {
			for x := range patchSide {
				var v float32
				for i, w := range k {
					d := i - gaussReach
					xx, yy := min(max(x+d*dx, 0), patchSide-1), min(max(y+d*dy, 0), patchSide-1)
					v += w * src[yy*patchSide+xx]
				}
				dst[y*patchSide+x] = v / sum
			}
		}
	}
	pass(&tmp, src, 1, 0)
	pass(t, &tmp, 0, 1)
}

// correlation is the normalised cross-correlation of two patches, in [-1, 1];
// 0 where either has no detail at all.
func correlation(a, b *patch) float32 {
	var sa, sb float64
	for i := range a {
		sa += float64(a[i])
		sb += float64(b[i])
	}
	sa /= float64(len(a))
	sb /= float64(len(b))
	var aa, bb, ab float64
	for i := range a {
		x, y := float64(a[i])-sa, float64(b[i])-sb
		aa += x * x
		bb += y * y
		ab += x * y
	}
	const flat = 0.05 * patchSide * patchSide // luma²: nothing but rounding
	if aa < flat || bb < flat {
		return 0
	}
	return float32(ab / math.Sqrt(aa*bb))
}

// Changes between original and output are told apart from coding noise on
// cells of cellSide luma samples: a cell changed when its samples differ by
// more than this much on average, in luma or in a chroma plane.
const (
	cellSide   = 8
	cellLuma   = 7.0
	cellChroma = 5.0
)

// changes marks the cells of a picture that the redaction changed.
type changes struct {
	w, h int
	on   []bool
	tmp  []bool
}

// compare fills the marks. Masks over plain ground change little of it, so a
// cell whose neighbours on opposite sides changed counts as well.
func (c *changes) compare(a, b frame.Planes) {
	c.w, c.h = (a.W+cellSide-1)/cellSide, (a.H+cellSide-1)/cellSide
	n := c.w * c.h
	if cap(c.on) < n {
		c.on, c.tmp = make([]bool, n), make([]bool, n)
	}
	c.on, c.tmp = c.on[:n], c.tmp[:n]
	half := cellSide / 2
	s := a.Chroma()
	for y := range c.h {
		for x := range c.w {
			c.tmp[y*c.w+x] = differs(a.Y, a.StrideY, b.Y, b.StrideY, x*cellSide, y*cellSide, cellSide, a.W, a.H) > cellLuma ||
				differs(a.U, a.StrideC, b.U, b.StrideC, x*half, y*half, half, s.W, s.H) > cellChroma ||
				differs(a.V, a.StrideC, b.V, b.StrideC, x*half, y*half, half, s.W, s.H) > cellChroma
		}
	}
	at := func(x, y int) bool { return x >= 0 && y >= 0 && x < c.w && y < c.h && c.tmp[y*c.w+x] }
	for y := range c.h {
		for x := range c.w {
			c.on[y*c.w+x] = at(x, y) || (at(x-1, y) && at(x+1, y)) || (at(x, y-1) && at(x, y+1))
		}
	}
}

// differs is the mean difference of a block of samples.
func differs(a []byte, as int, b []byte, bs, x0, y0, side, w, h int) float32 {
	sum, n := 0, 0
	for y := y0; y < min(y0+side, h); y++ {
		p, q := a[y*as:], b[y*bs:]
		for x := x0; x < min(x0+side, w); x++ {
			d := int(p[x]) - int(q[x])
			sum += max(d, -d)
			n++
		}
	}
	return float32(sum) / float32(max(n, 1))
}

// area is the changed part of the picture, and of it what lies in none of the
// boxes, as a part of the picture too.
func (c *changes) area(people []geom.Box) (all, nobody float64) {
	n, off := 0, 0
	for y := range c.h {
		for x := range c.w {
			if !c.on[y*c.w+x] {
				continue
			}
			n++
			px, py := (float32(x)+0.5)*cellSide, (float32(y)+0.5)*cellSide
			inside := false
			for _, b := range people {
				if px >= b.X0 && px < b.X1 && py >= b.Y0 && py < b.Y1 {
					inside = true
					break
				}
			}
			if !inside {
				off++
			}
		}
	}
	t := float64(max(c.w*c.h, 1))
	return float64(n) / t, float64(off) / t
}

// changedPart is the part of a box in which samples differ, told by quarters
// of the box's eighths: for a pair that was never coded, such as stills.
func changedPart(a, b frame.Planes, box geom.Box) float64 {
	const side = 2 // chroma needs no finer
	box = box.Clip(a.W, a.H)
	n, all := 0, 0
	for y := int(box.Y0); float32(y) < box.Y1; y += side {
		for x := int(box.X0); float32(x) < box.X1; x += side {
			all++
			if differs(a.Y, a.StrideY, b.Y, b.StrideY, x, y, side, a.W, a.H) > 0 ||
				differs(a.U, a.StrideC, b.U, b.StrideC, x/2, y/2, 1, (a.W+1)/2, (a.H+1)/2) > 0 ||
				differs(a.V, a.StrideC, b.V, b.StrideC, x/2, y/2, 1, (a.W+1)/2, (a.H+1)/2) > 0 {
				n++
			}
		}
	}
	return float64(n) / float64(max(all, 1))
}

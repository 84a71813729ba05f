package redact

import (
	"encoding/binary"

	"bystander/internal/frame"
)

// field is the fill of a picture's masks: one colour for each cell of 8×8 luma
// and 4×4 chroma samples, made only from cells that no mask touches. Cells near
// a mask keep their mean; those that a mask touches take what a membrane
// stretched between the kept ones would have, found by pull-push on a pyramid
// and relaxed on each level.
type field struct {
	w, h  int // cells
	state []cellState
	// y, u, v hold the colours times 64 where state says so.
	y, u, v []int32
	level   [maxLevels]level
	spare   []tint
	rects   []rect
}

type cellState uint8

const (
	cellFar  cellState = iota // not near a mask: no colour
	cellRing                  // near a mask: its own mean
	cellFill                  // touched by a mask: the fill
)

const (
	cellLuma   = 8
	cellChroma = 4
	ringWidth  = 2 // cells kept around a mask
	maxLevels  = 12
	fieldScale = 64
)

// Frost scatters light: the fill is drawn towards a light grey, which also
// shows in dark surroundings that there is a mask. It is paler than what is
// around it: skin and hair beside a mask would tint it so that detectors take it
// for a face.
const (
	frostLift  = 0.12
	frostLight = 190
	frostPale  = 0.6
)

// tint is a colour with the weight of what is known of it.
type tint struct{ y, u, v, w float32 }

// weightFar marks cells that take no part: a ring lies between them and any
// fill.
const weightFar = -1

// level is one step of the pyramid.
type level struct {
	w, h int
	t    []tint
}

// rect is a half-open range of cells.
type rect struct{ x0, y0, x1, y1 int }

func (r rect) meets(s rect) bool {
	return r.x0 < s.x1 && s.x0 < r.x1 && r.y0 < s.y1 && s.y0 < r.y1
}

func (f *field) resize(s frame.Size) {
	c := s.Chroma()
	w, h := (c.W+cellChroma-1)/cellChroma, (c.H+cellChroma-1)/cellChroma
	if w == f.w && h == f.h {
		return
	}
	f.w, f.h = w, h
	n := w * h
	f.state = make([]cellState, n)
	f.y, f.u, f.v = make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range f.level {
		f.level[i] = level{t: make([]tint, w*h)}
		w, h = (w+1)/2, (h+1)/2
	}
}

// solve computes the fill of everything that c covers in p. It reads no sample
// of p that lies in a cell which c touches.
func (f *field) solve(p frame.Planes, c *cover) {
	f.mark(c)
	f.group()
	for _, r := range f.rects {
		f.means(p, r)
		f.membrane(r)
	}
}

// mark finds the state of each cell.
func (f *field) mark(c *cover) {
	clear(f.state)
	for cy := range f.h {
		row := f.state[cy*f.w : (cy+1)*f.w]
		y1 := min((cy+1)*cellChroma, c.h)
		for i := range c.row {
			var v uint64
			for y := cy * cellChroma; y < y1; y++ {
				v |= c.bits[y*c.row+i]
			}
			for x := i * 16; v != 0; x, v = x+1, v>>4 {
				if v&15 != 0 {
					row[x] = cellFill
				}
			}
		}
	}
}

// group finds rectangles of cells, apart from each other, that hold all fill
// cells with their rings. It also marks the rings.
func (f *field) group() {
	f.rects = f.rects[:0]
	for y := range f.h {
		for x := 0; x < f.w; x++ {
			if f.state[y*f.w+x] != cellFill {
				continue
			}
			e := x
			for e < f.w && f.state[y*f.w+e] == cellFill {
				e++
			}
			f.ring(x, e, y)
			f.put(rect{
				max(x-ringWidth, 0), max(y-ringWidth, 0),
				min(e+ringWidth, f.w), min(y+ringWidth+1, f.h),
			})
			x = e
		}
	}
}

// ring marks the far cells near a run of fill cells.
func (f *field) ring(x0, x1, y int) {
	x0, x1 = max(x0-ringWidth, 0), min(x1+ringWidth, f.w)
	for j := max(y-ringWidth, 0); j < min(y+ringWidth+1, f.h); j++ {
		row := f.state[j*f.w+x0 : j*f.w+x1]
		for i, s := range row {
			if s == cellFar {
				row[i] = cellRing
			}
		}
	}
}

// put adds a rectangle, merging it with those that it meets.
func (f *field) put(r rect) {
	for i := 0; i < len(f.rects); {
		s := f.rects[i]
		if !r.meets(s) {
			i++
			continue
		}
		r = rect{min(r.x0, s.x0), min(r.y0, s.y0), max(r.x1, s.x1), max(r.y1, s.y1)}
		last := len(f.rects) - 1
		f.rects[i] = f.rects[last]
		f.rects = f.rects[:last]
		i = 0
	}
	f.rects = append(f.rects, r)
}

// means fills the lowest level with the means of the ring cells.
func (f *field) means(p frame.Planes, r rect) {
	l := &f.level[0]
	l.w, l.h = r.x1-r.x0, r.y1-r.y0
	l.t = l.t[:l.w*l.h]
	c := p.Chroma()
	for y := r.y0; y < r.y1; y++ {
		out := l.t[(y-r.y0)*l.w:][:l.w]
		for x := r.x0; x < r.x1; x++ {
			switch f.state[y*f.w+x] {
			case cellFar:
				out[x-r.x0] = tint{w: weightFar}
				continue
			case cellFill:
				out[x-r.x0] = tint{}
				continue
			}
			out[x-r.x0] = tint{
				y: cellMean(p.Y, p.StrideY, x, y, cellLuma, p.W, p.H),
				u: cellMean(p.U, p.StrideC, x, y, cellChroma, c.W, c.H),
				v: cellMean(p.V, p.StrideC, x, y, cellChroma, c.W, c.H),
				w: 1,
			}
		}
	}
}

// cellMean is the mean of the cell at (x, y), whose side is 8 or 4 samples, cut
// off at the border of a w×h plane.
func cellMean(b []byte, stride, x, y, side, w, h int) float32 {
	x0, y0 := x*side, y*side
	x1, y1 := min(x0+side, w), min(y0+side, h)
	if x1-x0 == side && y1-y0 == side {
		const even = 0x00ff00ff00ff00ff
		var acc uint64
		for o := y0*stride + x0; y0 < y1; y0, o = y0+1, o+stride {
			var v uint64
			if side == cellLuma {
				v = binary.LittleEndian.Uint64(b[o:])
			} else {
				v = uint64(binary.LittleEndian.Uint32(b[o:]))
			}
			acc += v&even + v>>8&even
		}
		acc = acc&0xffff + acc>>16&0xffff + acc>>32&0xffff + acc>>48
		return float32(acc) / float32(side*side)
	}
	sum := 0
	for r := y0; r < y1; r++ {
		for _, v := range b[r*stride+x0 : r*stride+x1] {
			sum += int(v)
		}
	}
	return float32(sum) / float32((x1-x0)*(y1-y0))
}

// membrane fills the cells of r and writes the field.
func (f *field) membrane(r rect) {
	f.soften()
	n := 0
	for f.level[n].w > 1 || f.level[n].h > 1 {
		pull(&f.level[n], &f.level[n+1])
		n++
	}
	if top := &f.level[n].t[0]; top.w == 0 {
		*top = tint{solidY, solidC, solidC, 0} // nothing around to take from
	}
	for ; n > 0; n-- {
		push(&f.level[n], &f.level[n-1])
		f.level[n-1].relax(1)
	}
	f.level[0].relax(1)
	l := &f.level[0]
	for y := r.y0; y < r.y1; y++ {
		for x := r.x0; x < r.x1; x++ {
			t, i := l.t[(y-r.y0)*l.w+x-r.x0], y*f.w+x
			if t.w == weightFar {
				continue
			}
			if f.state[i] == cellFill {
				t.y += frostLift * (frostLight - t.y)
				t.u += frostPale * (solidC - t.u)
				t.v += frostPale * (solidC - t.v)
			}
			f.y[i] = int32(min(max(t.y, 16+textureMost), 235-textureMost)*fieldScale + 0.5)
			f.u[i] = int32(t.u*fieldScale + 0.5)
			f.v[i] = int32(t.v*fieldScale + 0.5)
		}
	}
}

// soften averages each ring cell with its neighbours in the ring, so that fine
// detail beside a mask draws no streaks into it.
func (f *field) soften() {
	l := &f.level[0]
	f.spare = append(f.spare[:0], l.t...)
	for y := range l.h {
		for x := range l.w {
			if l.t[y*l.w+x].w <= 0 {
				continue
			}
			var s tint
			for j := max(y-1, 0); j < min(y+2, l.h); j++ {
				for i := max(x-1, 0); i < min(x+2, l.w); i++ {
					s.take(&f.spare[j*l.w+i])
				}
			}
			s.settle()
			l.t[y*l.w+x] = s
		}
	}
}

// take adds what is known of c.
func (s *tint) take(c *tint) {
	if c.w > 0 {
		s.y, s.u, s.v, s.w = s.y+c.y*c.w, s.u+c.u*c.w, s.v+c.v*c.w, s.w+c.w
	}
}

// settle makes a sum of colours their mean.
func (s *tint) settle() {
	if s.w > 0 {
		k := 1 / s.w
		*s = tint{s.y * k, s.u * k, s.v * k, min(s.w, 1)}
	}
}

// pull halves a level: each cell above is the weighted mean of four below.
func pull(lo, hi *level) {
	hi.w, hi.h = (lo.w+1)/2, (lo.h+1)/2
	hi.t = hi.t[:hi.w*hi.h]
	for y := range hi.h {
		for x := range hi.w {
			var s tint
			for j := 2 * y; j < min(2*y+2, lo.h); j++ {
				for i := 2 * x; i < min(2*x+2, lo.w); i++ {
					s.take(&lo.t[j*lo.w+i])
				}
			}
			s.settle()
			hi.t[y*hi.w+x] = s
		}
	}
}

// push gives the cells below that know nothing of their own the colour of the
// level above, interpolated.
func push(hi, lo *level) {
	for y := range lo.h {
		ya := y / 2
		yb := clampInt(ya+1-2*(1-y&1), 0, hi.h-1)
		for x := range lo.w {
			t := &lo.t[y*lo.w+x]
			if t.w != 0 {
				continue
			}
			xa := x / 2
			xb := clampInt(xa+1-2*(1-x&1), 0, hi.w-1)
			a, b := &hi.t[ya*hi.w+xa], &hi.t[ya*hi.w+xb]
			c, d := &hi.t[yb*hi.w+xa], &hi.t[yb*hi.w+xb]
			t.y = (9*a.y + 3*b.y + 3*c.y + d.y) / 16
			t.u = (9*a.u + 3*b.u + 3*c.u + d.u) / 16
			t.v = (9*a.v + 3*b.v + 3*c.v + d.v) / 16
		}
	}
}

// relax moves each cell that knows nothing of its own towards the mean of its
// neighbours, 2n times, sweeping from either end in turn so that no direction
// is preferred.
func (l *level) relax(n int) {
	for range n {
		for y := range l.h {
			for x := range l.w {
				l.ease(x, y)
			}
		}
		for y := l.h - 1; y >= 0; y-- {
			for x := l.w - 1; x >= 0; x-- {
				l.ease(x, y)
			}
		}
	}
}

// ease moves one cell. A neighbour beyond the border is the cell itself.
func (l *level) ease(x, y int) {
	i := y*l.w + x
	t := &l.t[i]
	if t.w != 0 {
		return
	}
	p, q, r, s := t, t, t, t
	if x > 0 {
		p = &l.t[i-1]
	}
	if x < l.w-1 {
		q = &l.t[i+1]
	}
	if y > 0 {
		r = &l.t[i-l.w]
	}
	if y < l.h-1 {
		s = &l.t[i+l.w]
	}
	t.y = (p.y + q.y + r.y + s.y) * 0.25
	t.u = (p.u + q.u + r.u + s.u) * 0.25
	t.v = (p.v + q.v + r.v + s.v) * 0.25
}

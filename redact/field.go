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
		if b = b[y0*stride+x0:]; side == cellLuma {
			return float32(sumLuma(b, stride)) * (1.0 / (cellLuma * cellLuma))
		}
		return float32(sumChroma(b, stride)) * (1.0 / (cellChroma * cellChroma))
	}
	sum := 0
	for r := y0; r < y1; r++ {
		for _, v := range b[r*stride+x0 : r*stride+x1] {
			sum += int(v)
		}
	}
	return float32(sum) / float32((x1-x0)*(y1-y0))
}

// Samples are summed in pairs in the lanes of a word, which a multiplication adds
// up in the topmost one.
const laneEven, laneOnes = 0x00ff_00ff_00ff_00ff, 0x0001_0001_0001_0001

// sumLuma adds up the 8×8 samples at the head of b.
func sumLuma(b []byte, stride int) uint64 {
	var acc uint64
	for o := 0; o <= 7*stride; o += stride {
		v := binary.LittleEndian.Uint64(b[o:])
		acc += v&laneEven + v>>8&laneEven
	}
	return acc * laneOnes >> 48
}

// sumChroma adds up the 4×4 samples at the head of b, two rows to a word.
func sumChroma(b []byte, stride int) uint64 {
	c := b[2*stride:]
	v := uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[stride:]))<<32
	w := uint64(binary.LittleEndian.Uint32(c)) | uint64(binary.LittleEndian.Uint32(c[stride:]))<<32
	acc := v&laneEven + v>>8&laneEven + w&laneEven + w>>8&laneEven
	return acc * laneOnes >> 48
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
		f.level[n-1].relax()
	}
	f.level[0].relax()
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
// detail beside a mask draws no streaks into it. All of them weigh 1.
func (f *field) soften() {
	l := &f.level[0]
	f.spare = append(f.spare[:0], l.t...)
	for y := range l.h {
		out := l.t[y*l.w:][:l.w]
		for x := range out {
			if out[x].w <= 0 {
				continue
			}
			x0, x1 := max(x-1, 0), min(x+2, l.w)
			var s tint
			for j := max(y-1, 0); j < min(y+2, l.h); j++ {
				for _, c := range f.spare[j*l.w+x0 : j*l.w+x1] {
					if c.w > 0 {
						s.y, s.u, s.v, s.w = s.y+c.y, s.u+c.u, s.v+c.v, s.w+1
					}
				}
			}
			s.settle()
			out[x] = s
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
		top := lo.t[2*y*lo.w:][:lo.w]
		var low []tint // none below an odd last row
		if 2*y+1 < lo.h {
			low = lo.t[(2*y+1)*lo.w:][:lo.w]
		}
		out := hi.t[y*hi.w:][:hi.w]
		for x := range out {
			end := min(2*x+2, lo.w)
			var s tint
			for i := range top[2*x : end] {
				s.take(&top[2*x+i])
			}
			if low != nil {
				for i := range low[2*x : end] {
					s.take(&low[2*x+i])
				}
			}
			s.settle()
			out[x] = s
		}
	}
}

// push gives the cells below that know nothing of their own the colour of the
// level above, interpolated.
func push(hi, lo *level) {
	for y := range lo.h {
		ya := y / 2
		yb := clampInt(ya+1-2*(1-y&1), 0, hi.h-1)
		near, far := hi.t[ya*hi.w:][:hi.w], hi.t[yb*hi.w:][:hi.w]
		row := lo.t[y*lo.w:][:lo.w]
		for x := range row {
			t := &row[x]
			if t.w != 0 {
				continue
			}
			xa := x / 2
			xb := clampInt(xa+1-2*(1-x&1), 0, hi.w-1)
			a, b, c, d := &near[xa], &near[xb], &far[xa], &far[xb]
			t.y = (9*a.y + 3*b.y + 3*c.y + d.y) / 16
			t.u = (9*a.u + 3*b.u + 3*c.u + d.u) / 16
			t.v = (9*a.v + 3*b.v + 3*c.v + d.v) / 16
		}
	}
}

// relax moves each cell that knows nothing of its own towards the mean of its
// neighbours, sweeping from either end in turn so that no direction is preferred.
// A neighbour beyond the border is the cell itself.
func (l *level) relax() {
	for y := range l.h {
		l.onward(y)
	}
	for y := l.h - 1; y >= 0; y-- {
		l.back(y)
	}
}

// around is row y with those above and below it.
func (l *level) around(y int) (up, row, dn []tint) {
	row = l.t[y*l.w:][:l.w]
	return l.t[max(y-1, 0)*l.w:][:l.w], row, l.t[min(y+1, l.h-1)*l.w:][:l.w]
}

// onward eases row y from left to right. Each cell needs the one before it as that
// has just become, which is therefore kept at hand.
func (l *level) onward(y int) {
	up, row, dn := l.around(y)
	for x := 0; x < len(row); x++ {
		if row[x].w != 0 {
			continue
		}
		last := row[max(x-1, 0)]
		for ; x < len(row) && row[x].w == 0; x++ {
			next := &row[min(x+1, len(row)-1)]
			last.y = (last.y + next.y + up[x].y + dn[x].y) * 0.25
			last.u = (last.u + next.u + up[x].u + dn[x].u) * 0.25
			last.v = (last.v + next.v + up[x].v + dn[x].v) * 0.25
			row[x].y, row[x].u, row[x].v = last.y, last.u, last.v
		}
	}
}

// back eases row y from right to left.
func (l *level) back(y int) {
	up, row, dn := l.around(y)
	for x := len(row) - 1; x >= 0; x-- {
		if row[x].w != 0 {
			continue
		}
		last := row[min(x+1, len(row)-1)]
		for ; x >= 0 && row[x].w == 0; x-- {
			next := &row[max(x-1, 0)]
			last.y = (next.y + last.y + up[x].y + dn[x].y) * 0.25
			last.u = (next.u + last.u + up[x].u + dn[x].u) * 0.25
			last.v = (next.v + last.v + up[x].v + dn[x].v) * 0.25
			row[x].y, row[x].u, row[x].v = last.y, last.u, last.v
		}
	}
}

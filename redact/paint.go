package redact

import (
	"encoding/binary"
	"math/bits"

	"bystander/internal/frame"
)

// painter covers pictures in place. It holds room that is used again for each
// picture; one goroutine at a time.
type painter struct {
	style  Style
	shapes *outlineTable
	grain  *grain
	ribs   *ribTable
	field  field
	tiles  mosaic
	buf    []byte // one row
	spans  []span // of the row of chroma that is being painted
}

func newPainter(style Style) *painter {
	return &painter{style: style, shapes: newOutlineTable(), grain: newGrain(), ribs: newRibs()}
}

// paint fills everything that c covers. masks are those whose shapes are in c;
// mosaic and frost take the size of their texture from them.
func (a *painter) paint(p frame.Planes, seq uint64, c *cover, masks []mask) {
	switch a.style {
	case StyleFrost:
		a.field.resize(p.Size)
		a.field.solve(p, c)
		a.frost(p, seq, c, masks)
	case StyleMosaic:
		a.field.resize(p.Size)
		a.field.solve(p, c)
		a.mosaic(p, c, masks)
	default:
		for y := range c.h {
			for x := c.nextRun(y, 0); x < c.w; {
				e := c.endRun(y, x)
				solidRun(p, y, x, e)
				x = c.nextRun(y, e)
			}
		}
	}
}

// frost draws the field, interpolated between the middles of its cells, with
// ribs and grain over the luma.
func (a *painter) frost(p frame.Planes, seq uint64, c *cover, masks []mask) {
	f := &a.field
	if n := p.W + 2*bufLead + cellLuma; len(a.buf) < n {
		a.buf = make([]byte, n)
	}
	for y := range c.h {
		x := c.nextRun(y, 0)
		if x < c.w {
			a.spansOf(masks, y, c.w)
		}
		for x < c.w {
			e := c.endRun(y, x)
			f.chroma(f.u, p.U[y*p.StrideC:], a.buf, y, x, e)
			f.chroma(f.v, p.V[y*p.StrideC:], a.buf, y, x, e)
			for x < e {
				end, rib := a.ribAt(x, e)
				for r := 2 * y; r < min(2*y+2, p.H); r++ {
					row, shift := a.grain.line(seq, r)
					f.luma(p.Y[r*p.StrideY:], a.buf, r, 2*x, min(2*end, p.W), row, shift, a.ribs.at(rib, r))
				}
				x = end
			}
			x = c.nextRun(y, e)
		}
	}
	bevel(p, c)
}

// span is the part of a row of chroma that one mask covers, and its ribs.
type span struct{ x0, x1, rib int }

// spansOf lists what the masks cover of chroma row y.
func (a *painter) spansOf(masks []mask, y, w int) {
	a.spans = a.spans[:0]
	for i := range masks {
		m := &masks[i]
		if !m.drawn || float32(2*y+2) <= m.box.Y0 || float32(2*y) >= m.box.Y1 {
			continue
		}
		if x0, x1 := a.shapes.span(m.shape, m.box, y, w); x0 < x1 {
			a.spans = append(a.spans, span{x0, x1, ribOf(m.box.H())})
		}
	}
}

// ribAt is the period at sample x of the row, the finest of the masks that cover
// it, and where at most it ends.
func (a *painter) ribAt(x, end int) (to, rib int) {
	rib = coarsestRib
	for _, s := range a.spans {
		switch {
		case s.x0 > x:
			end = min(end, s.x0)
		case s.x1 > x:
			end, rib = min(end, s.x1), min(rib, s.rib)
		}
	}
	return end, rib
}

// The rim of a mask is a little lighter above and on the left, a little darker
// below and on the right, as that of a pane lit from above.
const (
	rimLight = 16
	rimDark  = -12
)

// bevel shades the outermost samples inside each mask. It changes only what has
// been filled.
func bevel(p frame.Planes, c *cover) {
	for y := range c.h {
		l := c.line(y)
		for x := c.nextRun(y, 0); x < c.w; {
			e := c.endRun(y, x)
			shade(p, y, x, x+1, rimLight/2)
			shade(p, y, e-1, e, rimDark/2)
			x = c.nextRun(y, e)
		}
		if y > 0 {
			edgeRuns(l, c.line(y-1), c.w, func(x0, x1 int) { shade(p, y, x0, x1, rimLight) })
		}
		if y+1 < c.h {
			edgeRuns(l, c.line(y+1), c.w, func(x0, x1 int) { shade(p, y, x0, x1, rimDark) })
		}
	}
}

// edgeRuns calls f for the samples set in l but not in the row next to it.
func edgeRuns(l, next []uint64, w int, f func(x0, x1 int)) {
	for i := range l {
		for v := l[i] &^ next[i]; v != 0; {
			a := bits.TrailingZeros64(v)
			n := bits.TrailingZeros64(^(v >> a))
			f(i<<6+a, min(i<<6+a+n, w))
			if a+n >= 64 {
				break
			}
			v &= ^uint64(0) << (a + n)
		}
	}
}

// shade adds d to the luma of chroma samples [x0,x1) of row y.
func shade(p frame.Planes, y, x0, x1, d int) {
	l0, l1 := 2*x0, min(2*x1, p.W)
	for r := 2 * y; r < min(2*y+2, p.H); r++ {
		dst := p.Y[r*p.StrideY+l0 : r*p.StrideY+l1]
		for i, v := range dst {
			dst[i] = byte(clampInt(int(v)+d, 16, 235))
		}
	}
}

// The two functions below interpolate four samples at a time, in the 16-bit
// lanes of one word, each an 8.8 fixed-point number. Between the middles of two
// cells with values a and b, sample k of n has a + (b-a)·(2k+1)/2n. All lanes
// end up between 0 and 65535, so the sum over them is exact although b-a and
// the texture may be negative: borrows between lanes cancel.
const (
	laneOnes  = 0x0001_0001_0001_0001
	laneOdd   = 0x0007_0005_0003_0001 // (2k+1) for the first four samples
	laneNext  = 8 * laneOnes          // added to it for the next four
	laneHalf  = 128 * laneOnes        // rounds
	laneBytes = 0x00ff_00ff_00ff_00ff
)

// put4 stores the upper bytes of four lanes.
func put4(dst []byte, v uint64) {
	v = v >> 8 & laneBytes
	v = (v | v>>8) & 0x0000_ffff_0000_ffff
	binary.LittleEndian.PutUint32(dst, uint32(v|v>>16))
}

// luma draws samples [x0,x1) of luma row y into line, by way of buf, which has
// room for the row and a cell more at either end. g and shift are the grain, rib
// is what ribs add.
func (f *field) luma(line, buf []byte, y, x0, x1 int, g []uint64, shift int, rib uint64) {
	j := (y - cellLuma/2) >> 3
	fy := int32((y-cellLuma/2)&7)*2 + 1
	up := f.y[clampInt(j, 0, f.h-1)*f.w:][:f.w]
	dn := f.y[clampInt(j+1, 0, f.h-1)*f.w:][:f.w]
	i, end := (x0-cellLuma/2)>>3, (x1-1-cellLuma/2)>>3
	k := clampInt(i, 0, f.w-1)
	a := (up[k]*(16-fy) + dn[k]*fy) >> 6 // 16 units a step
	at := i*8 + cellLuma/2 + shift
	for ; i <= end; i++ {
		k := clampInt(i+1, 0, f.w-1)
		b := (up[k]*(16-fy) + dn[k]*fy) >> 6
		d := uint64(int64(b - a))
		v := uint64(a)*(16*laneOnes) + d*laneOdd + laneHalf + rib
		dst := buf[i*8+cellLuma/2+bufLead:][:8]
		put4(dst, v+g[at&(grainSide-1)])
		put4(dst[4:], v+d*laneNext+g[(at+4)&(grainSide-1)])
		a = b
		at += 8
	}
	copy(line[x0:x1], buf[x0+bufLead:])
}

// bufLead is the room before the first sample of a row in a painter's buffer.
const bufLead = cellLuma

// chroma draws samples [x0,x1) of chroma row y into line, from plane v.
func (f *field) chroma(v []int32, line, buf []byte, y, x0, x1 int) {
	j := (y - cellChroma/2) >> 2
	fy := int32((y-cellChroma/2)&3)*2 + 1
	up := v[clampInt(j, 0, f.h-1)*f.w:][:f.w]
	dn := v[clampInt(j+1, 0, f.h-1)*f.w:][:f.w]
	i, end := (x0-cellChroma/2)>>2, (x1-1-cellChroma/2)>>2
	k := clampInt(i, 0, f.w-1)
	a := (up[k]*(8-fy) + dn[k]*fy) >> 4 // 32 units a step
	for ; i <= end; i++ {
		k := clampInt(i+1, 0, f.w-1)
		b := (up[k]*(8-fy) + dn[k]*fy) >> 4
		put4(buf[i*4+cellChroma/2+bufLead:],
			uint64(a)*(8*laneOnes)+uint64(int64(b-a))*laneOdd+laneHalf)
		a = b
	}
	copy(line[x0:x1], buf[x0+bufLead:])
}

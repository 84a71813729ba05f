package redact

import (
	"math/bits"

	"bystander/internal/frame"
	"bystander/internal/yuv"
)

// painter covers pictures in place. It holds room that is used again for each
// picture; one goroutine at a time.
type painter struct {
	style  Style
	shapes *outlineTable
	grain  []int16
	ribs   *ribTable
	field  field
	tiles  mosaic
	spans  []span    // of the row of chroma that is being painted
	runs   []yuv.Run // of the whole picture
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
	for i := range masks {
		masks[i].rib = ribOf(masks[i].box.H())
	}
	a.runs = a.runs[:0]
	for y := range c.h {
		x := c.nextRun(y, 0)
		if x < c.w {
			a.spansOf(masks, y, c.w)
		}
		for x < c.w {
			e := c.endRun(y, x)
			for x < e {
				end, rib := a.ribAt(x, e)
				a.runs = append(a.runs, yuv.Run{
					Y: int32(y), X0: int32(x), X1: int32(end),
					Rib: [2]int16{a.ribs.at(rib, 2*y), a.ribs.at(rib, 2*y+1)},
				})
				x = end
			}
			x = c.nextRun(y, e)
		}
	}
	fill := yuv.Frost{W: f.w, H: f.h, Y: f.y, U: f.u, V: f.v, Grain: a.grain}
	if err := fill.Draw(p, seq, a.runs); err != nil {
		panic(err) // the picture leaves as one colour; see Redactor.mask
	}
	bevel(p, c)
}

// span is the part of a row of chroma that one mask covers, and its ribs.
type span struct{ x0, x1, rib int }

// spansOf lists what the masks cover of chroma row y, but for those with the
// widest ribs, which everything has where no mask has finer ones.
func (a *painter) spansOf(masks []mask, y, w int) {
	a.spans = a.spans[:0]
	for i := range masks {
		m := &masks[i]
		if !m.drawn || m.rib == coarsestRib || float32(2*y+2) <= m.box.Y0 || float32(2*y) >= m.box.Y1 {
			continue
		}
		if x0, x1 := a.shapes.span(m.shape, m.box, y, w); x0 < x1 {
			a.spans = append(a.spans, span{x0, x1, m.rib})
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

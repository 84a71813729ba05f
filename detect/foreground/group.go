package foreground

import (
	"encoding/binary"
	"math/bits"

	"bystander/internal/geom"
)

const (
	mostRegions = 256 // boxes reported; what exceeds it shares the last one
	leastCells  = 5   // of a group
	stripe      = 4   // cells; a ragged group is covered in stripes so wide
)

// span is a box of cells, inclusive.
type span struct{ x0, y0, x1, y1 int }

func (s span) add(x, y int) span {
	return span{min(s.x0, x), min(s.y0, y), max(s.x1, x), max(s.y1, y)}
}

func (s span) area() int { return (s.x1 - s.x0 + 1) * (s.y1 - s.y0 + 1) }

var nothing = span{1 << 30, 1 << 30, -1, -1}

// group joins foreground cells that touch or have one cell between them, and
// covers each group that holds a strong cell and is large enough by boxes.
func (g *Guard) group() {
	g.regions = g.regions[:0]
	clear(g.label)
	copy(g.left, g.class)
	groups := int32(0)
	for i := range g.class {
		if g.left[i] != strong {
			continue
		}
		groups++
		s, n, sure := g.flood(i, groups)
		h, w := (s.y1-s.y0+1)*g.o.Cell, (s.x1-s.x0+1)*g.o.Cell
		if n < leastCells || sure < 2 || float32(max(h, w)) < g.o.MinSide*float32(g.size.H) {
			continue
		}
		g.cover(s, n, groups)
	}
}

// flood labels the group around cell i and returns its extent, its cells and
// how many of them are strong. It takes the cells of a group out of left, of
// which it reads the five within reach on a row as one word.
func (g *Guard) flood(i int, group int32) (s span, n, sure int) {
	s = nothing
	g.stack = append(g.stack[:0], int32(i))
	g.label[i], g.left[i] = group, 0
	for len(g.stack) > 0 {
		c := int(g.stack[len(g.stack)-1])
		g.stack = g.stack[:len(g.stack)-1]
		x, y := c%g.gw, c/g.gw
		s = s.add(x, y)
		n++
		if g.class[c] == strong {
			sure++
		}
		x0 := max(x-2, 0)
		within := uint64(1)<<(8*(min(x+2, g.gw-1)-x0+1)) - 1
		for yy := max(y-2, 0); yy <= min(y+2, g.gh-1); yy++ {
			at := yy*g.gw + x0
			for v := binary.LittleEndian.Uint64(g.left[at:]) & within; v != 0; {
				k := bits.TrailingZeros64(v) >> 3
				v &^= 0xff << (8 * k)
				j := at + k
				g.label[j], g.left[j] = group, 0
				g.stack = append(g.stack, int32(j))
			}
		}
	}
	return s, n, sure
}

// cover reports a group as one box where it fills that box well, else in
// stripes, so that a crowd joined by its shadows does not become one huge box.
func (g *Guard) cover(s span, n int, group int32) {
	if s.x1-s.x0 < 2*stripe || 2*n > s.area() {
		g.report(s)
		return
	}
	for x := s.x0; x <= s.x1; x += stripe {
		part := nothing
		for y := s.y0; y <= s.y1; y++ {
			for xx := x; xx <= min(x+stripe-1, s.x1); xx++ {
				if g.label[y*g.gw+xx] == group {
					part = part.add(xx, y)
				}
			}
		}
		if part.x1 >= 0 {
			g.report(part)
		}
	}
}

func (g *Guard) report(s span) {
	c := float32(g.o.Cell)
	b := geom.Box{
		X0: float32(s.x0) * c, Y0: float32(s.y0) * c,
		X1: float32(s.x1+1) * c, Y1: float32(s.y1+1) * c,
	}.Clip(g.size.W, g.size.H)
	if len(g.regions) < mostRegions {
		g.regions = append(g.regions, b)
		return
	}
	last := &g.regions[len(g.regions)-1]
	*last = last.Union(b)
}

package redact

import (
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// mosaic is room for the tiles of one row.
type mosaic struct {
	sum []tile
}

// tile gathers the fill under one tile.
type tile struct{ y, u, v, n int32 }

// tilesAcross is how many tiles a head is wide.
const tilesAcross = 4

// mosaic draws the field in large tiles: first everything in tiles of one size,
// then each mask in tiles of its own. Where masks overlap the later one shows.
func (a *painter) mosaic(p frame.Planes, c *cover, masks []mask) {
	whole := geom.Box{X1: float32(p.W), Y1: float32(p.H)}
	a.tile(p, c, whole, max(c.w/40, 4), nil)
	for i := range masks {
		if m := &masks[i]; m.drawn {
			side := max(int(m.box.W()/(2*tilesAcross)+0.5), 2)
			a.tile(p, c, m.box, side, m)
		}
	}
}

// tile draws what is covered within box in tiles of side chroma samples; with a
// mask, only its shape.
func (a *painter) tile(p frame.Planes, c *cover, box geom.Box, side int, m *mask) {
	y0, y1 := rowsOf(box, c.h)
	left := clampInt(floorHalf(box.X0), 0, c.w)
	for ; y0 < y1; y0 += side {
		end := min(y0+side, y1)
		a.gather(c, left, side, y0, end, box)
		for y := y0; y < end; y++ {
			lo, hi := 0, c.w
			if m != nil {
				lo, hi = a.shapes.span(m.shape, m.box, y, c.w)
			}
			for x := c.nextRun(y, lo); x < hi; {
				e := min(c.endRun(y, x), hi)
				a.tileRun(p, y, x, e, left, side)
				x = c.nextRun(y, e)
			}
		}
	}
}

// gather sums the fill cells under each tile of the row of tiles that spans
// chroma rows [y0,y1) of box.
func (a *painter) gather(c *cover, left, side, y0, y1 int, box geom.Box) {
	f, s := &a.field, a.tiles.sum[:0]
	right := clampInt(floorHalf(box.X1)+1, 0, c.w)
	for x := left; x < right; x += side {
		var t tile
		x1 := min(x+side, c.w)
		for j := y0 / cellChroma; j <= (y1-1)/cellChroma; j++ {
			for i := x / cellChroma; i <= (x1-1)/cellChroma; i++ {
				if k := j*f.w + i; f.state[k] == cellFill {
					t.y, t.u, t.v, t.n = t.y+f.y[k], t.u+f.u[k], t.v+f.v[k], t.n+1
				}
			}
		}
		if t.n > 0 {
			d := t.n * fieldScale
			// Neighbours differ a little, so that one sees that it is a mask.
			shade := int32(5 * (1 - 2*((len(s)+y0/side)&1)))
			t.y, t.u, t.v = (t.y+d/2)/d+shade, (t.u+d/2)/d, (t.v+d/2)/d
		}
		s = append(s, t)
	}
	a.tiles.sum = s
}

// tileRun draws chroma samples [x0,x1) of row y and the luma they stand for.
func (a *painter) tileRun(p frame.Planes, y, x0, x1, left, side int) {
	for x := x0; x < x1; {
		k := (x - left) / side
		e := min(left+(k+1)*side, x1)
		t := a.tiles.sum[min(k, len(a.tiles.sum)-1)]
		l0, l1 := 2*x, min(2*e, p.W)
		for r := 2 * y; r < min(2*y+2, p.H); r++ {
			fillBytes(p.Y[r*p.StrideY+l0:r*p.StrideY+l1], byte(t.y))
		}
		fillBytes(p.U[y*p.StrideC+x:y*p.StrideC+e], byte(t.u))
		fillBytes(p.V[y*p.StrideC+x:y*p.StrideC+e], byte(t.v))
		x = e
	}
}

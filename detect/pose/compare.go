package pose

import "math"

// The field is compared block by block, each block for itself at the place
// where it was and at places around it: a camera that was turned, shifted or
// zoomed moves blocks each in its own way, and a person hides some of them.
const (
	blockW, blockH = 10, 9
	blocksX        = W / blockW
	blocksY        = H / blockH
	// reachX and reachY are how far a block is looked for, in cells: 7.5 % of
	// the picture's width, 11 % of its height.
	reachX, reachY = 6, 5
	// leastEdges is how many edges a block needs to have a say.
	leastEdges = 10
	// fits is the score from which a block counts as found. 1 is every edge in
	// its very direction, 0 is chance.
	fits = 0.55
	// seen is how sure the edges at a place must be on average for it to be
	// scored at all; darkness and crowds leave less.
	seen = 0.12
	// clearly is by how much another place must fit better.
	clearly = 0.15
)

// comparison is how a field stands to a fingerprint, in parts of the blocks
// that have a say.
type comparison struct {
	blocks int
	stays  float32 // found where they were
	moved  float32 // found elsewhere, and clearly better there
}

func (f *field) compare(ref *Fingerprint) comparison {
	var c comparison
	for i, v := range f.cells {
		f.sure[i] = float32(math.Sqrt(float64(v.x*v.x + v.y*v.y)))
	}
	stays, moved := 0, 0
	for by := range blocksY {
		for bx := range blocksX {
			here, there, ok := f.block(ref, bx*blockW, by*blockH)
			if !ok {
				continue
			}
			c.blocks++
			switch {
			case there >= fits && there-here >= clearly:
				moved++
			case here >= fits:
				stays++
			}
		}
	}
	if c.blocks > 0 {
		c.stays, c.moved = float32(stays)/float32(c.blocks), float32(moved)/float32(c.blocks)
	}
	return c
}

// block scores a block at its place and at the best place that is more than a
// cell away.
func (f *field) block(ref *Fingerprint, x0, y0 int) (here, there float32, ok bool) {
	var at [blockW * blockH]struct {
		x, y int
		dir  vec
	}
	n := 0
	for y := y0; y < y0+blockH; y++ {
		for x := x0; x < x0+blockW; x++ {
			if d := ref[y*W+x]; d != 0 {
				at[n].x, at[n].y, at[n].dir = x, y, unit[d]
				n++
			}
		}
	}
	if n < leastEdges {
		return 0, 0, false
	}
	for dy := -reachY; dy <= reachY; dy++ {
		for dx := -reachX; dx <= reachX; dx++ {
			var sum, sure float32
			for _, e := range at[:n] {
				x, y := e.x+dx, e.y+dy
				if x < 0 || x >= W || y < 0 || y >= H {
					continue
				}
				v := f.cells[y*W+x]
				sum += v.x*e.dir.x + v.y*e.dir.y
				sure += f.sure[y*W+x]
			}
			// Weighed by how sure each edge is now, the light drops out.
			s := sum / max(sure, seen*float32(n))
			switch {
			case dx == 0 && dy == 0:
				here = s
			case max(dx, -dx) > 1 || max(dy, -dy) > 0:
				there = max(there, s)
			}
		}
	}
	return here, there, true
}

package redact

import (
	"math"

	"bystander/internal/yuv"
)

// The texture of frost is faint: level ribs of light, as of ribbed glass, which
// stand still, and fine grain, which drifts. It is the same whatever a mask
// hides. Ribs are there for the machines: a smooth oval above a collar is a face
// to detectors, and to an embedder it is like every face that shows little. Of
// the textures that were tried, level ribs of about a tenth of a face are the
// least like any face; docs/redaction.md has the figures.
const (
	grainSide   = yuv.GrainSide // samples; the tile repeats without a seam
	grainScale  = 256           // units of one luma step
	grainMost   = 7             // luma steps that the grain stays below, by construction
	ribHeight   = 14            // luma steps of a rib above and below the fill
	ribsAcross  = 20            // ribs to a mask's height, which holds a head with room
	textureMost = grainMost + ribHeight
)

// ribPeriods are the heights that a rib may have, in halves of a luma row, fine
// to coarse: finer ones are lost in a small face's few rows. They are few, and
// ribs are placed by the picture's rows, so that masks that overlap join without
// a seam and ribs do not crawl as a mask moves.
var ribPeriods = [...]int{7, 10, 14, 18}

// coarsestRib is the index of the widest ribs. What no mask has for its own,
// privacy polygons, gets them too.
const coarsestRib = len(ribPeriods) - 1

// ribOf is the index of the period for a mask of this height.
func ribOf(height float32) int {
	want := 2 * height / ribsAcross
	for i := range coarsestRib {
		if want < float32(ribPeriods[i]+ribPeriods[i+1])/2 {
			return i
		}
	}
	return coarsestRib
}

// ribTable holds what ribs add to a row, in units of grainScale: for each period,
// the rows of two ribs.
type ribTable [len(ribPeriods)][]int16

func newRibs() *ribTable {
	var t ribTable
	for i, p := range ribPeriods {
		t[i] = make([]int16, p)
		for y := range p {
			v := ribHeight * math.Sin(4*math.Pi*float64(y)/float64(p))
			t[i][y] = int16(math.Round(v * grainScale))
		}
	}
	return &t
}

// at is what the ribs of a period add to luma row y.
func (t *ribTable) at(period, y int) int16 { return t[period][y%len(t[period])] }

// newGrain returns the tile of grain, laid out as yuv.Frost takes it. It is made
// from nothing but a fixed seed.
func newGrain() []int16 {
	var noise, g [grainSide * grainSide]float64
	seed := uint64(0x9e3779b97f4a7c15)
	for i := range noise {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		noise[i] = float64(seed>>40)/(1<<23) - 1
	}
	at := func(x, y int) float64 { return noise[(y&(grainSide-1))*grainSide+x&(grainSide-1)] }
	for y := range grainSide {
		for x := range grainSide {
			n := 4*at(x, y) + 2*(at(x+1, y)+at(x-1, y)+at(x, y+1)+at(x, y-1)) +
				at(x+1, y+1) + at(x-1, y-1) + at(x+1, y-1) + at(x-1, y+1)
			g[y*grainSide+x] = 0.4 * n
		}
	}
	out := make([]int16, grainSide*yuv.GrainRow)
	for i := range out {
		x, y := i%yuv.GrainRow, i/yuv.GrainRow
		v := g[y*grainSide+x&(grainSide-1)]
		v = max(min(v, grainMost), -grainMost)
		out[i] = int16(math.Round(v * grainScale))
	}
	return out
}

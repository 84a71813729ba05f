package redact

import "math"

// Grain is the faint moving texture of frost: fine noise and slanting bands of
// light, the same for every picture but for where it starts. It is made from
// nothing but a fixed seed. The bands are so narrow that several cross a head: a
// smooth oval above a collar is a face to detectors, a striped one is none.
const (
	grainSide  = 128 // samples; the tile repeats without a seam
	grainScale = 256 // units of one luma step
	grainMost  = 12  // luma steps that the grain stays below, by construction
	grainBands = 16  // in the tile, each way
)

// grain holds, for each place in the tile, the four values from there on in the
// lanes of a word: their sum, each shifted to its lane, negative ones borrowing.
type grain [grainSide * grainSide]uint64

func newGrain() *grain {
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
			band := math.Sin(2 * math.Pi * grainBands * float64(x+y) / grainSide)
			g[y*grainSide+x] = 0.4*n + 7*band
		}
	}
	var out grain
	for i := range out {
		for k := range 4 {
			v := g[i&^(grainSide-1)|(i+k)&(grainSide-1)]
			v = max(min(v, grainMost), -grainMost)
			out[i] += uint64(int64(math.Round(v*grainScale))) << (16 * k)
		}
	}
	return &out
}

// line is the row of the tile for luma row y of picture seq, and where in it
// the picture's first column lies. The texture drifts by a sample a picture.
func (g *grain) line(seq uint64, y int) (row []uint64, shift int) {
	o := int(seq & (grainSide - 1))
	r := (y + o) & (grainSide - 1)
	return g[r*grainSide : (r+1)*grainSide], o
}

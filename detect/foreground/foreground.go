// Package foreground watches for what moves. It keeps a model of the empty
// scene on a coarse grid of luma means, and reports regions that differ from
// it, whoever or whatever they are: it is the guard behind the detectors, for
// people that these do not see.
//
// A cell's background is a running mean and variance (Wren et al., "Pfinder",
// 1997; selective update as in Stauffer and Grimson, 1999). Changes of light
// and of the camera's gain move all cells alike and are taken out first.
package foreground

import (
	"math"
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/yuv"
)

// Options tune the guard. The zero value gives the defaults.
type Options struct {
	// Cell is the grid's cell in luma pixels; 0 means 8.
	Cell int
	// Absorb is how long something has to stand still until it counts as part
	// of the scene; 0 means 20 s. A longer time guards people who wait, a
	// shorter one forgets a bag put down.
	Absorb time.Duration
	// Warm is how long the scene is learnt after a start or a cut; 0 means 1 s.
	Warm time.Duration
	// MinSide is the least height or width of a region, in parts of the
	// picture's height; 0 means 1/40. Regions smaller than that in both, or
	// with fewer than five cells, are dropped.
	MinSide float32
	// Threshold is the least difference of a cell's mean, in luma steps, that
	// counts; 0 means 5.
	Threshold float32
}

// Result is what moved. Regions belongs to the guard and is valid until its
// next call.
type Result struct {
	// Regions are boxes that cover every connected group of cells in the
	// foreground; a wide or ragged group is covered by several boxes side by
	// side. In luma pixels, clipped to the picture.
	Regions []geom.Box
	// Warming tells that the scene is being learnt: people who stand still now
	// are not reported, and those who move may leave a ghost behind.
	Warming bool
	// Cut tells that this picture shows another scene than the one before, or
	// that continuity was broken; the model starts anew.
	Cut bool
	// Other tells that nothing of the picture before is left, as where a
	// recording was cut. A flash or a knock at the camera leaves the structure
	// and is none. It implies Cut.
	Other bool
	// Motion is the part of the picture in the foreground, in [0,1].
	Motion float32
}

// Guard watches one camera. It is not safe for concurrent use. Once it has
// seen a picture size it allocates nothing.
type Guard struct {
	o      Options
	size   frame.Size
	gw, gh int

	begun bool
	last  time.Duration
	since time.Duration // of the scene's first picture
	busy  time.Duration // since when most of the picture has been foreground

	now, before []byte    // grids of this picture and the one before
	cells       []cell    // the model
	diff        []float32 // of each cell of this picture from its model in today's light
	class       []uint8   // of each cell of this picture
	label       []int32   // of each cell: 1 + its group, 0 for none
	left        []uint8   // class of each cell that is in no group yet, and a word more
	stack       []int32   // of cells to visit while grouping
	light       light     // change of light since the model was learnt
	regions     []geom.Box
}

// cell is the model of one cell.
type cell struct {
	mean, variance float32
	still          float32 // seconds that its picture has not changed
	// before is the mean that stood here until something was absorbed, and
	// comes back when that goes away, so that it leaves no ghost. 0 means none.
	before float32
}

// Classes of a cell.
const (
	quiet  uint8 = iota
	weak         // differs, but could be a shadow
	strong       // differs
)

// New returns a guard that has seen nothing.
func New(o Options) *Guard {
	if o.Cell <= 0 {
		o.Cell = 8
	}
	if o.Absorb <= 0 {
		o.Absorb = 20 * time.Second
	}
	if o.Warm <= 0 {
		o.Warm = time.Second
	}
	if o.MinSide <= 0 {
		o.MinSide = 1.0 / 40
	}
	if o.Threshold <= 0 {
		o.Threshold = 5
	}
	return &Guard{o: o}
}

const (
	firstVariance = 4    // luma² of a cell's mean, before anything is learnt
	leastVariance = 0.25 // quantisation alone
	mostThreshold = 28   // luma steps; however lively a cell, this shows
	sigmas        = 3.0  // of a cell's own variation
	learn         = 4.0  // seconds in which a quiet cell's model follows
	cutPart       = 0.6  // of the cells changed from one picture to the next
	otherPart     = 0.25 // the same, where the structure changed too
	otherLikeness = 0.3  // correlation of two pictures of different scenes
	flooded       = 0.7  // of the cells in the foreground: not people
	mostGap       = 2 * time.Second
	floodTime     = time.Second
)

// Observe takes the next picture. A picture that cannot be read is reported as
// moving everywhere.
func (g *Guard) Observe(p frame.Planes, at time.Duration) Result {
	if p.Size != g.size {
		g.resize(p.Size)
	}
	g.now, g.before = g.before, g.now
	if p.Check() != nil || yuv.Grid(g.now, p.Y, p.StrideY, p.W, p.H, g.o.Cell) != nil {
		g.begun = false
		g.regions = append(g.regions[:0], geom.Box{X1: float32(max(p.W, 1)), Y1: float32(max(p.H, 1))})
		return Result{Regions: g.regions, Warming: true, Cut: true, Motion: 1}
	}
	if !g.begun || at < g.last || at-g.last > mostGap {
		return g.restart(at)
	}
	dt := float32((at - g.last).Seconds())
	g.last = at
	part := g.changed()
	other := part > otherPart && g.unlike()
	if other || part > cutPart {
		r := g.restart(at)
		r.Other = other
		return r
	}
	warming := at-g.since < g.o.Warm
	g.light.estimate(g.now, g.cells)
	motion := g.classify(warming)
	if motion < flooded {
		g.busy = at
	} else if at-g.busy > floodTime {
		// The camera was moved, or the light changed beyond what can be told.
		return g.restart(at)
	}
	g.adapt(dt, warming, at)
	g.group()
	return Result{Regions: g.regions, Warming: warming, Motion: motion}
}

func (g *Guard) resize(s frame.Size) {
	*g = Guard{o: g.o, size: s}
	if s.Check() != nil {
		return
	}
	g.gw, g.gh = yuv.GridSize(s.W, s.H, g.o.Cell)
	n := g.gw * g.gh
	g.now, g.before = make([]byte, n), make([]byte, n)
	g.cells, g.class = make([]cell, n), make([]uint8, n)
	g.diff = make([]float32, n)
	g.left = make([]uint8, n+8)
	g.label, g.stack = make([]int32, n), make([]int32, 0, n)
	g.regions = make([]geom.Box, 0, mostRegions)
}

// restart makes this picture the scene.
func (g *Guard) restart(at time.Duration) Result {
	g.begun, g.last, g.since, g.busy = true, at, at, at
	for i, v := range g.now {
		g.cells[i] = cell{mean: float32(v), variance: firstVariance}
	}
	g.light.reset()
	g.regions = g.regions[:0]
	return Result{Regions: g.regions, Warming: true, Cut: true}
}

// changed is the part of cells that changed since the picture before, beyond
// what a change of light explains.
func (g *Guard) changed() float32 {
	var hist [511]int32
	for i, v := range g.now {
		hist[int(v)-int(g.before[i])+255]++
	}
	shift := int(median(&hist, int32(len(g.now)))+255.5) - 255
	const much = 14
	n := 0
	for i, v := range g.now {
		if d := int(v) - int(g.before[i]) - shift; d > much || d < -much {
			n++
		}
	}
	return float32(n) / float32(len(g.now))
}

// unlike reports whether this picture's grid does not correlate with the one
// before. Flat pictures, such as a decoder makes up, are like any other.
func (g *Guard) unlike() bool {
	var n, a, b, aa, bb, ab float64
	for i, v := range g.now {
		x, y := float64(v), float64(g.before[i])
		n, a, b = n+1, a+x, b+y
		aa, bb, ab = aa+x*x, bb+y*y, ab+x*y
	}
	const flat = 9 // luma²
	va, vb := aa/n-a*a/n/n, bb/n-b*b/n/n
	if va < flat || vb < flat {
		return false
	}
	return (ab/n-a*b/n/n)/float64(sqrt(float32(va*vb))) < otherLikeness
}

// classify compares each cell with its model and returns the part that differs.
func (g *Guard) classify(warming bool) float32 {
	least := g.o.Threshold
	if warming {
		// The variance is not known yet.
		least *= 1.6
	}
	now, diff, class := g.now[:len(g.cells)], g.diff[:len(g.cells)], g.class[:len(g.cells)]
	n := 0
	for i := range g.cells {
		c := &g.cells[i]
		d := float32(now[i]) - c.mean - g.light.shift(c.mean)
		t := min(max(sigmas*sqrt(c.variance), least), mostThreshold)
		diff[i] = d
		k := classOf(d, t)
		class[i] = k
		if k == quiet {
			continue
		}
		if c.before > 0 && abs(float32(now[i])-c.before-g.light.shift(c.before)) <= t {
			// What was absorbed is gone; should it come back it is news again.
			c.mean, c.before = c.before, 0
			diff[i] = float32(now[i]) - c.mean - g.light.shift(c.mean)
			class[i] = quiet
			continue
		}
		n++
	}
	g.shadows()
	return float32(n) / float32(len(g.cells))
}

// classOf tells what a difference is by its threshold. Pictures are full of cells
// on either side of it, so nothing here is a branch that a processor would have to
// guess.
func classOf(d, t float32) uint8 {
	d = math.Float32frombits(math.Float32bits(d) &^ (1 << 31))
	differs, much := uint8(1), uint8(0)
	if d <= t {
		differs = 0
	}
	if d > 2*t {
		much = 1
	}
	return differs + much
}

// shadows turns strong cells weak where the scene is only darker: by the same
// ratio as their neighbours to the right and below, within the range that
// shadows have. Weak cells belong to a region but do not make one.
func (g *Guard) shadows() {
	const dark, bright, even = 0.55, 0.92, 0.05
	ratio := func(i int) float32 {
		return (float32(g.now[i]) - 14) / max(g.cells[i].mean+g.light.shift(g.cells[i].mean)-14, 8)
	}
	for y := range g.gh - 1 {
		for x := range g.gw - 1 {
			i := y*g.gw + x
			if g.class[i] != strong {
				continue
			}
			r := ratio(i)
			if r < dark || r > bright {
				continue
			}
			if abs(r-ratio(i+1)) < even && abs(r-ratio(i+g.gw)) < even {
				g.class[i] = weak
			}
		}
	}
}

// adapt lets the model follow: at once while warming, within seconds where
// nothing is, and only after Absorb where something stands.
func (g *Guard) adapt(dt float32, warming bool, at time.Duration) {
	slow := dt / float32(g.o.Absorb.Seconds())
	quick := min(dt/learn, 1)
	first := min(2*dt/float32(max((at-g.since).Seconds(), 0.04)), 1)
	absorb := float32(g.o.Absorb.Seconds())
	now, before := g.now[:len(g.cells)], g.before[:len(g.cells)]
	diff, class := g.diff[:len(g.cells)], g.class[:len(g.cells)]
	for i := range g.cells {
		c, v, d := &g.cells[i], float32(now[i]), diff[i]
		switch {
		case warming:
			c.rest(now[i], before[i], dt)
			c.mean += first * d
			c.variance += min(first, 0.2) * (min(d*d, 100) - c.variance)
		case class[i] == quiet: // most cells
			c.mean += quick * (v - c.mean)
			c.variance += quick * (d*d - c.variance)
			c.still = 0
		case c.rest(now[i], before[i], dt) > absorb:
			c.before = max(c.mean, 1)
			c.mean, c.variance, c.still = v-g.light.shift(v), firstVariance, 0
		default:
			// A screen that flickers all day becomes a lively cell.
			c.variance += slow * (d*d - c.variance)
			// The light behind whoever stands here changes too.
			c.mean += quick * g.light.shift(c.mean)
		}
		c.bound()
	}
}

// rest counts the time that a cell's picture has not changed, and returns it.
func (c *cell) rest(now, before byte, dt float32) float32 {
	if t := int(now) - int(before); t > 3 || t < -3 {
		c.still = 0
	} else {
		c.still += dt
	}
	return c.still
}

// bound keeps the model within what there can be. Branches that are hardly ever
// taken cost less here than min and max, which mind what is no number.
func (c *cell) bound() {
	if c.variance < leastVariance {
		c.variance = leastVariance
	}
	if c.mean < 0 {
		c.mean = 0
	}
	if c.mean > 255 {
		c.mean = 255
	}
}

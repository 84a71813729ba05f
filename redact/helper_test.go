package redact_test

import (
	"testing"
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// solidY is the luma of StyleSolid; the pictures of these tests never hold it.
const solidY = 44

// rig drives a Redactor with made pictures, solid style, so that a luma sample
// is covered exactly when it holds solidY.
type rig struct {
	t     *testing.T
	pool  *frame.Pool
	size  frame.Size
	step  time.Duration
	epoch uint32
	seq   uint64
	pts   time.Duration
	red   *redact.Redactor
	outs  []shot
}

// shot is what left of one picture.
type shot struct {
	meta         frame.Meta
	live, record []byte // luma, rows packed
	same         bool   // one picture for both rules
	liveFull     bool
	stats        redact.Stats
	w            int
}

func newRig(t *testing.T, cfg redact.Config, perm redact.Permission) *rig {
	t.Helper()
	cfg.Style = redact.StyleSolid
	red, err := redact.New(cfg, perm)
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{
		t: t, pool: frame.NewPool(cfg.Hold + 4), size: frame.Size{W: 640, H: 360},
		step: 40 * time.Millisecond, red: red,
	}
	t.Cleanup(func() {
		g.red.Close()
		if n := g.pool.Lent(); n != 0 {
			t.Errorf("%d pictures were not given back", n)
		}
		g.pool.Close()
	})
	return g
}

// picture makes the next picture, whose luma is never solidY.
func (g *rig) picture() *frame.Raw {
	g.t.Helper()
	raw, err := g.pool.Get(g.size)
	if err != nil {
		g.t.Fatal(err)
	}
	scribble(raw.Planes(), g.seq)
	raw.Seq, raw.PTS, raw.Epoch, raw.Camera = g.seq, g.pts, g.epoch, "c"
	g.seq++
	g.pts += g.step
	return raw
}

// scribble fills a picture with values from 100 to 227, other for each seed.
func scribble(p frame.Planes, seed uint64) {
	x := seed*2862933555777941757 + 3037000493
	for _, b := range [][]byte{p.Y, p.U, p.V} {
		for i := range b {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			b[i] = 100 + byte(x>>57)
		}
	}
}

// push pushes the next picture and takes what leaves.
func (g *rig) push(s redact.Sighting) {
	g.t.Helper()
	if err := g.red.Push(g.picture(), s); err != nil {
		g.t.Fatal(err)
	}
	g.drain()
}

func (g *rig) flush() { g.red.Flush(); g.drain() }

func (g *rig) drain() {
	g.t.Helper()
	for {
		o, ok := g.red.Pop()
		if !ok {
			return
		}
		g.outs = append(g.outs, shot{
			meta: o.Meta, live: luma(o.Live), record: luma(o.Record), w: g.size.W,
			same: o.Live == o.Record, liveFull: o.Live.FullMask(), stats: o.Stats,
		})
		o.Release()
	}
}

func luma(r *frame.Redacted) []byte {
	p := r.Planes()
	out := make([]byte, 0, p.W*p.H)
	for y := range p.H {
		out = append(out, p.Y[y*p.StrideY:y*p.StrideY+p.W]...)
	}
	return out
}

// covered is the part of the box, inside the picture, that shows the mask.
func covered(l []byte, w int, b geom.Box) float64 {
	b = b.Clip(w, len(l)/w)
	n, all := 0, 0
	for y := int(b.Y0); y < int(b.Y1+0.999); y++ {
		for x := int(b.X0); x < int(b.X1+0.999); x++ {
			all++
			if l[y*w+x] == solidY {
				n++
			}
		}
	}
	if all == 0 {
		return 1
	}
	return float64(n) / float64(all)
}

func (s shot) covers(b geom.Box) bool { return covered(s.live, s.w, b) == 1 }

// touches reports whether anything of the box is masked.
func (s shot) touches(b geom.Box) bool { return covered(s.live, s.w, b) > 0 }

func look(targets ...redact.Target) redact.Sighting {
	return redact.Sighting{Faces: true, Persons: true, Guard: true, Targets: targets}
}

func face(track uint64, b geom.Box) redact.Target {
	return redact.Target{Track: track, Kind: redact.TargetFace, Box: b, Score: 0.9}
}

func person(track uint64, b geom.Box) redact.Target {
	return redact.Target{Track: track, Kind: redact.TargetPerson, Box: b, Score: 0.9}
}

// granted permits what it holds; tests change it on the way.
type granted map[uint64][2]bool

func (g granted) May(track uint64, r redact.Rule) bool { return g[track][r] }

// walker is a target in straight motion: its box at a time.
type walker struct {
	from   geom.Box
	vx, vy float32 // pixels a second
}

func (w walker) at(d time.Duration) geom.Box {
	s := float32(d.Seconds())
	return w.from.Shift(w.vx*s, w.vy*s)
}

func config(hold int) redact.Config {
	c := redact.DefaultConfig()
	c.Hold = hold
	return c
}

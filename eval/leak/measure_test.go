package leak_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/eval/leak"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

var size = frame.Size{W: 320, H: 240}

func blank(s frame.Size, v byte) frame.Planes {
	p := frame.PlanesOver(make([]byte, s.Bytes()), s)
	for i := range p.Y {
		p.Y[i] = v
	}
	for i := range p.U {
		p.U[i], p.V[i] = 128, 128
	}
	return p
}

func copyOf(p frame.Planes) frame.Planes {
	q := blank(p.Size, 0)
	q.CopyFrom(p)
	return q
}

// textured is a picture of seeded detail at several scales.
func textured(seed uint64) frame.Planes {
	r := rand.New(rand.NewPCG(seed, 1))
	p := blank(size, 128)
	for range 900 {
		x, y, w, h, v := r.IntN(size.W), r.IntN(size.H), 2+r.IntN(14), 2+r.IntN(14), r.IntN(200)+20
		for j := y; j < min(y+h, size.H); j++ {
			for i := x; i < min(x+w, size.W); i++ {
				p.Y[j*p.StrideY+i] = byte((int(p.Y[j*p.StrideY+i]) + 2*v) / 3)
			}
		}
	}
	return p
}

func edit(p frame.Planes, b geom.Box, f func(x, y int, v byte) byte) frame.Planes {
	q := copyOf(p)
	for y := int(b.Y0); y < int(b.Y1); y++ {
		for x := int(b.X0); x < int(b.X1); x++ {
			i := y*q.StrideY + x
			q.Y[i] = f(x, y, p.Y[i])
		}
	}
	return q
}

func boxMean(p frame.Planes, b geom.Box, x, y, r int) byte {
	sum, n := 0, 0
	for j := max(y-r, int(b.Y0)); j < min(y+r+1, int(b.Y1)); j++ {
		for i := max(x-r, int(b.X0)); i < min(x+r+1, int(b.X1)); i++ {
			sum += int(p.Y[j*p.StrideY+i])
			n++
		}
	}
	return byte(sum / n)
}

func TestExposure(t *testing.T) {
	p := textured(1)
	for _, box := range []geom.Box{
		{X0: 100, Y0: 60, X1: 180, Y1: 150}, {X0: 40, Y0: 40, X1: 60, Y1: 64}, {X0: 300, Y0: 200, X1: 330, Y1: 245},
	} {
		in := box.Clip(size.W, size.H)
		r := rand.New(rand.NewPCG(3, 3))
		noise := make([]int, size.W*size.H)
		for i := range noise {
			noise[i] = r.IntN(9) - 4
		}
		for name, c := range map[string]struct {
			f       func(x, y int, v byte) byte
			exposed bool
		}{
			"untouched":     {func(_, _ int, v byte) byte { return v }, true},
			"coding noise":  {func(x, y int, v byte) byte { return byte(min(max(int(v)+noise[y*size.W+x], 0), 255)) }, true},
			"half as light": {func(_, _ int, v byte) byte { return v/2 + 20 }, true}, // still plain to see
			"negative":      {func(_, _ int, v byte) byte { return 255 - v }, false},
			"solid":         {func(_, _ int, _ byte) byte { return 40 }, false},
			"box blur":      {func(x, y int, _ byte) byte { return boxMean(p, in, x, y, int(in.W()/4)) }, false},
			"noise":         {func(x, y int, _ byte) byte { return byte(128 + 10*noise[y*size.W+x]) }, false},
		} {
			v := leak.Exposure(p, edit(p, in, c.f), box)
			if (v >= leak.ExposedAt) != c.exposed {
				t.Errorf("%v, %s: correlation %.2f, exposed should be %v", box, name, v, c.exposed)
			}
		}
	}
	require.InDelta(t, 1, leak.Exposure(p, p, geom.Box{X0: 10, Y0: 10, X1: 90, Y1: 90}), 1e-4)
	// The place counts: the same detail elsewhere is no exposure.
	moved := blank(size, 128)
	for y := range size.H {
		for x := 20; x < size.W; x++ {
			moved.Y[y*moved.StrideY+x] = p.Y[y*p.StrideY+x-20]
		}
	}
	require.Less(t, leak.Exposure(p, moved, geom.Box{X0: 100, Y0: 60, X1: 160, Y1: 130}), float32(0.4))
	require.Zero(t, leak.Exposure(blank(size, 90), blank(size, 90), geom.Box{X0: 5, Y0: 5, X1: 60, Y1: 60}), "no detail, nothing to see")
	require.Zero(t, leak.Exposure(p, p, geom.Box{X0: 400, Y0: 10, X1: 440, Y1: 50}), "outside")
}

func TestArea(t *testing.T) {
	p := textured(2)
	mask := geom.Box{X0: 80, Y0: 40, X1: 160, Y1: 120}
	q := edit(p, mask, func(_, _ int, _ byte) byte { return 16 })
	r := rand.New(rand.NewPCG(5, 5))
	for i := range q.Y { // coding noise
		q.Y[i] = byte(min(max(int(q.Y[i])+r.IntN(7)-3, 0), 255))
	}
	want := float64(mask.Area()) / float64(size.W*size.H)
	all, nobody := leak.Area(p, q, nil)
	require.InDelta(t, want, all, 0.004)
	require.InDelta(t, all, nobody, 0)
	_, nobody = leak.Area(p, q, []geom.Box{{X0: 80, Y0: 0, X1: 120, Y1: 240}})
	require.InDelta(t, want/2, nobody, 0.004)
	all, _ = leak.Area(p, p, nil)
	require.Zero(t, all)
	// Colour alone is a change too.
	c := copyOf(p)
	for y := 20; y < 60; y++ {
		for x := 40; x < 80; x++ {
			c.U[y*c.StrideC+x] = 90
		}
	}
	all, _ = leak.Area(p, c, nil)
	require.InDelta(t, want, all, 0.004)
}

func TestChangedPart(t *testing.T) {
	p := blank(size, 100)
	b := geom.Box{X0: 40, Y0: 40, X1: 80, Y1: 80}
	require.Zero(t, leak.ChangedPart(p, p, b))
	require.InDelta(t, 1, leak.ChangedPart(p, edit(p, b, func(_, _ int, v byte) byte { return v + 1 }), b), 1e-9)
	half := edit(p, geom.Box{X0: 40, Y0: 40, X1: 60, Y1: 80}, func(_, _ int, v byte) byte { return v + 9 })
	require.InDelta(t, 0.5, leak.ChangedPart(p, half, b), 1e-9)
}

func TestSift(t *testing.T) {
	person := geom.Box{X0: 50, Y0: 20, X1: 130, Y1: 220}
	face := func(i int) geom.Box { return geom.BoxAt(90+float32(i), 50, 30, 36) }
	var all []leak.Boxes
	for i := range 40 {
		b := leak.Boxes{}
		if i < 20 {
			b.Persons = []geom.Box{person}
			b.Faces = append(b.Faces,
				face(i),
				geom.BoxAt(250, 100, 30, 36), // a lion in a crest
				geom.BoxAt(90, 120, 12, 14))  // too small
		}
		if i == 5 {
			b.Faces = append(b.Faces, geom.BoxAt(70, 180, 30, 30)) // one picture only
		}
		if i >= 12 && i < 15 {
			b.Faces = append(b.Faces, geom.BoxAt(70, 160, 30, 30)) // a waving hand
		}
		all = append(all, b)
	}
	s := leak.Sift(all, size, 30)
	require.Equal(t, 23, s.Faces(), "the hand counts, in doubt")
	require.Equal(t, 20, s.Sure())
	require.Equal(t, 2, s.Tracks)
	for i := range 20 {
		require.Equal(t, leak.Face{Box: face(i), Score: 0.9, Track: 1, Nth: i}, s.Frames[i].Faces[0])
		if i < 12 || i >= 15 {
			require.Len(t, s.Frames[i].Faces, 1)
			continue
		}
		require.Len(t, s.Frames[i].Faces, 2)
		require.Equal(t, leak.DoubtBrief, s.Frames[i].Faces[1].Doubt)
	}
	// Nobody within a second: none of these forty pictures are that far away.
	for i, f := range s.Frames {
		require.False(t, f.Empty, i)
	}
	// A hand that waves for long is still no face: the body has a head already.
	long := make([]leak.Boxes, 20)
	for i := range long {
		long[i] = leak.Boxes{Persons: []geom.Box{person}, Faces: []geom.Box{geom.BoxAt(90, 50, 30, 36), geom.BoxAt(70, 160, 24, 30)}}
	}
	require.Equal(t, 40, leak.Sift(long, size, 30).Sure(), "as sure as the face: no doubt")
	require.Equal(t, 20, leak.Sift(long, size, 30, 1).Sure())
	require.Equal(t, 40, leak.Sift(long, size, 30, 1).Faces())
	require.Equal(t, leak.DoubtHead, leak.Sift(long, size, 30, 1).Frames[9].Faces[1].Doubt)
	for i := range long { // somebody small in front
		long[i].Persons = append(long[i].Persons, geom.Box{X0: 50, Y0: 140, X1: 90, Y1: 220})
	}
	require.Equal(t, 40, leak.Sift(long, size, 30, 1).Sure())
	s = leak.Sift(append(all, make([]leak.Boxes, 60)...), size, 30)
	for i, f := range s.Frames {
		require.Equal(t, i > 19+30, f.Empty, i)
	}
}

func TestTally(t *testing.T) {
	var all []leak.Boxes
	for range 30 {
		all = append(all, leak.Boxes{
			Persons: []geom.Box{{X0: 0, Y0: 0, X1: 320, Y1: 240}},
			Faces:   []geom.Box{geom.BoxAt(60, 60, 20, 20), geom.BoxAt(200, 80, 100, 120)},
		})
	}
	seen := leak.Sift(all, size, 10)
	for i := range seen.Frames {
		if i < 5 {
			seen.Frames[i].Faces[0].Doubt = leak.DoubtBrief
		}
	}
	r := leak.Count(seen, func(i int, f leak.Face) leak.Leak {
		small := f.Box.W() < 50
		l := leak.Leak{
			Exposed:    small && (i == 3 || (i >= 10 && i < 14)),
			Redetected: !small && i%10 == 0,
			Compared:   i%5 == 0, Reidentified: small && i <= 10 && i%5 == 0,
		}
		if l.Compared {
			l.Cosine = float32(i) / 100
			if small {
				l.Cosine = -0.5
			}
		}
		if l.Redetected {
			l.By = []int{1}
		}
		if l.Reidentified && i == 5 {
			l.Chance = leak.ChanceBlank
		}
		return l
	})
	require.Equal(t, 60, r.All.Faces)
	require.Equal(t, 5, r.All.Exposed)
	require.Equal(t, 3, r.All.Redetected)
	require.Equal(t, 12, r.All.Compared)
	require.Equal(t, []int{0, 3}, r.All.RedetectedBy)
	require.Equal(t, 3, r.All.Reidentified, "chance or not")
	require.Equal(t, 1, r.All.Chance)
	require.InDelta(t, 5.0/60, r.All.ExposedRate, 1e-9)
	require.InDelta(t, 3.0/12, r.All.ReidRate, 1e-9)
	require.Equal(t, leak.Row{
		From: 16, Faces: 55, Exposed: 4, Redetected: 3, RedetectedBy: []int{0, 3}, Compared: 11, Reidentified: 2, Chance: 1,
		ExposedRate: 4.0 / 55, RedetectRate: 3.0 / 55, ReidRate: 2.0 / 11,
	}, r.Sure)
	require.Equal(t, leak.Spread{N: 12, Median: -0.5, P99: 0.25, P999: 0.25, Max: 0.25}, r.Cosines)
	require.Equal(t, 1, r.ExposedTracks)
	require.Equal(t, 4, r.LongestRun)
	require.Equal(t, []int{30, 0, 0, 30}, []int{r.BySize[0].Faces, r.BySize[1].Faces, r.BySize[2].Faces, r.BySize[3].Faces})
	require.Equal(t, 5, r.BySize[0].Exposed)
	require.Len(t, r.Leaks, 10)
	require.False(t, math.IsNaN(r.EmptyArea))
	require.Zero(t, leak.Count(seen, func(int, leak.Face) leak.Leak { return leak.Leak{} }).Cosines, "none compared")
}

package redact_test

import (
	"math"
	"testing"
	"time"

	"bystander/internal/geom"
	"bystander/redact"
)

var (
	steady = walker{from: geom.Box{X0: 100, Y0: 100, X1: 130, Y1: 140}, vx: 150, vy: 10}
	quiet  = geom.Box{X0: 560, Y0: 300, X1: 640, Y1: 360} // nobody ever comes here
)

func TestFirstSightingMasksThePicturesBefore(t *testing.T) {
	g := newRig(t, config(8), nil)
	for i := range 20 {
		s := look()
		if i >= 6 {
			s = look(face(1, steady.at(g.pts)))
		}
		g.push(s)
	}
	g.flush()
	for i, o := range g.outs {
		if !o.covers(steady.at(o.meta.PTS)) {
			t.Errorf("picture %d shows the face", i)
		}
		if o.touches(quiet) {
			t.Errorf("picture %d masks the quiet corner", i)
		}
	}
	if len(g.outs) != 20 {
		t.Fatalf("%d pictures left, want 20", len(g.outs))
	}
}

func TestWithoutHoldTheFirstSightingCannotHelp(t *testing.T) {
	g := newRig(t, config(0), nil)
	for i := range 4 {
		s := look()
		if i >= 2 {
			s = look(face(1, steady.at(g.pts)))
		}
		g.push(s)
	}
	if g.outs[1].touches(steady.at(g.outs[1].meta.PTS)) {
		t.Error("a mask without any sighting")
	}
	if !g.outs[2].covers(steady.at(g.outs[2].meta.PTS)) {
		t.Error("the first sighting is not masked at once")
	}
}

func TestEveryThirdPictureIsEnough(t *testing.T) {
	for _, hold := range []int{0, 2, 8, 30} {
		g := newRig(t, config(hold), nil)
		for i := range 40 {
			s := redact.Sighting{}
			if i%3 == 0 {
				s = look(face(1, steady.at(g.pts)))
			}
			g.push(s)
		}
		g.flush()
		for i, o := range g.outs {
			if hold == 0 && i < 3 {
				continue // nobody knows yet which way it goes
			}
			if b := steady.at(o.meta.PTS); !o.covers(b) {
				t.Errorf("hold %d: picture %d covers only %.2f", hold, i, covered(o.live, o.w, b))
			}
		}
	}
}

func TestMissesAreBridgedAndEnd(t *testing.T) {
	slow := walker{from: geom.Box{X0: 100, Y0: 100, X1: 130, Y1: 140}, vx: 60}
	g := newRig(t, config(8), nil)
	for i := range 80 {
		s := look()
		if i < 10 {
			s = look(face(1, slow.at(g.pts)))
		}
		g.push(s)
	}
	g.flush()
	last := g.outs[9].meta.PTS
	var areas []float32
	for _, o := range g.outs {
		d := o.meta.PTS - last
		switch {
		case d <= 800*time.Millisecond:
			if !o.covers(slow.at(o.meta.PTS)) {
				t.Errorf("%v after the last sighting the face is open", d)
			}
		case d > 1500*time.Millisecond && o.stats.Area > 0:
			t.Errorf("%v after the last sighting %.3f is still masked", d, o.stats.Area)
		}
		areas = append(areas, o.stats.Area)
	}
	// It was seen on every picture, so it is held six tenths of the time.
	if areas[22] <= areas[9] || areas[18] <= areas[11] {
		t.Errorf("the region does not grow: %v", areas[9:35])
	}
	if areas[30] == 0 || math.Abs(float64(areas[30]-areas[26])) > 1e-6 {
		t.Error("after the hold the last region does not stay as it was")
	}
}

func TestOneWeakSightingIsHeldShorter(t *testing.T) {
	g := newRig(t, config(8), nil)
	for i := range 40 {
		s := look()
		if i == 10 {
			f := face(1, steady.from)
			f.Score = 0.3
			s = look(f)
		}
		g.push(s)
	}
	g.flush()
	masked := 0
	for _, o := range g.outs {
		if o.stats.Area > 0 {
			masked++
		}
	}
	if !g.outs[10].covers(steady.from) || masked < 9 || masked > 20 {
		t.Errorf("%d pictures masked for one weak sighting", masked)
	}
}

func TestTrackEndsWhenItLeavesThePicture(t *testing.T) {
	out := walker{from: geom.Box{X0: 520, Y0: 100, X1: 550, Y1: 140}, vx: 300}
	g := newRig(t, config(4), nil)
	for range 30 {
		b, s := out.at(g.pts), look()
		if b.X0 < 600 {
			s = look(face(1, b))
		}
		g.push(s)
	}
	g.flush()
	for _, o := range g.outs {
		b := out.at(o.meta.PTS)
		if !b.Clip(640, 360).Empty() && !o.covers(b) {
			t.Errorf("at %v the leaving face is open", o.meta.PTS)
		}
		if b.X0 > 640+60 && o.stats.Area > 0 {
			t.Errorf("at %v a mask stays behind", o.meta.PTS)
		}
	}
}

func TestTakeOverBridgesTheGapAndEndsTheOldRegion(t *testing.T) {
	still := geom.Box{X0: 300, Y0: 100, X1: 330, Y1: 140}
	g := newRig(t, config(8), nil)
	for i := range 40 {
		s := look()
		switch {
		case i < 10:
			s = look(face(1, still))
		case i == 10:
			s.Lost = []uint64{1}
		case i >= 15:
			s = look(face(2, still))
		}
		g.push(s)
	}
	g.flush()
	for i, o := range g.outs {
		if !o.covers(still) {
			t.Errorf("picture %d shows the face", i)
		}
	}
	if a, b := g.outs[20].stats.Area, g.outs[5].stats.Area; a > b*1.01 {
		t.Errorf("the old region lingers: %.4f, before %.4f", a, b)
	}
}

func TestPersonsWithoutFacesHaveTheirHeadsMasked(t *testing.T) {
	for name, c := range map[string]struct {
		box, head, free geom.Box
	}{
		"standing": {
			geom.Box{X0: 200, Y0: 60, X1: 280, Y1: 300},
			geom.Box{X0: 225, Y0: 60, X1: 255, Y1: 96},
			geom.Box{X0: 200, Y0: 180, X1: 280, Y1: 300},
		},
		"cut off below": {
			geom.Box{X0: 200, Y0: 160, X1: 340, Y1: 360},
			geom.Box{X0: 240, Y0: 160, X1: 300, Y1: 235},
			geom.Box{X0: 200, Y0: 300, X1: 340, Y1: 360},
		},
		"cut off at the side": {
			geom.Box{X0: 0, Y0: 60, X1: 50, Y1: 300},
			geom.Box{X0: 0, Y0: 60, X1: 20, Y1: 96},
			geom.Box{X0: 0, Y0: 200, X1: 50, Y1: 300},
		},
		"lying, so the whole box": {
			geom.Box{X0: 100, Y0: 200, X1: 400, Y1: 300},
			geom.Box{X0: 100, Y0: 200, X1: 400, Y1: 300},
			quiet,
		},
	} {
		g := newRig(t, config(0), nil)
		g.push(look(person(1, c.box)))
		o := g.outs[0]
		if !o.covers(c.head) || o.touches(c.free) {
			t.Errorf("%s: head covered %.2f, rest %.2f", name,
				covered(o.live, o.w, c.head), covered(o.live, o.w, c.free))
		}
		if o.stats.Heads != 1 {
			t.Errorf("%s: %d heads", name, o.stats.Heads)
		}
	}
}

func TestAFaceExplainsOnlyItsOwnPerson(t *testing.T) {
	front := geom.Box{X0: 200, Y0: 60, X1: 280, Y1: 300}
	behind := geom.Box{X0: 250, Y0: 50, X1: 330, Y1: 290}
	f := geom.Box{X0: 228, Y0: 68, X1: 252, Y1: 98}
	alone, both := newRig(t, config(0), nil), newRig(t, config(0), nil)
	alone.push(look(face(1, f), person(2, front)))
	both.push(look(face(1, f), person(2, front), person(3, behind)))
	if n := alone.outs[0].stats.Heads; n != 0 {
		t.Errorf("one person with its face: %d heads besides", n)
	}
	if n := both.outs[0].stats.Heads; n != 1 {
		t.Errorf("two persons, one face: %d heads besides, want 1", n)
	}
	if h := (geom.Box{X0: 275, Y0: 50, X1: 305, Y1: 86}); !both.outs[0].covers(h) {
		t.Error("the head of the person behind is open")
	}
}

func TestAGuessedFaceExplainsNobody(t *testing.T) {
	body := geom.Box{X0: 200, Y0: 60, X1: 280, Y1: 300}
	f := geom.Box{X0: 228, Y0: 68, X1: 252, Y1: 98}
	g := newRig(t, config(0), nil)
	for i := range 10 {
		if i < 5 {
			g.push(look(face(1, f), person(2, body)))
		} else {
			g.push(look(person(2, body)))
		}
	}
	if a, b := g.outs[4].stats.Heads, g.outs[7].stats.Heads; a != 0 || b != 1 {
		t.Errorf("%d heads while the face is seen, %d afterwards; want 0 and 1", a, b)
	}
}

func TestAFaceDoesNotExplainABoxThatMayHoldTwo(t *testing.T) {
	f := geom.Box{X0: 40, Y0: 68, X1: 64, Y1: 98}
	for name, b := range map[string]geom.Box{
		"as wide as high":     {X0: 20, Y0: 60, X1: 130, Y1: 165},
		"cut off at the side": {X0: 0, Y0: 60, X1: 90, Y1: 300},
		"far too wide for it": {X0: 10, Y0: 60, X1: 150, Y1: 300},
	} {
		g := newRig(t, config(0), nil)
		g.push(look(face(1, f), person(2, b)))
		if g.outs[0].stats.Heads != 1 {
			t.Errorf("%s: the face is taken for the only head", name)
		}
	}
}

func TestATrackThatReturnsAfterATakeOverIsHeldAgain(t *testing.T) {
	a := geom.Box{X0: 300, Y0: 100, X1: 330, Y1: 140}
	far := a.Shift(-150, 0)
	g := newRig(t, config(4), nil)
	for i := range 30 {
		switch {
		case i < 8:
			g.push(look(face(1, a)))
		case i < 12:
			g.push(look())
		case i < 16:
			g.push(look(face(2, a))) // takes over
		case i < 20:
			g.push(look(face(2, a), face(1, far))) // but the first is elsewhere
		default:
			g.push(look(face(2, a)))
		}
	}
	g.flush()
	if !g.outs[24].covers(far) {
		t.Error("the returned track is not held through its miss")
	}
}

func TestCoverageOfThePerson(t *testing.T) {
	c := config(0)
	c.Coverage = redact.CoverPerson
	g := newRig(t, c, nil)
	body := geom.Box{X0: 100, Y0: 60, X1: 180, Y1: 300}
	f := geom.Box{X0: 400, Y0: 80, X1: 420, Y1: 106}
	g.push(look(person(1, body), face(2, f)))
	o := g.outs[0]
	if !o.covers(body) {
		t.Error("the person is not covered whole")
	}
	if below := (geom.Box{X0: 380, Y0: 110, X1: 440, Y1: 270}); !o.covers(below) {
		t.Error("the body below a face is not covered")
	}
}

func TestGuardMasksWhatNothingExplains(t *testing.T) {
	moving := geom.Box{X0: 300, Y0: 100, X1: 340, Y1: 220}
	for name, c := range map[string]struct {
		off     bool
		targets []redact.Target
		moving  geom.Box
		want    bool
	}{
		"nothing explains it": {moving: moving, want: true},
		"a person explains it": {moving: moving, targets: []redact.Target{
			person(1, geom.Box{X0: 295, Y0: 95, X1: 345, Y1: 225}),
		}},
		"a face explains it": {moving: moving, targets: []redact.Target{
			face(1, geom.Box{X0: 312, Y0: 104, X1: 328, Y1: 124}),
		}},
		"a person explains half of it": {moving: moving, want: true, targets: []redact.Target{
			person(1, geom.Box{X0: 295, Y0: 165, X1: 345, Y1: 345}),
		}},
		"too small":  {moving: geom.Box{X0: 300, Y0: 100, X1: 306, Y1: 106}},
		"the light":  {moving: geom.Box{X1: 640, Y1: 300}},
		"turned off": {off: true, moving: moving},
	} {
		cfg := config(0)
		cfg.Guard = !c.off
		g := newRig(t, cfg, nil)
		s := look(c.targets...)
		s.Moving = []geom.Box{c.moving}
		g.push(s)
		if got := g.outs[0].stats.Guard > 0; got != c.want {
			t.Errorf("%s: masked %v, want %v", name, got, c.want)
		}
		if c.want && !g.outs[0].covers(geom.Box{X0: 302, Y0: 102, X1: 338, Y1: 150}) {
			t.Errorf("%s: the region is open", name)
		}
	}
}

func TestARestlessSceneSilencesTheGuard(t *testing.T) {
	g := newRig(t, config(0), nil)
	s := look()
	for i := range 8 { // half the picture, in pieces of plausible size
		s.Moving = append(s.Moving, geom.Box{X0: float32(80 * i), X1: float32(80*i + 80), Y1: 180})
	}
	g.push(s)
	if o := g.outs[0]; o.stats.Guard != 0 || o.stats.FullMask {
		t.Errorf("%+v", o.stats)
	}
}

// A picture that the guard did not look at is as restless as those beside it:
// the light that flickers on them is no people on it either.
func TestARestlessSceneIsRestlessBetweenTheGuardsLooks(t *testing.T) {
	var light []geom.Box
	for i := range 8 {
		light = append(light, geom.Box{X0: float32(80 * i), X1: float32(80*i + 80), Y1: 180})
	}
	for name, flickers := range map[string]func(i int) bool{
		"before and after": func(int) bool { return true },
		"before only":      func(i int) bool { return i <= 4 },
		"after only":       func(i int) bool { return i > 4 },
	} {
		g := newRig(t, config(3), nil)
		for i := range 10 {
			s := look()
			if s.Guard = i%2 == 0; s.Guard && flickers(i) {
				s.Moving = light
			}
			g.push(s)
		}
		g.flush()
		if o := g.outs[5]; o.stats.Guard != 0 || o.stats.FullMask {
			t.Errorf("%s: %+v", name, o.stats)
		}
	}
}

// A flood on one side of a picture that the guard left out takes nothing from what
// it saw on the other.
func TestAFloodBesideItHidesNoMotion(t *testing.T) {
	moving := geom.Box{X0: 300, Y0: 200, X1: 340, Y1: 320}
	var light []geom.Box
	for i := range 8 {
		light = append(light, geom.Box{X0: float32(80 * i), X1: float32(80*i + 80), Y1: 180})
	}
	for name, first := range map[string]bool{"before": true, "after": false} {
		g := newRig(t, config(3), nil)
		for i := range 10 {
			s := look()
			if s.Guard = i%2 == 0; s.Guard {
				if s.Moving = []geom.Box{moving}; first == (i <= 4) {
					s.Moving = light
				}
			}
			g.push(s)
		}
		g.flush()
		if o := g.outs[5]; !o.covers(moving) || o.stats.FullMask {
			t.Errorf("flood %s: %+v", name, o.stats)
		}
	}
}

func TestGuardHoldsBetweenItsLooks(t *testing.T) {
	moving := geom.Box{X0: 300, Y0: 100, X1: 340, Y1: 220}
	g := newRig(t, config(4), nil)
	for i := range 12 {
		s := redact.Sighting{}
		if i%3 == 0 {
			s = look()
			if i == 6 {
				s.Moving = []geom.Box{moving}
			}
		}
		g.push(s)
	}
	g.flush()
	for i := 4; i <= 8; i++ {
		if !g.outs[i].covers(moving) {
			t.Errorf("picture %d, near the look that saw motion, is open", i)
		}
	}
}

func TestPrivacyPolygonIsAlwaysCovered(t *testing.T) {
	c := config(0)
	c.Privacy = []geom.Polygon{{{X: 50, Y: 50}, {X: 201, Y: 61}, {X: 120, Y: 170}}}
	g := newRig(t, c, granted{1: {true, true}})
	for range 3 {
		g.push(look(face(1, geom.Box{X0: 100, Y0: 80, X1: 130, Y1: 110})))
	}
	o := g.outs[2]
	for y := 50; y < 170; y++ {
		for x := 50; x < 200; x++ {
			if c.Privacy[0].Contains(geom.Point{X: float32(x) + 0.5, Y: float32(y) + 0.5}) &&
				o.live[y*640+x] != solidY {
				t.Fatalf("(%d,%d) lies in the polygon and is open", x, y)
			}
		}
	}
}

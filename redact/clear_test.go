package redact_test

import (
	"testing"
	"time"

	"bystander/internal/geom"
	"bystander/redact"
)

var (
	known   = geom.Box{X0: 300, Y0: 100, X1: 340, Y1: 150}
	bothYes = [2]bool{true, true}
)

func doubted(t redact.Target) redact.Target { t.Doubt = true; return t }

func TestClearViewIsGranted(t *testing.T) {
	g := newRig(t, config(8), granted{1: bothYes})
	for i := range 30 {
		s := redact.Sighting{}
		if i%3 == 0 {
			s = look(face(1, known), face(2, steady.from),
				person(7, geom.Box{X0: 260, Y0: 85, X1: 390, Y1: 355}))
		}
		g.push(s)
	}
	for i, o := range g.outs {
		if o.touches(known) || o.stats.Clear != 1 || o.stats.ClearRecord != 1 {
			t.Errorf("picture %d: the known face is masked: %+v", i, o.stats)
		}
		if !o.covers(steady.from) || o.stats.Masked != 1 {
			t.Errorf("picture %d: the stranger is open", i)
		}
		if !o.same {
			t.Errorf("picture %d: two pictures where one serves", i)
		}
	}
}

// TestClearViewEndsAtTheFirstDoubt runs one face that is permitted throughout,
// spoils something at picture 12, and wants that very picture masked.
func TestClearViewEndsAtTheFirstDoubt(t *testing.T) {
	near := geom.Box{X0: 350, Y0: 110, X1: 385, Y1: 155}
	for name, spoil := range map[string]func(*rig, granted) redact.Sighting{
		"doubt":      func(*rig, granted) redact.Sighting { return look(doubted(face(1, known))) },
		"missed":     func(*rig, granted) redact.Sighting { return look() },
		"lost":       func(*rig, granted) redact.Sighting { s := look(); s.Lost = []uint64{1}; return s },
		"other face": func(*rig, granted) redact.Sighting { return look(face(1, known), face(2, near)) },
		"other person": func(*rig, granted) redact.Sighting {
			return look(face(1, known), person(3, geom.Box{X0: 330, Y0: 95, X1: 420, Y1: 350}))
		},
		"unexplained motion": func(*rig, granted) redact.Sighting {
			s := look(face(1, known))
			s.Moving = []geom.Box{{X0: 250, Y0: 20, X1: 310, Y1: 120}}
			return s
		},
		"seen twice": func(*rig, granted) redact.Sighting {
			return look(face(1, known), face(1, known.Shift(90, 0)))
		},
		"permission withdrawn before it leaves": func(_ *rig, p granted) redact.Sighting {
			p[1] = [2]bool{}
			return look(face(1, known))
		},
		"fault": func(*rig, granted) redact.Sighting { return redact.Sighting{Faces: true, Fault: "x"} },
	} {
		for _, hold := range []int{0, 3} {
			perm := granted{1: bothYes}
			g := newRig(t, config(hold), perm)
			for range 12 {
				g.push(look(face(1, known)))
			}
			g.push(spoil(g, perm))
			for range hold {
				g.push(look(face(1, known)))
			}
			if len(g.outs) != 13 {
				t.Fatalf("%s: %d pictures", name, len(g.outs))
			}
			if o := g.outs[12]; !o.covers(known) || o.stats.Clear != 0 {
				t.Errorf("%s, hold %d: the face is open: %+v", name, hold, o.stats)
			}
			if o := g.outs[5]; o.touches(known) {
				t.Errorf("%s, hold %d: it was never clear", name, hold)
			}
		}
	}
}

func TestPermissionCountsFromWhenThePictureWasSeen(t *testing.T) {
	perm := granted{}
	g := newRig(t, config(5), perm)
	for i := range 30 {
		if i == 10 {
			perm[1] = bothYes
		}
		g.push(look(face(1, known)))
	}
	g.flush()
	for i, o := range g.outs {
		if clear := !o.touches(known); clear != (i >= 10) {
			t.Errorf("picture %d: clear %v", i, clear)
		}
	}
}

func TestPermissionIsAskedAgainAsThePictureLeaves(t *testing.T) {
	perm := granted{1: bothYes}
	g := newRig(t, config(5), perm)
	for i := range 30 {
		if i == 20 {
			delete(perm, 1)
		}
		g.push(look(face(1, known)))
	}
	g.flush()
	for i, o := range g.outs {
		// With picture 20, number 15 leaves: from then on nobody may.
		if clear := !o.touches(known); clear != (i < 15) {
			t.Errorf("picture %d: clear %v", i, clear)
		}
	}
}

func TestBackfilledPicturesStayMasked(t *testing.T) {
	g := newRig(t, config(8), granted{1: bothYes})
	for i := range 20 {
		s := look()
		if i >= 6 {
			s = look(face(1, known))
		}
		g.push(s)
	}
	g.flush()
	for i, o := range g.outs {
		if i < 6 && !o.covers(known) {
			t.Errorf("picture %d, before the first sighting, is open", i)
		}
		if i >= 6 && o.touches(known) {
			t.Errorf("picture %d is masked", i)
		}
	}
}

func TestADoubtAheadMasksAlready(t *testing.T) {
	g := newRig(t, config(8), granted{1: bothYes})
	for i := range 30 {
		s := look(face(1, known))
		if i == 20 {
			s = look(doubted(face(1, known)))
		}
		g.push(s)
	}
	for i := 13; i <= 20; i++ {
		if !g.outs[i].covers(known) {
			t.Errorf("picture %d is open, with a doubt %d pictures ahead", i, 20-i)
		}
	}
	if g.outs[5].touches(known) {
		t.Error("picture 5 is masked")
	}
}

func TestAMissMasksUntilTheNextSighting(t *testing.T) {
	g := newRig(t, config(6), granted{1: bothYes})
	for i := range 30 {
		s := redact.Sighting{}
		if i%3 == 0 && i != 12 {
			s = look(face(1, known))
		} else if i == 12 {
			s = look()
		}
		g.push(s)
	}
	g.flush()
	for i, o := range g.outs {
		if want := i > 9 && i < 15; o.covers(known) != want {
			t.Errorf("picture %d: covered %v, want %v", i, !want, want)
		}
	}
}

// TestCrossingPeopleNeverSwapMasks lets a permitted and an unknown face walk
// through each other while the tracker believes what it likes.
func TestCrossingPeopleNeverSwapMasks(t *testing.T) {
	a := walker{from: geom.Box{X0: 100, Y0: 100, X1: 140, Y1: 150}, vx: 300}
	b := walker{from: geom.Box{X0: 460, Y0: 104, X1: 500, Y1: 154}, vx: -300}
	for _, hold := range []int{0, 8} {
		g := newRig(t, config(hold), granted{1: bothYes})
		for i := range 30 {
			fa, fb := face(1, a.at(g.pts)), face(2, b.at(g.pts))
			if d := a.at(g.pts).Intersect(b.at(g.pts)); !d.Empty() {
				fa, fb = doubted(fa), doubted(fb)
			}
			s := redact.Sighting{}
			if i%2 == 0 {
				s = look(fa, fb)
			}
			g.push(s)
		}
		g.flush()
		clear := 0
		for i, o := range g.outs {
			if !o.covers(b.at(o.meta.PTS)) && (hold > 0 || i > 1) {
				t.Errorf("hold %d: picture %d shows the unknown face", hold, i)
			}
			if !o.touches(a.at(o.meta.PTS)) {
				clear++
			}
		}
		if clear < 5 {
			t.Errorf("hold %d: the permitted face was clear on %d pictures only", hold, clear)
		}
	}
}

func TestALostNumberThatReturnsIsDoubted(t *testing.T) {
	g := newRig(t, config(0), granted{1: bothYes})
	for i := range 20 {
		s := look(face(1, known))
		if i == 10 {
			s = look()
			s.Lost = []uint64{1}
		}
		g.push(s)
	}
	for i := 10; i < 20; i++ {
		if !g.outs[i].covers(known) {
			t.Errorf("picture %d is open", i)
		}
	}
}

func TestStaleSightingsGiveNoClearView(t *testing.T) {
	g := newRig(t, config(0), granted{1: bothYes})
	g.push(look(face(1, known)))
	for range 9 {
		g.push(redact.Sighting{})
	}
	for i, o := range g.outs {
		stale := o.meta.PTS > 300*time.Millisecond
		if o.covers(known) != stale {
			t.Errorf("picture %d, %v after the sighting: covered %v", i, o.meta.PTS, !stale)
		}
	}
}

func TestTheRulesMayDiffer(t *testing.T) {
	g := newRig(t, config(2), granted{1: {true, false}, 2: {false, true}})
	other := known.Shift(-200, 0)
	for range 10 {
		g.push(look(face(1, known), face(2, other)))
	}
	for i, o := range g.outs {
		if o.same {
			t.Fatalf("picture %d: one picture for two rules", i)
		}
		l := [4]float64{
			covered(o.live, o.w, known), covered(o.live, o.w, other),
			covered(o.record, o.w, known), covered(o.record, o.w, other),
		}
		if l != [4]float64{0, 1, 1, 0} {
			t.Errorf("picture %d: covered %v", i, l)
		}
		if o.stats.Clear != 1 || o.stats.ClearRecord != 1 || o.stats.AreaRecord == 0 {
			t.Errorf("picture %d: %+v", i, o.stats)
		}
	}
}

func TestWithoutRoomBothGetTheStricterMasks(t *testing.T) {
	g := newRig(t, config(0), granted{1: {true, false}, 2: bothYes})
	a, b, c := g.picture(), g.picture(), g.picture() // pool of 4: one is left
	other := known.Shift(-200, 0)
	g.push(look(face(1, known), face(2, other)))
	for _, r := range []interface{ Release() }{a, b, c} {
		r.Release()
	}
	o := g.outs[0]
	if !o.same || !o.covers(known) || o.stats.Clear != 1 {
		t.Errorf("same %v, covered %v, %+v", o.same, o.covers(known), o.stats)
	}
	if o.touches(other) {
		t.Error("what both rules allow is masked")
	}
}

func TestAClearFaceIsNotSparedFromOtherMasks(t *testing.T) {
	c := config(0)
	c.Privacy = []geom.Polygon{{{X: 300, Y: 100}, {X: 320, Y: 100}, {X: 320, Y: 150}, {X: 300, Y: 150}}}
	g := newRig(t, c, granted{1: bothYes})
	for range 3 {
		g.push(look(face(1, known)))
	}
	o := g.outs[2]
	if !o.covers(geom.Box{X0: 300, Y0: 100, X1: 320, Y1: 150}) {
		t.Error("the polygon gave way")
	}
	if o.touches(geom.Box{X0: 324, Y0: 100, X1: 340, Y1: 150}) {
		t.Error("beside the polygon the face is masked")
	}
}

func TestCoverageOfThePersonSparesThePermittedOne(t *testing.T) {
	c := config(0)
	c.Coverage = redact.CoverPerson
	g := newRig(t, c, granted{1: bothYes})
	for range 3 {
		g.push(look(face(1, known), person(5, geom.Box{X0: 260, Y0: 85, X1: 390, Y1: 355}),
			person(6, geom.Box{X0: 500, Y0: 85, X1: 600, Y1: 355})))
	}
	o := g.outs[2]
	if o.touches(geom.Box{X0: 260, Y0: 85, X1: 390, Y1: 355}) {
		t.Error("the permitted person is masked")
	}
	if !o.covers(geom.Box{X0: 500, Y0: 85, X1: 600, Y1: 355}) {
		t.Error("the other is open")
	}
}

// proves: INV-7
func TestEachRuleNeedsBothItsYes(t *testing.T) {
	perm := granted{1: {true, false}}
	g := newRig(t, config(4), perm)
	for i := range 20 {
		if i == 10 {
			perm[1] = bothYes // pictures 6 to 9 are held, seen under the first
		}
		g.push(look(face(1, known)))
	}
	for i, o := range g.outs {
		if covered(o.live, o.w, known) > 0 {
			t.Errorf("picture %d: masked live", i)
		}
		if got := covered(o.record, o.w, known) == 1; got != (i < 10) {
			t.Errorf("picture %d: masked in the record %v", i, got)
		}
	}
}

package redact_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

func (s shot) whole() bool {
	return s.liveFull && s.stats.FullMask && s.covers(geom.Box{X1: 640, Y1: 360})
}

func TestWhatCannotBeVouchedForIsMaskedWhole(t *testing.T) {
	nan := float32(math.NaN())
	many := make([]redact.Target, redact.MaxTracks+1)
	for i := range many {
		many[i] = face(uint64(i), steady.from)
	}
	for name, c := range map[string]struct {
		s    redact.Sighting
		want redact.Reason
	}{
		"fault":         {redact.Sighting{Faces: true, Fault: "late"}, redact.ReasonFault},
		"NaN box":       {look(face(1, geom.Box{X0: nan, X1: 10, Y1: 10})), redact.ReasonOutput},
		"infinite box":  {look(face(1, geom.Box{X1: float32(math.Inf(1)), Y1: 10})), redact.ReasonOutput},
		"inverted box":  {look(face(1, geom.Box{X0: 10, Y0: 10, X1: 5, Y1: 20})), redact.ReasonOutput},
		"NaN score":     {look(redact.Target{Box: steady.from, Score: nan}), redact.ReasonOutput},
		"unknown kind":  {look(redact.Target{Box: steady.from, Kind: 9}), redact.ReasonOutput},
		"NaN motion":    {redact.Sighting{Faces: true, Moving: []geom.Box{{X0: nan}}}, redact.ReasonOutput},
		"too many":      {look(many...), redact.ReasonOverflow},
		"covers it all": {look(person(1, geom.Box{X0: -400, Y0: -200, X1: 1400, Y1: 800})), redact.ReasonCovered},
	} {
		g := newRig(t, config(0), granted{1: {true, true}})
		g.push(look())
		g.push(c.s)
		g.push(look())
		if o := g.outs[1]; !o.whole() || o.stats.Reason != c.want {
			t.Errorf("%s: full %v, reason %q, want %q", name, o.whole(), o.stats.Reason, c.want)
		}
		if o := g.outs[0]; o.whole() {
			t.Errorf("%s: masks the picture before", name)
		}
		if c.want != redact.ReasonCovered && g.outs[2].whole() {
			t.Errorf("%s: masks the picture after, which was seen", name)
		}
	}
}

func TestTooManyTracksOverTime(t *testing.T) {
	g := newRig(t, config(0), nil)
	for i := range 3 {
		ts := make([]redact.Target, 200)
		for k := range ts {
			ts[k] = face(uint64(1000*i+k), geom.BoxAt(float32(3*k), 100, 10, 12))
		}
		g.push(look(ts...))
	}
	if o := g.outs[2]; o.stats.Reason != redact.ReasonOverflow || !o.whole() {
		t.Errorf("600 tracks in a tenth of a second: %+v", o.stats)
	}
}

func TestBlindnessMasksWhole(t *testing.T) {
	g := newRig(t, config(8), nil)
	for i := range 40 {
		s := redact.Sighting{}
		if i < 5 || i >= 30 {
			s = look()
		}
		g.push(s)
	}
	g.flush()
	for i, o := range g.outs {
		blind := i >= 15 && i < 30 // 400 ms after picture 4 is picture 14
		if o.whole() != blind || (o.stats.Reason == redact.ReasonBlind) != blind {
			t.Errorf("picture %d: full %v, reason %q", i, o.whole(), o.stats.Reason)
		}
	}
}

// A look at a part of the picture finds people there, and says nothing of the
// rest: it ends no blindness and puts none off.
func TestALookAtAPartVouchesForNothing(t *testing.T) {
	g := newRig(t, config(8), nil)
	for i := range 40 {
		s := redact.Sighting{}
		if i < 5 || i >= 30 {
			s = look()
		} else if i%3 == 0 {
			s = look(face(1, steady.from))
			s.Part = true
		}
		g.push(s)
	}
	g.flush()
	for i, o := range g.outs {
		if blind := i >= 15 && i < 30; o.whole() != blind {
			t.Errorf("picture %d: full %v, reason %q", i, o.whole(), o.stats.Reason)
		}
		if !o.covers(steady.from) && i >= 6 && i < 15 {
			t.Errorf("picture %d: who was found in the part is open", i)
		}
	}
}

// A clock that jumps ahead vouches for nothing: the pictures after it leave
// masked whole until somebody looks.
func TestAClockThatJumpsAheadMasksUntilTheNextLook(t *testing.T) {
	g := newRig(t, config(4), granted{1: {true, true}})
	for range 30 {
		g.push(look(face(1, steady.from)))
	}
	g.pts += 10 * time.Second
	g.push(redact.Sighting{})
	g.push(redact.Sighting{})
	g.push(look(face(1, steady.from)))
	g.flush()
	if n := len(g.outs); n != 33 {
		t.Fatalf("%d pictures left, want all 33", n)
	}
	if g.outs[20].stats.Clear != 1 {
		t.Error("the face was not clear before the jump")
	}
	for i := 30; i < 32; i++ {
		if o := g.outs[i]; !o.whole() {
			t.Errorf("picture %d after the jump leaves open: %+v", i, o.stats)
		}
	}
	if o := g.outs[32]; o.whole() {
		t.Errorf("the picture that was looked at again: %+v", o.stats)
	}
}

func TestPersonLooksAloneDoNotVouch(t *testing.T) {
	g := newRig(t, config(0), nil)
	g.push(redact.Sighting{Persons: true})
	if o := g.outs[0]; !o.whole() || o.stats.Reason != redact.ReasonStart {
		t.Errorf("%+v", o.stats)
	}
}

func TestNothingIsCarriedOverABreak(t *testing.T) {
	for name, change := range map[string]func(*rig){
		"epoch":          func(g *rig) { g.epoch++ },
		"size":           func(g *rig) { g.size = frame.Size{W: 320, H: 180} },
		"time back":      func(g *rig) { g.pts -= time.Second },
		"time repeated":  func(g *rig) { g.pts -= g.step },
		"end of stretch": func(g *rig) { g.red.Flush() },
	} {
		g := newRig(t, config(4), granted{1: {true, true}})
		for range 30 {
			g.push(look(face(1, steady.from)))
		}
		change(g)
		g.push(redact.Sighting{})
		if n := len(g.outs); n != 30 {
			t.Fatalf("%s: %d pictures of the old stretch left, want all 30", name, n)
		}
		g.push(look())
		g.push(redact.Sighting{})
		g.flush()
		first, second, third := g.outs[30].stats, g.outs[31].stats, g.outs[32].stats
		if !first.FullMask || first.Reason != redact.ReasonStart {
			t.Errorf("%s: the first unseen picture leaves open: %+v", name, first)
		}
		if second.FullMask || third.FullMask || second.Faces+third.Faces != 0 {
			t.Errorf("%s: afterwards: %+v, %+v", name, second, third)
		}
	}
}

func TestEveryPictureLeavesOnceInOrder(t *testing.T) {
	for _, hold := range []int{0, 1, 8, 50} {
		g := newRig(t, config(hold), nil)
		for i := range 120 {
			if i%37 == 36 {
				g.epoch++
			}
			g.push(look())
			if g.red.Held() > hold {
				t.Fatalf("hold %d: %d held", hold, g.red.Held())
			}
		}
		g.flush()
		if len(g.outs) != 120 {
			t.Fatalf("hold %d: %d left", hold, len(g.outs))
		}
		for i, o := range g.outs {
			if o.meta.Seq != uint64(i) || o.meta.Camera != "c" {
				t.Fatalf("hold %d: picture %d is %+v", hold, i, o.meta)
			}
		}
	}
}

func TestPushAlwaysTakesOwnership(t *testing.T) {
	g := newRig(t, config(0), nil)
	if err := g.red.Push(nil, look()); !errors.Is(err, redact.ErrNoPicture) {
		t.Errorf("nil: %v", err)
	}
	if err := g.red.Push(g.picture(), look()); err != nil {
		t.Fatal(err)
	}
	if err := g.red.Push(g.picture(), look()); !errors.Is(err, redact.ErrBacklog) {
		t.Errorf("without Pop: %v", err)
	}
	g.epoch++
	if err := g.red.Push(g.picture(), look()); err != nil {
		t.Fatal(err)
	}
	g.epoch++
	if err := g.red.Push(g.picture(), look()); !errors.Is(err, redact.ErrBacklog) {
		t.Errorf("third epoch without Pop: %v", err)
	}
	g.red.Close()
	if err := g.red.Push(g.picture(), look()); !errors.Is(err, redact.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if n := g.pool.Lent(); n != 0 {
		t.Errorf("%d pictures not given back", n)
	}
}

func TestASharedPictureIsCopiedBeforeItIsPainted(t *testing.T) {
	g := newRig(t, config(0), nil)
	raw := g.picture()
	other := raw.Retain()
	if err := g.red.Push(raw, look(face(1, steady.from))); err != nil {
		t.Fatal(err)
	}
	g.drain()
	p := other.Planes()
	for _, v := range p.Y[:p.W*p.H] {
		if v == solidY {
			t.Fatal("the other holder's picture was painted")
		}
	}
	other.Release()
	if !g.outs[0].covers(steady.from) {
		t.Error("the copy is not masked")
	}
}

func TestASharedPictureThatCannotBeCopiedDoesNotLeave(t *testing.T) {
	pool := frame.NewPool(1)
	defer pool.Close()
	red, err := redact.New(config(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pool.Get(frame.Size{W: 64, H: 48})
	if err != nil {
		t.Fatal(err)
	}
	other := raw.Retain()
	if err := red.Push(raw, look()); !errors.Is(err, redact.ErrShared) || !errors.Is(err, frame.ErrExhausted) {
		t.Errorf("push: %v", err)
	}
	if _, ok := red.Pop(); ok {
		t.Error("it left")
	}
	if _, err := redact.Full(other.Retain()); !errors.Is(err, redact.ErrShared) {
		t.Errorf("full: %v", err)
	}
	other.Release()
	if pool.Lent() != 0 {
		t.Error("not given back")
	}
}

// panicky fails when it is asked as a picture leaves.
type panicky struct{ calls int }

func (p *panicky) May(uint64, redact.Rule) bool {
	p.calls++
	if p.calls > 2 {
		panic("policy is broken")
	}
	return true
}

func TestAPanicInsideMasksWhole(t *testing.T) {
	g := newRig(t, config(0), &panicky{})
	g.push(look(face(1, steady.from)))
	if o := g.outs[0]; !o.whole() || o.stats.Reason != redact.ReasonInternal || o.stats.Clear != 0 {
		t.Errorf("%+v", o.stats)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*redact.Config){
		"style":      func(c *redact.Config) { c.Style = "blur" },
		"coverage":   func(c *redact.Config) { c.Coverage = "" },
		"hold":       func(c *redact.Config) { c.Hold = -1 },
		"long hold":  func(c *redact.Config) { c.Hold = redact.MaxHold + 1 },
		"margin":     func(c *redact.Config) { c.Margin = 0 },
		"NaN margin": func(c *redact.Config) { c.Margin = float32(math.NaN()) },
		"track hold": func(c *redact.Config) { c.TrackHold = 0 },
		"blind":      func(c *redact.Config) { c.MaxBlind = time.Hour },
		"polygon":    func(c *redact.Config) { c.Privacy = []geom.Polygon{{{X: 1}, {X: 2}}} },
		"NaN corner": func(c *redact.Config) {
			c.Privacy = []geom.Polygon{{{X: 1}, {X: 2}, {X: float32(math.NaN())}}}
		},
	} {
		c := redact.DefaultConfig()
		spoil(&c)
		if _, err := redact.New(c, nil); !errors.Is(err, redact.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := redact.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

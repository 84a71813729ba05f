package redact_test

import (
	"testing"
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// TestEachPartOfTheUnionCounts switches the parts off in turn: each takes
// masked area away, and none adds any.
func TestEachPartOfTheUnionCounts(t *testing.T) {
	whole := areas(t, redact.Ablation{})
	for name, cut := range map[string]redact.Ablation{
		"faces":       {NoFaces: true},
		"persons":     {NoPersons: true},
		"interpolate": {NoInterpolate: true},
		"extrapolate": {NoExtrapolate: true},
		"backfill":    {NoBackfill: true},
		"guard":       {NoGuard: true},
	} {
		less := 0
		for i, a := range areas(t, cut) {
			if name == "interpolate" { // an extrapolated place may be larger
				if a != whole[i] {
					less++
				}
				continue
			}
			if a > whole[i] && name != "faces" && name != "persons" {
				t.Errorf("without %s picture %d masks more: %v, %v", name, i, a, whole[i])
			}
			if a < whole[i] {
				less++
			}
		}
		if less == 0 {
			t.Errorf("switching off %s changes nothing", name)
		}
	}
}

// areas runs a scene that needs every part: a face seen late and then lost, a
// person without a face, and motion that nobody explains.
func areas(t *testing.T, cut redact.Ablation) []float32 {
	t.Helper()
	cfg := config(8)
	red, err := redact.NewForEvaluation(cfg, nil, cut)
	if err != nil {
		t.Fatal(err)
	}
	defer red.Close()
	pool := frame.NewPool(cfg.Hold + 2)
	defer pool.Close()
	var out []float32
	take := func() {
		for o, ok := red.Pop(); ok; o, ok = red.Pop() {
			out = append(out, o.Stats.Area)
			o.Release()
		}
	}
	for i := range 60 {
		raw, err := pool.Get(frame.Size{W: 640, H: 360})
		if err != nil {
			t.Fatal(err)
		}
		raw.Seq, raw.PTS = uint64(i), time.Duration(i)*40*time.Millisecond
		s := redact.Sighting{}
		if i%3 == 0 {
			s = look(person(9, geom.Box{X0: 400, Y0: 60, X1: 470, Y1: 300}))
			if i >= 12 && i < 30 {
				s.Targets = append(s.Targets, face(1, steady.at(raw.PTS)))
			}
			if i == 45 {
				s.Moving = []geom.Box{{X0: 200, Y0: 200, X1: 260, Y1: 340}}
			}
		}
		if err := red.Push(raw, s); err != nil {
			t.Fatal(err)
		}
		take()
	}
	red.Flush()
	take()
	return out
}

// TestSteadyStateAllocatesNothingOfThePicturesSize allows the one small header
// that sealing makes.
func TestSteadyStateAllocatesNothingOfThePicturesSize(t *testing.T) {
	for _, style := range []redact.Style{redact.StyleFrost, redact.StyleMosaic, redact.StyleSolid} {
		cfg := redact.DefaultConfig()
		cfg.Style = style
		red, err := redact.New(cfg, redact.Nobody{})
		if err != nil {
			t.Fatal(err)
		}
		pool := frame.NewPool(cfg.Hold + 2)
		i := 0
		s := look(crowd(0)...)
		one := func() {
			raw, err := pool.Get(frame.Size{W: 1280, H: 720})
			if err != nil {
				t.Fatal(err)
			}
			raw.Seq, raw.PTS = uint64(i), time.Duration(i)*40*time.Millisecond
			i++
			if err := red.Push(raw, s); err != nil {
				t.Fatal(err)
			}
			release(red)
		}
		for range 40 {
			one()
		}
		if n := testing.AllocsPerRun(30, one); n > 1 {
			t.Errorf("%s: %v allocations a picture, want the seal's only", style, n)
		}
		red.Close()
		pool.Close()
	}
}

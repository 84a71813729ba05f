package redact_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bystander/internal/geom"
	"bystander/redact"
)

// TestWeakTargetsOnlyAddMasks: whatever else is seen, the same pictures with
// weak faces besides are masked wherever they are without, and count no more
// faces.
func TestWeakTargetsOnlyAddMasks(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		type turn struct {
			faces, persons, weak bool
			moving               []geom.Box
			at, away             geom.Box
		}
		box := func(name string) geom.Box {
			return geom.BoxAt(rapid.Float32Range(60, 580).Draw(r, name+" x"), rapid.Float32Range(60, 300).Draw(r, name+" y"),
				rapid.Float32Range(16, 90).Draw(r, name+" w"), rapid.Float32Range(16, 90).Draw(r, name+" h"))
		}
		start := box("face")
		body := geom.Box{X0: start.X0 - 40, Y0: start.Y0 - 15, X1: start.X1 + 40, Y1: start.Y1 + 180}
		var turns []turn
		for i := range rapid.IntRange(4, 20).Draw(r, "pictures") {
			u := turn{
				faces: rapid.Bool().Draw(r, "face seen"), persons: rapid.Bool().Draw(r, "person seen"), weak: rapid.Bool().Draw(r, "weak seen"),
				at: start.Shift(float32(2*i), 0), away: start.Shift(rapid.Float32Range(-60, 60).Draw(r, "dx"), rapid.Float32Range(-60, 60).Draw(r, "dy")),
			}
			if rapid.Bool().Draw(r, "moves") {
				u.moving = []geom.Box{box("moving")}
			}
			turns = append(turns, u)
		}
		hold := rapid.IntRange(0, 8).Draw(r, "hold")
		play := func(weak bool) []shot {
			g := newRig(t, config(hold), nil)
			for i, u := range turns {
				s := look()
				s.Moving = u.moving
				if u.faces {
					s.Targets = append(s.Targets, face(1, u.at))
				}
				if u.persons {
					s.Targets = append(s.Targets, person(2, body))
				}
				if weak && u.weak {
					s.Targets = append(s.Targets, redact.Target{
						Track: 900 + uint64(i/3), Kind: redact.TargetFace, Box: u.away, Score: 0.12, Doubt: true, Weak: true,
					})
				}
				g.push(s)
			}
			g.flush()
			return g.outs
		}
		without, with := play(false), play(true)
		if len(without) != len(with) {
			r.Fatalf("%d pictures left, and %d with weak faces", len(without), len(with))
		}
		for i := range without {
			if a, b := without[i].stats.Faces, with[i].stats.Faces; a != b {
				r.Fatalf("picture %d: %d faces, %d with weak ones", i, a, b)
			}
			if at := opened(without[i], with[i]); at >= 0 {
				r.Fatalf("picture %d: a weak face opened %d, %d", i, at%with[i].w, at/with[i].w)
			}
		}
	})
}

// opened is the first sample masked in a and not in b, -1 if there is none.
func opened(a, b shot) int {
	for i := range a.live {
		if a.live[i] == solidY && b.live[i] != solidY {
			return i
		}
	}
	return -1
}

// TestAWeakFaceEndsNoOther: where a face was lost a weak one appears, and goes
// again at once; the lost one is held as if it had not been.
func TestAWeakFaceEndsNoOther(t *testing.T) {
	still := geom.Box{X0: 300, Y0: 100, X1: 330, Y1: 140}
	g := newRig(t, config(8), nil)
	for i := range 40 {
		s := look()
		switch {
		case i < 10:
			s = look(face(1, still))
		case i == 12:
			w := face(2, still)
			w.Score, w.Weak = 0.12, true
			s = look(w)
			s.Lost = []uint64{1}
		}
		g.push(s)
	}
	g.flush()
	for _, o := range g.outs {
		if d := o.meta.PTS - g.outs[9].meta.PTS; d > 0 && d <= 800*time.Millisecond && !o.covers(still) {
			t.Errorf("%v after its last sighting the face is open", d)
		}
	}
}

package redact_test

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// scene is what one picture of a property test is covered with.
type scene struct {
	size    frame.Size
	seq     uint64
	sight   redact.Sighting
	privacy []geom.Polygon
	cover   redact.Coverage
	perm    granted
}

func drawScene(t *rapid.T) scene {
	s := scene{
		size: frame.Size{
			W: rapid.IntRange(1, 260).Draw(t, "w"),
			H: rapid.IntRange(1, 200).Draw(t, "h"),
		},
		seq:   rapid.Uint64().Draw(t, "seq"),
		cover: rapid.SampledFrom([]redact.Coverage{redact.CoverHead, redact.CoverPerson}).Draw(t, "coverage"),
		perm:  granted{},
	}
	s.sight = redact.Sighting{Faces: true, Persons: true}
	for i := range rapid.IntRange(0, 6).Draw(t, "targets") {
		k := rapid.SampledFrom([]redact.TargetKind{redact.TargetFace, redact.TargetPerson}).Draw(t, "kind")
		s.sight.Targets = append(s.sight.Targets, redact.Target{
			Track: uint64(i), Kind: k, Box: drawBox(t, s.size), Score: 0.5,
		})
		s.perm[uint64(i)] = [2]bool{
			rapid.Bool().Draw(t, "live"), rapid.Bool().Draw(t, "record"),
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "moving") {
		s.sight.Moving = append(s.sight.Moving, drawBox(t, s.size))
	}
	for range rapid.IntRange(0, 2).Draw(t, "polygons") {
		var g geom.Polygon
		for range rapid.IntRange(3, 6).Draw(t, "corners") {
			g = append(g, geom.Point{
				X: rapid.Float32Range(-40, 300).Draw(t, "x"),
				Y: rapid.Float32Range(-40, 240).Draw(t, "y"),
			})
		}
		s.privacy = append(s.privacy, g)
	}
	return s
}

func drawBox(t *rapid.T, s frame.Size) geom.Box {
	return geom.BoxAt(
		rapid.Float32Range(-10, float32(s.W)+10).Draw(t, "cx"),
		rapid.Float32Range(-10, float32(s.H)+10).Draw(t, "cy"),
		rapid.Float32Range(0.5, 60).Draw(t, "bw"),
		rapid.Float32Range(0.5, 90).Draw(t, "bh"),
	)
}

// redactOnce covers one picture in a style and returns both results' samples.
func (s scene) redactOnce(t *rapid.T, style redact.Style, in []byte) (live, record []byte) {
	pool := frame.NewPool(2)
	defer pool.Close()
	cfg := redact.DefaultConfig()
	cfg.Style, cfg.Hold, cfg.Coverage, cfg.Privacy = style, 0, s.cover, s.privacy
	red, err := redact.New(cfg, s.perm)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pool.Get(s.size)
	if err != nil {
		t.Fatal(err)
	}
	raw.Planes().CopyFrom(frame.PlanesOver(in, s.size))
	raw.Seq, raw.PTS = s.seq, time.Second
	if err := red.Push(raw, s.sight); err != nil {
		t.Fatal(err)
	}
	o, ok := red.Pop()
	if !ok {
		t.Fatal("nothing left")
	}
	defer o.Release()
	return samples(o.Live), samples(o.Record)
}

func samples(r *frame.Redacted) []byte {
	out := make([]byte, r.Size().Bytes())
	frame.PlanesOver(out, r.Size()).CopyFrom(r.Planes())
	return out
}

// TestNoStyleDependsOnWhatItHides is INV-6: pictures that differ only beneath
// the masks leave bit-identical. Where the masks lie is found from the solid
// style, on pictures that hold no sample of its colour.
//
// proves: C-35, INV-6
func TestNoStyleDependsOnWhatItHides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		one := make([]byte, s.size.Bytes())
		scribble(frame.PlanesOver(one, s.size), rapid.Uint64().Draw(t, "one"))
		noise := make([]byte, s.size.Bytes())
		scribble(frame.PlanesOver(noise, s.size), rapid.Uint64().Draw(t, "two"))

		maskLive, maskRecord := s.redactOnce(t, redact.StyleSolid, one)
		for _, rule := range []redact.Rule{redact.RuleLive, redact.RuleRecord} {
			m := maskLive
			if rule == redact.RuleRecord {
				m = maskRecord
			}
			two := swapBeneath(s.size, m, one, noise)
			for _, style := range []redact.Style{redact.StyleFrost, redact.StyleMosaic, redact.StyleSolid} {
				a, aRec := s.redactOnce(t, style, one)
				b, bRec := s.redactOnce(t, style, two)
				if rule == redact.RuleRecord {
					a, b = aRec, bRec
				}
				if !bytes.Equal(a, b) {
					t.Fatalf("%v, rule %d: the output depends on what is hidden", style, rule)
				}
				keepsOutside(t, s.size, m, one, a)
			}
		}
	})
}

// swapBeneath returns one with every masked sample, chroma that belongs to any
// masked luma included, taken from other.
func swapBeneath(size frame.Size, mask, one, other []byte) []byte {
	out := bytes.Clone(one)
	o, n, m := frame.PlanesOver(out, size), frame.PlanesOver(other, size), frame.PlanesOver(mask, size)
	for y := range size.H {
		for x := range size.W {
			if m.Y[y*size.W+x] != solidY {
				continue
			}
			o.Y[y*o.StrideY+x] = n.Y[y*o.StrideY+x] ^ 0x55
			c := y/2*o.StrideC + x/2
			o.U[c], o.V[c] = n.U[c]^0x55, n.V[c]^0x55
		}
	}
	return out
}

// keepsOutside checks that no sample outside the mask was changed.
func keepsOutside(t *rapid.T, size frame.Size, mask, in, out []byte) {
	m, a, b := frame.PlanesOver(mask, size), frame.PlanesOver(in, size), frame.PlanesOver(out, size)
	for y := range size.H {
		for x := range size.W {
			i, c := y*size.W+x, y/2*a.StrideC+x/2
			if m.Y[i] == solidY {
				continue
			}
			if a.Y[i] != b.Y[i] || a.U[c] != b.U[c] || a.V[c] != b.V[c] {
				t.Fatalf("(%d,%d) lies outside the masks and was changed", x, y)
			}
		}
	}
}

// TestWhatIsSeenIsCovered: every target of a picture is covered on it, unless
// it is clear by right.
func TestWhatIsSeenIsCovered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.perm = granted{}
		in := make([]byte, s.size.Bytes())
		scribble(frame.PlanesOver(in, s.size), 1)
		out, _ := s.redactOnce(t, redact.StyleSolid, in)
		for _, g := range s.sight.Targets {
			if g.Kind == redact.TargetPerson && s.cover == redact.CoverHead {
				continue
			}
			if c := covered(out[:s.size.W*s.size.H], s.size.W, g.Box); c < 1 {
				t.Fatalf("%+v: only %.3f is covered", g, c)
			}
		}
		for y := range s.size.H {
			for x := range s.size.W {
				p := geom.Point{X: float32(x) + 0.5, Y: float32(y) + 0.5}
				for _, g := range s.privacy {
					if g.Contains(p) && out[y*s.size.W+x] != solidY {
						t.Fatalf("(%d,%d) lies in a privacy polygon and is open", x, y)
					}
				}
			}
		}
	})
}

// TestStraightWalksAreCoveredThroughout: seen on every k-th picture only, a
// target in straight motion is covered on all of them, from the first look on.
func TestStraightWalksAreCoveredThroughout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := rapid.IntRange(1, 6).Draw(t, "every")
		hold := rapid.IntRange(every, 30).Draw(t, "hold")
		size := frame.Size{W: 320, H: 180}
		h := rapid.Float32Range(8, 40).Draw(t, "height")
		w := walker{
			from: geom.BoxAt(rapid.Float32Range(20, 300).Draw(t, "x"),
				rapid.Float32Range(20, 160).Draw(t, "y"), h*0.8, h),
			vx: rapid.Float32Range(-6, 6).Draw(t, "vx") * h,
			vy: rapid.Float32Range(-2, 2).Draw(t, "vy") * h,
		}
		// Seen once only, nobody can know which way it goes.
		if w.at(time.Duration(every)*40*time.Millisecond).Clip(size.W, size.H).Empty() {
			t.Skip("gone before the second look")
		}
		pool := frame.NewPool(hold + 2)
		defer pool.Close()
		cfg := redact.DefaultConfig()
		cfg.Style, cfg.Hold = redact.StyleSolid, hold
		red, err := redact.New(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer red.Close()
		last := 6 * every
		check := func() {
			for o, ok := red.Pop(); ok; o, ok = red.Pop() {
				b := w.at(o.Meta.PTS)
				if c := covered(luma(o.Live), size.W, b); c < 1 {
					t.Errorf("picture %d at %v covers only %.3f of %v", o.Meta.Seq, o.Meta.PTS, c, b)
				}
				o.Release()
			}
		}
		for i := range last + 1 {
			raw, err := pool.Get(size)
			if err != nil {
				t.Fatal(err)
			}
			scribble(raw.Planes(), uint64(i))
			raw.Seq, raw.PTS = uint64(i), time.Duration(i)*40*time.Millisecond
			s := redact.Sighting{}
			if i%every == 0 {
				s = look()
				// A detector sees nothing of what lies outside the picture.
				if b := w.at(raw.PTS); !b.Clip(size.W, size.H).Empty() {
					s = look(face(1, b))
				}
			}
			if err := red.Push(raw, s); err != nil {
				t.Fatal(err)
			}
			check()
		}
		red.Flush()
		check()
	})
}

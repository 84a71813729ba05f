package foreground_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"bystander/detect"
	"bystander/detect/detecttest"
	"bystander/detect/foreground"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/testkit"
)

var size = frame.Size{W: 640, H: 360}

const tick = 40 * time.Millisecond

// stage draws synthetic pictures: a textured wall with sensor noise, light
// that changes, and a person in front of it.
type stage struct {
	r            *rand.Rand
	wall         []byte
	p            frame.Planes
	gain, offset float64
	noise        []int8
}

func newStage(seed uint64, s frame.Size) *stage {
	st := &stage{r: rand.New(rand.NewPCG(seed, 5)), gain: 1, p: detecttest.Picture(s, "grey")}
	st.wall = make([]byte, s.W*s.H)
	for y := range s.H {
		for x := range s.W {
			st.wall[y*s.W+x] = byte(60 + 100*x/s.W + (x/40+y/30)%2*25)
		}
	}
	st.noise = make([]int8, 1<<16)
	for i := range st.noise {
		st.noise[i] = int8(st.r.NormFloat64() * 4)
	}
	return st
}

// draw makes the next picture; the person is a box whose head is light and
// whose body is dark, empty for nobody.
func (s *stage) draw(person geom.Box) frame.Planes {
	k := s.r.IntN(len(s.noise))
	for y := range s.p.H {
		for x := range s.p.W {
			v := float64(s.wall[y*s.p.W+x])
			if fx, fy := float32(x), float32(y); fx >= person.X0 && fx < person.X1 && fy >= person.Y0 && fy < person.Y1 {
				v = 35 + float64((x/5+y/9)%3*12)
				if fy < person.Y0+person.H()/5 {
					v = 200
				}
			}
			k = (k + 1) & (1<<16 - 1)
			v = v*s.gain + s.offset + float64(s.noise[k])
			s.p.Y[y*s.p.StrideY+x] = byte(min(max(v, 16), 235))
		}
	}
	return s.p
}

func covered(b geom.Box, regions []geom.Box) float32 {
	hit, all := 0, 0
	for y := b.Y0 + 2; y < b.Y1; y += 4 {
		for x := b.X0 + 2; x < b.X1; x += 4 {
			all++
			for _, r := range regions {
				if x >= r.X0 && x < r.X1 && y >= r.Y0 && y < r.Y1 {
					hit++
					break
				}
			}
		}
	}
	return float32(hit) / float32(max(all, 1))
}

// run shows n pictures to a guard.
func run(g *foreground.Guard, s *stage, at *time.Duration, n int, where func(i int) geom.Box, see func(i int, r foreground.Result)) {
	for i := range n {
		r := g.Observe(s.draw(where(i)), *at)
		see(i, r)
		*at += tick
	}
}

func nobody(int) geom.Box { return geom.Box{} }

func TestEmptySceneIsQuiet(t *testing.T) {
	g, s, at := foreground.New(foreground.Options{}), newStage(1, size), time.Duration(0)
	run(g, s, &at, 150, nobody, func(i int, r foreground.Result) {
		if r.Cut != (i == 0) {
			t.Errorf("picture %d: cut %v", i, r.Cut)
		}
		if r.Warming != (i < 25) {
			t.Errorf("picture %d: warming %v", i, r.Warming)
		}
		if len(r.Regions) > 0 {
			t.Errorf("picture %d: nobody is there, regions %v", i, r.Regions)
		}
	})
}

func TestWalkerIsCovered(t *testing.T) {
	g, s, at := foreground.New(foreground.Options{}), newStage(2, size), time.Duration(0)
	run(g, s, &at, 40, nobody, func(int, foreground.Result) {})
	walker := func(i int) geom.Box { return geom.BoxAt(40+4*float32(i), 200, 40, 120) }
	var least, sum float32 = 1, 0
	run(g, s, &at, 130, walker, func(i int, r foreground.Result) {
		b := walker(i).Clip(size.W, size.H)
		c := covered(b, r.Regions)
		least = min(least, c)
		var area float32
		for _, q := range r.Regions {
			area += q.Area()
			if q.Intersect(b.Scale(1.6)).Empty() {
				t.Errorf("picture %d: region %v where nobody is", i, q)
			}
		}
		sum += area / b.Area()
	})
	if least < 0.95 {
		t.Errorf("in some picture only %.2f of the walker is covered", least)
	}
	if mean := sum / 130; mean > 2 {
		t.Errorf("regions take %.2f times the walker's area", mean)
	}
	run(g, s, &at, 30, nobody, func(i int, r foreground.Result) {
		if i > 2 && len(r.Regions) > 0 {
			t.Errorf("%d pictures after the walker left: %v", i, r.Regions)
		}
	})
}

func TestWaitingPersonStaysForeground(t *testing.T) {
	g := foreground.New(foreground.Options{Absorb: 3 * time.Second})
	s, at := newStage(3, size), time.Duration(0)
	run(g, s, &at, 40, nobody, func(int, foreground.Result) {})
	still := func(int) geom.Box { return geom.BoxAt(300, 200, 48, 128) }
	run(g, s, &at, 70, still, func(i int, r foreground.Result) {
		if c := covered(still(i), r.Regions); c < 0.95 {
			t.Errorf("picture %d of standing still: %.2f covered", i, c)
		}
	})
	run(g, s, &at, 30, still, func(int, foreground.Result) {})
	run(g, s, &at, 1, still, func(_ int, r foreground.Result) {
		if len(r.Regions) > 0 {
			t.Errorf("after Absorb it still counts as foreground: %v", r.Regions)
		}
	})
	// Who was absorbed and walks away leaves no ghost.
	run(g, s, &at, 10, nobody, func(i int, r foreground.Result) {
		if i > 1 && len(r.Regions) > 0 {
			t.Errorf("%d pictures after they left: %v", i, r.Regions)
		}
	})
	run(g, s, &at, 5, still, func(i int, r foreground.Result) {
		if c := covered(still(i), r.Regions); c < 0.95 {
			t.Errorf("back again: %.2f covered", c)
		}
	})
}

func TestLight(t *testing.T) {
	for name, change := range map[string]func(i int, s *stage){
		"gain drifts":    func(i int, s *stage) { s.gain = 1 + 0.004*float64(min(i, 60)) },
		"gain jumps":     func(i int, s *stage) { s.gain = 1.25 },
		"darker at once": func(i int, s *stage) { s.offset = -25 },
	} {
		t.Run(name, func(t *testing.T) {
			g, s, at := foreground.New(foreground.Options{}), newStage(4, size), time.Duration(0)
			run(g, s, &at, 60, nobody, func(int, foreground.Result) {})
			var area, most float32
			walker := func(i int) geom.Box { return geom.BoxAt(60+4*float32(i), 200, 40, 120) }
			least := float32(1)
			for i := range 120 {
				change(i, s)
				r := g.Observe(s.draw(walker(i)), at)
				at += tick
				if r.Other {
					t.Errorf("picture %d: a change of light passes for another scene", i)
				}
				area = 0
				for _, q := range r.Regions {
					area += q.Area()
				}
				most = max(most, area/float32(size.W*size.H))
				if !r.Cut {
					least = min(least, covered(walker(i), r.Regions))
				}
			}
			if most > 0.06 {
				t.Errorf("up to %.3f of the picture in regions; the walker takes 0.02", most)
			}
			if least < 0.9 {
				t.Errorf("only %.2f of the walker covered while the light changes", least)
			}
		})
	}
}

func TestCut(t *testing.T) {
	g, s, at := foreground.New(foreground.Options{}), newStage(5, size), time.Duration(0)
	run(g, s, &at, 40, nobody, func(int, foreground.Result) {})
	for i := range s.wall {
		s.wall[i] = byte(40 + i*7919%170/10*10)
	}
	for y := range size.H {
		for x := range size.W {
			s.wall[y*size.W+x] = byte(40 + (x/50*71+y/50*131)%170)
		}
	}
	run(g, s, &at, 60, nobody, func(i int, r foreground.Result) {
		if r.Cut != (i == 0) || r.Other != (i == 0) || (i < 20 && !r.Warming) || len(r.Regions) > 0 {
			t.Errorf("picture %d after the cut: %+v", i, r)
		}
	})
	// The clock goes back, stands for long, or the size changes: a new start.
	at -= time.Second
	for name, next := range map[string]func() foreground.Result{
		"clock back": func() foreground.Result { return g.Observe(s.draw(geom.Box{}), at) },
		"long gap":   func() foreground.Result { return g.Observe(s.draw(geom.Box{}), at+time.Minute) },
		"other size": func() foreground.Result {
			return g.Observe(detecttest.Picture(frame.Size{W: 321, H: 241}, "grey"), at+time.Minute)
		},
	} {
		if r := next(); !r.Cut || !r.Warming {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Nobody may lose their mask because a flash or a broken picture looks like a
// cut.
func TestFlashIsNoOtherScene(t *testing.T) {
	g, s, at := foreground.New(foreground.Options{}), newStage(8, size), time.Duration(0)
	run(g, s, &at, 40, nobody, func(int, foreground.Result) {})
	for i := range 12 {
		s.gain, s.offset = 1, 0
		p := s.draw(geom.Box{})
		switch i {
		case 3:
			s.gain, s.offset = 1.4, 60
			p = s.draw(geom.Box{})
		case 7:
			p = detecttest.Picture(size, "grey")
		}
		if r := g.Observe(p, at); r.Other {
			t.Errorf("picture %d passes for another scene", i)
		}
		at += tick
	}
}

func TestUnreadablePicture(t *testing.T) {
	g := foreground.New(foreground.Options{})
	p := detecttest.Picture(size, "grey")
	p.Y = p.Y[:100]
	for _, p := range []frame.Planes{p, {}} {
		r := g.Observe(p, 0)
		if !r.Warming || !r.Cut || r.Motion != 1 || len(r.Regions) != 1 || r.Regions[0].Clip(p.W, p.H).Area() != float32(p.W*p.H) {
			t.Errorf("a picture that cannot be read must move everywhere: %+v", r)
		}
	}
	for _, s := range detecttest.Sizes {
		for i := range 3 {
			for _, b := range g.Observe(detecttest.Picture(s, "noise"), time.Duration(i)*tick).Regions {
				if b != b.Clip(s.W, s.H) || b.Empty() {
					t.Errorf("%v: region %v", s, b)
				}
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	g, s, at := foreground.New(foreground.Options{}), newStage(6, size), time.Duration(0)
	walker := func(i int) geom.Box { return geom.BoxAt(40+4*float32(i), 200, 40, 120) }
	run(g, s, &at, 60, walker, func(int, foreground.Result) {})
	if n := testing.AllocsPerRun(50, func() { at += tick; g.Observe(s.p, at) }); n > 0 {
		t.Errorf("%v allocations a picture", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	hd := frame.Size{W: 1280, H: 720}
	s := newStage(7, hd)
	empty := frame.PlanesOver(make([]byte, hd.Bytes()), hd)
	empty.CopyFrom(s.draw(geom.Box{}))
	busy := s.draw(geom.BoxAt(600, 400, 200, 500))
	g := foreground.New(foreground.Options{})
	at := time.Duration(0)
	for range 40 {
		g.Observe(empty, at)
		at += tick
	}
	b.ReportAllocs()
	cpu := detecttest.CPU(b)
	for b.Loop() {
		g.Observe(busy, at)
		at += time.Microsecond
	}
	cpu()
}

// On real cameras the regions cover most of the persons that YOLOX finds
// moving, and little of stretches where nobody is.
func TestRealVideo(t *testing.T) {
	d := persons(t)
	for _, v := range []struct {
		path   string
		size   frame.Size
		every  time.Duration
		looks  int // YOLOX looks in every k-th picture
		cover  float32
		misses float32
	}{
		{testkit.Shared(t) + "/data/videos/one-by-one.mp4", frame.Size{W: 768, H: 432}, 100 * time.Millisecond, 20, 0.6, 0.2},
		{"/usr/share/doc/opencv-doc/examples/data/vtest.avi", frame.Size{W: 768, H: 576}, 100 * time.Millisecond, 20, 0.6, 0.2},
	} {
		g := foreground.New(foreground.Options{})
		var sum, area float32
		var idle float32
		n, missed, quiet, pictures := 0, 0, 0, 0
		detecttest.Video(t, v.path, v.size, 1, func(i int, p frame.Planes) bool {
			r := g.Observe(p, time.Duration(i)*v.every)
			if r.Warming {
				return true
			}
			pictures++
			var part float32
			for _, q := range r.Regions {
				part += q.Area() / float32(v.size.W*v.size.H)
			}
			area += part
			if i%v.looks != 0 {
				return true
			}
			seen, err := d.DetectPersons(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range seen {
				if b.Score < 0.5 {
					continue
				}
				c := covered(b.Box, r.Regions)
				n, sum = n+1, sum+c
				if c < 0.2 {
					missed++
				}
			}
			if len(seen) == 0 {
				quiet++
				idle += part
			}
			return true
		})
		if n == 0 {
			t.Fatalf("%s: no persons found", v.path)
		}
		t.Logf("%s: %d persons, mean %.2f covered, %.2f of them not seen to move; regions take %.3f of the picture, %.3f where no person is found (%d looks)",
			v.path, n, sum/float32(n), float32(missed)/float32(n), area/float32(pictures), idle/float32(max(quiet, 1)), quiet)
		if c := sum / float32(n); c < v.cover {
			t.Errorf("%s: %.2f of the persons covered, want %.2f", v.path, c, v.cover)
		}
		if m := float32(missed) / float32(n); m > v.misses {
			t.Errorf("%s: %.2f of the persons not seen, want at most %.2f", v.path, m, v.misses)
		}
	}
}

func persons(t *testing.T) detect.PersonDetector {
	t.Helper()
	rt, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := models.Open(models.Options{CacheDir: t.TempDir(), Mirrors: []string{testkit.Shared(t) + "/models"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	b, i, err := s.Load(t.Context(), "yolox-nano")
	if err != nil {
		t.Fatal(err)
	}
	d, err := onnx.NewYOLOX(rt, onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

package track_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"bystander/detect"
	"bystander/detect/track"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

var picture = frame.Size{W: 1280, H: 720}

// walker is a person in the synthetic world: a face of a size at a place,
// moving with a velocity in pixels a second.
type walker struct {
	x, y, vx, vy, h float32
	from, to        time.Duration // in the picture
	hidden          func(at time.Duration) bool
}

func (w walker) box(at time.Duration) geom.Box {
	s := float32(at.Seconds())
	return geom.BoxAt(w.x+w.vx*s, w.y+w.vy*s, w.h*0.8, w.h)
}

func (w walker) there(at time.Duration) bool {
	b := w.box(at)
	return at >= w.from && (w.to == 0 || at < w.to) && b.Clip(picture.W, picture.H) == b
}

// world makes detections of walkers with noise, misses and false hits.
type world struct {
	r       *rand.Rand
	walkers []walker
	miss    float64 // probability
	jitter  float64 // standard deviation in parts of the height
	false_  float64 // false detections a look
	weak    float64 // scores lie this far down from 0.95
}

func (w world) look(at time.Duration) (faces []detect.Face, truth map[int]geom.Box) {
	truth = map[int]geom.Box{}
	for i, p := range w.walkers {
		if !p.there(at) {
			continue
		}
		b := p.box(at)
		if p.hidden != nil && p.hidden(at) {
			continue
		}
		truth[i] = b
		if w.r.Float64() < w.miss {
			continue
		}
		n := func() float32 { return float32(w.r.NormFloat64() * w.jitter * float64(p.h)) }
		score := float32(0.95 - w.weak*w.r.Float64())
		faces = append(faces, detect.Face{Box: geom.BoxAt(b.Centre().X+n(), b.Centre().Y+n(), b.W()+n(), b.H()+n()), Score: score})
	}
	for w.r.Float64() < w.false_ {
		faces = append(faces, detect.Face{
			Score: 0.3 + 0.2*w.r.Float32(),
			Box:   geom.BoxAt(1200*w.r.Float32()+40, 640*w.r.Float32()+40, 30, 40),
		})
	}
	w.r.Shuffle(len(faces), func(i, j int) { faces[i], faces[j] = faces[j], faces[i] })
	return faces, truth
}

// follow runs a world and counts how often a walker's id changes, and how many
// times one identity (id and generation) served two walkers.
type outcome struct {
	looks, sightings, matched, switches, stolen, doubted int
}

func follow(t *testing.T, w world, step func(i int) time.Duration, looks int) outcome {
	t.Helper()
	type identity struct {
		id  uint64
		gen uint32
	}
	tr := track.New(track.Options{Size: picture})
	var o outcome
	owner := map[identity]int{}
	was := map[int]uint64{}
	at := time.Duration(0)
	for i := range looks {
		faces, truth := w.look(at)
		r := tr.UpdateFaces(at, faces)
		if r.Fault != "" {
			t.Fatalf("fault: %s", r.Fault)
		}
		o.looks++
		for who, b := range truth {
			o.sightings++
			best, iou := track.Track{}, float32(0.4)
			for _, tk := range r.Tracks {
				if v := tk.Box.IoU(b); tk.Observed && v > iou {
					best, iou = tk, v
				}
			}
			if best.ID == 0 {
				continue
			}
			o.matched++
			if best.Doubt {
				// A matcher that identifies at each look; doubts are counted once.
				o.doubted++
				tr.Resolve(best.ID, best.Generation)
			}
			if old := was[who]; old != 0 && old != best.ID {
				o.switches++
			}
			was[who] = best.ID
			if best.Ambiguous || closeBy(truth, who) {
				continue
			}
			key := identity{best.ID, best.Generation}
			if other, ok := owner[key]; ok && other != who {
				if testing.Verbose() {
					t.Logf("at %v: track %d of walker %d (now at %v) shows walker %d at %v: %+v", at, best.ID, other, w.walkers[other].box(at), who, b, best)
				}
				o.stolen++
			}
			owner[key] = who
		}
		at += step(i)
	}
	return o
}

// closeBy reports whether another walker stands so close that it cannot be
// said whom a single box shows.
func closeBy(truth map[int]geom.Box, who int) bool {
	for other, b := range truth {
		if other != who && b.IoU(truth[who]) > 0.3 {
			return true
		}
	}
	return false
}

func every(d time.Duration) func(int) time.Duration {
	return func(int) time.Duration { return d }
}

// crowd is n people walking across at their own speeds and heights, so that
// their faces cross and cover each other.
func crowd(r *rand.Rand, n int) []walker {
	ws := make([]walker, n)
	for i := range ws {
		w := walker{h: 30 + 40*r.Float32(), y: 150 + 300*r.Float32(), vy: 20 * (r.Float32() - 0.5)}
		w.from = time.Duration(r.Float64() * 3 * float64(time.Second))
		w.vx = 60 + 120*r.Float32()
		w.x = 40 - w.vx*float32(w.from.Seconds())
		if i%2 == 1 {
			w.x, w.vx = 1240+w.vx*float32(w.from.Seconds()), -w.vx
		}
		ws[i] = w
	}
	return ws
}

// The safety of every clear view rests on this: whatever crosses, one id under
// one generation is one person.
func TestIdentityNeverServesTwo(t *testing.T) {
	var sum outcome
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := world{r: r, walkers: crowd(r, 6), miss: 0.15, jitter: 0.04, false_: 0.1, weak: 0.5}
		irregular := func(int) time.Duration { return time.Duration(40+r.IntN(160)) * time.Millisecond }
		o := follow(t, w, irregular, 80)
		if o.stolen > 0 {
			t.Errorf("seed %d: %d times an identity passed to somebody else without doubt", seed, o.stolen)
		}
		sum.sightings += o.sightings
		sum.matched += o.matched
		sum.switches += o.switches
		sum.doubted += o.doubted
	}
	t.Logf("%d sightings of crossing people: %d followed, %d id switches, %d in doubt",
		sum.sightings, sum.matched, sum.switches, sum.doubted)
	if sum.matched < sum.sightings*7/10 {
		t.Errorf("only %d of %d sightings are followed", sum.matched, sum.sightings)
	}
	if sum.switches > sum.sightings/100 {
		t.Errorf("%d id switches in %d sightings, want at most 1 %%", sum.switches, sum.sightings)
	}
}

// People who keep apart are never in doubt and keep their ids, at any rate of
// looks that a loaded machine falls to.
func TestStableIDs(t *testing.T) {
	for _, step := range []time.Duration{33, 40, 80, 120, 200} {
		t.Run(fmt.Sprint(step*time.Millisecond), func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, uint64(step)))
			var ws []walker
			for i := range 5 {
				ws = append(ws, walker{x: 60, y: float32(90 + 120*i), h: 50, vx: float32(30 + 40*i)})
			}
			looks := int(5 * time.Second / (step * time.Millisecond))
			o := follow(t, world{r: r, walkers: ws, miss: 0.1, jitter: 0.03, weak: 0.4}, every(step*time.Millisecond), looks)
			doubts := o.sightings / 20
			if step == 200 {
				// One miss leaves 400 ms unseen, which voids an identity by design.
				doubts = o.sightings / 5
			}
			if o.switches > 0 || o.stolen > 0 || o.doubted > doubts {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestCrossingRaisesDoubt(t *testing.T) {
	tr := track.New(track.Options{Size: picture})
	a := walker{x: 200, y: 300, vx: 150, h: 50}
	b := walker{x: 800, y: 305, vx: -150, h: 50}
	start := map[uint64]uint32{}
	overlapped := false
	var last track.Result
	for at := time.Duration(0); at < 4*time.Second; at += 80 * time.Millisecond {
		fa, fb := a.box(at), b.box(at)
		last = tr.UpdateFaces(at, []detect.Face{{Box: fa, Score: 0.9}, {Box: fb, Score: 0.9}})
		overlap := fa.IoU(fb) > 0.2
		for _, tk := range last.Tracks {
			if at == 0 {
				start[tk.ID] = tk.Generation
			}
			switch {
			case overlap && !tk.Ambiguous:
				t.Errorf("%v: track %d overlaps another and is not ambiguous", at, tk.ID)
			case overlap && tr.Resolve(tk.ID, tk.Generation):
				t.Errorf("%v: doubt was settled while faces overlap", at)
			case overlapped && !overlap && !tk.Doubt:
				t.Errorf("%v: doubt ended by itself", at)
			case !overlapped && at < time.Second && tk.Doubt:
				t.Errorf("%v: doubt while far apart", at)
			}
		}
		overlapped = overlapped || overlap
	}
	if len(last.Tracks) != 2 {
		t.Fatalf("%d tracks at the end", len(last.Tracks))
	}
	for _, tk := range last.Tracks {
		if tk.Generation == start[tk.ID] {
			t.Errorf("track %d kept its generation through a crossing", tk.ID)
		}
		if tr.Resolve(tk.ID, start[tk.ID]) {
			t.Errorf("track %d: an identification of the old generation settled the doubt", tk.ID)
		}
		if !tr.Resolve(tk.ID, tk.Generation) {
			t.Errorf("track %d: a fresh identification does not settle the doubt", tk.ID)
		}
	}
	for _, tk := range tr.Predict(4 * time.Second).Tracks {
		if tk.Doubt {
			t.Errorf("track %d is still in doubt after a fresh identification", tk.ID)
		}
	}
}

func face(x, y, h, score float32) detect.Face {
	return detect.Face{Box: geom.BoxAt(x, y, h*0.8, h), Score: score}
}

func TestHoldThroughMisses(t *testing.T) {
	tr := track.New(track.Options{Size: picture})
	at := time.Duration(0)
	step := 100 * time.Millisecond
	for i := range 10 {
		tr.UpdateFaces(at, []detect.Face{face(300+20*float32(i), 300, 50, 0.8)})
		at += step
	}
	gen := tr.Predict(at).Tracks[0].Generation
	for i := range 5 {
		r := tr.UpdateFaces(at, nil)
		if len(r.Tracks) != 1 || r.Tracks[0].ID != 1 || r.Tracks[0].Observed {
			t.Fatalf("miss %d: %+v", i, r)
		}
		if c := r.Tracks[0].Box.Centre(); c.X < 480 {
			t.Errorf("miss %d: the box stands still at %v", i, c)
		}
		at += step
	}
	r := tr.UpdateFaces(at, []detect.Face{face(600, 300, 50, 0.8)})
	if len(r.Tracks) != 1 || r.Tracks[0].ID != 1 {
		t.Fatalf("after the gap: %+v", r.Tracks)
	}
	if !r.Tracks[0].Doubt || r.Tracks[0].Generation == gen {
		t.Error("a track found again after 0.6 s is beyond doubt; somebody else may have come")
	}
	for range 11 {
		at += step
		r = tr.UpdateFaces(at, nil)
	}
	if len(r.Tracks) != 0 || len(r.Lost) != 1 || r.Lost[0] != 1 {
		t.Errorf("after 1.1 s unseen: %+v", r)
	}
}

func TestWeakDetections(t *testing.T) {
	tr := track.New(track.Options{Size: picture})
	r := tr.UpdateFaces(0, []detect.Face{face(300, 300, 50, 0.31)})
	if len(r.Tracks) != 1 || r.Tracks[0].Confirmed {
		t.Fatalf("a weak detection must show at once, unconfirmed: %+v", r.Tracks)
	}
	if r = tr.UpdateFaces(40*time.Millisecond, nil); len(r.Tracks) != 0 || len(r.Lost) != 1 {
		t.Errorf("a weak detection that does not come back stays: %+v", r)
	}
	tr.UpdateFaces(80*time.Millisecond, []detect.Face{face(300, 300, 50, 0.31)})
	r = tr.UpdateFaces(120*time.Millisecond, []detect.Face{face(301, 300, 50, 0.31)})
	if len(r.Tracks) != 1 || !r.Tracks[0].Confirmed {
		t.Errorf("two weak detections in a row: %+v", r.Tracks)
	}
	// A weak one continues what a sure one began.
	r = tr.UpdateFaces(160*time.Millisecond, []detect.Face{face(302, 300, 50, 0.35)})
	if len(r.Tracks) != 1 || !r.Tracks[0].Observed {
		t.Errorf("a weak detection does not continue a track: %+v", r.Tracks)
	}
}

func TestLeavesPicture(t *testing.T) {
	tr := track.New(track.Options{Size: picture})
	at := time.Duration(0)
	for x := float32(1100); x < 1260; x += 30 {
		tr.UpdateFaces(at, []detect.Face{face(x, 300, 50, 0.8)})
		at += 100 * time.Millisecond
	}
	r := track.Result{}
	n := 0
	for ; n < 10; n++ {
		if r = tr.UpdateFaces(at, nil); len(r.Lost) > 0 {
			break
		}
		at += 100 * time.Millisecond
	}
	if n == 0 || n > 4 {
		t.Errorf("somebody walking out at 300 px/s is lost after %d looks, want within 4 and not at once", n)
	}
}

func TestFaceStaysWithPerson(t *testing.T) {
	tr := track.New(track.Options{Size: picture})
	person := func(x float32) []detect.Person {
		return []detect.Person{{Box: geom.Box{X0: x - 60, Y0: 200, X1: x + 60, Y1: 600}, Score: 0.8}}
	}
	var first, r track.Result
	at := time.Duration(0)
	x := float32(300)
	for range 5 {
		first = tr.Update(at, []detect.Face{face(x, 240, 60, 0.9)}, person(x))
		at, x = at+100*time.Millisecond, x+10
	}
	f, p := first.Tracks[0], first.Tracks[1]
	if f.Kind != track.Face || f.Partner != p.ID || p.Partner != f.ID || f.Human != p.Human {
		t.Fatalf("face and person are not joined: %+v %+v", f, p)
	}
	human := f.Human
	// The face turns away for 2 s while the person walks on.
	for range 20 {
		r = tr.Update(at, nil, person(x))
		at, x = at+100*time.Millisecond, x+10
	}
	if len(r.Tracks) != 2 {
		t.Fatalf("a face turned away is lost while its person is seen: %+v", r)
	}
	if c := r.Tracks[0].Box.Centre(); math.Abs(float64(c.X-(x-10))) > 15 {
		t.Errorf("the face's place is %v, the person's centre %v", c.X, x-10)
	}
	for range 20 {
		r = tr.Update(at, nil, person(x))
		at, x = at+100*time.Millisecond, x+10
	}
	if len(r.Tracks) != 1 || r.Tracks[0].Partner != 0 {
		t.Fatalf("a face unseen for 4 s is still there: %+v", r.Tracks)
	}
	for range 2 {
		r = tr.Update(at, []detect.Face{face(x, 240, 60, 0.9)}, person(x))
		at, x = at+100*time.Millisecond, x+10
	}
	if len(r.Tracks) != 2 || r.Tracks[0].ID == f.ID || r.Tracks[0].Human != human {
		t.Errorf("the next face of person %d: %+v", human, r.Tracks)
	}
}

func TestFaults(t *testing.T) {
	nan := float32(math.NaN())
	for name, faces := range map[string][]detect.Face{
		"NaN box":    {{Box: geom.Box{X0: nan, Y0: 1, X1: 2, Y1: 3}, Score: 1}},
		"NaN score":  {{Box: geom.Box{X0: 1, Y0: 1, X1: 20, Y1: 30}, Score: nan}},
		"infinite":   {{Box: geom.Box{X0: 1, Y0: 1, X1: float32(math.Inf(1)), Y1: 3}, Score: 1}},
		"empty":      {{Score: 1}},
		"inside out": {{Box: geom.Box{X0: 10, Y0: 10, X1: 5, Y1: 20}, Score: 1}},
		"too many":   make([]detect.Face, 1000),
	} {
		if name == "too many" {
			for i := range faces {
				faces[i] = face(float32(20+i%40*30), float32(20+i/40*30), 20, 0.9)
			}
		}
		if r := track.New(track.Options{}).UpdateFaces(0, faces); r.Fault == "" {
			t.Errorf("%s: no fault", name)
		}
	}
	tr := track.New(track.Options{})
	tr.UpdateFaces(time.Second, []detect.Face{face(100, 100, 50, 0.9)})
	r := tr.UpdateFaces(time.Second/2, []detect.Face{face(100, 100, 50, 0.9)})
	if r.Fault == "" || len(r.Lost) != 1 || r.Tracks[0].ID == r.Lost[0] {
		t.Errorf("clock went backwards: %+v", r)
	}
	r = tr.UpdateFaces(10*time.Second, nil)
	if len(r.Tracks) != 0 || len(r.Lost) != 1 {
		t.Errorf("after a gap of 9.5 s: %+v", r)
	}
}

func TestDeterministic(t *testing.T) {
	run := func() (all []track.Track) {
		r := rand.New(rand.NewPCG(3, 3))
		w := world{r: r, walkers: crowd(r, 8), miss: 0.2, jitter: 0.05, false_: 0.3, weak: 0.6}
		tr := track.New(track.Options{Size: picture})
		for at := time.Duration(0); at < 6*time.Second; at += 120 * time.Millisecond {
			faces, _ := w.look(at)
			all = append(all, tr.UpdateFaces(at, faces).Tracks...)
		}
		return all
	}
	if a, b := run(), run(); !reflect.DeepEqual(a, b) {
		t.Error("the same looks give different tracks")
	}
}

// looks replays recorded looks again and again, later each time.
func looks(n int) [][]detect.Face {
	r := rand.New(rand.NewPCG(9, 9))
	w := world{r: r, walkers: crowd(r, n), miss: 0.1, jitter: 0.03, false_: 0.2, weak: 0.5}
	var all [][]detect.Face
	for at := time.Duration(0); at < 6*time.Second; at += 80 * time.Millisecond {
		f, _ := w.look(at)
		all = append(all, f)
	}
	return all
}

func TestNoAllocation(t *testing.T) {
	all := looks(12)
	tr := track.New(track.Options{Size: picture})
	at, i := time.Duration(0), 0
	next := func() {
		tr.UpdateFaces(at, all[i%len(all)])
		tr.Predict(at + 40*time.Millisecond)
		at, i = at+80*time.Millisecond, i+1
	}
	for range 3 * len(all) {
		next()
	}
	if n := testing.AllocsPerRun(200, next); n > 0 {
		t.Errorf("%v allocations a look in steady state", n)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{4, 12, 40} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			all := looks(n)
			tr := track.New(track.Options{Size: picture})
			b.ReportAllocs()
			at := time.Duration(0)
			for i := 0; b.Loop(); i++ {
				tr.UpdateFaces(at, all[i%len(all)])
				at += 80 * time.Millisecond
			}
		})
	}
}

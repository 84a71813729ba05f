package app

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/detect"
	"bystander/eval/leak"
	"bystander/ingest"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/testkit"
	"bystander/redact"
)

// judgeRig is a self-check of one camera with a clock that the test turns.
type judgeRig struct {
	t      *testing.T
	check  *selfCheck
	camera *cameraCheck
	pool   *frame.Pool

	mu     sync.Mutex
	clock  time.Time
	alarms map[string]error
	events []map[string]string
	stop   func()
}

func newJudgeRig(t *testing.T, judge detect.FaceDetector, c config.Redact) *judgeRig {
	r := &judgeRig{t: t, pool: frame.NewPool(64), clock: time.Now(), alarms: map[string]error{}}
	r.check = newSelfCheck(judge, c, zerolog.Nop(), func(name string, err error, cleared bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.alarms[name] = err
		if cleared {
			delete(r.alarms, name)
		}
	})
	r.check.now = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.clock
	}
	r.camera = r.add("cam")
	r.stop = (&edge{check: r.check}).startCheck(t.Context())
	t.Cleanup(func() {
		r.stop()
		require.Zero(t, r.pool.Lent(), "the judge kept a picture")
	})
	return r
}

func (r *judgeRig) add(id string) *cameraCheck {
	return &cameraCheck{all: r.check, camera: id, emit: func(k event.Kind, d map[string]string) {
		require.Equal(r.t, event.KindCameraHealth, k)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, d)
	}}
}

func (r *judgeRig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

// out is a picture that nothing was seen on and that nothing covers.
func (r *judgeRig) out() redact.Out {
	r.t.Helper()
	raw, err := r.pool.Get(frame.Size{W: 160, H: 120})
	require.NoError(r.t, err)
	return uncovered(r.t, raw)
}

// uncovered passes a picture through the redactor with a sighting of nobody: it
// leaves as it came, as a leak of everybody on it.
func uncovered(t testing.TB, raw *frame.Raw) redact.Out {
	t.Helper()
	c := redact.DefaultConfig()
	c.Hold, c.Guard = 0, false
	d, err := redact.New(c, nil)
	require.NoError(t, err)
	defer d.Close()
	require.NoError(t, d.Push(raw, redact.Sighting{Faces: true, Persons: true}))
	o, ok := d.Pop()
	require.True(t, ok)
	require.False(t, o.Stats.FullMask)
	return o
}

// sample offers a picture after d and waits until it was judged, or refused.
func (r *judgeRig) sample(d time.Duration, o redact.Out) {
	r.pass(d)
	defer o.Release()
	r.camera.offer(o)
	require.Eventually(r.t, func() bool { return !r.check.busy.Load() }, 10*time.Second, time.Millisecond)
}

// verdicts is a judge that answers in turn, then with nothing.
type verdicts struct {
	mu     sync.Mutex
	answer [][]detect.Face
	err    error
	began  chan struct{} // when set, told of each look
	hold   chan struct{} // when set, each look waits for it
}

func (v *verdicts) DetectFaces(_ context.Context, _ frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	if v.began != nil {
		v.began <- struct{}{}
	}
	if v.hold != nil {
		<-v.hold
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return dst, v.err
	}
	if len(v.answer) > 0 {
		dst = append(dst, v.answer[0]...)
		v.answer = v.answer[1:]
	}
	return dst, nil
}
func (v *verdicts) Info() detect.Info { return detect.Info{Name: "verdicts", Provider: "test"} }
func (v *verdicts) Close() error      { return nil }

func found(side, score float32) []detect.Face {
	return []detect.Face{{Box: geom.BoxAt(80, 60, side, side), Score: score}}
}

var everyFive = config.Redact{CheckEvery: 5 * time.Second, OnLeak: "alarm"}

// proves: INV-18
func TestALeakTakesTwoSamplesInARow(t *testing.T) {
	hit, weak, tiny := found(30, 0.95), found(30, 0.79), found(15, 0.95)
	for name, tc := range map[string]struct {
		answers [][]detect.Face
		shown   []geom.Box
		leak    bool
		hits    int64
	}{
		"clean":                     {answers: [][]detect.Face{nil, nil, nil}},
		"once":                      {answers: [][]detect.Face{hit, nil, hit}, hits: 2},
		"twice":                     {answers: [][]detect.Face{nil, hit, hit}, leak: true, hits: 2},
		"weak":                      {answers: [][]detect.Face{weak, weak, weak}},
		"tiny":                      {answers: [][]detect.Face{tiny, tiny, tiny}},
		"shown under a consent":     {answers: [][]detect.Face{hit, hit, hit}, shown: []geom.Box{geom.BoxAt(80, 60, 40, 40)}},
		"beside one who is shown":   {answers: [][]detect.Face{hit, hit, hit}, shown: []geom.Box{geom.BoxAt(110, 60, 40, 40)}, leak: true, hits: 3},
		"one shown and one who not": {answers: [][]detect.Face{slices.Concat(hit, found(31, 0.9)), append(hit, detect.Face{Box: geom.BoxAt(30, 30, 30, 30), Score: 0.9}), nil}, shown: []geom.Box{geom.BoxAt(80, 60, 40, 40)}, hits: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newJudgeRig(t, &verdicts{answer: tc.answers}, everyFive)
			for range tc.answers {
				o := r.out()
				o.Shown = tc.shown
				r.sample(5*time.Second, o)
			}
			got := r.camera.counted()
			require.EqualValues(t, len(tc.answers), got.Checks)
			require.Equal(t, tc.hits, got.Hits)
			require.Equal(t, tc.leak, r.camera.found.Load())
			require.False(t, r.camera.covering(), "only asked to raise an alarm")
			if tc.leak {
				require.ErrorIs(t, r.alarms["selfcheck:cam"], errLeak)
				require.Len(t, r.events, 1, "told once")
				require.Equal(t, "leak_suspected", r.events[0]["state"])
				require.Equal(t, "95", r.events[0]["score_percent"])
			} else {
				require.Empty(t, r.alarms)
				require.Empty(t, r.events)
			}
		})
	}
}

func TestAHitIsLookedAtAgainSoon(t *testing.T) {
	r := newJudgeRig(t, &verdicts{answer: [][]detect.Face{nil, found(30, 0.9), found(30, 0.9)}}, everyFive)
	for i, step := range []struct {
		after  time.Duration
		checks int64
	}{
		{0, 1}, {4 * time.Second, 1}, {time.Second, 2}, // every five seconds
		{400 * time.Millisecond, 2}, {100 * time.Millisecond, 3}, // but half a second after a hit
	} {
		r.sample(step.after, r.out())
		require.Equal(t, step.checks, r.camera.counted().Checks, "step %d", i)
	}
	require.True(t, r.camera.found.Load())
}

func TestOneSampleAtATime(t *testing.T) {
	judge := &verdicts{hold: make(chan struct{}), began: make(chan struct{}, 2)}
	r := newJudgeRig(t, judge, everyFive)
	other := r.add("other")
	first, second := r.out(), r.out()
	r.camera.offer(first)
	other.offer(second) // the judge is taken: nothing is kept of it
	first.Release()
	second.Release()
	require.Equal(t, 1, r.pool.Lent(), "one picture in flight for all cameras")
	<-judge.began
	r.pass(time.Second) // the look takes this long
	close(judge.hold)
	require.Eventually(t, func() bool { return !r.check.busy.Load() }, 10*time.Second, time.Millisecond)
	require.Zero(t, r.pool.Lent())

	// It rests nineteen times as long as it took.
	refused, taken := r.out(), r.out()
	r.pass(18 * time.Second)
	other.offer(refused)
	require.Zero(t, other.counted().Checks)
	r.pass(time.Second)
	other.offer(taken)
	require.Eventually(t, func() bool { return other.counted().Checks == 1 }, 10*time.Second, time.Millisecond)
	refused.Release()
	taken.Release()
}

// TestStopReleasesWhatWaits stops the judge with a picture in its hands and one
// in the queue.
func TestStopReleasesWhatWaits(t *testing.T) {
	judge := &verdicts{}
	r := newJudgeRig(t, judge, everyFive)
	r.stop()
	o := r.out()
	r.camera.offer(o) // nobody takes it
	o.Release()
	require.Equal(t, 1, r.pool.Lent())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.check.run(ctx) // ends at once, whichever it picks up first
	require.Zero(t, r.pool.Lent())
}

func TestAFindingEnds(t *testing.T) {
	c := config.Redact{CheckEvery: time.Second, OnLeak: "mask", LeakHold: time.Minute}
	hit := found(30, 0.9)
	r := newJudgeRig(t, &verdicts{answer: [][]detect.Face{hit, hit}}, c)
	r.sample(0, r.out())
	require.False(t, r.camera.covering())
	r.sample(time.Second, r.out())
	require.True(t, r.camera.covering())
	require.Equal(t, "true", r.events[0]["masked"])
	r.sample(59*time.Second, r.out())
	require.True(t, r.camera.covering())
	r.sample(time.Second, r.out())
	require.False(t, r.camera.covering())
	require.Empty(t, r.alarms)
	require.Equal(t, "leak_over", r.events[1]["state"])

	c.LeakHold = 0
	r = newJudgeRig(t, &verdicts{answer: [][]detect.Face{hit, hit}}, c)
	r.sample(0, r.out())
	r.sample(time.Second, r.out())
	r.sample(1000*time.Hour, r.out())
	require.True(t, r.camera.covering(), "until somebody restarts the program")
}

func TestAJudgeThatFailsIsTold(t *testing.T) {
	judge := &verdicts{err: errors.New("out of memory")}
	r := newJudgeRig(t, judge, everyFive)
	r.sample(0, r.out())
	require.ErrorIs(t, r.alarms["selfcheck"], judge.err)
	require.Zero(t, r.camera.counted().Checks, "nothing was checked")
	judge.mu.Lock()
	judge.err = nil
	judge.mu.Unlock()
	r.sample(5*time.Second, r.out())
	require.Empty(t, r.alarms)
	require.EqualValues(t, 1, r.camera.counted().Checks)
}

// TestALeakCoversTheCamera: with on_leak: mask, nothing but full masks leaves
// the pipeline once a leak was found.
func TestALeakCoversTheCamera(t *testing.T) {
	hit := found(30, 0.9)
	j := newJudgeRig(t, &verdicts{answer: [][]detect.Face{hit, hit}}, config.Redact{CheckEvery: time.Second, OnLeak: "mask"})
	r := newRig(aFace, steady(60))
	pushed := 0
	out := &caught{t: t}
	p := &pipeline{
		id: "test", src: r.src, redact: redact.DefaultConfig(), may: redact.Nobody{}, out: out, stats: &cameraStats{},
		looker: &looker{eyes: r.eyes, cadence: config.Default().Detect, now: time.Now},
		suspect: func() bool {
			if pushed == 30 {
				j.sample(0, j.out())
				j.sample(time.Second, j.out())
			}
			pushed++
			return j.camera.covering()
		},
	}
	require.NoError(t, p.run(t.Context()))
	require.Zero(t, r.src.pool.Lent())
	require.Len(t, out.full, 60)
	for i := range out.full {
		if i < 10 {
			continue // the guard still learns the scene
		}
		require.Equal(t, i >= 30, out.full[i], "picture %d", i)
		if i >= 30 {
			require.Equal(t, api.MaskLeak, out.code[i])
		}
	}
}

// TestNoCheckAtAll: a camera without a check works as one with it.
func TestNoCheckAtAll(t *testing.T) {
	var none *selfCheck
	c := none.of(&camera{})
	require.Nil(t, c)
	c.offer(redact.Out{})
	require.False(t, c.covering())
	require.Zero(t, c.counted())
	(&edge{}).startCheck(t.Context())()
}

// clip plays a recording into a pipeline.
type clip struct {
	video *leak.Video
	pool  *frame.Pool
	rate  float64
	n     int
	most  int
}

func openClip(t *testing.T, most int, name ...string) *clip {
	t.Helper()
	v, err := leak.OpenVideo(filepath.Join(append([]string{testkit.Shared(t), "data", "videos"}, name...)...))
	require.NoError(t, err)
	t.Cleanup(v.Close)
	return &clip{video: v, pool: frame.NewPool(64), rate: v.Rate(), most: most}
}

func (c *clip) Next(context.Context) (*frame.Raw, error) {
	if c.n >= c.most {
		return nil, io.EOF
	}
	p, err := c.video.Next()
	if err != nil {
		return nil, err
	}
	raw, err := c.pool.Get(p.Size)
	if err != nil {
		return nil, err
	}
	raw.Planes().CopyFrom(p)
	raw.Seq, raw.PTS = uint64(c.n), time.Duration(float64(c.n)/c.rate*float64(time.Second))
	c.n++
	return raw, nil
}

func (c *clip) Health() ingest.Health { return ingest.Health{State: ingest.StateConnected} }
func (c *clip) Close() error          { return nil }
func (c *clip) Negotiate(context.Context, string) (string, error) {
	return "", ingest.ErrNotSupported
}

// judged lets the check see each picture that leaves, a second apart.
type judgedOut struct{ r *judgeRig }

func (j judgedOut) take(o redact.Out) error {
	if !o.Live.FullMask() {
		j.r.sample(time.Minute, redact.Out{Live: o.Live.Retain(), Record: o.Record.Retain(), Shown: o.Shown})
	}
	o.Release()
	return nil
}

// TestTheRealJudge: on clips of people it finds faces in pictures that nobody
// covered, and none in those that the pipeline did, although every one of them
// is judged and a single face would do.
func TestTheRealJudge(t *testing.T) {
	cfg := config.Default()
	cfg.Models.Mirrors, cfg.Models.Offline = []string{filepath.Join(testkit.Shared(t), "models")}, true
	cfg.Detect.Provider = "cpu"
	eyes, err := openEyes(t.Context(), cfg, 1, zerolog.Nop())
	require.NoError(t, err)
	defer eyes.close() //nolint:errcheck // the end of the test
	e := &edge{cfg: cfg, eyes: eyes}
	require.NoError(t, e.openSelfCheck(t.Context()))
	require.NotNil(t, e.check, "%v", eyes.notes)
	defer e.close() //nolint:errcheck // the end of the test
	require.Equal(t, "judge", eyes.models[len(eyes.models)-1].Role)

	for _, name := range [][]string{
		{"stage.mp4"}, {"small", "classroom.mp4"}, {"small", "head-pose-face-detection-female-and-male.mp4"},
	} {
		t.Run(name[len(name)-1], func(t *testing.T) {
			before := newJudgeRig(t, e.check.judge, everyFive)
			c := openClip(t, 45, name...)
			for {
				raw, err := c.Next(t.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				if c.n%3 != 0 {
					raw.Release()
					continue
				}
				before.sample(time.Minute, uncovered(t, raw))
			}
			seen := before.camera.counted()
			require.True(t, before.camera.found.Load(), "%+v", seen)

			after := newJudgeRig(t, e.check.judge, everyFive)
			c = openClip(t, 45, name...)
			p := &pipeline{
				id: "clip", src: c, redact: redactConfig(cfg.Redact), may: redact.Nobody{}, out: judgedOut{after}, stats: &cameraStats{},
				looker: &looker{eyes: eyes, cadence: cfg.Detect, now: time.Now},
			}
			require.NoError(t, p.run(t.Context()))
			left := after.camera.counted()
			t.Logf("%d faces in %d pictures before, %d in %d after", seen.Hits, seen.Checks, left.Hits, left.Checks)
			require.Greater(t, left.Checks, int64(20))
			require.Zero(t, left.Hits)
			require.False(t, after.camera.found.Load())
		})
	}
}

// TestWithoutTheJudgesModel: the check is off, and says so.
func TestWithoutTheJudgesModel(t *testing.T) {
	cfg := config.Default()
	for _, name := range []string{"BYSTANDER_SHARED", "BYSTANDER_MODEL_MIRRORS"} {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Chdir(t.TempDir()) // away from the evaluation data beside the checkout
	cfg.Models.Mirrors, cfg.Models.Offline = []string{t.TempDir()}, true
	e := &edge{cfg: cfg, eyes: &eyes{log: zerolog.Nop()}}
	require.NoError(t, e.openSelfCheck(t.Context()))
	require.Nil(t, e.check)
	require.Len(t, e.eyes.notes, 1)
	require.NotEmpty(t, e.eyes.notes[0].Text)
	require.Equal(t, api.NoticeNoJudge, e.eyes.notes[0].Code)

	e = &edge{cfg: cfg, eyes: &eyes{log: zerolog.Nop()}}
	e.cfg.Redact.CheckEvery = 0
	require.NoError(t, e.openSelfCheck(t.Context()))
	require.Empty(t, e.eyes.notes, "switched off by a person, who knows")
}

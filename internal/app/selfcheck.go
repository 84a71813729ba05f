package app

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"bystander/api"
	"bystander/audit/receipt"
	"bystander/detect"
	"bystander/detect/canary"
	"bystander/detect/onnx"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/redact"
)

const (
	// leakScore is the least score of a face that counts as one. In pictures
	// redacted by this program the judge gives masks, posters and patterns less
	// (docs/privacy.md has the figures).
	leakScore = 0.8
	// leakSide is the least shorter side of a face that counts, in pixels.
	leakSide = 16
	// leakTwice is how many samples of a camera have to show a face in a row.
	leakTwice = 2
	// leakAgain is how soon after a first hit the next sample is taken.
	leakAgain = 500 * time.Millisecond
	// leakIdle is how much longer than a check the judge rests after it, so that
	// it takes a twentieth of one core at most, and less on a busy machine.
	leakIdle = 19
	// leakNice puts the judge behind everything else that wants the processor.
	leakNice = 10
	// leakCovered is the part of a hit that must lie on a head shown under a
	// consent for the hit to be that person's.
	leakCovered = 0.5
)

// errLeak is what the alarm says.
var errLeak = errors.New("an independent detector finds faces in the redacted pictures; look at the camera, " +
	"and if a face can be seen set redact.on_leak: mask, or redact.coverage: person; a restart acknowledges")

// selfCheck looks at our own redacted pictures with a detector that the
// pipeline does not use: one picture at a time for all cameras together.
type selfCheck struct {
	judge detect.FaceDetector
	every time.Duration // for each camera
	mask  bool          // cover a camera that leaks
	hold  time.Duration // how long a finding lasts; 0 until restart
	now   func() time.Time
	log   zerolog.Logger
	alarm func(name string, err error, cleared bool)

	busy   atomic.Bool // a sample is waiting or being looked at
	rested atomic.Int64
	in     chan sample // of capacity 1, which busy guards
	failed bool        // told; of the goroutine of run
	faces  []detect.Face
}

// sample is one picture to be judged. The judge releases it.
type sample struct {
	of    *cameraCheck
	pic   *frame.Redacted
	shown []geom.Box
}

// openSelfCheck loads the judge. It returns nil when the check is switched off
// or the judge's model is missing, which a notice then says. A judge that is
// blind is an error: it would call everything clean.
func (e *edge) openSelfCheck(ctx context.Context) error {
	if e.cfg.Redact.CheckEvery == 0 {
		return nil
	}
	d, err := openRFB(ctx, e.cfg, e.eyes)
	if err != nil || d == nil {
		return err
	}
	if err := canary.New().Check(ctx, d); err != nil {
		return errors.Join(fmt.Errorf("self-check: %w; set detect.provider: cpu, or redact.check_every: 0s", err), d.Close())
	}
	e.closing(d.Close)
	e.eyes.loaded("judge", d.Info())
	e.check = newSelfCheck(d, e.cfg.Redact, e.log.With().Str("component", "selfcheck").Logger(), e.alarms.set)
	return nil
}

func openRFB(ctx context.Context, cfg config.Config, e *eyes) (detect.FaceDetector, error) {
	const off = "Redacted pictures are not checked by a second detector: "
	store, err := openModels(cfg)
	if err != nil {
		return nil, err
	}
	rt, err := ort.Open(ort.Options{Library: cfg.Detect.Library})
	if err != nil {
		e.note("info", api.NoticeNoJudge, off+err.Error())
		return nil, nil //nolint:nilerr // the check is off and says so
	}
	m, err := e.load(ctx, store, "judge", "rfb-640")
	if err != nil {
		return nil, err
	}
	if m == nil {
		e.note("info", api.NoticeNoJudge, off+"its model is missing. Run: bystander models pull rfb-640")
		return nil, nil
	}
	d, err := onnx.NewRFB(rt, *m, onnx.Options{Provider: ort.CPU})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func newSelfCheck(judge detect.FaceDetector, c config.Redact, log zerolog.Logger, alarm func(string, error, bool)) *selfCheck {
	return &selfCheck{
		judge: judge, every: c.CheckEvery, mask: c.OnLeak == "mask", hold: c.LeakHold,
		now: time.Now, log: log, alarm: alarm, in: make(chan sample, 1),
	}
}

// run judges samples until ctx ends, which must be after the last camera has.
func (s *selfCheck) run(ctx context.Context) {
	// The thread ends with the goroutine, and its priority with it.
	runtime.LockOSThread()
	if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), leakNice); err != nil {
		s.log.Debug().Err(err).Msg("the judge keeps its priority")
	}
	for {
		select {
		case x := <-s.in:
			s.look(ctx, x)
		case <-ctx.Done():
			select {
			case x := <-s.in:
				x.pic.Release()
			default:
			}
			return
		}
	}
}

func (s *selfCheck) look(ctx context.Context, x sample) {
	defer s.busy.Store(false)
	start := s.now()
	var err error
	s.faces, err = s.judge.DetectFaces(ctx, x.pic.Planes(), s.faces[:0])
	x.pic.Release()
	end := s.now()
	s.rested.Store(end.Add(leakIdle * end.Sub(start)).UnixNano())
	if ctx.Err() != nil {
		return
	}
	if failed := err != nil; failed != s.failed {
		s.failed = failed
		s.alarm("selfcheck", err, !failed)
		if failed {
			s.log.Error().Err(err).Msg("the judge of redacted pictures fails; they are not checked")
		}
	}
	if err == nil {
		x.of.judged(s.faces, x.shown, end)
	}
}

// cameraCheck is the self-check of one camera.
type cameraCheck struct {
	all    *selfCheck
	camera string
	emit   func(kind event.Kind, detail map[string]string)

	due    atomic.Int64 // Unix nanoseconds
	checks atomic.Uint64
	hits   atomic.Uint64 // faces
	streak int           // of the judge's goroutine

	found atomic.Bool  // a leak was found
	until atomic.Int64 // when that is over; 0 never
}

// startCheck lets the judge work until stop is called, after the last camera
// has ended. stop waits for it.
func (e *edge) startCheck(ctx context.Context) (stop func()) {
	if e.check == nil {
		return func() {}
	}
	checking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { // waited for by stop
		defer close(done)
		e.check.run(checking)
	}()
	return func() {
		cancel()
		<-done
	}
}

// of begins the check of one camera; nil when there is no check at all.
func (s *selfCheck) of(c *camera) *cameraCheck {
	if s == nil {
		return nil
	}
	return &cameraCheck{all: s, camera: c.cfg.ID, emit: c.event}
}

// offer lets the judge have a picture, if one is due and the judge is free. It
// takes a share of its own and never waits.
func (c *cameraCheck) offer(o redact.Out) {
	if c == nil {
		return
	}
	now := c.all.now()
	c.expire(now)
	t := now.UnixNano()
	if o.Live.FullMask() || t < c.due.Load() || t < c.all.rested.Load() || !c.all.busy.CompareAndSwap(false, true) {
		return
	}
	c.due.Store(now.Add(c.all.every).UnixNano())
	c.all.in <- sample{c, o.Live.Retain(), o.Shown} // never full: busy was free
}

// covering reports whether every picture is to be covered as a whole.
func (c *cameraCheck) covering() bool { return c != nil && c.all.mask && c.found.Load() }

// counted is what the check did since the start.
func (c *cameraCheck) counted() receipt.Judged {
	if c == nil {
		return receipt.Judged{}
	}
	return receipt.Judged{Checks: int64(c.checks.Load()), Hits: int64(c.hits.Load())}
}

// judged takes the judge's answer on one picture.
func (c *cameraCheck) judged(faces []detect.Face, shown []geom.Box, now time.Time) {
	c.checks.Add(1)
	n, best := 0, detect.Face{}
	for _, f := range faces {
		if leaks(f, shown) {
			n++
			if f.Score > best.Score {
				best = f
			}
		}
	}
	if n == 0 {
		c.streak = 0
		return
	}
	c.hits.Add(uint64(n))
	c.streak++
	c.due.Store(now.Add(min(leakAgain, c.all.every)).UnixNano())
	c.all.log.Warn().Str("camera", c.camera).Int("faces", n).Float32("score", best.Score).
		Int("in_a_row", c.streak).Msg("the judge finds a face in a redacted picture")
	if c.streak >= leakTwice {
		c.raise(best, now)
	}
}

// leaks reports whether a face found in a redacted picture is one that should
// not be there.
func leaks(f detect.Face, shown []geom.Box) bool {
	if f.Score < leakScore || min(f.Box.W(), f.Box.H()) < leakSide {
		return false
	}
	for _, b := range shown {
		if b.Covers(f.Box) >= leakCovered {
			return false
		}
	}
	return true
}

// raise tells of a leak, once for as long as it lasts.
func (c *cameraCheck) raise(f detect.Face, now time.Time) {
	if c.all.hold > 0 {
		c.until.Store(now.Add(c.all.hold).UnixNano())
	}
	if c.found.Swap(true) {
		return
	}
	c.all.alarm("selfcheck:"+c.camera, errLeak, false)
	c.emit(event.KindCameraHealth, map[string]string{
		"state": "leak_suspected", "code": api.MaskLeak,
		"score_percent": strconv.Itoa(int(f.Score * 100)), "side_px": strconv.Itoa(int(min(f.Box.W(), f.Box.H()))),
		"masked": strconv.FormatBool(c.all.mask),
	})
}

// expire ends a finding whose time is over.
func (c *cameraCheck) expire(now time.Time) {
	if !c.found.Load() {
		return
	}
	if t := c.until.Load(); t == 0 || now.UnixNano() < t || !c.found.Swap(false) {
		return
	}
	c.all.alarm("selfcheck:"+c.camera, nil, true)
	c.emit(event.KindCameraHealth, map[string]string{"state": "leak_over"})
}

package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"bystander/ingest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/av"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/trace"
	"bystander/redact"
	"bystander/sink/live"
)

// watchEvery is how often a camera's health is looked at for events.
const watchEvery = time.Second

// k is the smallest count that is told of people who are not enrolled.
const k = 5

// camera is one camera with its pipeline.
type camera struct {
	cfg    config.Camera // as it began; name tells what it is called now
	paused bool
	view   *live.Stream // those who watch
	hold   int
	src    ingest.Source
	pipe   *pipeline
	out    *liveOutlet
	who    *who         // nil when nobody can be matched
	check  *cameraCheck // nil when what leaves is not checked
	stats  *cameraStats
	emit   func(event.Event)
	emitOf func(trace.Ref, event.Event) // of what follows from a picture; nil takes emit
	site   func() string
	scene  func() string
	zone   func() string // its recognition zone, empty for none or several
	log    zerolog.Logger

	// Of the fleet, once it runs.
	stop context.CancelFunc
	done chan struct{} // closed when nothing of it is left

	mu      sync.Mutex
	failure error  // why the pipeline ended, nil while it runs
	renamed string // another name than it began with
}

// post is how the camera runs.
func (c *camera) post() post { return post{Camera: c.cfg, Paused: c.paused} }

// name is what the camera is called.
func (c *camera) name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.renamed != "" {
		return c.renamed
	}
	return c.cfg.Name
}

func (c *camera) rename(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renamed = name
}

// run carries pictures until ctx ends. A pipeline that fails is told and stays
// down: the source itself has retried whatever could pass.
func (c *camera) run(ctx context.Context) {
	done := make(chan struct{})
	go func() { // waited for below
		defer close(done)
		c.watch(ctx)
	}()
	err := c.pipe.run(ctx)
	if err != nil {
		c.log.Error().Err(err).Msg("the camera's pipeline ended")
		c.mu.Lock()
		c.failure = err
		c.mu.Unlock()
	}
	<-done
	if err := errors.Join(c.src.Close(), c.out.close()); err != nil {
		c.log.Error().Err(err).Msg("closing the camera")
	}
}

func (c *camera) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// watch turns changes of the camera's health into events, and counts by the
// minute.
func (c *camera) watch(ctx context.Context) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	w := watcher{c: c}
	for {
		select {
		case now := <-t.C:
			w.look(now)
		case <-ctx.Done():
			w.end()
			return
		}
	}
}

// watcher remembers what was told.
type watcher struct {
	c       *camera
	using   bool
	state   ingest.State
	masked  string // the reason of a full mask that was told
	since   time.Time
	pending string
	minute  time.Time
	before  counts

	looks, templates uint64 // compared, at the last minute's end
}

func (w *watcher) look(now time.Time) {
	h := w.c.src.Health()
	if h.State != w.state {
		w.state = h.State
		w.health(string(h.State), h.ErrCode)
	}
	if using := h.State == ingest.StateConnected; using != w.using {
		w.using = using
		if using {
			w.c.event(event.KindUseStart, nil)
		} else {
			w.c.event(event.KindUseEnd, nil)
		}
	}
	w.fullMask(now, w.c.stats.mask())
	if m := now.Truncate(time.Minute); m != w.minute {
		if !w.minute.IsZero() {
			w.count()
		}
		w.minute = m
	}
}

func (w *watcher) health(state, code string) {
	d := map[string]string{"state": state}
	if code != "" {
		d["code"] = code
	}
	w.c.event(event.KindCameraHealth, d)
}

// fullMask tells of masking by fault once it has lasted a second, and of its
// end.
func (w *watcher) fullMask(now time.Time, m maskSnapshot) {
	reason := ""
	if m.state == "full" && w.using {
		reason = m.reason
	}
	if reason != w.pending {
		w.pending, w.since = reason, now
	}
	if reason == w.masked || now.Sub(w.since) < time.Second {
		return
	}
	w.masked = reason
	if reason == "" {
		w.health("mask_ended", "")
	} else {
		w.health("full_mask", reason)
	}
}

// count tells the last minute's totals; small counts of people are suppressed.
func (w *watcher) count() {
	n := w.c.stats.totals()
	d := n.minus(w.before)
	w.before = n
	if d.In == 0 {
		return
	}
	detail := map[string]string{
		"pictures":  strconv.FormatUint(d.Out, 10),
		"full_mask": strconv.FormatUint(d.Full, 10),
	}
	if d.Tracks >= k {
		detail["people"] = strconv.FormatUint(d.Tracks, 10)
	}
	w.compared(detail)
	e := w.c.draft(event.KindZoneMinute, detail)
	e.ZoneID = w.c.zone()
	w.c.emit(e)
}

// compared adds how many templates were compared with, and how many looks were,
// so that auditors can tell what false matches to expect. Small counts are
// suppressed like those of people.
func (w *watcher) compared(detail map[string]string) {
	if w.c.who == nil {
		return
	}
	looks, templates := w.c.who.embedded.total(), w.c.who.compared.total()
	if n := looks - w.looks; n >= k {
		detail["looks"] = strconv.FormatUint(n, 10)
		detail["comparisons"] = strconv.FormatUint(templates-w.templates, 10)
	}
	w.looks, w.templates = looks, templates
}

func (w *watcher) end() {
	w.count()
	if w.using {
		w.c.event(event.KindUseEnd, map[string]string{"reason": "stopped"})
	}
}

func (c *camera) event(kind event.Kind, detail map[string]string) {
	if c.emitOf == nil {
		c.emit(c.draft(kind, detail))
		return
	}
	c.emitOf(c.stats.newest(time.Now()), c.draft(kind, detail))
}

func (c *camera) draft(kind event.Kind, detail map[string]string) event.Event {
	return event.Event{Kind: kind, SiteID: c.site(), CameraID: c.cfg.ID, SceneID: c.scene(), Detail: detail}
}

// minus returns the difference of two readings of the same counters.
func (c counts) minus(b counts) counts {
	return counts{
		In: c.In - b.In, Out: c.Out - b.Out, Full: c.Full - b.Full, Lost: c.Lost - b.Lost,
		Faces: c.Faces - b.Faces, Masked: c.Masked - b.Masked, Clear: c.Clear - b.Clear,
		Looks: c.Looks - b.Looks, Tracks: c.Tracks - b.Tracks, Area: c.Area - b.Area,
		Heads: c.Heads - b.Heads, Guard: c.Guard - b.Guard, ClearRecord: c.ClearRecord - b.ClearRecord,
	}
}

// specOf turns a configured camera into a source's specification.
func specOf(c config.Camera) (ingest.Spec, error) {
	addr, err := c.Address()
	if err != nil {
		return ingest.Spec{}, fmt.Errorf("camera %s: %w", c.ID, err)
	}
	file := c.Driver == "file"
	return ingest.Spec{
		ID: c.ID, Driver: ingest.Driver(c.Driver), URL: addr, Transport: c.Transport,
		Live: true, Loop: file, Pace: file, Turn: c.Rotation,
	}, nil
}

// framesNeeded is how many pictures a camera's pipeline may hold on to.
func framesNeeded(hold int) int { return hold + betweenSides + toDeliver + 18 }

func redactConfig(c config.Redact) redact.Config {
	r := redact.DefaultConfig()
	r.Style, r.Coverage, r.Hold = redact.Style(c.Style), redact.Coverage(c.Coverage), c.Hold
	r.Margin, r.TrackHold = float32(c.Margin), c.TrackHold
	return r
}

func (e *edge) openSource(ctx context.Context, p post) (ingest.Source, error) {
	c := p.Camera
	spec, err := specOf(c)
	if err != nil {
		return nil, err
	}
	if p.Paused {
		return newIdle(), ingestworker.CheckSpec(spec)
	}
	hw, err := av.ParseHardware(e.cfg.Decode.Hardware)
	if err != nil {
		return nil, err
	}
	return ingestworker.Start(ctx, spec, ingestworker.Options{
		Log: e.log.With().Str("camera", c.ID).Logger(), Frames: framesNeeded(e.cfg.Redact.Hold), Hardware: hw,
	})
}

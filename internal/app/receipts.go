package app

import (
	"crypto/ed25519"
	"maps"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"bystander/audit/receipt"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/redact"
	"bystander/sink/record"
)

// certifier signs what the edge states of each recorded segment, and tells the
// log of it. It implements record.Certifier.
type certifier struct {
	key    ed25519.PrivateKey
	edge   string // its event chain
	site   func() string
	scene  func(camera string) string
	method receipt.Method
	models func() []receipt.Model
	canary func() receipt.Canary
	emit   func(event.Event)
	now    func() time.Time
	log    zerolog.Logger

	mu      sync.Mutex
	sources map[string]func() receipt.Health // by camera: totals since the start
	before  map[receipt.Stream]receipt.Health
	cover   map[string]coverage // by camera
}

// coverage is how much of a person a camera's masks cover, and since when.
type coverage struct {
	is    redact.Coverage
	since time.Time
}

// newCertifier prepares receipts for an edge whose models are loaded.
func (e *edge) newCertifier() *certifier {
	c := &certifier{
		key: e.key, edge: chainID(e.cfg.Events.Edge), site: e.law.siteID,
		method: methodOf(e.cfg), models: e.eyes.receiptModels, canary: e.eyes.receiptCanary,
		emit: e.ledger.emit, now: time.Now, log: e.log.With().Str("component", "receipt").Logger(),
		sources: map[string]func() receipt.Health{}, before: map[receipt.Stream]receipt.Health{},
		cover: map[string]coverage{},
	}
	c.scene = func(camera string) string {
		if c, ok := e.fleet.get(camera); ok {
			return c.scene()
		}
		return ""
	}
	return c
}

func methodOf(c config.Config) receipt.Method {
	perMille := func(v float64) int64 { return int64(v*1000 + 0.5) }
	return receipt.Method{
		Name: "union", Version: Version, Style: c.Redact.Style, Coverage: c.Redact.Coverage,
		Hold: int64(c.Redact.Hold), Margin: perMille(c.Redact.Margin), TrackHold: c.Redact.TrackHold.Milliseconds(),
		FaceEvery: int64(c.Detect.FaceEvery), FaceScore: perMille(c.Detect.FaceScore), PersonEach: int64(c.Detect.PersonEvery),
	}
}

// receiptModels are the models that are loaded.
func (e *eyes) receiptModels() []receipt.Model {
	out := []receipt.Model{}
	for _, m := range e.models {
		if m.Loaded {
			out = append(out, receipt.Model{Role: m.Role, Name: m.Name, SHA256: m.Digest})
		}
	}
	return out
}

// receiptCanary is what the detector's own check last said.
func (e *eyes) receiptCanary() receipt.Canary {
	switch {
	case e.builtIn():
		return receipt.CanaryNone
	case e.trusted.Load():
		return receipt.CanaryPassed
	}
	return receipt.CanaryFailed
}

// watch names the counters of a camera's health. Those of a camera that begins
// anew count from nothing.
func (c *certifier) watch(camera string, totals func() receipt.Health) {
	c.drop(camera)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sources[camera] = totals
}

// drop forgets a camera that ended.
func (c *certifier) drop(camera string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sources, camera)
	delete(c.cover, camera)
	maps.DeleteFunc(c.before, func(s receipt.Stream, _ receipt.Health) bool { return s.Camera == camera })
}

// covers is told whenever a camera's masks may cover more or less than before.
func (c *certifier) covers(camera string, now redact.Coverage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cover[camera].is != now {
		c.cover[camera] = coverage{now, c.now()}
	}
}

// methodFor is how pictures from start on were redacted. A scene that covers more
// than the configuration says is stated only when it did so all the time.
func (c *certifier) methodFor(camera string, start time.Time) receipt.Method {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.method
	if k, told := c.cover[camera]; told && !k.since.After(start) {
		m.Coverage = string(k.is)
	}
	return m
}

// Certify implements record.Certifier. A file of an older form, which does not
// tell its counts, gets no receipt.
func (c *certifier) Certify(rec *record.Recording) ([]byte, error) {
	if !rec.Tally.Known {
		return nil, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	t, milli := rec.Tally, func(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
	stream := receipt.Stream{Camera: rec.Camera, Rule: rec.Rule}
	r := receipt.Receipt{
		Version: receipt.Version, ID: id.String(), Segment: rec.ID, Edge: c.edge, Issued: milli(c.now()),
		Stream: stream, Method: c.methodFor(rec.Camera, rec.Start), Models: c.models(), Health: c.health(stream, rec.Restored),
		Frames: receipt.Frames{
			First: int64(t.First), Last: int64(t.Last), Count: rec.Frames, FullMask: rec.FullMask, Fault: t.Fault,
			Start: milli(rec.Start), End: milli(rec.End),
		},
		Faces: receipt.Faces{Found: t.Faces, Masked: t.Masked, Clear: t.Clear},
		Output: receipt.Output{
			File: filepath.Base(rec.Path), Bytes: rec.Bytes, SHA256: rec.SHA256,
			Width: int64(rec.Size.W), Height: int64(rec.Size.H),
		},
		Restored: rec.Restored,
	}
	if err := receipt.Sign(&r, c.key); err != nil {
		return nil, err
	}
	return r.Encode()
}

// health is what the camera's counters gained since the stream's last receipt.
// What happened before a crash is not known.
func (c *certifier) health(s receipt.Stream, restored bool) receipt.Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	totals := c.sources[s.Camera]
	if restored || totals == nil {
		return receipt.Health{Canary: receipt.CanaryUnknown}
	}
	now, was := totals(), c.before[s]
	c.before[s] = now
	return receipt.Health{
		Known: true, Canary: c.canary(),
		Dropped: now.Dropped - was.Dropped, Corrupt: now.Corrupt - was.Corrupt, Withheld: now.Withheld - was.Withheld,
		Unwritten: now.Unwritten - was.Unwritten, Reconnects: now.Reconnects - was.Reconnects, Restarts: now.Restarts - was.Restarts,
		SelfCheck: receipt.Judged{
			Checks: now.SelfCheck.Checks - was.SelfCheck.Checks, Hits: now.SelfCheck.Hits - was.SelfCheck.Hits,
		},
	}
}

// Certified implements record.Certifier. What was found after a crash is told
// only if this edge signed it for this very file.
func (c *certifier) Certified(rec *record.Recording, b []byte) {
	r, err := receipt.Parse(b)
	if err == nil {
		pub, _ := c.key.Public().(ed25519.PublicKey)
		err = receipt.Verify(r, pub)
	}
	if err != nil || r.Segment != rec.ID || r.Output.SHA256 != rec.SHA256 {
		c.log.Error().AnErr("cause", err).Str("camera", rec.Camera).Str("segment", rec.ID).
			Msg("a receipt was found that does not belong to its segment")
		return
	}
	d := map[string]string{
		"segment": rec.ID, "sha256": rec.SHA256,
		"pictures": strconv.FormatInt(rec.Frames, 10), "full_mask": strconv.FormatInt(rec.FullMask, 10),
	}
	if rec.Restored {
		d["restored"] = "true"
	}
	c.emit(event.Event{
		Kind: event.KindSegment, SiteID: c.site(), CameraID: rec.Camera, SceneID: c.scene(rec.Camera),
		ReceiptID: r.ID, Detail: d,
	})
}

// healthTotals is what a receipt tells of the camera, since the start.
func (c *camera) healthTotals() receipt.Health {
	h, n := c.src.Health(), c.stats.totals()
	out := receipt.Health{
		Dropped: int64(h.Dropped), Corrupt: int64(h.Corrupt), Withheld: int64(n.Lost),
		Reconnects: int64(h.Reconnect), Restarts: int64(h.Restarts),
	}
	if s, ok := c.out.record.(*record.Stream); ok {
		out.Unwritten = int64(s.Stats().Dropped)
	}
	out.SelfCheck = c.check.counted()
	return out
}

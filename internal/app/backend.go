package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bystander/api"
	"bystander/audit/access"
	"bystander/ingest"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/sink/record"
	"bystander/sink/sqlite"
)

// backend answers the API from a running edge.
type backend struct{ e *edge }

func (e *edge) backend() api.Backend {
	b := backend{e}
	return api.Backend{Cameras: b, Site: b, Events: b, Recordings: b, Access: b, Health: b}
}

// Cameras implements api.Cameras.
func (b backend) Cameras(ctx context.Context) ([]api.Camera, error) {
	kept, err := b.kept(ctx)
	if err != nil {
		return nil, err
	}
	cams := b.e.fleet.all()
	out := make([]api.Camera, 0, len(cams))
	for _, c := range cams {
		out = append(out, b.camera(c, kept[c.cfg.ID]))
	}
	if there := b.remote(); len(there) > 0 {
		out = append(out, there...)
		slices.SortFunc(out, func(x, y api.Camera) int { return strings.Compare(x.ID, y.ID) })
	}
	return out, nil
}

// Camera implements api.Cameras.
func (b backend) Camera(ctx context.Context, id string) (api.Camera, error) {
	c, ok := b.e.fleet.get(id)
	if !ok {
		for _, there := range b.remote() {
			if there.ID == id {
				return there, nil
			}
		}
		return api.Camera{}, api.ErrNotFound
	}
	kept, err := b.kept(ctx)
	return b.camera(c, kept[id]), err
}

func (b backend) kept(ctx context.Context) (map[string]record.Summary, error) {
	if b.e.rec == nil {
		return nil, nil
	}
	return b.e.rec.Summaries(ctx)
}

func (b backend) camera(c *camera, kept record.Summary) api.Camera {
	h, m, n := c.src.Health(), c.stats.mask(), c.stats.totals()
	q := c.stats.delays.quantiles(0.5, 0.95)
	out := api.Camera{
		ID: c.cfg.ID, Name: c.name(), Driver: c.cfg.Driver, Scene: c.scene(), Sample: b.e.law.sample(),
		State: string(h.State), Since: h.Since, Err: h.Err, ErrCode: h.ErrCode,
		Codec: h.Codec, Width: h.Size.W, Height: h.Size.H, FPS: h.FPS, Clock: clockName(h.Clock),
		DelayP50ms: millis(q[0]), DelayP95ms: millis(q[1]), HoldMS: holdMillis(c.hold, h.FPS),
		Frames: h.Frames, Dropped: h.Dropped, Corrupt: h.Corrupt, Reconnects: h.Reconnect, Restarts: h.Restarts,
		Confined: h.Held(), Decoder: h.Decoder, NoCard: h.NoCard,
		Mask:  api.Mask{State: m.state, Code: m.reason, Since: m.since, FullFrames: n.Full, Clear: m.clear},
		Faces: m.faces, Tracks: m.humans, Matching: b.e.law.matching(c),
		Viewers:   c.view.Stats().Viewers,
		Quality:   b.e.steer.quality(c.cfg.ID),
		Recording: b.recorder(c, kept), Zones: b.e.law.zones(c.cfg.ID),
	}
	if err := c.failed(); err != nil {
		out.State, out.Err = string(ingest.StateFailed), err.Error()
	}
	if m.since.IsZero() {
		out.Mask.Since, out.Mask.Code = b.e.started, api.MaskStarting
	}
	if !h.NextTry.IsZero() && h.State == ingest.StateRetrying {
		out.NextTry = &h.NextTry
	}
	return out
}

func clockName(c frame.Clock) string {
	if c == frame.ClockCamera {
		return "camera"
	}
	return "arrival"
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func holdMillis(hold int, fps float64) float64 {
	if fps <= 0 {
		return 0
	}
	return float64(hold) / fps * 1000
}

func (b backend) recorder(c *camera, kept record.Summary) api.Recorder {
	r := api.Recorder{Segments: kept.Segments, Bytes: kept.Bytes}
	if !kept.Oldest.IsZero() {
		r.Oldest = &kept.Oldest
	}
	switch why := c.out.blocked.Load(); {
	case b.e.rec == nil:
		r.Switch = api.Switch{Code: api.OffNotConfigured, Reason: "recording is switched off (record.enabled)"}
	case why != nil:
		r.Switch = api.Switch{Code: api.OffDisk, Reason: *why}
	default:
		r.On = true
	}
	return r
}

// Status implements api.Site.
func (b backend) Status(ctx context.Context) (api.Status, error) {
	st := api.Status{
		Version: Version, Started: b.e.started, Site: b.e.law.siteRef(), Gate: b.e.law.gate(ctx),
		Models: b.e.eyes.rows(), Notices: append(b.e.eyes.lost(), b.e.eyes.notes...),
		Storage: api.Storage{Store: "sqlite"},
	}
	st.Notices = append(st.Notices, b.e.law.notices()...)
	st.Notices = append(st.Notices, b.e.coders.notices()...)
	st.Notices = append(st.Notices, decodeNotices(b.e.fleet.all())...)
	st.Notices = append(st.Notices, b.e.steer.notices()...)
	if b.e.cfg.Server.AllowInsecureNetwork {
		st.Notices = append(st.Notices, api.Notice{
			Level: "warning", Code: api.NoticeExposed,
			Text: "This page can be reached from the network, and what travels there is not encrypted.",
		})
	}
	for name, why := range b.e.alarms.list() {
		st.Notices = append(st.Notices, api.Notice{Level: "error", Code: strings.ToUpper(name), Text: why})
	}
	if b.e.rec != nil {
		kept, err := b.e.rec.Summaries(ctx)
		if err != nil {
			return st, err
		}
		for _, k := range kept {
			st.Storage.UsedBytes += k.Bytes
		}
		st.Storage.LimitBytes = int64(b.e.cfg.Record.MaxBytes)
		st.Storage.MaxAgeS = int64(b.e.cfg.Record.MaxAge.Seconds())
	}
	n, err := b.e.store.Count(ctx)
	st.Storage.Events = n
	return st, err
}

// Events implements api.Events.
func (b backend) Events(ctx context.Context, q api.EventQuery) ([]api.Event, error) {
	before, err := rowID(q.Before)
	if err != nil {
		return nil, err
	}
	sq := sqlite.Query{Camera: q.Camera, From: q.From, To: q.To, Person: q.Person, Before: before, Limit: q.Limit}
	for _, kind := range q.Kinds {
		sq.Kinds = append(sq.Kinds, event.Kind(kind))
	}
	if len(sq.Kinds) == 0 {
		sq.Kinds = edgeKinds()
	}
	return b.events(ctx, sq)
}

// EventsAfter implements api.Events.
func (b backend) EventsAfter(ctx context.Context, after api.Cursor, limit int) ([]api.Event, error) {
	id, err := rowID(after)
	if err != nil {
		return nil, err
	}
	newest, err := b.e.store.Newest(ctx)
	if err != nil {
		return nil, err
	}
	if id > newest {
		return nil, api.ErrCursor // of a store that is gone
	}
	return b.events(ctx, sqlite.Query{After: id, Tail: true, Kinds: edgeKinds(), Limit: limit})
}

// edgeKinds are what those who watch see: what cameras and zones did. What the
// control side did is the auditors' to ask for; above all, that somebody looked
// is no news for the next look.
func edgeKinds() []event.Kind {
	all := event.Kinds()
	return all[:slices.Index(all, event.KindConsentChange)]
}

// NewestCursor implements api.Events.
func (b backend) NewestCursor(ctx context.Context) (api.Cursor, error) {
	id, err := b.e.store.Newest(ctx)
	return cursor(id), err
}

// Changed implements api.Events.
func (b backend) Changed() <-chan struct{} { return b.e.changed.wait() }

func cursor(id int64) api.Cursor { return api.Cursor(strconv.FormatInt(id, 10)) }

func rowID(c api.Cursor) (int64, error) {
	if c == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(string(c), 10, 64)
	if err != nil || id < 0 {
		return 0, api.ErrCursor
	}
	return id, nil
}

func (b backend) events(ctx context.Context, q sqlite.Query) ([]api.Event, error) {
	rows, err := b.e.store.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]api.Event, len(rows))
	for i := range rows {
		out[i] = b.event(&rows[i])
	}
	return out, nil
}

func (b backend) event(r *sqlite.Row) api.Event {
	e := &r.Event
	out := api.Event{
		ID: e.ID, Cursor: cursor(r.ID), TS: e.TS, TSQuality: string(e.TSQuality), Kind: string(e.Kind),
		Site: e.SiteID, Camera: e.CameraID, Scene: e.SceneID,
		Zone: e.ZoneID, ZoneName: b.e.law.zoneName(e.ZoneID), ZoneVersion: e.ZoneVersion,
		SignSet: e.SignSetHash.String(), Inspection: e.InspectionID, PolicyVersion: e.PolicyVersion,
		Notice: e.NoticeVersion, Assessment: e.AssessmentID, GateMode: e.GateMode, GateBits: e.GateBits,
		SubjectRef: e.SubjectRef.String(), ConsentRef: e.ConsentRef.String(), ConsentVersion: e.ConsentVersion,
		GallerySize: e.GallerySize, Model: e.ModelDigest.String(), Score: e.Score, Threshold: e.Threshold,
		Margin: e.Margin, Quality: e.Quality, PAD: e.PAD, RefEvent: e.RefEvent, Verdict: e.Verdict,
		Receipt: e.ReceiptID, Detail: e.Detail, Chain: e.ChainID, Seq: e.Seq, RowHash: e.RowHash.String(),
	}
	if !e.SubjectRef.IsZero() {
		out.Subject = api.Pseudonym(out.SubjectRef)
	}
	return out
}

// Recordings implements api.Recordings.
func (b backend) Recordings(ctx context.Context, q api.RecordingQuery) ([]api.Recording, error) {
	if b.e.rec == nil {
		return []api.Recording{}, nil
	}
	list, err := b.e.rec.List(ctx, q.Camera, q.From, q.To, q.Limit)
	if err != nil {
		return nil, err
	}
	out := make([]api.Recording, len(list))
	for i, r := range list {
		out[i] = api.Recording{
			ID: r.ID, Camera: r.Camera, From: r.Start, To: r.End, Seconds: r.Length.Seconds(), Bytes: r.Bytes,
			Width: r.Size.W, Height: r.Size.H, Complete: !r.Open, Expires: r.End.Add(b.e.cfg.Record.MaxAge),
		}
	}
	return out, nil
}

// OpenRecording implements api.Recordings.
func (b backend) OpenRecording(ctx context.Context, id string) (api.RecordingFile, error) {
	if b.e.rec == nil {
		return api.RecordingFile{}, api.ErrNotFound
	}
	f, err := b.e.rec.Open(ctx, id)
	if errors.Is(err, record.ErrUnknown) {
		gone, derr := b.e.rec.Disposed(ctx, id)
		if derr == nil && gone {
			return api.RecordingFile{}, api.ErrGone
		}
		return api.RecordingFile{}, api.ErrNotFound
	}
	if err != nil {
		return api.RecordingFile{}, err
	}
	r := f.Recording
	return api.RecordingFile{
		ReadSeekCloser: f, Camera: r.Camera, ModTime: r.End, Complete: !r.Open,
		Name: fmt.Sprintf("%s-%s.mp4", r.Camera, r.Start.UTC().Format("2006-01-02T15-04-05Z")),
	}, nil
}

// RecordAccess implements api.AccessRecorder.
func (b backend) RecordAccess(ctx context.Context, a api.Access) error {
	subjects := make([]event.Digest, 0, len(a.Subjects))
	for _, s := range a.Subjects {
		var d event.Digest
		if err := d.UnmarshalText([]byte(s)); err != nil {
			return fmt.Errorf("access: subject: %w", err)
		}
		subjects = append(subjects, d)
	}
	return b.e.recordAccess(ctx, access.Entry{
		Actor: a.Actor, Role: a.Role, Purpose: a.Purpose, Action: string(a.Action),
		Query:    []byte(strings.Join([]string{a.RequestID, a.Camera, a.Object, a.QueryHash}, "\n")),
		Subjects: subjects,
	}, a.Object, a.RequestID)
}

// Health implements api.Health.
func (b backend) Health(ctx context.Context) []api.Check {
	checks := []api.Check{
		{Name: "detector", OK: b.e.eyes.trusted.Load()},
		{Name: "events", OK: b.e.pump.Status().Err == nil},
		{Name: "policy", OK: true},
	}
	if !checks[0].OK {
		checks[0].Cause = "the detector does not give the right answers; every picture leaves fully masked"
	}
	if err := b.e.pump.Status().Err; err != nil {
		checks[1].Cause = "events wait in the spool: " + err.Error()
	}
	if err := b.e.law.trouble(); err != nil {
		checks[2] = api.Check{Name: "policy", Cause: err.Error() + "; everybody is masked"}
	}
	for _, cam := range b.e.fleet.all() {
		h := cam.src.Health()
		c := api.Check{Name: "camera:" + cam.cfg.ID, OK: h.State == ingest.StateConnected || h.State == statePaused}
		if !c.OK {
			c.Cause = string(h.State)
			if h.Err != "" {
				c.Cause += ": " + h.Err
			}
		}
		checks = append(checks, c)
	}
	checks = append(checks, b.e.peerChecks(ctx)...)
	for name, why := range b.e.alarms.list() {
		checks = append(checks, api.Check{Name: name, Cause: why})
	}
	return checks
}

package app

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bystander/api/admin"
	"bystander/ingest"
	"bystander/ingest/conntest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/sink/sqlite"
)

// adminModule is the interface of administration.
func (e *edge) adminModule() *admin.Module {
	return admin.New(admin.Config{
		Cameras: e.admin.cameras, Configured: configuredCameras(e.admin.file), Running: e.running,
		Apply: e.applyCamera, Moving: e.cameraMoving, Emit: e.ledger.emit, Site: e.law.siteID,
		Check: func(address string) error { _, err := conntest.Parse(address); return err },
		Test: func(ctx context.Context, address, transport string) admin.Report {
			return reportOf(conntest.Run(ctx, address, transport, conntest.Options{Look: e.lookOnce}))
		},
		Settings: func() ([]admin.Setting, error) { return settingsOf(e.cfg) },
		Runs:     func(ctx context.Context) ([]admin.Run, error) { return retentionRuns(ctx, e.store) },
		Entries: func(ctx context.Context, kind, before string) ([]admin.Entry, error) {
			return adminEntries(ctx, e.store, kind, before)
		},
		Figures: e.figures,
		Log:     e.log.With().Str("component", "admin").Logger(),
	})
}

// watched is for how long a tested camera's pictures are counted.
const watched = 2 * time.Second

// lookOnce plays a stream in a worker of its own until it has counted pictures
// for a moment. They are released unseen.
func (e *edge) lookOnce(ctx context.Context, address, transport string) (p conntest.Picture, err error) {
	begun := time.Now()
	src, err := ingestworker.Start(ctx, ingest.Spec{
		ID: "connection-test", Driver: ingest.DriverRTSP, URL: address, Transport: transport, Live: true,
	}, ingestworker.Options{Log: e.log.With().Str("camera", "connection-test").Logger(), Frames: framesNeeded(0)})
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	var first time.Time
	for n := 0; ; n++ {
		raw, err := src.Next(ctx)
		switch {
		case err != nil && n > 0: // it showed some, which is what was asked
			return p, nil
		case err != nil:
			if h := src.Health(); h.ErrCode != "" {
				return p, &ingest.Error{Code: ingest.Code(h.ErrCode), Text: h.Err, Err: err}
			}
			return p, err
		}
		now, size := time.Now(), raw.Size()
		raw.Release()
		if n == 0 {
			first, p = now, conntest.Picture{Width: size.W, Height: size.H, First: now.Sub(begun)}
			continue
		}
		p.FPS = float64(n) / now.Sub(first).Seconds()
		if now.Sub(first) >= watched {
			return p, nil
		}
	}
}

func reportOf(r conntest.Report) admin.Report {
	out := admin.Report{
		OK: r.OK, Steps: []admin.Step{}, Addresses: append([]string{}, r.Addresses...), Codec: r.Codec, Audio: r.Audio,
		Width: r.Width, Height: r.Height, FPS: r.FPS, FirstMS: r.FirstMS,
	}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, admin.Step{
			Step: string(s.Step), State: s.State, Code: string(s.Code), Text: s.Text, Millis: s.Millis, Status: s.Status,
		})
	}
	return out
}

func settingsOf(cfg config.Config) ([]admin.Setting, error) {
	list, err := cfg.Settings(os.Environ())
	out := make([]admin.Setting, 0, len(list))
	for _, s := range list {
		out = append(out, admin.Setting{Key: s.Key, Value: ingest.Redact(s.Value), Source: s.Source, Secret: s.Secret})
	}
	return out, err
}

// retentionRuns reads the newest runs from the log and joins those of a table.
func retentionRuns(ctx context.Context, store *sqlite.Store) ([]admin.Run, error) {
	rows, err := store.Events(ctx, sqlite.Query{Kinds: []event.Kind{event.KindRetentionRun}, Limit: sqlite.MaxLimit})
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	var out []admin.Run
	for _, row := range rows { // newest first
		d := row.Event.Detail
		i, known := at[d["table"]]
		if !known {
			i = len(out)
			at[d["table"]] = i
			out = append(out, admin.Run{
				Table: d["table"], Class: d["class"], Rule: d["rule"], At: row.Event.TS,
				Disposed: number(d["disposed"]), Overdue: number(d["overdue"]), Error: d["error"],
			})
		}
		r := &out[i]
		r.Runs++
		r.Removed += number(d["disposed"])
		since := row.Event.TS
		r.Since = &since
	}
	slices.SortFunc(out, func(a, b admin.Run) int { return strings.Compare(a.Table, b.Table) })
	return out, nil
}

// adminKinds are the events that administrators read: none is about a person.
var adminKinds = []event.Kind{
	event.KindAccountChange, event.KindGateChange, event.KindZoneChange, event.KindSceneChange,
	event.KindNoticeChange, event.KindIncident, event.KindRetentionRun, event.KindCameraHealth, event.KindCameraChange,
}

// adminEntries reads at most a hundred of them, newest first.
func adminEntries(ctx context.Context, store *sqlite.Store, kind, before string) ([]admin.Entry, error) {
	q := sqlite.Query{Kinds: adminKinds, Before: number(before), Limit: 100}
	if slices.Contains(adminKinds, event.Kind(kind)) {
		q.Kinds = []event.Kind{event.Kind(kind)}
	}
	rows, err := store.Events(ctx, q)
	out := make([]admin.Entry, 0, len(rows))
	for _, row := range rows {
		ev := row.Event
		detail := map[string]string{}
		for k, v := range ev.Detail {
			detail[k] = ingest.PlainText(v, 300)
		}
		out = append(out, admin.Entry{
			ID: ev.ID, At: ev.TS, Kind: string(ev.Kind), Camera: ev.CameraID, Zone: ev.ZoneID, Scene: ev.SceneID,
			Notice: ev.NoticeVersion, Detail: detail, Cursor: strconv.FormatInt(row.ID, 10),
		})
	}
	return out, err
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// process are the figures of the process itself that health shows.
var process = []string{"process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds", "go_goroutines"}

// figures are the program's own gauges and counters. Distributions are left to
// /metrics.
func (e *edge) figures() ([]admin.Figure, error) {
	families, err := e.reg.Gather()
	var out []admin.Figure
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "bystander_") && !slices.Contains(process, f.GetName()) {
			continue
		}
		for _, m := range f.GetMetric() {
			var v float64
			switch {
			case m.GetGauge() != nil:
				v = m.GetGauge().GetValue()
			case m.GetCounter() != nil:
				v = m.GetCounter().GetValue()
			default:
				continue
			}
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			out = append(out, admin.Figure{Name: f.GetName(), Labels: labels, Value: v, Help: f.GetHelp()})
		}
	}
	return out, err
}

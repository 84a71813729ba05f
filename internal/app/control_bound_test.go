package app

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
	"bystander/policy"
	"bystander/policy/sitestore"
	"bystander/redact"
	"bystander/sink/sqlite"
)

// The bounds of REQUIREMENTS 4.4: a decision reaches live pictures within the
// first, and within the second when the control side is cut off.
const (
	reaches   = 5 * time.Second
	reachesBy = 10 * time.Second
)

// leaving notes when pictures leave, and which of them show anybody clear.
type leaving struct {
	outlet
	mu    sync.Mutex
	clear time.Time // of the last one
	n     int
}

func (l *leaving) take(o redact.Out) error {
	now := time.Now()
	l.mu.Lock()
	l.n++
	if o.Stats.Clear > 0 || o.Stats.ClearRecord > 0 {
		l.clear = now
	}
	l.mu.Unlock()
	return l.outlet.take(o)
}

func (l *leaving) seen() (clear time.Time, pictures int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clear, l.n
}

// show is a running edge with the stage clip in a loop, a living site, and the
// performer to enrol.
type show struct {
	t    *testing.T
	e    *edge
	out  *leaving
	who  string // the enrollee
	eyes *eyes
	site *policy.Site
}

func startShow(t *testing.T) *show {
	t.Helper()
	shared := testkit.Shared(t)
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: filepath.Join(shared, "data", "videos", "stage.mp4"), Path: "stage"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Events.Edge, cfg.Redact.CheckEvery = "test", 0
	cfg.Cameras = []config.Camera{{ID: "stage", Name: "Stage", Driver: "rtsp", Transport: "tcp", URL: config.Secret(cam.URL())}}
	ctx, cancel := context.WithCancel(context.Background())
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	require.NoError(t, err)
	c, _ := e.fleet.get("stage")
	s := &show{t: t, e: e, out: &leaving{outlet: c.out}, eyes: e.eyes}
	c.pipe.out = s.out
	done := make(chan struct{})
	go func() { defer close(done); e.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = e.close() // a test may have taken a store away
	})
	return s
}

// lawful brings a site into force on the running program.
func (s *show) lawful() {
	s.site = policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true})
	ctx, ops, by := s.t.Context(), s.e.law.ops, sitestore.By{Actor: "anna", Reason: "test"}
	require.NoError(s.t, ops.Import(ctx, by, s.site, sitestore.AsItStands))
	photo, err := ops.AddPhoto(ctx, by, []byte("jpeg"), 0)
	require.NoError(s.t, err)
	_, err = ops.PutCamera(ctx, by, "stage", sitestore.CameraSpec{PlaceType: "stage", Checklist: sitestore.Checklist{
		ID: "paper", SignedBy: "anna", Photos: []string{photo.ID}, Installer: "ivo", Acknowledged: time.Now(),
	}})
	require.NoError(s.t, err)
}

func (s *show) enrol() {
	s.t.Helper()
	res, err := enrolWith(s.t.Context(), s.e.cfg, s.site, s.eyes, EnrolOptions{
		Name: "performer", Channel: string(policy.ChannelPaper),
		Photo:   filepath.Join(testkit.Shared(s.t), "data", "faces", "stage-stills", "lin-manuel-miranda.png"),
		Consent: []string{string(policy.PurposeMatch), string(policy.PurposeAppearLive), string(policy.PurposeAppearRecorded)},
	})
	require.NoError(s.t, err)
	s.who = res.Enrollee
}

// shown waits until the performer is shown clear.
func (s *show) shown() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		clear, _ := s.out.seen()
		return time.Since(clear) < 200*time.Millisecond
	}, 40*time.Second, 20*time.Millisecond, "the performer is shown clear while everything is lawful")
}

// lasts makes the change while the performer is clear, and returns how long
// after its beginning the last clear picture left. It watches for longer than
// the bound, while pictures keep leaving.
func (s *show) lasts(bound time.Duration, change func()) time.Duration {
	s.t.Helper()
	s.shown()
	begun := time.Now()
	change()
	_, before := s.out.seen()
	time.Sleep(time.Until(begun.Add(bound + time.Second)))
	clear, after := s.out.seen()
	require.Greater(s.t, after, before+20, "pictures kept leaving")
	return max(clear.Sub(begun), 0)
}

func rounds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("BYSTANDER_ROUNDS"))
	if err != nil || n < 1 {
		return 1
	}
	t.Logf("%d rounds", n)
	return n
}

// On a running stream: nothing is embedded before there is a site; then every
// way in which matching ceases to be lawful reaches the pictures in time.
// BYSTANDER_ROUNDS repeats each.
// proves, B-32, INV-3, INV-4, INV-9
func TestTheGateReachesLivePictures(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a stream for a minute")
	}
	s, ctx := startShow(t), t.Context()
	require.Eventually(t, func() bool { _, n := s.out.seen(); return n > 50 }, 30*time.Second, 50*time.Millisecond)
	clear, _ := s.out.seen()
	require.True(t, clear.IsZero(), "an empty installation shows nobody clear")
	require.Zero(t, counted(t, s.e, "bystander_match_embeddings_total"), "and embeds nothing")
	s.lawful()
	s.enrol()

	ops := s.e.law.ops
	by := func(who string) sitestore.By { return sitestore.By{Actor: who, Reason: "test"} }
	took := map[string][]time.Duration{}
	for range rounds(t) {
		took["withdrawal"] = append(took["withdrawal"], s.lasts(reaches, func() {
			require.NoError(t, Withdraw(ctx, s.e.cfg, s.who, io.Discard))
		}))
		s.enrol()
		took["kill switch"] = append(took["kill switch"], s.lasts(reaches, func() {
			require.NoError(t, Halt(ctx, s.e.cfg, "test", io.Discard)) // as another process
		}))
		for _, who := range []string{"olga", "paul"} {
			_, err := ops.Resume(ctx, by(who))
			require.NoError(t, err)
		}
		took["suspension"] = append(took["suspension"], s.lasts(reaches, func() {
			_, err := ops.Suspend(ctx, by("otto"), policy.SampleZone("stage"))
			require.NoError(t, err)
		}))
		_, err := ops.GoLive(ctx, by("paul"), policy.SampleZone("stage"))
		require.NoError(t, err)
	}
	cut := s.lasts(reachesBy, func() { require.NoError(t, s.e.law.people.Close()) })
	for what, all := range took {
		slices.Sort(all)
		t.Logf("%s: last clear picture after %v", what, all)
		require.LessOrEqual(t, all[len(all)-1], reaches, what)
	}
	t.Logf("control cut off: last clear picture after %v", cut)
	require.LessOrEqual(t, cut, reachesBy)
	_, err := s.e.law.Current()
	require.ErrorIs(t, err, policy.ErrExpired, "without the control side the lease ran out")
	s.logged("closed")
	s.logged("open")
}

// logged checks that the log holds a gate_change to that state.
func (s *show) logged(state string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		rows, err := s.e.store.Events(s.t.Context(), sqlite.Query{Kinds: []event.Kind{event.KindGateChange}, Limit: 100})
		return err == nil && slices.ContainsFunc(rows, func(r sqlite.Row) bool { return r.Event.Detail["state"] == state })
	}, 10*time.Second, 50*time.Millisecond)
}

func counted(t *testing.T, e *edge, name string) float64 {
	t.Helper()
	families, err := e.reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

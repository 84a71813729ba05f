package app

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/admin/cameras"
	"bystander/ingest"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/loopcam"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// patternCam is a network camera of this machine that shows a small test pattern.
func patternCam(t *testing.T, path string) *loopcam.Camera {
	t.Helper()
	file := filepath.Join(t.TempDir(), path+".mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i",
		"testsrc2=size=160x96:rate=10:duration=2", "-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: file, Path: path, User: "viewer", Password: "c4n4ry"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	return cam
}

// addressOf is a pattern camera's address with its credentials.
func addressOf(c *loopcam.Camera) string {
	return strings.Replace(c.URL(), "rtsp://", "rtsp://viewer:c4n4ry@", 1)
}

// yard is a running edge without any camera in its configuration.
type yard struct {
	t *testing.T
	e *edge
}

func startYard(t *testing.T, configured ...config.Camera) *yard {
	t.Helper()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Events.Edge, cfg.Redact.CheckEvery, cfg.Cameras = "yard", 0, configured
	cfg.Detect.Library = filepath.Join(cfg.Data, "none.so") // nobody is looked for here
	ctx, cancel := context.WithCancel(context.Background())
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { defer close(done); e.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		require.NoError(t, e.close())
	})
	return &yard{t, e}
}

func (y *yard) cam(id string) *camera {
	y.t.Helper()
	c, ok := y.e.fleet.get(id)
	require.True(y.t, ok, id)
	return c
}

// comes waits until a camera is in a state.
func (y *yard) comes(id string, state ingest.State) ingest.Health {
	y.t.Helper()
	require.Eventually(y.t, func() bool { return y.cam(id).src.Health().State == state }, 60*time.Second, 20*time.Millisecond,
		"%s becomes %s", id, state)
	return y.cam(id).src.Health()
}

// flows waits until pictures of a camera left, redacted.
func (y *yard) flows(id string) {
	y.t.Helper()
	c := y.cam(id)
	before := c.stats.totals().Out
	require.Eventually(y.t, func() bool { return c.stats.totals().Out > before+3 }, 60*time.Second, 20*time.Millisecond, "%s shows pictures", id)
}

func (y *yard) apply(id string) {
	y.t.Helper()
	require.NoError(y.t, y.e.applyCamera(y.t.Context(), id))
}

func (y *yard) change(id string, edit func(c *cameras.Camera, address *string)) {
	y.t.Helper()
	_, _, err := y.e.admin.cameras.Change(y.t.Context(), id, "ada", func(c cameras.Camera, address string) (cameras.Camera, string, error) {
		edit(&c, &address)
		return c, address, nil
	})
	require.NoError(y.t, err)
	y.apply(id)
}

// A camera begins, is mended, turned, paused and removed while another shows its
// pictures without a break, and while everybody asks for all of them.
// proves: A-05
func TestCamerasComeAndGoWhileOthersRun(t *testing.T) {
	if testing.Short() {
		t.Skip("plays two streams")
	}
	one, two := patternCam(t, "one"), patternCam(t, "two")
	y := startYard(t, config.Camera{ID: "one", Name: "One", Driver: "rtsp", Transport: "tcp", URL: config.Secret(addressOf(one))})
	steady := y.cam("one")
	y.flows("one")
	stop := y.asked()
	defer stop()

	ctx, store := t.Context(), y.e.admin.cameras
	_, err := store.Add(ctx, cameras.Camera{ID: "two", Name: "Two", Transport: "tcp", AddedBy: "ada"}, "rtsp://127.0.0.1:9/x")
	require.NoError(t, err)
	y.apply("two")
	wrong := y.comes("two", ingest.StateRetrying)
	require.Equal(t, string(ingest.CodeUnreachable), wrong.ErrCode, "it says why")
	require.True(t, wrong.NextTry.After(time.Now().Add(-time.Second)), "and tries again")

	y.change("two", func(_ *cameras.Camera, a *string) { *a = addressOf(two) })
	y.flows("two")
	require.Equal(t, frame.Size{W: 160, H: 96}, y.cam("two").src.Health().Size)
	begun := y.cam("two")
	y.change("two", func(c *cameras.Camera, _ *string) { c.Name = "The second" })
	require.Same(t, begun, y.cam("two"), "a name disturbs nobody")
	require.Equal(t, "The second", begun.name())
	y.change("two", func(c *cameras.Camera, _ *string) { c.Rotation = 90 })
	y.flows("two")
	require.Equal(t, frame.Size{W: 96, H: 160}, y.cam("two").src.Health().Size)

	_, err = store.Pause(ctx, "two", "ada", "the painters are in")
	require.NoError(t, err)
	y.apply("two")
	y.comes("two", statePaused)
	require.Zero(t, y.cam("two").stats.totals().In)
	_, err = store.Resume(ctx, "two")
	require.NoError(t, err)
	y.apply("two")
	y.flows("two")

	require.NoError(t, store.Remove(ctx, "two", "ada"))
	y.apply("two")
	_, there := y.e.fleet.get("two")
	require.False(t, there)
	_, there = y.e.law.poses.view("two")
	require.False(t, there)
	require.Equal(t, []string{"one"}, y.e.running())

	require.Same(t, steady, y.cam("one"))
	y.flows("one")
	h := steady.src.Health()
	require.Zero(t, h.Reconnect+h.Restarts, "the other camera went on untouched")
}

// asked has several people ask for everything until stop is called.
func (y *yard) asked() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	b := backend{y.e}
	for _, ask := range []func() error{
		func() error { _, err := b.Cameras(ctx); return err },
		func() error { _, err := y.e.reg.Gather(); return err },
		func() error { b.Health(ctx); y.e.law.poses.moved(); y.e.law.kick(); return nil },
	} {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := ask(); err != nil && ctx.Err() == nil {
					y.t.Error(err)
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// Whoever changes many cameras at once gets what was kept last.
func TestTheLastWordHolds(t *testing.T) {
	y := startYard(t)
	ctx, store := t.Context(), y.e.admin.cameras
	ids := []string{"a", "b", "c"}
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			_, err := store.Add(ctx, cameras.Camera{ID: id, Transport: "tcp"}, "rtsp://127.0.0.1:9/"+id)
			if err == nil {
				err = y.e.applyCamera(ctx, id)
			}
			if err == nil {
				_, err = store.Pause(ctx, id, "ada", "no need")
			}
			if err == nil {
				err = y.e.applyCamera(ctx, id)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, ids, y.e.running())
	for _, c := range y.e.fleet.all() {
		require.Equal(t, statePaused, c.src.Health().State)
	}
	posts, err := y.e.admin.posts(ctx)
	require.NoError(t, err)
	require.Len(t, posts, 3)
	require.False(t, slices.ContainsFunc(posts, func(p post) bool { return !p.Paused }), "it holds at the next start, too")
}

func TestNoChangeAfterTheEnd(t *testing.T) {
	f := newFleet(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.run(ctx)
	err := f.apply(t.Context(), "gate", func(context.Context) (post, bool, error) { t.Error("asked"); return post{}, false, nil })
	require.ErrorIs(t, err, errStopping)
}

// A demonstration's site is begun once; what visitors did with it stays, and the
// log says who began it.
func TestADemonstrationsSiteLives(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Events.Edge, cfg.Redact.CheckEvery = "demo", 0
	cfg.Detect.Library = filepath.Join(cfg.Data, "none.so")
	begin := func() *edge {
		e, err := openSampleEdge(t.Context(), cfg, zerolog.Nop(), policy.SampleSite(time.Now(),
			policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true}))
		require.NoError(t, err)
		return e
	}
	e := begin()
	require.Same(t, e.law.ops, e.law.shown, "it can be changed")
	require.Equal(t, policy.SampleSiteID, e.law.siteID())
	held, err := e.law.Current()
	require.NoError(t, err)
	require.Empty(t, held.Snapshot.Zones[0].Reasons, "its zone is live")
	requireRulesInForce(t, e)
	by := sitestore.By{Actor: "sample-privacy_officer", Reason: "trying"}
	_, err = e.law.ops.Suspend(t.Context(), by, policy.SampleZone("stage"))
	require.NoError(t, err)
	require.NoError(t, e.close())

	e = begin()
	defer func() { require.NoError(t, e.close()) }()
	notices, err := e.desks.consents.Notices(t.Context())
	require.NoError(t, err)
	require.Len(t, notices, 1, "its notice is published once")
	zone := policy.SampleZone("stage")
	z, err := sitestore.Get[sitestore.Zone](t.Context(), e.law.ops, zone)
	require.NoError(t, err)
	require.Equal(t, policy.ZoneSuspended, z.State)
	// Everything that going live asks for is there, so a second role can approve.
	_, err = e.law.ops.GoLive(t.Context(), sitestore.By{Actor: "sample-administrator", Reason: "trying"}, zone)
	require.NoError(t, err)
}

// requireRulesInForce asks as auditors do which notice and policy applied to an
// event of the demonstration, and reads the notice's text.
func requireRulesInForce(t *testing.T, e *edge) {
	t.Helper()
	held, err := e.law.Current()
	require.NoError(t, err)
	sc := held.Snapshot.Scenes[0]
	all, err := e.desks.consents.Notices(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, sc.NoticeVersion, all[0].Version)
	require.Equal(t, sc.NoticeHash, all[0].Hash, "consents rest on what the register shows")
	require.NotEmpty(t, all[0].Texts["en"].Purpose)
	require.NotEmpty(t, all[0].Texts["zh-CN"].Purpose)

	ev := event.Event{
		ID: uuid.Must(uuid.NewV7()).String(), TS: time.Now().UTC().Truncate(time.Millisecond), TSQuality: event.TSUnsynced, Kind: event.KindGateChange,
		SiteID: held.Snapshot.Site, SceneID: sc.ID, ZoneID: held.Snapshot.Zones[0].ID,
		NoticeVersion: sc.NoticeVersion, PolicyVersion: held.Snapshot.Version,
	}
	e.ledger.emit(ev)
	require.Eventually(t, func() bool {
		require.NoError(t, e.pump.Drain(t.Context()))
		a, err := e.desks.asker.Ask(t.Context(), "rules-in-force", map[string]string{"event": ev.ID})
		if err != nil || len(a.Rows) != 1 {
			return false
		}
		of := map[string]any{}
		for i, c := range a.Question.Columns {
			of[c.Name] = a.Rows[0][i]
		}
		require.Equal(t, policy.SampleNotice, of["notice_version"])
		require.Equal(t, all[0].EffectiveFrom.Format(time.RFC3339), of["notice_effective_from"])
		require.Equal(t, "enabled", of["scene_state"])
		require.Equal(t, "live", of["zone_state"])
		return true
	}, time.Minute, 20*time.Millisecond)
}

// A camera whose view was only assumed loses its zone when its pictures are to
// come from elsewhere; a site file's assumption refuses the change.
// proves: C-09
func TestAnotherAddressIsAnotherView(t *testing.T) {
	y := startYard(t)
	ctx := t.Context()
	sample := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true})
	require.NoError(t, y.e.law.ops.Import(ctx, theDemo(), sample, sitestore.AsSample))
	require.NoError(t, y.e.cameraMoving(ctx, "stage", "ada"))
	z, err := sitestore.Get[sitestore.Zone](ctx, y.e.law.ops, policy.SampleZone("stage"))
	require.NoError(t, err)
	require.Equal(t, policy.ZoneSuspended, z.State)
	require.Equal(t, "CAMERA_CHANGED:stage", z.Reason)

	e := &edge{law: &lawful{file: sample}}
	require.ErrorContains(t, e.cameraMoving(ctx, "stage", "ada"), "pose_assumed")
	require.NoError(t, e.cameraMoving(ctx, "gate", "ada"))
}

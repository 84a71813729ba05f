package app

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/testkit"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// room is a drawn view, shifted by whole samples.
func room(p frame.Planes, dx int) {
	for y := range p.H {
		for x := range p.W {
			u := x + dx
			b := 90
			if (u/23+y/31)%2 == 0 {
				b = 140
			}
			if (u+y)%67 < 9 {
				b += 60
			}
			p.Y[y*p.StrideY+x] = byte(b)
		}
	}
}

// gateCam is a lawful with one camera and no detectors, fed by hand.
type gateCam struct {
	t      *testing.T
	law    *lawful
	pool   *frame.Pool
	pts    time.Duration
	events []event.Event
}

func newGateCam(t *testing.T) *gateCam {
	t.Helper()
	g := &gateCam{t: t, pool: frame.NewPool(2)}
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Cameras = []config.Camera{{ID: "gate"}}
	e := &eyes{log: zerolog.Nop()}
	e.trusted.Store(true)
	var err error
	g.law, err = openLaw(t.Context(), cfg, e, nil, func(e event.Event) { g.events = append(g.events, e) }, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.law.close()) })
	g.law.poses.watch(cfg.Cameras[0])
	return g
}

// watch shows the view for so long, at 25 pictures a second.
func (g *gateCam) watch(d time.Duration, dx int) {
	g.t.Helper()
	for end := g.pts + d; g.pts < end; g.pts += 40 * time.Millisecond {
		raw, err := g.pool.Get(frame.Size{W: 320, H: 180})
		require.NoError(g.t, err)
		room(raw.Planes(), dx)
		raw.PTS = g.pts
		g.law.poses.of("gate").observe(raw, nil)
		raw.Release()
	}
	g.law.renew(g.t.Context())
}

// open tells whether the gate's pose bit is set now.
func (g *gateCam) calibrated() bool {
	held, err := g.law.Current()
	require.NoError(g.t, err)
	cam, ok := held.Snapshot.Camera("gate")
	require.True(g.t, ok)
	return held.Snapshot.Zones[0].At(held.Now, cam, g.law.poses.of("gate").current()).PoseCalibrated
}

// A camera is calibrated, its zone goes live; then it is turned. Within five
// seconds the gate denies and the zone is suspended, and it cannot go live
// again before the camera is back and somebody approves.
// proves: A-24, C-09, INV-9
func TestAMovedCameraSuspendsItsZone(t *testing.T) {
	g, ctx := newGateCam(t), context.Background()
	ops := g.law.ops
	by := func(who string) sitestore.By { return sitestore.By{Actor: who, Reason: "test"} }
	require.NoError(t, ops.Import(ctx, by("anna"), policy.SampleSite(time.Now(), policy.SampleCamera{ID: "gate", PlaceType: "gate", Match: true}), sitestore.AsItStands))
	photo, err := ops.AddPhoto(ctx, by("anna"), []byte("jpeg"), 0)
	require.NoError(t, err)
	_, err = ops.PutCamera(ctx, by("anna"), "gate", sitestore.CameraSpec{PlaceType: "gate", Checklist: sitestore.Checklist{
		ID: "paper", SignedBy: "anna", Photos: []string{photo.ID}, Installer: "ivo", Acknowledged: time.Now(),
	}})
	require.NoError(t, err)

	g.watch(6*time.Second, 0)
	view, ok := g.law.poses.View("gate")
	require.True(t, ok)
	require.NotEmpty(t, view.Fingerprint)
	_, err = ops.Calibrate(ctx, by("anna"), "gate", view.Fingerprint)
	require.NoError(t, err)
	zone := policy.SampleZone("gate")
	_, err = ops.Inspect(ctx, by("ines"), sitestore.InspectionSpec{Zone: zone, Passed: true, Photos: map[string]string{"main": photo.ID}})
	require.NoError(t, err)
	g.law.renew(ctx)
	require.False(t, g.calibrated(), "nothing has been compared with the new view yet")
	g.watch(3*time.Second, 0)
	require.True(t, g.calibrated())
	_, err = ops.GoLive(ctx, by("paul"), zone)
	require.NoError(t, err)

	turned := g.pts
	for g.calibrated() {
		g.watch(250*time.Millisecond, 12) // 3.75 % of the width
		require.LessOrEqual(t, g.pts-turned, 5*time.Second)
	}
	t.Logf("denied after %v", g.pts-turned)
	z, err := sitestore.Get[sitestore.Zone](ctx, ops, zone)
	require.NoError(t, err)
	for z.State == policy.ZoneOn {
		g.watch(250*time.Millisecond, 12)
		require.LessOrEqual(t, g.pts-turned, 5*time.Second)
		z, err = sitestore.Get[sitestore.Zone](ctx, ops, zone)
		require.NoError(t, err)
	}
	require.Equal(t, policy.ZoneSuspended, z.State)
	require.Equal(t, "CAMERA_MOVED:gate", z.Reason)
	require.Equal(t, "system", z.Author)
	require.Contains(t, g.events[len(g.events)-1].Detail["reasons"], "POSE_MOVED")

	_, err = ops.GoLive(ctx, by("paul"), zone)
	require.ErrorContains(t, err, "CAMERA_MOVED")
	g.watch(10*time.Second, 0)
	require.True(t, g.calibrated(), "it was put back")
	_, err = ops.GoLive(ctx, by("paul"), zone)
	require.NoError(t, err)
}

// A photograph is stored with everybody on it covered.
func TestPhotographsAreRedacted(t *testing.T) {
	testkit.Shared(t) // the models
	cfg := config.Default()
	e, err := openEyes(t.Context(), cfg, 1, zerolog.Nop())
	require.NoError(t, err)
	defer e.close()
	crowd := testkit.StreetCrowd(1).Write(t)
	photo := stillOf(t, crowd)
	jpeg, masked, err := (&photoRedactor{eyes: e}).RedactPhoto(t.Context(), photo)
	require.NoError(t, err)
	require.Positive(t, masked)
	again, left, err := (&photoRedactor{eyes: e}).RedactPhoto(t.Context(), jpeg)
	require.NoError(t, err)
	require.NotEmpty(t, again)
	require.Zero(t, left, "the same detectors find nobody on what was stored")

	e.trusted.Store(false)
	_, _, err = (&photoRedactor{eyes: e}).RedactPhoto(t.Context(), photo)
	require.ErrorIs(t, err, errPhotoMasked)
	_, _, err = (&photoRedactor{eyes: &eyes{}}).RedactPhoto(t.Context(), photo)
	require.ErrorIs(t, err, errPhotoMasked, "without a detector nothing is stored")
}

// stillOf is a recording's first picture, as PNG.
func stillOf(t *testing.T, path string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-").Output()
	require.NoError(t, err)
	return out
}

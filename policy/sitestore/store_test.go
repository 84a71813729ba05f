package sitestore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/sitestore"
)

var (
	ctx  = context.Background()
	noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
)

// house is a store with a clock that the test moves and events that it keeps.
type house struct {
	*sitestore.Store
	now    time.Time
	events []event.Event
}

type fataler interface {
	Errorf(format string, args ...any)
	FailNow()
}

func open(t testing.TB) *house {
	return openAt(t, sqldbtest.Place(t, filepath.Join(t.TempDir(), "site.db")))
}

func openAt(t testing.TB, path string) *house {
	t.Helper()
	h := &house{now: noon}
	s, err := sitestore.Open(ctx, path, sitestore.Options{
		Now: func() time.Time { return h.now }, Emit: func(e event.Event) { h.events = append(h.events, e) },
		LogRetention: 184 * 24 * time.Hour,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	h.Store = s
	return h
}

func by(actor string) sitestore.By { return sitestore.By{Actor: actor, Reason: "because"} }

var square = []sitestore.Point{{0.1, 0.1}, {0.9, 0.1}, {0.9, 0.9}, {0.1, 0.9}}

var text = sitestore.SignText{
	Controller: "Hall Ltd", Contact: "privacy@hall.invalid", Purpose: "entry", Function: "recognises those who agreed",
	Retention: "184 days", RightsLink: "https://hall.invalid/rights", Alternative: "staffed door", NoticeLink: "https://hall.invalid/z/door",
}

func spec() sitestore.SceneSpec {
	return sitestore.SceneSpec{Purpose: policy.ForAccess, Mode: policy.ModeZone, Notice: "n1", Records: true, LiveClear: true}
}

func zoneSpec() sitestore.ZoneSpec {
	return sitestore.ZoneSpec{
		ID: "door", Kind: policy.ZoneRecognition, Camera: "gate", Scene: "entry", Outline: square,
		Alternative: sitestore.Alternative{Kind: "staffed", Description: "the door on the left"},
	}
}

// planned builds a site up to a planned zone: anna plans.
func (h *house) planned(t fataler, profile string) {
	anna := by("anna")
	_, err := h.AddSite(ctx, anna, "hall", sitestore.SiteSpec{Name: "Hall Ltd", Profile: profile, Contact: "privacy@hall.invalid"})
	require.NoError(t, err)
	_, err = h.PutNotice(ctx, by("olga"), sitestore.Notice{
		Meta: sitestore.Meta{ID: "n1"}, Languages: []string{"en"}, Hash: event.Digest{1}, Published: true, EffectiveFrom: noon.Add(-time.Hour),
	})
	require.NoError(t, err)
	photo := h.photo(t)
	_, err = h.PutCamera(ctx, anna, "gate", sitestore.CameraSpec{PlaceType: "gate", Checklist: sitestore.Checklist{
		ID: "paper-1", SignedBy: "anna", Photos: []string{photo}, Installer: "ivo", Acknowledged: noon,
	}})
	require.NoError(t, err)
	_, err = h.Calibrate(ctx, anna, "gate", "p1:view")
	require.NoError(t, err)
	_, err = h.AddScene(ctx, anna, "entry", spec())
	require.NoError(t, err)
	_, err = h.AddZone(ctx, anna, zoneSpec())
	require.NoError(t, err)
	_, err = h.PutEntrance(ctx, anna, sitestore.EntranceSpec{ID: "north", Zone: "door", Position: &sitestore.Point{2, 0}}, true)
	require.NoError(t, err)
	h.sign(t, "face", policy.SignRecognition, sitestore.Point{2, 1})
	h.sign(t, "cctv", policy.SignMonitoring, sitestore.Point{3.5, 1})
	_, err = h.PlanSigns(ctx, anna, "door")
	require.NoError(t, err)
}

func (h *house) photo(t fataler) string {
	p, err := h.AddPhoto(ctx, by("anna"), []byte("jpeg"), 2)
	require.NoError(t, err)
	return p.ID
}

func (h *house) sign(t fataler, id string, kind policy.SignKind, at sitestore.Point) {
	_, err := h.PutSign(ctx, by("anna"), sitestore.SignSpec{ID: id, Zone: "door", Entrance: "north", Kind: kind, Position: at, Text: text}, true)
	require.NoError(t, err)
}

// assessed rests the scene on an assessment: olga writes, paul approves.
func (h *house) assessed(t fataler) {
	a, err := h.AddAssessment(ctx, by("olga"), sitestore.AssessmentSpec{
		Scene: "entry", Necessity: "queues", Effects: "few", ChildRules: "none are enrolled", Outcome: "approved", ValidUntil: h.now.AddDate(1, 0, 0),
	})
	require.NoError(t, err)
	_, err = h.Approve(ctx, by("paul"), a.ID)
	require.NoError(t, err)
	_, err = h.Assess(ctx, by("olga"), "entry", a.ID)
	require.NoError(t, err)
	_, err = h.Review(ctx, by("olga"), "entry", sitestore.Review{Reviewer: "counsel", Date: noon})
	require.NoError(t, err)
}

func (h *house) inspected(t fataler) {
	_, err := h.Inspect(ctx, by("ines"), sitestore.InspectionSpec{Zone: "door", Passed: true, Photos: map[string]string{"north": h.photo(t)}})
	require.NoError(t, err)
}

// live builds a site with a live zone and an enabled scene.
func (h *house) live(t fataler, profile string) {
	h.planned(t, profile)
	h.assessed(t)
	h.inspected(t)
	_, err := h.Enable(ctx, by("paul"), "entry")
	require.NoError(t, err)
	_, err = h.GoLive(ctx, by("paul"), "door")
	require.NoError(t, err)
}

func (h *house) zone(t fataler) sitestore.Zone {
	z, err := sitestore.Get[sitestore.Zone](ctx, h.Store, "door")
	require.NoError(t, err)
	return z
}

func (h *house) scene(t fataler) sitestore.Scene {
	sc, err := sitestore.Get[sitestore.Scene](ctx, h.Store, "entry")
	require.NoError(t, err)
	return sc
}

// codes are the reasons of a refusal, as REQUIREMENTS writes them.
func codes(t fataler, err error, kind error) []string {
	var r *sitestore.Refusal
	require.ErrorIs(t, err, kind)
	require.ErrorAs(t, err, &r)
	out := []string{}
	for _, x := range r.Reasons {
		out = append(out, x.String())
	}
	if len(out) == 0 {
		out = append(out, r.Code)
	}
	return out
}

func TestAWholeSiteGoesLive(t *testing.T) {
	h := open(t)
	h.live(t, "default")
	site, err := h.Compile(ctx)
	require.NoError(t, err)
	require.Empty(t, site.ZoneReadiness(site.Zones[0], h.now).Reasons)
	require.Empty(t, site.SceneReadiness(site.Scenes[0], h.now).Reasons)
	last := h.events[len(h.events)-1]
	require.Equal(t, event.KindZoneChange, last.Kind)
	require.Equal(t, "live", last.Detail["state"])
	require.Equal(t, "inspected", last.Detail["from"])
	require.Equal(t, "paul", last.Detail["actor"])
	require.Equal(t, site.Zones[0].SignSetHash(), last.SignSetHash)
	require.NotEmpty(t, last.InspectionID)
	require.NotEmpty(t, last.Detail["inspection_until"])
	back, err := site.YAML()
	require.NoError(t, err)
	_, err = policy.ParseSite("site.yml", back)
	require.NoError(t, err, "what is exported can be read again")
}

func TestHistoryIsKept(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "site.db"))
	h := openAt(t, path)
	h.live(t, "default")
	hist, err := sitestore.History[sitestore.Zone](ctx, h.Store, "door")
	require.NoError(t, err)
	var states []string
	for i, z := range hist {
		require.Equal(t, uint32(i+1), z.Version)
		require.NotEmpty(t, z.Author)
		states = append(states, string(z.State))
	}
	require.Equal(t, "draft", states[0])
	require.Equal(t, []string{"signs_planned", "inspected", "live"}, states[len(states)-3:])
	for _, q := range []string{
		`UPDATE records SET author='x'`, `DELETE FROM records WHERE kind='zone'`, `UPDATE photos SET masked=0`,
	} {
		_, err := h.DB().W.ExecContext(ctx, q)
		require.ErrorContains(t, err, "history is kept", q)
	}
}

func TestOptimisticLocking(t *testing.T) {
	h := open(t)
	h.planned(t, "default")
	v := h.zone(t).Version
	stale := by("anna")
	stale.Version = v - 1
	_, err := h.EditZone(ctx, stale, "door", zoneSpec())
	require.ErrorIs(t, err, sitestore.ErrVersion)
	stale.Version = v
	_, err = h.EditZone(ctx, stale, "door", zoneSpec())
	require.NoError(t, err)
}

// Whoever halts everything on one replica halts it on the others.
func TestReplicasShareTheSwitch(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "site.db"))
	a, b := openAt(t, path), openAt(t, path)
	_, err := a.Halt(ctx, by("ann"))
	require.NoError(t, err)
	halted, err := b.Halted(ctx)
	require.NoError(t, err)
	require.True(t, halted.On)
	was, err := a.Revision(ctx)
	require.NoError(t, err)
	now, err := b.Revision(ctx)
	require.NoError(t, err)
	require.Equal(t, was, now)
}

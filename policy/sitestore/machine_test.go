package sitestore_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/sitestore"
	"bystander/policy/store"
)

// Whatever staff do in whatever order, a zone is live only while every
// condition of the gate holds, and nobody approves their own work.
// proves, INV-9
func TestNoPathToLiveWithAConditionMissing(t *testing.T) {
	dir, n, reached := t.TempDir(), 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		h := &house{now: noon}
		s, err := sitestore.Open(ctx, sqldbtest.Place(t, filepath.Join(dir, fmt.Sprint(n), "site.db")), sitestore.Options{Now: func() time.Time { return h.now }})
		require.NoError(rt, err)
		defer s.Close()
		h.Store = s
		profile := rapid.SampledFrom([]string{"default", "cn", "us-il"}).Draw(rt, "profile")
		if rapid.Bool().Draw(rt, "from live") && profile == "default" {
			h.live(rt, profile)
		} else {
			h.planned(rt, profile)
		}
		m := &model{h: h, actors: []string{"anna", "ines", "olga", "paul"}}
		rt.Repeat(m.actions())
		reached += m.live
	})
	require.NotZero(t, reached, "the walks reach live zones, so that the property is not empty")
}

// model drives a house at random.
type model struct {
	h      *house
	actors []string
	last   string // assessment
	n      int
	live   int
}

func (m *model) by(t *rapid.T) sitestore.By { return by(rapid.SampledFrom(m.actors).Draw(t, "actor")) }

// tried passes refusals and fails on anything else.
func tried(t *rapid.T, err error) {
	var r *sitestore.Refusal
	if err != nil && !errors.As(err, &r) {
		t.Fatalf("not a refusal: %v", err)
	}
}

func (m *model) actions() map[string]func(*rapid.T) {
	h := m.h
	do := func(f func(t *rapid.T, by sitestore.By) error) func(*rapid.T) {
		return func(t *rapid.T) { tried(t, f(t, m.by(t))) }
	}
	return map[string]func(*rapid.T){
		"plan": do(func(_ *rapid.T, b sitestore.By) error { _, err := h.PlanSigns(ctx, b, "door"); return err }),
		"inspect": do(func(t *rapid.T, b sitestore.By) error {
			spec := sitestore.InspectionSpec{Zone: "door", Passed: rapid.Bool().Draw(t, "passed")}
			if rapid.Bool().Draw(t, "photo") {
				spec.Photos = map[string]string{"north": h.photo(t)}
			}
			_, err := h.Inspect(ctx, b, spec)
			return err
		}),
		"go live": do(func(_ *rapid.T, b sitestore.By) error { _, err := h.GoLive(ctx, b, "door"); return err }),
		"suspend": do(func(_ *rapid.T, b sitestore.By) error { _, err := h.Suspend(ctx, b, "door"); return err }),
		"edit zone": do(func(t *rapid.T, b sitestore.By) error {
			z := zoneSpec()
			if rapid.Bool().Draw(t, "no alternative") {
				z.Alternative = sitestore.Alternative{}
			}
			_, err := h.EditZone(ctx, b, "door", z)
			return err
		}),
		"move sign": do(func(t *rapid.T, b sitestore.By) error {
			at := sitestore.Point{rapid.SampledFrom([]float32{2, 3.5, 9}).Draw(t, "x"), 1}
			_, err := h.PutSign(ctx, b, sitestore.SignSpec{ID: "cctv", Zone: "door", Entrance: "north", Kind: policy.SignMonitoring, Position: at, Text: text}, false)
			return err
		}),
		"sign": do(func(t *rapid.T, b sitestore.By) error {
			m.n++
			spec := sitestore.SignSpec{
				ID: fmt.Sprint("s", m.n), Zone: "door", Entrance: "north", Position: sitestore.Point{2, 1}, Text: text,
				Kind: rapid.SampledFrom([]policy.SignKind{policy.SignRecognition, policy.SignMonitoring, policy.SignFloor}).Draw(t, "kind"),
			}
			if rapid.Bool().Draw(t, "ends") {
				spec.ValidUntil = h.now.AddDate(0, 0, 40)
			}
			_, err := h.PutSign(ctx, b, spec, true)
			return err
		}),
		"remove sign": do(func(t *rapid.T, b sitestore.By) error {
			_, err := h.RemoveSign(ctx, b, rapid.SampledFrom([]string{"face", "cctv", fmt.Sprint("s", m.n)}).Draw(t, "id"))
			return err
		}),
		"edit scene": do(func(t *rapid.T, b sitestore.By) error {
			sp := spec()
			sp.Purpose = rapid.SampledFrom(policy.ScenePurposes()).Draw(t, "purpose")
			sp.SeparateConsent, sp.ExternalRecorder = true, true
			sp.RetentionPolicy = "https://hall.invalid/retention"
			_, err := h.EditScene(ctx, b, "entry", sp)
			return err
		}),
		"assess":  do(m.assess),
		"approve": do(func(_ *rapid.T, b sitestore.By) error { _, err := h.Approve(ctx, b, m.last); return err }),
		"rest":    do(func(_ *rapid.T, b sitestore.By) error { _, err := h.Assess(ctx, b, "entry", m.last); return err }),
		"review": do(func(_ *rapid.T, b sitestore.By) error {
			_, err := h.Review(ctx, b, "entry", sitestore.Review{Reviewer: "c", Date: noon})
			return err
		}),
		"enable":   do(func(_ *rapid.T, b sitestore.By) error { _, err := h.Enable(ctx, b, "entry"); return err }),
		"pause":    do(func(_ *rapid.T, b sitestore.By) error { _, err := h.Pause(ctx, b, "entry"); return err }),
		"file":     do(m.file),
		"new view": do(func(_ *rapid.T, b sitestore.By) error { _, err := h.Calibrate(ctx, b, "gate", "p1:other"); return err }),
		"moved":    func(t *rapid.T) { _, err := h.CameraMoved(ctx, "gate"); tried(t, err) },
		"time":     func(t *rapid.T) { h.now = h.now.AddDate(0, 0, rapid.IntRange(1, 120).Draw(t, "days")) },
		"":         m.check,
	}
}

func (m *model) assess(t *rapid.T, b sitestore.By) error {
	a, err := m.h.AddAssessment(ctx, b, sitestore.AssessmentSpec{
		Scene: "entry", Necessity: "n", Effects: "e", ChildRules: "c", ValidUntil: m.h.now.AddDate(0, 3, 0),
		Outcome: rapid.SampledFrom([]string{"approved", "unclear", "rejected"}).Draw(t, "outcome"),
	})
	if err == nil {
		m.last = a.ID
	}
	return err
}

func (m *model) file(t *rapid.T, b sitestore.By) error {
	_, err := m.h.AddFiling(ctx, b, sitestore.FilingSpec{
		Type:      rapid.SampledFrom([]string{"mlps_grading", "public_security_video"}).Draw(t, "type"),
		Authority: "bureau", Number: "7", Status: rapid.SampledFrom([]string{"filed", "planned"}).Draw(t, "status"),
		ValidUntil: m.h.now.AddDate(0, 2, 0),
	})
	return err
}

// check is the property, after the sweep that the running program does.
func (m *model) check(t *rapid.T) {
	h := m.h
	_, err := h.Sweep(ctx)
	require.NoError(t, err)
	site, err := h.Compile(ctx)
	require.NoError(t, err, "what is stored always compiles")
	z, sc := h.zone(t), h.scene(t)
	if sc.State == policy.SceneOn {
		require.NotContains(t, sc.Editors, sc.Approver, "nobody enables their own edit")
	}
	if z.State != policy.ZoneOn {
		snap := policy.Compile(site, nil, nil, h.now)
		require.False(t, snap.Zones[0].Facts.Live, "the gate is closed in state %s", z.State)
		return
	}
	m.live++
	require.NotContains(t, z.Planners, z.Approver, "nobody approves their own plan")
	require.Empty(t, site.ZoneReadiness(site.Zones[0], h.now).Reasons)
	in, err := sitestore.Get[sitestore.Inspection](ctx, h.Store, z.Inspection)
	require.NoError(t, err)
	require.NotContains(t, in.Planners, in.Inspector)
	for _, r := range site.SceneReadiness(site.Scenes[0], h.now).Reasons {
		require.Equal(t, "SCENE_", r.Code[:6], "of the scene's conditions only its being paused or edited may be open, not %s", r)
	}
}

// Signs inform; they never make, change or end a consent.
// proves: A-46, INV-11
func TestSignsNeverTouchConsent(t *testing.T) {
	people, err := store.Open(ctx, sqldbtest.Place(t, filepath.Join(t.TempDir(), "policy.db")))
	require.NoError(t, err)
	defer people.Close()
	c := policy.Consent{
		ID: "c1", Version: 1, Enrollee: "e1", Purpose: policy.PurposeMatch, Scenes: []string{"entry"}, Zones: []string{"door"},
		NoticeVersion: "n1", ExpiresAt: noon.AddDate(1, 0, 0), State: policy.ConsentPending, ChangedAt: noon,
		Act: policy.Act{Channel: policy.ChannelPaper, At: noon, NoticeHash: event.Digest{1}, RecordedBy: "cora", Basis: policy.BasisSeparateConsent},
	}
	require.NoError(t, people.PutConsents(ctx, c))
	require.NoError(t, people.PutEnrollee(ctx, policy.Enrollee{ID: "e1", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: noon}))
	hash := func(t fataler) [32]byte {
		cs, err := people.Consents(ctx)
		require.NoError(t, err)
		b, err := json.Marshal(cs)
		require.NoError(t, err)
		return sha256.Sum256(b)
	}
	dir, n := t.TempDir(), 0
	before := hash(t)
	rapid.Check(t, func(rt *rapid.T) {
		n++
		h := &house{now: noon}
		s, err := sitestore.Open(ctx, sqldbtest.Place(t, filepath.Join(dir, fmt.Sprint(n), "site.db")), sitestore.Options{Now: func() time.Time { return h.now }})
		require.NoError(rt, err)
		defer s.Close()
		h.Store = s
		h.live(rt, "default")
		m := &model{h: h, actors: []string{"anna"}}
		acts := m.actions()
		rt.Repeat(map[string]func(*rapid.T){
			"sign": acts["sign"], "move sign": acts["move sign"], "remove sign": acts["remove sign"],
			"": func(t *rapid.T) {
				require.Equal(t, before, hash(t))
				site, err := h.Compile(ctx)
				require.NoError(t, err)
				cs, err := people.Consents(ctx)
				require.NoError(t, err)
				es, err := people.Enrollees(ctx)
				require.NoError(t, err)
				require.Empty(t, policy.Compile(site, es, cs, h.now).Subjects, "a pending consent stays pending under any sign")
			},
		})
	})
}

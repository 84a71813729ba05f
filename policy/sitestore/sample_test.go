package sitestore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/sitestore"
)

var demo = sitestore.By{Actor: "demonstration", Reason: "sample: made up for the demonstration"}

func sample(cameras ...string) *policy.Site {
	var list []policy.SampleCamera
	for _, id := range cameras {
		list = append(list, policy.SampleCamera{ID: id, PlaceType: "stage", Match: true})
	}
	return policy.SampleSite(noon, list...)
}

// A sample stands as it is, says of everything whose word it was, and from then
// on is a site like any other: an edit closes the gate, and nothing opens it but
// an inspection and an approval by others.
// proves, INV-9
func TestASampleIsALivingSite(t *testing.T) {
	h := open(t)
	require.NoError(t, h.Import(ctx, demo, sample("stage"), sitestore.AsSample))
	live := func() bool {
		site, err := h.Compile(ctx)
		require.NoError(t, err)
		snap := policy.Compile(site, nil, nil, h.now)
		return snap.Zones[0].Facts.Live && len(snap.Zones[0].Reasons) == 0
	}
	require.True(t, live())
	at := slices.IndexFunc(h.events, func(e event.Event) bool { return e.Kind == event.KindSceneChange })
	require.GreaterOrEqual(t, at, 0, "the log says that the scene stands")
	require.Equal(t, policy.SampleNotice, h.events[at].NoticeVersion)
	require.Equal(t, string(policy.SceneOn), h.events[at].Detail["state"])
	require.Equal(t, "sample approver", h.events[at].Detail["approver"])
	zone := policy.SampleZone("stage")
	z, err := sitestore.Get[sitestore.Zone](ctx, h.Store, zone)
	require.NoError(t, err)
	require.Equal(t, []string{"sample planner"}, z.Planners)
	require.Equal(t, "demonstration", z.Approver)
	for kind, of := range map[string]func() (sitestore.Meta, error){
		"site": func() (sitestore.Meta, error) {
			v, err := sitestore.Get[sitestore.Site](ctx, h.Store, policy.SampleSiteID)
			require.True(t, v.Sample)
			return v.Meta, err
		},
		"camera": func() (sitestore.Meta, error) {
			v, err := sitestore.Get[sitestore.Camera](ctx, h.Store, "stage")
			require.True(t, v.PoseAssumed, "nobody looked, and it says so")
			return v.Meta, err
		},
		"assessment": func() (sitestore.Meta, error) {
			list, err := sitestore.List[sitestore.Assessment](ctx, h.Store)
			require.Len(t, list, 1)
			require.Equal(t, "sample counsel", list[0].ApprovedBy)
			return list[0].Meta, err
		},
		"inspection": func() (sitestore.Meta, error) {
			list, err := sitestore.List[sitestore.Inspection](ctx, h.Store)
			require.Len(t, list, 1)
			require.Equal(t, "sample inspector", list[0].Inspector)
			return list[0].Meta, err
		},
	} {
		m, err := of()
		require.NoError(t, err, kind)
		require.Equal(t, demo.Actor, m.Author, kind)
		require.Equal(t, demo.Reason, m.Reason, kind)
	}

	owner, inspector, officer := by("owner"), by("inspector"), by("officer")
	_, err = h.EditZone(ctx, owner, zone, sitestore.ZoneSpec{
		Kind: z.Kind, Camera: z.Camera, Scene: z.Scene, Outline: square, Plan: z.Plan, Floor: z.Floor, Alternative: z.Alternative,
	})
	require.NoError(t, err)
	require.False(t, live())
	photo := h.photo(t)
	_, err = h.PutCamera(ctx, owner, "stage", sitestore.CameraSpec{PlaceType: "stage", Checklist: sitestore.Checklist{
		ID: "paper", SignedBy: "owner", Photos: []string{photo}, Installer: "ivo", Acknowledged: h.now,
	}})
	require.NoError(t, err)
	_, err = h.Inspect(ctx, inspector, sitestore.InspectionSpec{Zone: zone, Passed: true, Photos: map[string]string{"main": photo}})
	require.NoError(t, err)
	_, err = h.GoLive(ctx, owner, zone)
	require.ErrorIs(t, err, sitestore.ErrForbidden, "not by whoever planned it")
	_, err = h.GoLive(ctx, officer, zone)
	require.NoError(t, err)
	require.True(t, live())
}

func TestOnlyASampleComesLive(t *testing.T) {
	h := open(t)
	site := sample("stage")
	site.Sample = false
	require.ErrorIs(t, h.Import(ctx, demo, site, sitestore.AsSample), sitestore.ErrInvalid)
	house := open(t)
	house.planned(t, "default")
	require.ErrorContains(t, house.Import(ctx, demo, sample("stage"), sitestore.AsSample), "has its site already")
}

// A demonstration that is started with another camera gets what it lacks; what
// its visitors did stays.
func TestASampleGetsWhatItLacks(t *testing.T) {
	h := open(t)
	require.NoError(t, h.Import(ctx, demo, sample("stage"), sitestore.AsSample))
	_, err := h.Suspend(ctx, by("officer"), policy.SampleZone("stage"))
	require.NoError(t, err)
	h.now = h.now.Add(time.Hour)
	require.NoError(t, h.Import(ctx, demo, sample("stage", "hall"), sitestore.AsSample))
	require.NoError(t, h.Import(ctx, demo, sample("hall"), sitestore.AsSample))
	zones, err := sitestore.List[sitestore.Zone](ctx, h.Store)
	require.NoError(t, err)
	states := map[string]policy.ZoneState{}
	for _, z := range zones {
		states[z.ID] = z.State
	}
	require.Equal(t, map[string]policy.ZoneState{"stage-zone": policy.ZoneSuspended, "hall-zone": policy.ZoneOn}, states)
	site, err := h.Compile(ctx)
	require.NoError(t, err)
	require.Len(t, site.Cameras, 2)
	require.Len(t, site.Scenes, 2)
	require.Len(t, site.Notices, 1)
}

// Where nobody ever compared the view, pictures from elsewhere suspend the zone.
// A calibrated view is compared anyhow.
// proves: C-09, A-24
func TestAnAssumedViewEndsWithItsCamera(t *testing.T) {
	h := open(t)
	require.NoError(t, h.Import(ctx, demo, sample("stage"), sitestore.AsSample))
	out, err := h.CameraReplaced(ctx, by("ada"), "stage")
	require.NoError(t, err)
	require.Equal(t, []string{"stage-zone"}, out)
	c, err := sitestore.Get[sitestore.Camera](ctx, h.Store, "stage")
	require.NoError(t, err)
	require.False(t, c.PoseAssumed)
	_, err = h.GoLive(ctx, by("olga"), "stage-zone")
	require.ErrorContains(t, err, "POSE_NOT_CALIBRATED")
	out, err = h.CameraReplaced(ctx, by("ada"), "nowhere")
	require.NoError(t, err)
	require.Empty(t, out)

	house := open(t)
	house.live(t, "default")
	out, err = house.CameraReplaced(ctx, by("ada"), "gate")
	require.NoError(t, err)
	require.Empty(t, out)
	require.Equal(t, policy.ZoneOn, house.zone(t).State)
}

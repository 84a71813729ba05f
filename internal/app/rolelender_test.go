package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/book"
	"bystander/policy"
)

// Lent are the templates of those alone who may be compared in the scene now;
// every unknown is a no.
// proves: INV-3
func TestWhoseTemplatesAreLent(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	good := func() policy.SnapEnrollee {
		return policy.SnapEnrollee{ID: "ann", Under14: policy.No, Unrestricted: true, NotObjected: true, Consents: []policy.SnapConsent{
			{Purpose: policy.PurposeMatch, Scenes: []string{"foyer"}, ExpiresAt: now.Add(time.Hour)},
		}}
	}
	for name, change := range map[string]func(*policy.SnapEnrollee){
		"restricted":               func(p *policy.SnapEnrollee) { p.Unrestricted = false },
		"objected":                 func(p *policy.SnapEnrollee) { p.NotObjected = false },
		"of unknown age":           func(p *policy.SnapEnrollee) { p.Under14, p.GuardianActive = policy.Unknown, true },
		"a child without guardian": func(p *policy.SnapEnrollee) { p.Under14 = policy.Yes },
		"for another scene":        func(p *policy.SnapEnrollee) { p.Consents[0].Scenes = []string{"door"} },
		"expired":                  func(p *policy.SnapEnrollee) { p.Consents[0].ExpiresAt = now },
		"to be shown alone":        func(p *policy.SnapEnrollee) { p.Consents[0].Purpose = policy.PurposeAppearLive },
		"withdrawn":                func(p *policy.SnapEnrollee) { p.Consents = nil },
	} {
		p := good()
		change(&p)
		require.Empty(t, eligible(&policy.Snapshot{Subjects: []policy.SnapEnrollee{p}}, "foyer", now), name)
	}
	child := good()
	child.ID, child.Under14, child.GuardianActive = "ben", policy.Yes, true
	require.Equal(t, map[string]bool{"ann": true, "ben": true}, eligible(&policy.Snapshot{Subjects: []policy.SnapEnrollee{good(), child}}, "foyer", now))
}

func TestWhichScenesLend(t *testing.T) {
	ready := policy.Snapshot{Scenes: []policy.SnapScene{{ID: "foyer"}}, Zones: []policy.SnapZone{{ID: "z", Scene: "foyer"}}}
	require.True(t, compares(&ready, "foyer"))
	require.False(t, compares(&ready, "door"))
	why := []policy.Reason{{Code: "ZONE_SUSPENDED"}}
	require.False(t, compares(&policy.Snapshot{Scenes: ready.Scenes, Zones: []policy.SnapZone{{ID: "z", Scene: "foyer", Reasons: why}}}, "foyer"), "no zone of it is live")
	require.False(t, compares(&policy.Snapshot{Scenes: []policy.SnapScene{{ID: "foyer", Reasons: why}}, Zones: ready.Zones}, "foyer"))
	require.False(t, compares(&policy.Snapshot{Scenes: ready.Scenes}, "foyer"))
}

// An edge whose cameras are named is lent templates for what compares on those.
func TestWhichScenesHaveAnEdgesCameras(t *testing.T) {
	why := []policy.Reason{{Code: "ZONE_SUSPENDED"}}
	snap := policy.Snapshot{Zones: []policy.SnapZone{
		{ID: "z1", Scene: "foyer", Camera: "hall-1"}, {ID: "z2", Scene: "foyer", Camera: "yard", Reasons: why}, {ID: "z3", Scene: "door", Camera: "door"},
	}}
	all := []string{"door", "foyer", "nowhere"}
	for _, k := range []struct{ cameras, within, elsewhere []string }{
		{[]string{"hall-*"}, []string{"foyer"}, []string{"door", "nowhere"}},
		{[]string{"yard"}, []string{}, []string{"door", "nowhere"}}, // its zone is suspended
		{[]string{"d*", "hall-1"}, []string{"door", "foyer"}, []string{"nowhere"}},
		{[]string{"hall"}, []string{}, all},
		{nil, []string{"door", "foyer"}, []string{"nowhere"}},
	} {
		e := book.Edge{ID: "e", May: book.May{Scenes: all, Cameras: k.cameras}}
		require.Equal(t, k.within, comparedOn(&snap, all, e.Cameras.Allow), k)
		require.Equal(t, k.elsewhere, elsewhere(&snap, e), k)
	}
	require.Equal(t, []string{"door", "foyer", "nowhere"}, all, "what the book keeps is not changed")
}

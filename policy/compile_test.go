package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/policy"
)

// crowd is a sample site of n cameras with two people each.
func crowd(n int) (*policy.Site, []policy.Enrollee, []policy.Consent) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	cams := make([]policy.SampleCamera, n)
	for i := range cams {
		cams[i] = policy.SampleCamera{ID: fmt.Sprintf("cam-%05d", i), PlaceType: "hall", Match: true}
	}
	site := policy.SampleSite(at, cams...)
	var people []policy.Enrollee
	var consents []policy.Consent
	for i, c := range cams {
		site.Zones = append(site.Zones, policy.Zone{
			ID: "private-" + c.ID, Camera: c.ID, Kind: policy.ZonePrivacy, State: policy.ZoneOn,
			Polygon: policy.Polygon{Relative: [][2]float32{{0, 0}, {0.1, 0}, {0.1, 0.1}}},
		})
		for k := range 2 {
			id := fmt.Sprintf("person-%05d-%d", i, k)
			people = append(people, policy.Enrollee{ID: id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive})
			consents = append(consents, policy.Consent{
				ID: "consent-" + id, Version: 1, Enrollee: id, Purpose: policy.PurposeMatch,
				Scenes: []string{policy.SampleScene(c.ID)}, Zones: []string{policy.SampleZone(c.ID)},
				NoticeVersion: site.Notices[0].Version, ExpiresAt: at.Add(24 * time.Hour), State: policy.ConsentGiven,
				Act: policy.Act{Channel: policy.ChannelKiosk, At: at, NoticeHash: site.Notices[0].Hash, RecordedBy: "d", Basis: policy.BasisSeparateConsent, Written: true},
			})
		}
	}
	return site, people, consents
}

// TestCompileFindsEachPartsOwn compares a snapshot, which is made by indexes, with
// what the site's own searches say of each of its parts.
func TestCompileFindsEachPartsOwn(t *testing.T) {
	site, people, consents := crowd(40)
	site.Cameras = append(site.Cameras, site.Cameras[3]) // a name used twice: the first counts
	site.Cameras[len(site.Cameras)-1].PlaceType = "toilet"
	site.Zones = append(site.Zones, policy.Zone{ID: "lost", Camera: "nowhere", Scene: "nowhere", Kind: policy.ZoneRecognition, State: policy.ZoneOn})
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s := policy.Compile(site, people, consents, now)
	require.Len(t, s.Cameras, 41)
	for _, c := range s.Cameras {
		require.Equal(t, site.PrivateAreas(c.ID), c.Prohibited, c.ID)
		require.Len(t, c.Prohibited, 1)
	}
	require.Len(t, s.Zones, 41)
	for _, z := range s.Zones {
		for _, own := range site.Zones {
			if own.ID == z.ID {
				r := site.ZoneReadiness(own, now)
				require.Equal(t, r.Facts, z.Facts, z.ID)
				require.Equal(t, r.Reasons, z.Reasons, z.ID)
			}
		}
	}
	require.Len(t, s.Subjects, len(people))
	for i, p := range s.Subjects {
		require.Equal(t, people[i].ID, p.ID)
		require.Len(t, p.Consents, 1)
		require.Equal(t, consents[i].Ref(), p.Consents[0].Ref)
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		site, people, consents := crowd(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				policy.Compile(site, people, consents, time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC))
			}
		})
	}
}

// TestASignSetHasNoOrder holds the hash to what stands there, and not to how a
// file lists it.
func TestASignSetHasNoOrder(t *testing.T) {
	site, _, _ := crowd(1)
	z := site.Zones[0]
	require.Greater(t, len(z.Signs), 1)
	want := z.SignSetHash()
	turned := z
	turned.Signs, turned.Entrances = slices.Clone(z.Signs), slices.Clone(z.Entrances)
	slices.Reverse(turned.Signs)
	slices.Reverse(turned.Entrances)
	require.Equal(t, want, turned.SignSetHash())
	turned.Signs[0].ID += "x"
	require.NotEqual(t, want, turned.SignSetHash())
}

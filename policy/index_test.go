package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/strictyaml"
	"bystander/policy"
)

// randomSite is a site whose parts name each other rightly and wrongly, and some
// of them twice.
func randomSite(t *rapid.T) *policy.Site {
	s := sample()
	name := rapid.SampledFrom([]string{"a", "b", "c", "d", ""})
	for range rapid.IntRange(0, 5).Draw(t, "notices") {
		n := s.Notices[0]
		n.Version = name.Draw(t, "version")
		n.Published = rapid.Bool().Draw(t, "published")
		s.Notices = append(s.Notices, n)
	}
	for range rapid.IntRange(0, 5).Draw(t, "cameras") {
		c := s.Cameras[0]
		c.ID, c.PlaceType = name.Draw(t, "camera"), rapid.SampledFrom([]string{"hall", "toilet"}).Draw(t, "place")
		c.Checklist = name.Draw(t, "checklist")
		s.Cameras = append(s.Cameras, c)
	}
	for range rapid.IntRange(0, 5).Draw(t, "scenes") {
		sc := s.Scenes[0]
		sc.ID, sc.Notice, sc.Records = name.Draw(t, "scene"), name.Draw(t, "its notice"), rapid.Bool().Draw(t, "records")
		s.Scenes = append(s.Scenes, sc)
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "zones") {
		z := s.Zones[0]
		z.ID, z.Camera, z.Scene = fmt.Sprintf("zone-%d", i), name.Draw(t, "its camera"), name.Draw(t, "its scene")
		z.Kind = rapid.SampledFrom([]policy.ZoneKind{policy.ZoneRecognition, policy.ZonePrivacy, policy.ZoneSignage}).Draw(t, "kind")
		s.Zones = append(s.Zones, z)
	}
	return s
}

// unknownParts is what the check of a site must say of names, found by looking
// through the whole list for each of them.
func unknownParts(s *policy.Site) (out []string) {
	for i, sc := range s.Scenes {
		if _, ok := s.Notice(sc.Notice); !ok && sc.Notice != "" {
			out = append(out, fmt.Sprintf("scenes[%d].notice: %q is not among the notices", i, sc.Notice))
		}
	}
	for i, z := range s.Zones {
		if _, ok := s.Camera(z.Camera); !ok {
			out = append(out, fmt.Sprintf("zones[%d].camera: %q is not among the cameras", i, z.Camera))
		}
		if _, ok := s.Scene(z.Scene); !ok && (z.Kind == policy.ZoneRecognition || z.Scene != "") {
			out = append(out, fmt.Sprintf("zones[%d].scene: %q is not among the scenes", i, z.Scene))
		}
	}
	return out
}

// TestTheIndexFindsWhatASearchFinds holds the check of a site, and readiness by
// index, to what looking through its lists says.
func TestTheIndexFindsWhatASearchFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := randomSite(t)
		var got []string
		for _, e := range mistakes(s.Validate()) {
			if strings.Contains(e.Msg, "is not among the notices") || strings.Contains(e.Msg, "is not among the cameras") || strings.Contains(e.Msg, "is not among the scenes") {
				got = append(got, e.Path+": "+e.Msg)
			}
		}
		require.Equal(t, unknownParts(s), got)
		at := s.Index()
		for i := range s.Scenes {
			require.Equal(t, s.SceneReadiness(s.Scenes[i], noon), at.SceneReadiness(&s.Scenes[i], noon))
		}
		for i := range s.Zones {
			require.Equal(t, s.ZoneReadiness(s.Zones[i], noon), at.ZoneReadiness(&s.Zones[i], noon))
		}
		for _, id := range []string{"a", "b", "c", "d", "", "stage", "nowhere"} {
			c, known := s.Camera(id)
			found, ok := at.Camera(id)
			require.Equal(t, known, ok)
			require.Equal(t, c, *found)
		}
	})
}

// mistakes takes the errors of a check apart.
func mistakes(err error) (out []*strictyaml.Error) {
	var one *strictyaml.Error
	if e, ok := err.(*strictyaml.Error); ok { //nolint:errorlint // joined ones are taken apart below
		return []*strictyaml.Error{e}
	}
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			out = append(out, mistakes(e)...)
		}
		return out
	}
	if errors.As(err, &one) {
		out = append(out, one)
	}
	return out
}

func TestMistakesAreTakenApart(t *testing.T) {
	s := sample()
	s.Zones = append(slices.Clone(s.Zones), policy.Zone{ID: "lost", Camera: "nowhere"})
	require.Greater(t, len(mistakes(s.Validate())), 2, "the helper of the test above sees them")
}

func BenchmarkValidate(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		site, _, _ := crowd(n)
		for i := range site.Zones { // a made-up zone of its own each
			site.Zones[i].Version = 1
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if err := site.Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/geom"
	"bystander/policy"
)

func sample() *policy.Site {
	return policy.SampleSite(noon, policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true},
		policy.SampleCamera{ID: "arcade", PlaceType: "arcade"})
}

func TestSampleSiteIsReadyAndReadsBack(t *testing.T) {
	s := sample()
	require.NoError(t, s.Validate())
	b, err := s.YAML()
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(b), "# A SAMPLE."))
	back, err := policy.ParseSite("site.yml", b)
	require.NoError(t, err)
	require.Equal(t, s, back)
	require.Empty(t, back.SceneReadiness(back.Scenes[0], noon).Reasons)
	require.Empty(t, back.ZoneReadiness(back.Zones[0], noon).Reasons)
	require.Len(t, back.Zones, 1, "the camera without matching has no zone")
}

// proves, C-22
func TestSiteErrorsComeAtOnceWithLineAndPath(t *testing.T) {
	const file = `site: Bad Name
profil: cn
profile: mars
controller: {name: x, contact: y}
cameras:
  - {id: a, place_type: Changing Room}
  - {id: a, place_type: hall, zoom: 3}
scenes:
  - {id: s, purpose: law_enforcement, mode: area, state: enabled, records: maybe}
zones:
  - id: z
    version: 1
    kind: recognition
    camera: nowhere
    scene: s
    state: live
    polygon: {relative: [[0, 0], [1, 0], [2, 1]]}
    inspection: {planner: ann, inspector: ann}
`
	_, err := policy.ParseSite("site.yml", []byte(file))
	require.ErrorIs(t, err, policy.ErrInvalid)
	for _, want := range []string{
		`site.yml:1: site:`, `site.yml:2: profil: unknown key; did you mean "profile"?`, `site.yml:3: profile:`,
		`site.yml:6: cameras[0].place_type: PROHIBITED_PLACE`, `site.yml:7: cameras[1].zoom: unknown key`, `site.yml:7: cameras[1].id:`,
		`scenes[0].purpose: real-time identification for law enforcement is not built`, `scenes[0].mode:`, `scenes[0].records:`,
		`site.yml:14: zones[0].camera:`, `site.yml:17: zones[0].polygon.relative: corner 2`, `site.yml:18: zones[0].inspection.inspector:`,
		`reason and approver are missing`,
	} {
		require.ErrorContains(t, err, want)
	}
}

// proves: A-11
func TestNoPrivatePlaceIsEverAllowed(t *testing.T) {
	for _, place := range []string{"toilet", "Hotel Room", "changing-room", "DORMITORY", "bath"} {
		s := sample()
		s.Cameras[0].PlaceType = place
		require.ErrorContains(t, s.Validate(), "PROHIBITED_PLACE", place)
	}
}

// proves
func TestZoneConditions(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		broken       func(f policy.ZoneFacts) bool
		do           func(s *policy.Site, z *policy.Zone)
	}{
		{"no sign", "SIGN_MISSING:main", func(f policy.ZoneFacts) bool { return !f.SignsComplete }, func(_ *policy.Site, z *policy.Zone) { z.Signs = z.Signs[:1] }},
		{"signs apart", "SIGN_PAIR:main", func(f policy.ZoneFacts) bool { return !f.SignsComplete }, func(_ *policy.Site, z *policy.Zone) { z.Signs[0].Position = [2]float32{-0.51, 1} }},
		{"one entrance unsigned", "SIGN_MISSING:side", func(f policy.ZoneFacts) bool { return !f.SignsComplete }, func(_ *policy.Site, z *policy.Zone) {
			z.Entrances = append(z.Entrances, policy.Entrance{ID: "side"})
			z.Inspection.Photos["side"] = "photo"
		}},
		{"sign without link", "SIGN_INCOMPLETE:main-recognition.rights_link", func(f policy.ZoneFacts) bool { return !f.SignsComplete }, func(_ *policy.Site, z *policy.Zone) { z.Signs[1].Text.RightsLink = " " }},
		{"no entrance", "ENTRANCE_MISSING", func(f policy.ZoneFacts) bool { return !f.SignsComplete }, func(_ *policy.Site, z *policy.Zone) { z.Entrances, z.Signs = nil, nil }},
		{"inspection over", "INSPECTION_EXPIRED", func(f policy.ZoneFacts) bool { return !f.InspectionValid }, func(_ *policy.Site, z *policy.Zone) { z.Inspection.ValidUntil = noon }},
		{"same person", "INSPECTOR_IS_PLANNER", func(f policy.ZoneFacts) bool { return !f.InspectionValid }, func(_ *policy.Site, z *policy.Zone) { z.Inspection.Inspector = z.Inspection.Planner }},
		{"no photo", "INSPECTION_PHOTO:main", func(f policy.ZoneFacts) bool { return !f.InspectionValid }, func(_ *policy.Site, z *policy.Zone) { z.Inspection.Photos = nil }},
		{"no alternative", "ALTERNATIVE_MISSING", func(f policy.ZoneFacts) bool { return !f.AlternativePresent }, func(_ *policy.Site, z *policy.Zone) { z.Alternative = policy.Alternative{} }},
		{"suspended", "ZONE_SUSPENDED", func(f policy.ZoneFacts) bool { return !f.Live }, func(_ *policy.Site, z *policy.Zone) { z.State = policy.ZoneSuspended }},
		{"no checklist", "CHECKLIST_MISSING:stage", func(f policy.ZoneFacts) bool { return !f.Live }, func(s *policy.Site, _ *policy.Zone) { s.Cameras[0].Checklist = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sample()
			c.do(s, &s.Zones[0])
			r := s.ZoneReadiness(s.Zones[0], noon)
			require.Len(t, r.Reasons, 1)
			require.Equal(t, c.reason, r.Reasons[0].String())
			require.True(t, c.broken(r.Facts))
		})
	}
}

// proves: A-44
func TestSignPairAtExactlyItsLimit(t *testing.T) {
	s := sample()
	s.Zones[0].Signs[0].Position, s.Zones[0].Signs[1].Position = [2]float32{0.1, 0}, [2]float32{1.6, 0}
	require.Empty(t, s.ZoneReadiness(s.Zones[0], noon).Reasons)
}

// proves, C-02, C-12, C-18
func TestSceneConditions(t *testing.T) {
	for _, c := range []struct {
		name    string
		reasons []string
		do      func(s *policy.Site, sc *policy.Scene)
	}{
		{"paused", []string{"SCENE_PAUSED"}, func(_ *policy.Site, sc *policy.Scene) { sc.State = policy.ScenePaused }},
		{"no review", []string{"LEGAL_REVIEW_MISSING"}, func(_ *policy.Site, sc *policy.Scene) { sc.LegalReview = policy.LegalReview{} }},
		{"unpublished", []string{"NOTICE_MISSING:sample-1"}, func(s *policy.Site, _ *policy.Scene) { s.Notices[0].Published = false }},
		{"not yet in force", []string{"NOTICE_MISSING:sample-1"}, func(s *policy.Site, _ *policy.Scene) { s.Notices[0].EffectiveFrom = noon.Add(1) }},
		{"unclear", []string{"PIA_MISSING:outcome"}, func(_ *policy.Site, sc *policy.Scene) { sc.Assessment.Outcome = "unclear" }},
		{"assessment over", []string{"PIA_MISSING:expired"}, func(_ *policy.Site, sc *policy.Scene) { sc.Assessment.ValidUntil = noon }},
		{"cn", []string{"SEPARATE_CONSENT_MISSING:demonstration", "FILING_MISSING:mlps_grading", "FILING_MISSING:public_security_video", "MODE_FORBIDDEN:zone"}, func(s *policy.Site, _ *policy.Scene) { s.Profile = "cn" }},
		{"eu in zone mode", []string{"MODE_FORBIDDEN:zone"}, func(s *policy.Site, _ *policy.Scene) { s.Profile = "eu" }},
		{"eu security", []string{"PURPOSE_FORBIDDEN:public_security"}, func(s *policy.Site, sc *policy.Scene) {
			s.Profile, sc.Purpose, sc.EntryIsConsent = "eu", policy.ForPublicSecurity, true
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sample()
			c.do(s, &s.Scenes[0])
			var got []string
			for _, r := range s.SceneReadiness(s.Scenes[0], noon).Reasons {
				got = append(got, r.String())
			}
			require.Equal(t, c.reasons, got)
		})
	}
}

// proves: A-11
func TestPrivateAreasAndPixels(t *testing.T) {
	s := sample()
	s.Zones = append(s.Zones, policy.Zone{
		ID: "till", Version: 1, Kind: policy.ZoneProhibited, Camera: "arcade", State: policy.ZoneDraft,
		Polygon: policy.Polygon{Pixels: [][2]float32{{0, 0}, {960, 0}, {960, 540}}, Size: []int{1920, 1080}},
	})
	require.NoError(t, s.Validate())
	areas := s.PrivateAreas("arcade")
	require.Equal(t, []geom.Polygon{{{X: 0, Y: 0}, {X: 0.5, Y: 0}, {X: 0.5, Y: 0.5}}}, areas)
	require.Equal(t, geom.Polygon{{X: 0, Y: 0}, {X: 320, Y: 0}, {X: 320, Y: 180}}, policy.On(areas[0], 640, 360, nil))
}

// Signs inform; they are no consent (A-46, INV-11): whatever happens to them,
// the people and consents of a snapshot stay the same.
// proves: A-46, INV-11
func TestSignsNeverMakeConsent(t *testing.T) {
	people, consents := enrolled(noon)
	s := sample()
	before := policy.Compile(s, people, consents, noon).Subjects
	s.Zones[0].Signs = append(s.Zones[0].Signs, policy.Sign{ID: "more", Kind: policy.SignRecognition, Entrance: "main"})
	require.Equal(t, before, policy.Compile(s, people, consents, noon).Subjects)
	require.Empty(t, policy.Compile(s, nil, nil, noon).Subjects)
}

func FuzzParseSite(f *testing.F) {
	b, err := sample().YAML()
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte("site: x\nzones: [{polygon: {pixels: [[1,2],[3]], size: [1]}}]"))
	f.Add([]byte("a: &x [*x]\n---\nb"))
	f.Add([]byte("cameras: {id: 3}\nnotices:\n- hash: zz\n  effective_from: 2027-13-41"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := policy.ParseSite("f", b)
		if err == nil {
			require.NoError(t, s.Validate())
			policy.Compile(s, nil, nil, time.Unix(0, 0))
		}
	})
}

// proves: B-47
func TestChildrenNeedAWayToVerifyGuardians(t *testing.T) {
	s := sample()
	s.Scenes[0].Children = true
	require.Equal(t, "GUARDIAN_CHANNEL_MISSING", s.SceneReadiness(s.Scenes[0], noon).Reasons[0].String())
	s.Scenes[0].GuardianChannel = "at the desk, with the family register"
	require.Empty(t, s.SceneReadiness(s.Scenes[0], noon).Reasons)
}

// proves: C-18
func TestZoneModeInTheEUNeedsARecordedActAtEntry(t *testing.T) {
	s := sample()
	s.Profile = "eu"
	for i := range s.Zones[0].Signs {
		s.Zones[0].Signs[i].Text.NoticeLink = "https://sample.invalid/z"
	}
	require.Equal(t, "MODE_FORBIDDEN:zone", s.SceneReadiness(s.Scenes[0], noon).Reasons[0].String())
	s.Scenes[0].EntryIsConsent = true
	require.Empty(t, s.SceneReadiness(s.Scenes[0], noon).Reasons)
	s.Scenes[0].Mode, s.Scenes[0].EntryIsConsent = policy.ModeClaim, false
	require.Empty(t, s.SceneReadiness(s.Scenes[0], noon).Reasons)
}

// The AI Act's duties of deployers are asked for from their day, and no sooner.
// proves: C-25
func TestProfilesAreGatedByDate(t *testing.T) {
	s := sample()
	s.Profile = "eu"
	s.Scenes[0].EntryIsConsent, s.Scenes[0].Purpose = true, policy.ForAccess
	s.Scenes[0].Assessment.ValidUntil = noon.AddDate(3, 0, 0)
	day := time.Date(2027, 12, 2, 0, 0, 0, 0, time.UTC)
	require.Empty(t, s.SceneReadiness(s.Scenes[0], day.Add(-time.Second)).Reasons)
	var got []string
	for _, r := range s.SceneReadiness(s.Scenes[0], day).Reasons {
		got = append(got, r.String())
	}
	require.Equal(t, []string{"FILING_MISSING:ai_act_registration", "FILING_MISSING:fundamental_rights_assessment"}, got)
}

// proves: C-26
func TestIllinoisNeedsAReleaseInWritingAndAPublicPolicy(t *testing.T) {
	s := sample()
	s.Profile = "us-il"
	require.Equal(t, "RETENTION_POLICY_MISSING", s.SceneReadiness(s.Scenes[0], noon).Reasons[0].String())
	s.Scenes[0].RetentionPolicy = "https://sample.invalid/retention"
	require.Empty(t, s.SceneReadiness(s.Scenes[0], noon).Reasons)
	people := []policy.Enrollee{{ID: "e", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive}}
	c := policy.Consent{
		ID: "c", Version: 2, Enrollee: "e", Purpose: policy.PurposeMatch, State: policy.ConsentGiven, ExpiresAt: noon.AddDate(1, 0, 0),
		Act: policy.Act{Channel: policy.ChannelWeb, Basis: policy.BasisSeparateConsent},
	}
	require.Empty(t, policy.Compile(s, people, []policy.Consent{c}, noon).Subjects, "no release, no match")
	c.Act.Written = true
	require.Len(t, policy.Compile(s, people, []policy.Consent{c}, noon).Subjects, 1)
	p, _ := policy.ProfileByName("us-il")
	require.Equal(t, 3*365*24*time.Hour, p.InactiveLimit)
}

// In China, whoever gave no separate consent is nobody's candidate.
// proves: C-02
func TestChinaNeedsSeparateConsent(t *testing.T) {
	s := sample()
	s.Profile = "cn"
	people := []policy.Enrollee{{ID: "e", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive}}
	c := policy.Consent{ID: "c", Enrollee: "e", Purpose: policy.PurposeMatch, State: policy.ConsentGiven, ExpiresAt: noon.AddDate(1, 0, 0)}
	for basis, n := range map[string]int{"contract": 0, "": 0, policy.BasisSeparateConsent: 1} {
		c.Act.Basis = basis
		require.Len(t, policy.Compile(s, people, []policy.Consent{c}, noon).Subjects, n, basis)
	}
}

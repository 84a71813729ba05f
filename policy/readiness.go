package policy

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
)

// maxSignPair is how far apart the monitoring and the recognition sign of one
// entrance may stand, in metres, with a millimetre for rounding.
const maxSignPair = 1.5 + 1e-3

// Reason is one condition that does not hold, for machines and people.
type Reason struct {
	Code    string `json:"code"`              // e.g. SIGN_MISSING
	Subject string `json:"subject,omitempty"` // e.g. the entrance
	Text    string `json:"text"`
}

// String is the machine-readable form, e.g. SIGN_MISSING:north-door.
func (r Reason) String() string {
	if r.Subject == "" {
		return r.Code
	}
	return r.Code + ":" + r.Subject
}

// SceneReadiness is what holds for a scene at one moment.
type SceneReadiness struct {
	Facts   SceneFacts
	Reasons []Reason // what does not hold
}

// ZoneReadiness is what holds for a zone at one moment. PoseCalibrated is left
// out: the edge observes it.
type ZoneReadiness struct {
	Facts   ZoneFacts
	Reasons []Reason
}

type reasons []Reason

func (r *reasons) unless(ok bool, code, subject, text string) bool {
	if !ok {
		*r = append(*r, Reason{code, subject, text})
	}
	return ok
}

// all evaluates every condition, so that all reasons are listed at once.
func all(oks ...bool) bool { return !slices.Contains(oks, false) }

// SceneReadiness evaluates a scene's conditions at now.
func (s *Site) SceneReadiness(sc Scene, now time.Time) SceneReadiness {
	n, known := s.Notice(sc.Notice)
	return s.sceneReadiness(&sc, &n, known, now)
}

// sceneReadiness is SceneReadiness where the scene's notice is at hand; it is
// empty where the site does not know it.
func (s *Site) sceneReadiness(sc *Scene, n *Notice, known bool, now time.Time) SceneReadiness {
	var r reasons
	prof := profiles[s.Profile]
	f := SceneFacts{Mode: sc.Mode, PAD: TriOf(sc.PAD)}
	f.Enabled = all(
		r.unless(sc.State == SceneOn, "SCENE_"+strings.ToUpper(string(sc.State)), "", "the scene is not enabled"),
		r.unless(sc.LegalReview.Reviewer != "" && started(sc.LegalReview.Date, now), "LEGAL_REVIEW_MISSING", "", "counsel has not reviewed the scene"),
		r.unless(known && n.Published && started(n.EffectiveFrom, now), "NOTICE_MISSING", sc.Notice, "no notice is published and in force"),
		r.unless(!sc.Children || sc.GuardianChannel != "", "GUARDIAN_CHANNEL_MISSING", "", "a scene open to children needs a way to verify their guardians"),
		r.unless(!prof.PublicRetention || sc.RetentionPolicy != "", "RETENTION_POLICY_MISSING", "", "the profile asks for a published retention policy"))
	f.PurposeAllowed = all(
		r.unless(slices.Contains(prof.Purposes, sc.Purpose), "PURPOSE_FORBIDDEN", string(sc.Purpose), "the profile does not allow this purpose"),
		r.unless(!prof.wantsSeparate(*sc) || sc.SeparateConsent, "SEPARATE_CONSENT_MISSING", string(sc.Purpose), "for this purpose the profile asks for a separate consent of every person compared"))
	a := sc.Assessment
	f.AssessmentValid = all(
		r.unless(a.ID != "" && a.Necessity != "" && a.ApprovedBy != "", "PIA_MISSING", "", "the impact assessment lacks id, necessity or approval"),
		r.unless(a.ID == "" || a.Outcome == "approved" || a.Outcome == "unclear" && a.Consultation != "", "PIA_MISSING", "outcome", "the impact assessment's outcome is not approval"),
		r.unless(a.ID == "" || before(now, a.ValidUntil), "PIA_MISSING", "expired", "the impact assessment is over or has no end"))
	f.FilingsPresent = true
	for _, t := range prof.Required(sc.Purpose, now) {
		ok := slices.ContainsFunc(sc.Filings, func(x Filing) bool { return x.Type == t && x.valid(now) })
		f.FilingsPresent = r.unless(ok, "FILING_MISSING", t, "the profile requires this filing") && f.FilingsPresent
	}
	f.ProfilePermits = r.unless(prof.Permits(*sc), "MODE_FORBIDDEN", string(sc.Mode), "the profile does not permit this mode as configured")
	return SceneReadiness{f, r}
}

func (f Filing) valid(now time.Time) bool {
	return (f.Status == "filed" || f.Status == "approved") && f.Number != "" &&
		(f.ValidUntil.IsZero() || now.Before(f.ValidUntil))
}

func started(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// ZoneReadiness evaluates a zone's conditions at now.
func (s *Site) ZoneReadiness(z Zone, now time.Time) ZoneReadiness {
	sc, _ := s.Scene(z.Scene)
	cam, known := s.Camera(z.Camera)
	return s.zoneReadiness(&z, &sc, &cam, known, now)
}

// zoneReadiness is ZoneReadiness where the zone's scene and camera are at hand;
// they are empty where the site does not know them.
func (s *Site) zoneReadiness(z *Zone, sc *Scene, cam *Camera, camKnown bool, now time.Time) ZoneReadiness {
	var r reasons
	f := ZoneFacts{Recognition: z.Kind == ZoneRecognition}
	f.Live = all(
		r.unless(z.State == ZoneOn, "ZONE_"+strings.ToUpper(string(z.State)), "", "the zone is not live"),
		r.unless(camKnown && !ProhibitedPlace(cam.PlaceType), "PROHIBITED_PLACE", cam.PlaceType, "a private space"),
		r.unless(cam.Checklist != "", "CHECKLIST_MISSING", z.Camera, "the signed non-obstruction checklist is missing"))
	f.InspectionValid = z.inspectionOK(&r, now)
	f.SignsComplete = z.signsOK(&r, sc.Records, profiles[s.Profile])
	alt := z.Alternative
	f.AlternativePresent = r.unless(slices.Contains([]string{"staffed", "card", "password"}, alt.Kind) && alt.Description != "",
		"ALTERNATIVE_MISSING", "", "there is no staffed, card or password way through")
	return ZoneReadiness{f, r}
}

func (z Zone) inspectionOK(r *reasons, now time.Time) bool {
	in := z.Inspection
	ok := all(
		r.unless(in.ID != "" && in.Passed && started(in.Date, now), "INSPECTION_MISSING", "", "no inspection was passed"),
		r.unless(in.Inspector != "" && in.Planner != "" && in.Inspector != in.Planner, "INSPECTOR_IS_PLANNER", "", "inspector and planner must be named and differ"),
		r.unless(before(now, in.ValidUntil), "INSPECTION_EXPIRED", "", "the inspection is over or has no end"))
	for _, e := range z.Entrances {
		ok = r.unless(in.Photos[e.ID] != "", "INSPECTION_PHOTO", e.ID, "the walkthrough has no photo of this entrance") && ok
	}
	return ok
}

func (z Zone) signsOK(r *reasons, records bool, prof Profile) bool {
	ok := r.unless(len(z.Entrances) > 0, "ENTRANCE_MISSING", "", "the zone lists no entrance")
	for _, e := range z.Entrances {
		face := z.signsAt(e.ID, SignRecognition)
		ok = r.unless(len(face) > 0, "SIGN_MISSING", e.ID, "no face-recognition sign stands at this entrance") && ok
		if records && len(face) > 0 {
			ok = r.unless(paired(face, z.signsAt(e.ID, SignMonitoring)), "SIGN_PAIR", e.ID,
				"monitoring and face-recognition sign must stand side by side, at most 1.5 m apart") && ok
		}
	}
	for _, g := range z.Signs {
		if g.Kind == SignFloor {
			continue
		}
		for _, field := range g.Text.Missing(prof) {
			ok = r.unless(false, "SIGN_INCOMPLETE", g.ID+"."+field, "the sign does not disclose this") && ok
		}
	}
	return ok
}

func (z Zone) signsAt(entrance string, k SignKind) []Sign {
	var out []Sign
	for _, g := range z.Signs {
		if g.Entrance == entrance && g.Kind == k {
			out = append(out, g)
		}
	}
	return out
}

func paired(a, b []Sign) bool {
	for _, x := range a {
		for _, y := range b {
			if math.Hypot(float64(x.Position[0]-y.Position[0]), float64(x.Position[1]-y.Position[1])) <= maxSignPair {
				return true
			}
		}
	}
	return false
}

// Missing lists what the text does not disclose and must, under a
// profile.
func (t SignText) Missing(p Profile) []string {
	fields := []struct{ name, v string }{
		{"controller", t.Controller},
		{"contact", t.Contact},
		{"purpose", t.Purpose},
		{"function", t.Function},
		{"retention", t.Retention},
		{"rights_link", t.RightsLink},
		{"alternative", t.Alternative},
	}
	if p.SecondLayer {
		fields = append(fields, struct{ name, v string }{"notice_link", t.NoticeLink})
	}
	var out []string
	for _, f := range fields {
		if strings.TrimSpace(f.v) == "" {
			out = append(out, f.name)
		}
	}
	return out
}

// SignSetHash identifies the zone's signs and entrances as they stood, in
// whatever order a file or a store lists them.
func (z Zone) SignSetHash() event.Digest {
	entrances, signs := slices.Clone(z.Entrances), slices.Clone(z.Signs)
	slices.SortStableFunc(entrances, func(a, b Entrance) int { return cmpString(a.ID, b.ID) })
	slices.SortStableFunc(signs, func(a, b Sign) int { return cmpString(a.ID, b.ID) })
	b, err := json.Marshal(struct {
		E []Entrance
		S []Sign
	}{entrances, signs})
	if err != nil {
		return event.Digest{}
	}
	return sum("bystander sign set v1", b)
}

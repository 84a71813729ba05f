package policy

import (
	"slices"
	"sort"
	"time"
)

// Profile is what a jurisdiction asks of a scene. It narrows; nothing in it
// can allow what the gate denies.
type Profile struct {
	Name     string
	Modes    []Mode
	Purposes []ScenePurpose
	Filings  []FilingRule
	// ZoneNeedsEntryConsent allows zone mode only where entering the zone is
	// itself a recorded act of consent (GDPR 9; EDPB 3/2019).
	ZoneNeedsEntryConsent bool
	// NeedsExternalRecorder asks for the declaration that the statutory
	// recorder exists outside this system (State Council Order 799).
	NeedsExternalRecorder bool
	// SeparateConsent asks, for every purpose but public security, that each
	// person compared gave a separate consent, and that the scene declares it
	// (PIPL 26).
	SeparateConsent bool
	// MatchInWriting asks for a written release before any match (BIPA 15).
	MatchInWriting bool
	// PublicRetention asks for a published retention policy (BIPA 15(a)).
	PublicRetention bool
	// SecondLayer asks that a sign name where the full notice is (GDPR 13).
	SecondLayer bool
	// StartsInClaim is the mode that new scenes start in.
	StartsInClaim bool
	// LogRetention is how long logs are kept at least; 0 sets no bound.
	LogRetention time.Duration
	// InactiveLimit is after how long without an interaction a template is
	// destroyed at the latest; 0 sets no bound of the profile's own.
	InactiveLimit time.Duration
	// CensusLimit is the number of distinct people from which the holding
	// itself must be filed; 0 knows none.
	CensusLimit int
}

// FilingRule is a filing or approval that must be there.
type FilingRule struct {
	Type string
	// From is the day from which it is asked for; zero has passed.
	From time.Time
	// Purposes limits it to scenes of these purposes; nil means all.
	Purposes []ScenePurpose
}

// Asks reports whether the rule holds for a purpose at a moment.
func (r FilingRule) Asks(p ScenePurpose, now time.Time) bool {
	return !now.Before(r.From) && (r.Purposes == nil || slices.Contains(r.Purposes, p))
}

const day = 24 * time.Hour

var (
	allModes    = []Mode{ModeZone, ModeClaim}
	allPurposes = []ScenePurpose{ForAccess, ForPublicSecurity, ForEvent, ForDemonstration}
	// The AI Act's duties of deployers of high-risk systems apply from here
	// (articles 26, 27 and 49, as postponed by the Omnibus).
	aiActDeployers = time.Date(2027, 12, 2, 0, 0, 0, 0, time.UTC)
	profiles       = map[string]Profile{
		"default": {Name: "default", Modes: allModes, Purposes: allPurposes},
		"cn": {
			Name: "cn", Modes: allModes, Purposes: allPurposes,
			Filings:               []FilingRule{{Type: "mlps_grading"}, {Type: "public_security_video"}},
			NeedsExternalRecorder: true, SeparateConsent: true, StartsInClaim: true,
			LogRetention: 180 * day, CensusLimit: 100_000,
		},
		"eu": {
			Name: "eu", Modes: allModes, StartsInClaim: true, ZoneNeedsEntryConsent: true, SecondLayer: true,
			Purposes: []ScenePurpose{ForAccess, ForEvent, ForDemonstration},
			Filings: []FilingRule{
				{Type: "ai_act_registration", From: aiActDeployers, Purposes: []ScenePurpose{ForAccess, ForEvent}},
				{Type: "fundamental_rights_assessment", From: aiActDeployers, Purposes: []ScenePurpose{ForAccess, ForEvent}},
			},
			LogRetention: 183 * day,
		},
		"us-il": {
			Name: "us-il", Modes: allModes, Purposes: allPurposes, MatchInWriting: true, PublicRetention: true,
			InactiveLimit: 3 * 365 * day,
		},
	}
)

// ProfileByName returns a jurisdiction profile.
func ProfileByName(name string) (Profile, bool) { p, ok := profiles[name]; return p, ok }

// ProfileNames lists the profiles in alphabetical order.
func ProfileNames() []string {
	out := make([]string, 0, len(profiles))
	for n := range profiles {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Permits reports whether a scene may run in its mode under the profile.
func (p Profile) Permits(s Scene) bool {
	if !slices.Contains(p.Modes, s.Mode) || p.NeedsExternalRecorder && !s.ExternalRecorder {
		return false
	}
	return s.Mode != ModeZone || !p.ZoneNeedsEntryConsent || s.EntryIsConsent
}

// Required lists the types of filing that a scene of that purpose needs now.
func (p Profile) Required(purpose ScenePurpose, now time.Time) []string {
	var out []string
	for _, r := range p.Filings {
		if r.Asks(purpose, now) {
			out = append(out, r.Type)
		}
	}
	return out
}

// wantsSeparate reports whether a scene must rest on separate consents.
func (p Profile) wantsSeparate(s Scene) bool {
	return p.SeparateConsent && s.Purpose != ForPublicSecurity
}

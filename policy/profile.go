package policy

import (
	"slices"
	"sort"
)

// Profile is what a jurisdiction asks of a scene. It narrows; nothing in it
// can allow what the gate denies.
type Profile struct {
	Name     string
	Modes    []Mode
	Purposes []ScenePurpose
	Filings  []string // types that must be filed or approved
	// ZoneNeedsEntryConsent allows zone mode only where entering the zone is
	// itself a recorded act of consent (GDPR 9; EDPB 3/2019).
	ZoneNeedsEntryConsent bool
	// NeedsExternalRecorder asks for the declaration that the statutory
	// recorder exists outside this system (State Council Order 799).
	NeedsExternalRecorder bool
	// MatchInWriting asks for a written release before any match (BIPA 15).
	MatchInWriting bool
	// StartsInClaim is the mode that new scenes start in.
	StartsInClaim bool
}

var (
	allModes    = []Mode{ModeZone, ModeClaim}
	allPurposes = []ScenePurpose{ForAccess, ForPublicSecurity, ForEvent, ForDemonstration}
	profiles    = map[string]Profile{
		"default": {Name: "default", Modes: allModes, Purposes: allPurposes},
		"cn": {
			Name: "cn", Modes: allModes, Purposes: allPurposes,
			Filings:               []string{"mlps_grading", "public_security_video"},
			NeedsExternalRecorder: true, StartsInClaim: true,
		},
		"eu": {
			Name: "eu", Modes: allModes, StartsInClaim: true, ZoneNeedsEntryConsent: true,
			Purposes: []ScenePurpose{ForAccess, ForEvent, ForDemonstration},
		},
		"us-il": {Name: "us-il", Modes: allModes, Purposes: allPurposes, MatchInWriting: true},
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

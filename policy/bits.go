package policy

import (
	"math/bits"
	"strings"
)

// Bits holds the value of every conjunct of the gate, one bit each, set when
// the conjunct holds. The zero value allows nothing. The numbering is part of
// the match log (event field gate_bits) and never changes its meaning.
type Bits uint32

// The conjuncts, in the order of REQUIREMENTS section 4.3.
const (
	LeaseFresh          Bits = 1 << iota // now lies within the lease
	ClockSynced                          // the wall clock can be trusted
	CanaryPassed                         // the detector passed its self-test
	SceneEnabled                         // the scene is enabled
	PurposeAllowed                       // its purpose is a permitted one
	AssessmentValid                      // its impact assessment is approved and unexpired
	FilingsPresent                       // every filing the profile requires is there
	ProfilePermits                       // the jurisdiction profile permits its mode
	ZoneLive                             // the zone is a recognition zone and live
	InspectionValid                      // its inspection passed and is unexpired
	SignsComplete                        // its signs are complete at every entrance
	AlternativePresent                   // there is a face-free way through
	PoseCalibrated                       // the camera stands as calibrated
	InsideZone                           // the whole face box lies in the zone
	OutsideProhibited                    // the face box touches no prohibited area
	QualityEnough                        // the picture of the face is good enough
	RateAllowed                          // this track was not embedded too recently
	SingleFace                           // claim mode: exactly one face in the zone
	InCandidateSet                       // claim mode: unexpired claim; zone mode: consent names the zone
	ConsentActive                        // the match consent is active and unexpired
	ConsentCovers                        // it covers purpose, scene and zone
	NoticeCurrent                        // it was given on the notice now in force
	GuardianSatisfied                    // 14 or older, or an active guardian
	TemplateActive                       // a template for this scene and the loaded model
	Unrestricted                         // processing is neither restricted nor objected to
	ScoreReached                         // the score reaches the validated threshold
	MarginReached                        // and leads the second best by the margin
	LivenessSatisfied                    // the scene asks for no liveness, or it was shown
	ProvenRecently                       // the match was proved again within the lease
	TrackWhole                           // the track was never merged, crossed or lost
	AppearanceConsented                  // the consent to be shown to this audience is active
	ViewerGranted                        // the audience may see clear pictures
)

// What each decision needs. Each holds all that the one before it needs.
const (
	// NeedScene is what must hold before a face is even looked for in a zone:
	// lease, scene and zone, but nothing about a face or a person.
	NeedScene = LeaseFresh | ClockSynced | CanaryPassed |
		SceneEnabled | PurposeAllowed | AssessmentValid | FilingsPresent | ProfilePermits |
		ZoneLive | InspectionValid | SignsComplete | AlternativePresent | PoseCalibrated
	// NeedEligible is eligible(e) together with e ∈ C.
	NeedEligible = InCandidateSet | ConsentActive | ConsentCovers | NoticeCurrent |
		GuardianSatisfied | TemplateActive | Unrestricted
	// NeedEmbed is embed(f) with e as the witness of ∃e∈C: eligible(e).
	NeedEmbed = NeedScene | InsideZone | OutsideProhibited |
		QualityEnough | RateAllowed | SingleFace | NeedEligible
	// NeedCompare is compare(f,e): embed(f) for that very e.
	NeedCompare = NeedEmbed
	// NeedMatch is match(f,e).
	NeedMatch = NeedCompare | ScoreReached | MarginReached | LivenessSatisfied
	// NeedShow is show(f,v).
	NeedShow = NeedMatch | ProvenRecently | TrackWhole | AppearanceConsented | ViewerGranted
)

var words = [32]string{
	"the policy lease is fresh",
	"the clock can be trusted",
	"the detector passed its self-test",
	"the scene is enabled",
	"the scene's purpose is permitted",
	"the impact assessment is approved and valid",
	"the required filings are present",
	"the jurisdiction profile permits the scene's mode",
	"the zone is a live recognition zone",
	"the zone's inspection is valid",
	"the zone's signs are complete",
	"there is an alternative way without face recognition",
	"the camera stands as it was calibrated",
	"the face lies wholly inside the zone",
	"the face touches no prohibited area",
	"the face is large, frontal and sharp enough",
	"the face was not embedded too recently",
	"exactly one face is in the zone, as claim mode demands",
	"the enrollee is a candidate here",
	"the enrollee's consent to matching is active",
	"that consent covers this purpose, scene and zone",
	"that consent was given on the notice now in force",
	"the enrollee is 14 or older, or has an active guardian",
	"the enrollee has an active template for this scene and model",
	"the enrollee neither restricted nor objected to processing",
	"the score reaches the validated threshold",
	"the score leads the second best by the margin",
	"liveness was shown where the scene asks for it",
	"the match was proved again within the lease",
	"the track was never merged, crossed or lost",
	"the enrollee consented to appear before this audience",
	"the audience may see clear pictures",
}

// Holds reports whether every bit of need is set. An empty need is never held,
// so that a forgotten constant denies.
func (b Bits) Holds(need Bits) bool { return need != 0 && b&need == need }

// Missing returns the bits of need that are not set.
func (b Bits) Missing(need Bits) Bits { return need &^ b }

// Explain says in plain words what each set bit stands for, in gate order. To
// say why something was denied, explain what is Missing.
func (b Bits) Explain() []string {
	out := make([]string, 0, bits.OnesCount32(uint32(b)))
	for i, w := range words {
		if b&(1<<i) != 0 {
			out = append(out, w)
		}
	}
	return out
}

// String joins Explain with semicolons; "nothing" for no bit.
func (b Bits) String() string {
	if b == 0 {
		return "nothing"
	}
	return strings.Join(b.Explain(), "; ")
}

package policy

import "time"

// Mode says how a scene finds its candidates.
type Mode string

// The modes. Any other value, the empty one included, is denied.
const (
	// ModeZone compares a face in a live zone with the enrollees whose consent
	// names that zone.
	ModeZone Mode = "zone"
	// ModeClaim compares it with the one enrollee whose card, code or phone
	// claimed to be there.
	ModeClaim Mode = "claim"
)

// Tri is a fact that may be unknown; the zero value is, and unknown denies.
type Tri uint8

// The values of a Tri.
const (
	Unknown Tri = iota
	No
	Yes
)

// TriOf turns a known fact into a Tri.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// FreshFacts say whether the policy at hand may still be used.
type FreshFacts struct {
	Now           time.Time
	LeaseIssued   time.Time
	LeaseExpires  time.Time
	LeaseVerified bool // signature and snapshot hash were checked
	ClockSynced   bool
	CanaryPassed  bool
}

// SceneFacts are the scene's conditions at Now.
type SceneFacts struct {
	Mode            Mode
	Enabled         bool
	PurposeAllowed  bool
	AssessmentValid bool
	FilingsPresent  bool
	ProfilePermits  bool
	PAD             Tri // whether the scene asks for liveness
}

// ZoneFacts are the zone's conditions at Now.
type ZoneFacts struct {
	Recognition        bool
	Live               bool
	InspectionValid    bool
	SignsComplete      bool
	AlternativePresent bool
	PoseCalibrated     bool
}

// FaceFacts are what is known of the face on this picture.
type FaceFacts struct {
	InsideZone        bool
	OutsideProhibited bool
	Quality           float32 // 0–1
	MinQuality        float32 // above 0; 0 means unknown and denies
	RateAllowed       bool
	FacesInZone       int
}

// PersonFacts are what is known of one candidate e.
type PersonFacts struct {
	Claimed        bool // claim mode: an unexpired presence claim at the zone
	NamesZone      bool // the consent names the zone
	NamesScene     bool // the consent names the scene
	PurposeMatch   bool // the consent is for matching
	ConsentActive  bool
	ConsentExpires time.Time // zero means unknown and denies
	NoticeCurrent  bool
	Under14        Tri
	GuardianActive bool
	TemplateActive bool
	Unrestricted   bool // processing is not restricted
	NotObjected    bool
}

// ScoreFacts are the outcome of a comparison.
type ScoreFacts struct {
	Compared  bool
	Score     float32
	Threshold float32 // validated; above 0, else unknown
	Margin    float32 // to the second best candidate or reference
	MinMargin float32 // above 0, else unknown
	Live      Tri     // outcome of the liveness check
}

// ShowFacts are what showing needs beyond a match.
type ShowFacts struct {
	ProvenAt        time.Time     // last proof of the match on this track
	ProofHolds      time.Duration // how long one proof holds; at most MaxLease
	TrackWhole      bool
	AppearActive    bool      // the appear_* consent for this audience is active
	AppearExpires   time.Time // zero means unknown
	AudienceGranted bool
}

// Facts is everything the gate looks at. The zero value, and the zero value of
// every part, denies.
type Facts struct {
	Fresh  FreshFacts
	Scene  SceneFacts
	Zone   ZoneFacts
	Face   FaceFacts
	Person PersonFacts
	Score  ScoreFacts
	Show   ShowFacts
}

// Gate is the predicate of REQUIREMENTS section 4.3: a pure function from
// facts to one bit a conjunct. What is allowed follows from the bits alone:
// MayEmbed, MayCompare, Matches, MayShow. embed(f) asks for some candidate e;
// call Gate for each e and take the first that MayEmbed.
func Gate(f Facts) Bits {
	return f.Fresh.bits() | f.Scene.bits() | f.Zone.bits() | f.Face.bits(f.Scene.Mode) |
		f.Person.bits(f.Scene.Mode, f.Fresh.Now) | f.Score.bits(f.Scene.PAD) | f.Show.bits(f.Fresh.Now)
}

// MayEmbed is embed(f), with the person of the facts as witness.
func (b Bits) MayEmbed() bool { return b.Holds(NeedEmbed) }

// MayCompare is compare(f,e).
func (b Bits) MayCompare() bool { return b.Holds(NeedCompare) }

// Matches is match(f,e).
func (b Bits) Matches() bool { return b.Holds(NeedMatch) }

// MayShow is show(f,v) for the audience of the facts.
func (b Bits) MayShow() bool { return b.Holds(NeedShow) }

func set(b Bits, ok bool) Bits {
	if ok {
		return b
	}
	return 0
}

func (f FreshFacts) bits() Bits {
	known := !f.Now.IsZero() && !f.LeaseIssued.IsZero() && !f.LeaseExpires.IsZero()
	fresh := known && f.LeaseVerified && f.Now.Before(f.LeaseExpires) &&
		!f.Now.Before(f.LeaseIssued.Add(-MaxSkew)) && f.LeaseExpires.Sub(f.LeaseIssued) <= MaxLease
	return set(LeaseFresh, fresh) | set(ClockSynced, f.ClockSynced) | set(CanaryPassed, f.CanaryPassed)
}

func (s SceneFacts) bits() Bits {
	return set(SceneEnabled, s.Enabled) | set(PurposeAllowed, s.PurposeAllowed) |
		set(AssessmentValid, s.AssessmentValid) | set(FilingsPresent, s.FilingsPresent) |
		set(ProfilePermits, s.ProfilePermits && (s.Mode == ModeZone || s.Mode == ModeClaim))
}

func (z ZoneFacts) bits() Bits {
	return set(ZoneLive, z.Recognition && z.Live) | set(InspectionValid, z.InspectionValid) |
		set(SignsComplete, z.SignsComplete) | set(AlternativePresent, z.AlternativePresent) |
		set(PoseCalibrated, z.PoseCalibrated)
}

func (f FaceFacts) bits(m Mode) Bits {
	single := m == ModeZone && f.FacesInZone >= 1 || m == ModeClaim && f.FacesInZone == 1
	return set(InsideZone, f.InsideZone) | set(OutsideProhibited, f.OutsideProhibited) |
		set(QualityEnough, f.MinQuality > 0 && f.Quality >= f.MinQuality) |
		set(RateAllowed, f.RateAllowed) | set(SingleFace, single)
}

func (p PersonFacts) bits(m Mode, now time.Time) Bits {
	candidate := m == ModeZone && p.NamesZone || m == ModeClaim && p.Claimed
	active := p.ConsentActive && before(now, p.ConsentExpires)
	return set(InCandidateSet, candidate) | set(ConsentActive, active) |
		set(ConsentCovers, p.PurposeMatch && p.NamesScene && p.NamesZone) |
		set(NoticeCurrent, p.NoticeCurrent) |
		set(GuardianSatisfied, p.Under14 == No || p.Under14 == Yes && p.GuardianActive) |
		set(TemplateActive, p.TemplateActive) | set(Unrestricted, p.Unrestricted && p.NotObjected)
}

func (s ScoreFacts) bits(pad Tri) Bits {
	return set(ScoreReached, s.Compared && s.Threshold > 0 && s.Score >= s.Threshold && s.Score <= maxScore) |
		set(MarginReached, s.Compared && s.MinMargin > 0 && s.Margin >= s.MinMargin) |
		set(LivenessSatisfied, pad == No || pad == Yes && s.Live == Yes)
}

// maxScore is a cosine's bound with room for rounding; more is a fault.
const maxScore = 1.001

func (s ShowFacts) bits(now time.Time) Bits {
	recent := !s.ProvenAt.IsZero() && !now.IsZero() && s.ProofHolds > 0 && s.ProofHolds <= MaxLease &&
		!now.Before(s.ProvenAt) && now.Sub(s.ProvenAt) <= s.ProofHolds
	return set(ProvenRecently, recent) | set(TrackWhole, s.TrackWhole) |
		set(AppearanceConsented, s.AppearActive && before(now, s.AppearExpires)) |
		set(ViewerGranted, s.AudienceGranted)
}

// before reports whether a known moment lies before a known end.
func before(now, end time.Time) bool {
	return !now.IsZero() && !end.IsZero() && now.Before(end)
}

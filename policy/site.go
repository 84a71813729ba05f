package policy

import (
	"slices"
	"time"

	"bystander/internal/event"
)

// Site is the site file: what cameras there are, which scenes and zones, and
// what makes recognition there lawful. All times are absolute; a condition that
// is missing or over denies, it never allows.
type Site struct {
	Site string `yaml:"site"`
	// Sample marks a site made up for a demonstration; the page says so.
	Sample     bool       `yaml:"sample,omitempty"`
	Profile    string     `yaml:"profile"` // jurisdiction profile: default, cn, eu, us-il
	Controller Controller `yaml:"controller"`
	Notices    []Notice   `yaml:"notices"`
	Cameras    []Camera   `yaml:"cameras"`
	Scenes     []Scene    `yaml:"scenes,omitempty"`
	Zones      []Zone     `yaml:"zones,omitempty"`
}

// Controller is who answers for the processing.
type Controller struct {
	Name    string `yaml:"name"`
	Contact string `yaml:"contact"`
}

// Notice is one version of the notice, published in one or more languages.
type Notice struct {
	Version       string       `yaml:"version"`
	Languages     []string     `yaml:"languages"`
	Hash          event.Digest `yaml:"hash"` // SHA-256 of the published text, hex
	Published     bool         `yaml:"published"`
	EffectiveFrom time.Time    `yaml:"effective_from"`
}

// Camera is what the policy knows of a camera; how to reach it is configured
// elsewhere.
type Camera struct {
	ID        string `yaml:"id"`
	PlaceType string `yaml:"place_type"`
	// Pose is the fingerprint of the calibrated view. Without one, the pose is
	// taken as calibrated when PoseAssumed says so; otherwise it is unknown.
	Pose        string `yaml:"pose,omitempty"`
	PoseAssumed bool   `yaml:"pose_assumed,omitempty"`
	// Checklist is the signed non-obstruction checklist.
	Checklist string `yaml:"obstruction_checklist,omitempty"`
	// Private lists areas filled before detection, wherever zones lie.
	Private []Polygon `yaml:"private,omitempty"`
}

// SceneState is how far a scene has got.
type SceneState string

// The states of a scene.
const (
	SceneDraft    SceneState = "draft"
	SceneAssessed SceneState = "assessed"
	SceneOn       SceneState = "enabled"
	ScenePaused   SceneState = "paused"
	SceneRetired  SceneState = "retired"
)

// Scene is one purpose for which faces may be recognised.
type Scene struct {
	ID          string       `yaml:"id"`
	Purpose     ScenePurpose `yaml:"purpose"`
	Mode        Mode         `yaml:"mode"`
	State       SceneState   `yaml:"state"`
	Reason      string       `yaml:"reason"`   // why it is in that state
	Approver    string       `yaml:"approver"` // and who decided
	Notice      string       `yaml:"notice"`   // notice version now in force
	Assessment  Assessment   `yaml:"assessment"`
	LegalReview LegalReview  `yaml:"legal_review"`
	Filings     []Filing     `yaml:"filings,omitempty"`
	Thresholds  Thresholds   `yaml:"thresholds,omitempty"`
	Coverage    string       `yaml:"coverage,omitempty"` // head (default) or person
	PAD         bool         `yaml:"pad,omitempty"`      // liveness is demanded of a match
	// Children allows enrollees under 14, with a guardian; off by default.
	Children bool `yaml:"children,omitempty"`
	// Records tells that the scene's cameras record, which asks for a
	// monitoring sign beside the recognition sign.
	Records bool `yaml:"records"`
	// EntryIsConsent tells that entering the zone is itself a recorded act of
	// consent; the eu profile allows zone mode only then.
	EntryIsConsent bool `yaml:"entry_is_consent,omitempty"`
	// ExternalRecorder declares that a statutory recorder exists outside this
	// system (Order 799).
	ExternalRecorder bool `yaml:"external_recorder,omitempty"`
	// SeparateConsent declares that every person compared gave a separate
	// consent; the cn profile asks for it unless the purpose is public security.
	SeparateConsent bool `yaml:"separate_consent,omitempty"`
	// GuardianChannel is how guardians of children are verified; needed where
	// Children is set (B-47).
	GuardianChannel string `yaml:"guardian_channel,omitempty"`
	// RetentionPolicy is where the retention policy is published.
	RetentionPolicy string `yaml:"retention_policy,omitempty"`
	// LiveClear and RecordClear grant the two audiences clear pictures of those
	// who consented to them.
	LiveClear   bool `yaml:"live_clear,omitempty"`
	RecordClear bool `yaml:"record_clear,omitempty"`
}

// ScenePurpose is why a scene exists. Marketing and law enforcement are not
// purposes here.
type ScenePurpose string

// The purposes of a scene.
const (
	ForAccess         ScenePurpose = "access_control"
	ForPublicSecurity ScenePurpose = "public_security"
	ForEvent          ScenePurpose = "event_participation"
	ForDemonstration  ScenePurpose = "demonstration"
)

// Assessment is the impact assessment that a scene rests on.
type Assessment struct {
	ID           string    `yaml:"id"`
	Outcome      string    `yaml:"outcome"` // approved, rejected, unclear
	Necessity    string    `yaml:"necessity"`
	Consultation string    `yaml:"consultation,omitempty"` // needed when unclear
	ApprovedBy   string    `yaml:"approved_by"`
	ValidUntil   time.Time `yaml:"valid_until"`
}

// LegalReview is counsel's review of the whole flow.
type LegalReview struct {
	Reviewer string    `yaml:"reviewer"`
	Date     time.Time `yaml:"date"`
}

// Filing is one filing or approval that a profile may require.
type Filing struct {
	Type       string    `yaml:"type"`
	Authority  string    `yaml:"authority"`
	Number     string    `yaml:"number"`
	Status     string    `yaml:"status"` // planned, filed, approved, cancelled
	ValidUntil time.Time `yaml:"valid_until,omitempty"`
}

// Thresholds may only be stricter than what was validated; zero takes the
// validated value.
type Thresholds struct {
	Score   float32 `yaml:"score,omitempty"`   // cosine
	Margin  float32 `yaml:"margin,omitempty"`  // cosine
	Quality float32 `yaml:"quality,omitempty"` // 0–1
}

// ZoneKind is what a zone is for.
type ZoneKind string

// The kinds of zone.
const (
	ZoneRecognition ZoneKind = "recognition"
	ZoneSignage     ZoneKind = "signage"
	ZoneProhibited  ZoneKind = "prohibited" // filled before detection, no recognition
	ZonePrivacy     ZoneKind = "privacy"    // filled before detection
)

// ZoneState is how far a zone has got.
type ZoneState string

// The states of a zone.
const (
	ZoneDraft        ZoneState = "draft"
	ZoneSignsPlanned ZoneState = "signs_planned"
	ZoneInspected    ZoneState = "inspected"
	ZoneOn           ZoneState = "live"
	ZoneSuspended    ZoneState = "suspended"
	ZoneRetired      ZoneState = "retired"
)

// Zone is an area of one camera's picture.
type Zone struct {
	ID          string      `yaml:"id"`
	Version     uint32      `yaml:"version"`
	Kind        ZoneKind    `yaml:"kind"`
	Camera      string      `yaml:"camera"`
	Scene       string      `yaml:"scene,omitempty"` // recognition zones
	State       ZoneState   `yaml:"state"`
	Polygon     Polygon     `yaml:"polygon"`
	Entrances   []Entrance  `yaml:"entrances,omitempty"`
	Signs       []Sign      `yaml:"signs,omitempty"`
	Inspection  Inspection  `yaml:"inspection,omitempty"`
	Alternative Alternative `yaml:"alternative_path,omitempty"`
}

// Polygon is an outline either in parts of the picture (Relative, 0..1) or in
// pixels of a picture of the stated Size. Exactly one of the two is given.
type Polygon struct {
	Relative [][2]float32 `yaml:"relative,omitempty,flow"`
	Pixels   [][2]float32 `yaml:"pixels,omitempty,flow"`
	Size     []int        `yaml:"size,omitempty,flow"` // width, height
}

// Entrance is a way into a zone.
type Entrance struct {
	ID       string     `yaml:"id"`
	Position [2]float32 `yaml:"position,flow"` // metres on the floor plan
}

// SignKind is what a sign says.
type SignKind string

// The kinds of sign.
const (
	SignMonitoring  SignKind = "monitoring"
	SignRecognition SignKind = "face_recognition"
	SignEntrance    SignKind = "entrance_notice"
	SignFloor       SignKind = "floor_marking"
)

// Sign is one sign at one entrance.
type Sign struct {
	ID       string     `yaml:"id"`
	Kind     SignKind   `yaml:"kind"`
	Entrance string     `yaml:"entrance"`
	Position [2]float32 `yaml:"position,flow"` // metres on the floor plan
	Text     SignText   `yaml:"text,omitempty"`
	// Translations are what the same sign says in further languages, by
	// language tag. Signs without any keep the hash that they had before.
	Translations map[string]SignText `yaml:"translations,omitempty" json:",omitempty"`
}

// SignText is what a sign must disclose. Floor markings carry none.
type SignText struct {
	Controller  string `yaml:"controller,omitempty"`
	Contact     string `yaml:"contact,omitempty"`
	Purpose     string `yaml:"purpose,omitempty"`
	Function    string `yaml:"function,omitempty"`
	Retention   string `yaml:"retention,omitempty"`
	RightsLink  string `yaml:"rights_link,omitempty"`
	Alternative string `yaml:"alternative,omitempty"`
	// NoticeLink is where the full notice, the second layer, is.
	NoticeLink string `yaml:"notice_link,omitempty"`
}

// Inspection is the walkthrough of a zone from a visitor's viewpoint.
type Inspection struct {
	ID         string    `yaml:"id,omitempty"`
	Planner    string    `yaml:"planner,omitempty"`
	Inspector  string    `yaml:"inspector,omitempty"` // never the planner
	Date       time.Time `yaml:"date,omitempty"`
	ValidUntil time.Time `yaml:"valid_until,omitempty"`
	Passed     bool      `yaml:"passed,omitempty"`
	// Photos holds one reference per entrance: entrance id to photo id.
	Photos map[string]string `yaml:"photos,omitempty"`
}

// Alternative is the way through without face recognition.
type Alternative struct {
	Kind        string `yaml:"kind,omitempty"` // staffed, card, password
	Description string `yaml:"description,omitempty"`
}

// size returns the picture's size that Pixels refer to.
func (g Polygon) size() (w, h float32, ok bool) {
	if len(g.Size) != 2 || g.Size[0] <= 0 || g.Size[1] <= 0 {
		return 0, 0, false
	}
	return float32(g.Size[0]), float32(g.Size[1]), true
}

// Camera returns the camera of that id.
func (s *Site) Camera(id string) (Camera, bool) {
	for _, c := range s.Cameras {
		if c.ID == id {
			return c, true
		}
	}
	return Camera{}, false
}

// Scene returns the scene of that id.
func (s *Site) Scene(id string) (Scene, bool) {
	for _, c := range s.Scenes {
		if c.ID == id {
			return c, true
		}
	}
	return Scene{}, false
}

// Notice returns the notice of that version.
func (s *Site) Notice(version string) (Notice, bool) {
	for _, n := range s.Notices {
		if n.Version == version {
			return n, true
		}
	}
	return Notice{}, false
}

// ScenePurposes lists the purposes that a scene can have.
func ScenePurposes() []ScenePurpose { return slices.Clone(allPurposes) }

package sitestore

import (
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// Point is a place: parts of the picture (0 to 1) or metres on the floor plan.
type Point = [2]float32

// SiteState is how far a site has got.
type SiteState string

// The states of a site.
const (
	SiteOpen     SiteState = "open"
	SiteEnding   SiteState = "terminating" // announced; the notice period runs
	SiteIsClosed SiteState = "closed"
)

// Site is the one site of this installation.
type Site struct {
	Meta
	Name    string    `json:"name"`
	Profile string    `json:"profile" doc:"Jurisdiction profile: default, cn, eu, us-il"`
	Contact string    `json:"contact" doc:"How people reach the controller"`
	Sample  bool      `json:"sample,omitempty" doc:"Made up, for a demonstration"`
	State   SiteState `json:"state" enum:"open,terminating,closed"`
	// EndsAt is when the notice period of a termination is over.
	EndsAt      time.Time `json:"ends_at,omitzero"`
	Certificate string    `json:"certificate,omitempty" doc:"Of destruction, once closed"`
}

func (*Site) kind() string { return "site" }

// Notice is a notice version as the site refers to it; its texts are kept by
// whoever publishes them.
type Notice struct {
	Meta
	Languages     []string     `json:"languages"`
	Hash          event.Digest `json:"hash"`
	Published     bool         `json:"published"`
	EffectiveFrom time.Time    `json:"effective_from"`
}

func (*Notice) kind() string { return "notice" }

// Camera is what policy knows of a camera.
type Camera struct {
	Meta
	PlaceType string `json:"place_type" doc:"Such as lobby or gate; private spaces are refused"`
	// Pose is the fingerprint of the calibrated view, see detect/pose.
	Pose        string    `json:"pose,omitempty"`
	PoseAssumed bool      `json:"pose_assumed,omitempty" doc:"From an imported file: the pose is taken as calibrated without looking"`
	Checklist   Checklist `json:"checklist,omitzero"`
	Private     [][]Point `json:"private,omitempty" doc:"Outlines that are filled before anything looks, in parts of the picture"`
	// Placement is where it hangs on a floor plan, for people who plan; nothing
	// is decided by it.
	Placement *Placement `json:"placement,omitempty"`
}

func (*Camera) kind() string { return "camera" }

// Placement is where a camera hangs on a floor plan and which way it looks.
type Placement struct {
	Plan      string  `json:"plan" maxLength:"63"`
	Position  Point   `json:"position" doc:"In metres on the plan"`
	Direction float32 `json:"direction" minimum:"0" maximum:"360" doc:"In degrees, clockwise on the plan; 0 looks along its width, to the right"`
	Angle     float32 `json:"angle" minimum:"1" maximum:"360" doc:"Horizontal field of view, in degrees"`
	Reach     float32 `json:"reach" minimum:"0.5" maximum:"500" doc:"How far faces can be told, in metres"`
}

// Checklist is the signed statement that nothing is obstructed.
type Checklist struct {
	ID           string    `json:"id,omitempty" doc:"Reference of the signed paper"`
	SignedBy     string    `json:"signed_by,omitempty"`
	Photos       []string  `json:"photos,omitempty" doc:"Ids of uploaded photographs"`
	Installer    string    `json:"installer,omitempty" doc:"Who installed and acknowledged the briefing"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
}

// Zone is an area of one camera's picture.
type Zone struct {
	Meta
	Kind        policy.ZoneKind  `json:"kind" enum:"recognition,signage,prohibited,privacy"`
	Camera      string           `json:"camera"`
	Scene       string           `json:"scene,omitempty" doc:"Of a recognition zone"`
	State       policy.ZoneState `json:"state" enum:"draft,signs_planned,inspected,live,suspended,retired"`
	Outline     []Point          `json:"outline" doc:"In parts of the picture, 0 to 1"`
	Plan        string           `json:"plan,omitempty" doc:"Floor plan on which floor and positions are measured"`
	Floor       []Point          `json:"floor,omitempty" doc:"Outline on the floor plan, in metres"`
	Alternative Alternative      `json:"alternative,omitzero"`
	// Planners are all who ever edited it, its entrances or its signs; none of
	// them may inspect or approve it.
	Planners   []string `json:"planners"`
	Inspection string   `json:"inspection,omitempty" doc:"The inspection it stands on"`
	Approver   string   `json:"approver,omitempty" doc:"Who let it go live"`
}

func (*Zone) kind() string { return "zone" }

// Alternative is the way through without face recognition.
type Alternative struct {
	Kind        string `json:"kind" enum:"staffed,card,password"`
	Description string `json:"description" minLength:"1" maxLength:"300"`
}

// Entrance is a way into a zone.
type Entrance struct {
	Meta
	Zone     string `json:"zone"`
	Name     string `json:"name,omitempty"`
	Position *Point `json:"position,omitempty" doc:"In metres on the zone's floor plan; needed before signs are planned"`
	Removed  bool   `json:"removed,omitempty"`
}

func (*Entrance) kind() string { return "entrance" }

// Sign is one sign at one entrance.
type Sign struct {
	Meta
	Zone     string          `json:"zone"`
	Entrance string          `json:"entrance"`
	Kind     policy.SignKind `json:"kind" enum:"monitoring,face_recognition,entrance_notice,floor_marking"`
	Position Point           `json:"position" doc:"In metres on the floor plan"`
	Text     SignText        `json:"text,omitzero"`
	// Translations are what the same sign says in further languages.
	Translations map[string]SignText `json:"translations,omitempty" doc:"The text in further languages, by language tag such as zh-CN"`
	Photo        string              `json:"photo,omitempty"`
	ValidUntil   time.Time           `json:"valid_until,omitzero" doc:"When it is taken down; none when it stays"`
	Removed      bool                `json:"removed,omitempty"`
}

func (*Sign) kind() string { return "sign" }

// SignText is what a sign discloses.
type SignText struct {
	Controller  string `json:"controller,omitempty" maxLength:"300"`
	Contact     string `json:"contact,omitempty" maxLength:"300"`
	Purpose     string `json:"purpose,omitempty" maxLength:"300"`
	Function    string `json:"function,omitempty" maxLength:"300"`
	Retention   string `json:"retention,omitempty" maxLength:"300"`
	RightsLink  string `json:"rights_link,omitempty" maxLength:"300"`
	Alternative string `json:"alternative,omitempty" maxLength:"300"`
	NoticeLink  string `json:"notice_link,omitempty" maxLength:"300"`
}

// Inspection is one walkthrough of a zone from a visitor's viewpoint.
type Inspection struct {
	Meta
	Zone        string            `json:"zone"`
	ZoneVersion uint32            `json:"zone_version"`
	Inspector   string            `json:"inspector"`
	Planners    []string          `json:"planners"`
	Date        time.Time         `json:"date"`
	ValidUntil  time.Time         `json:"valid_until"`
	Passed      bool              `json:"passed"`
	Photos      map[string]string `json:"photos" doc:"Entrance to photograph"`
	Signs       event.Digest      `json:"sign_set_hash"`
	Findings    string            `json:"findings,omitempty"`
}

func (*Inspection) kind() string { return "inspection" }

// Scene is one purpose for which faces may be recognised; its id is the
// verify_id of the 1:1 interface.
type Scene struct {
	Meta
	SceneSpec
	State      policy.SceneState `json:"state" enum:"draft,assessed,enabled,paused,retired"`
	Assessment string            `json:"assessment,omitempty"`
	Review     Review            `json:"legal_review,omitzero"`
	// Editors are all who edited it since it was last enabled; none of them
	// may enable it.
	Editors  []string `json:"editors"`
	Approver string   `json:"approver,omitempty"`
	Decision string   `json:"decision,omitempty" doc:"Why it is in this state"`
}

func (*Scene) kind() string { return "scene" }

// SceneSpec is what an editor of a scene says.
type SceneSpec struct {
	Purpose          policy.ScenePurpose `json:"purpose" enum:"access_control,public_security,event_participation,demonstration"`
	Mode             policy.Mode         `json:"mode,omitempty" enum:"zone,claim" doc:"Left out: what the profile starts in"`
	Notice           string              `json:"notice,omitempty" doc:"Notice version in force"`
	Score            float32             `json:"score,omitempty" minimum:"0" maximum:"1" doc:"Stricter threshold; 0 takes the validated one"`
	Margin           float32             `json:"margin,omitempty" minimum:"0" maximum:"1"`
	Quality          float32             `json:"quality,omitempty" minimum:"0" maximum:"1"`
	Coverage         string              `json:"coverage,omitempty" enum:"head,person"`
	PAD              bool                `json:"pad,omitempty" doc:"Liveness is demanded of a match"`
	Children         bool                `json:"children,omitempty" doc:"Enrollees under 14, with a guardian"`
	GuardianChannel  string              `json:"guardian_channel,omitempty" maxLength:"300"`
	Records          bool                `json:"records,omitempty" doc:"Its cameras record"`
	EntryIsConsent   bool                `json:"entry_is_consent,omitempty" doc:"Entering the zone is itself a recorded act of consent"`
	ExternalRecorder bool                `json:"external_recorder,omitempty" doc:"The statutory recorder exists outside this system"`
	SeparateConsent  bool                `json:"separate_consent,omitempty" doc:"Every person compared gave a separate consent"`
	RetentionPolicy  string              `json:"retention_policy,omitempty" maxLength:"300" doc:"Where the retention policy is published"`
	LiveClear        bool                `json:"live_clear,omitempty" doc:"Live viewers may see clear whoever consented to it"`
	RecordClear      bool                `json:"record_clear,omitempty" doc:"Recordings may show clear whoever consented to it in writing"`
}

// Review is counsel's review of the whole flow.
type Review struct {
	Reviewer string    `json:"reviewer"`
	Date     time.Time `json:"date"`
}

// Assessment is an impact assessment of one scene.
type Assessment struct {
	Meta
	AssessmentSpec
	// Scope is the hash of what was assessed; an edit of the scene's purpose
	// and the like makes another.
	Scope      event.Digest `json:"scope_hash"`
	Assessor   string       `json:"assessor"`
	Approved   bool         `json:"approved"`
	ApprovedBy string       `json:"approved_by,omitempty"`
	ApprovedAt time.Time    `json:"approved_at,omitzero"`
}

func (*Assessment) kind() string { return "assessment" }

// AssessmentSpec is what its author says.
type AssessmentSpec struct {
	Scene         string    `json:"scene"`
	Necessity     string    `json:"necessity" maxLength:"10000" doc:"Why recognition is needed here, and nothing milder does"`
	Effects       string    `json:"effects" maxLength:"10000" doc:"On children, minorities and sensitive areas"`
	ChildRules    string    `json:"child_rules" maxLength:"10000" doc:"How those under 14 are treated"`
	Consultations []string  `json:"consultations,omitempty" maxItems:"50" doc:"Who was heard; needed when the outcome is unclear"`
	Outcome       string    `json:"outcome" enum:"approved,rejected,unclear"`
	ValidUntil    time.Time `json:"valid_until"`
}

// Filing is one filing or approval.
type Filing struct {
	Meta
	FilingSpec
}

func (*Filing) kind() string { return "filing" }

// FilingSpec is what is known of a filing.
type FilingSpec struct {
	Scene      string    `json:"scene,omitempty" doc:"Left out: it covers every scene of the site"`
	Type       string    `json:"type" minLength:"1" maxLength:"64"`
	Authority  string    `json:"authority" minLength:"1" maxLength:"300"`
	Number     string    `json:"number,omitempty" maxLength:"100"`
	Due        time.Time `json:"due,omitzero"`
	Status     string    `json:"status" enum:"planned,filed,approved,cancelled"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

// FloorPlan is a plan of the place, drawn with lines, on which positions are
// measured in metres from its corner.
type FloorPlan struct {
	Meta
	Name    string     `json:"name" maxLength:"100"`
	Width   float32    `json:"width_m" minimum:"0.5" maximum:"10000"`
	Depth   float32    `json:"depth_m" minimum:"0.5" maximum:"10000"`
	Walls   [][2]Point `json:"walls,omitempty" maxItems:"2000"`
	Picture string     `json:"picture,omitempty" doc:"Id of an uploaded photograph of the drawing; it fills the plan"`
	Removed bool       `json:"removed,omitempty"`
}

func (*FloorPlan) kind() string { return "floorplan" }

// Component is one third-party component in the register (B-05).
type Component struct {
	Meta
	ComponentSpec
}

func (*Component) kind() string { return "component" }

// ComponentSpec is what the notice's table says of a component.
type ComponentSpec struct {
	Provider   string    `json:"provider" minLength:"1" maxLength:"200"`
	Name       string    `json:"name" minLength:"1" maxLength:"200"`
	Release    string    `json:"release" minLength:"1" maxLength:"100"`
	Purpose    string    `json:"purpose" minLength:"1" maxLength:"500"`
	Data       string    `json:"data" maxLength:"500" doc:"Personal data it touches; empty for none"`
	Method     string    `json:"method" minLength:"1" maxLength:"500"`
	Role       string    `json:"role" enum:"library,processor,joint_controller,recipient"`
	PolicyLink string    `json:"policy_link" maxLength:"500"`
	TermsLink  string    `json:"terms_link,omitempty" maxLength:"500"`
	Contract   string    `json:"contract,omitempty" maxLength:"200" doc:"A processor cannot be enabled without"`
	ReviewBy   time.Time `json:"review_by,omitzero"`
	Enabled    bool      `json:"enabled"`
}

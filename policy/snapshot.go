package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bystander/internal/event"
	"bystander/internal/geom"
)

// Snapshot is all that an edge needs to decide, compiled from the site and the
// consents at one moment. It names no person. Holders share it read-only.
type Snapshot struct {
	Version  uint64         `json:"version"` // raised with every change of content
	Site     string         `json:"site"`
	Sample   bool           `json:"sample,omitempty"`
	Profile  string         `json:"profile"`
	Halted   string         `json:"halted,omitempty"` // kill switch: why everything is masked
	Cameras  []SnapCamera   `json:"cameras"`
	Scenes   []SnapScene    `json:"scenes"`
	Zones    []SnapZone     `json:"zones"`
	Subjects []SnapEnrollee `json:"subjects"`
}

// SnapCamera is a camera as the edge needs it.
type SnapCamera struct {
	ID          string         `json:"id"`
	Pose        string         `json:"pose,omitempty"`
	PoseAssumed bool           `json:"pose_assumed,omitempty"`
	Prohibited  []geom.Polygon `json:"prohibited,omitempty"` // parts of the picture, 0..1
}

// SnapScene is a scene with its conditions.
type SnapScene struct {
	ID           string     `json:"id"`
	Facts        SceneFacts `json:"facts"`
	AssessmentID string     `json:"assessment_id"`
	// ValidUntil is when the first of the scene's conditions runs out.
	ValidUntil    time.Time    `json:"valid_until"`
	NoticeVersion string       `json:"notice_version"`
	NoticeHash    event.Digest `json:"notice_hash"`
	Thresholds    Thresholds   `json:"thresholds"`
	Coverage      string       `json:"coverage"`
	LiveClear     bool         `json:"live_clear"`
	RecordClear   bool         `json:"record_clear"`
	Reasons       []Reason     `json:"reasons,omitempty"`
}

// SnapZone is a recognition zone with its conditions.
type SnapZone struct {
	ID           string       `json:"id"`
	Version      uint32       `json:"version"`
	Camera       string       `json:"camera"`
	Scene        string       `json:"scene"`
	Outline      geom.Polygon `json:"outline"` // parts of the picture, 0..1
	Facts        ZoneFacts    `json:"facts"`
	InspectionID string       `json:"inspection_id"`
	ValidUntil   time.Time    `json:"valid_until"` // of the inspection
	SignSetHash  event.Digest `json:"sign_set_hash"`
	Reasons      []Reason     `json:"reasons,omitempty"`
}

// SnapEnrollee is an enrollee with the consents that stand.
type SnapEnrollee struct {
	ID             string        `json:"id"`
	Under14        Tri           `json:"under14"`
	GuardianActive bool          `json:"guardian_active"`
	Unrestricted   bool          `json:"unrestricted"`
	NotObjected    bool          `json:"not_objected"`
	Consents       []SnapConsent `json:"consents"`
}

// SnapConsent is one active consent.
type SnapConsent struct {
	Ref           event.Digest `json:"ref"`
	Version       uint32       `json:"version"`
	Purpose       Purpose      `json:"purpose"`
	Scenes        []string     `json:"scenes"`
	Zones         []string     `json:"zones"`
	NoticeVersion string       `json:"notice_version"`
	NoticeHash    event.Digest `json:"notice_hash"`
	ExpiresAt     time.Time    `json:"expires_at"`
	Written       bool         `json:"written"`
}

// Hash identifies the content, version included.
func (s *Snapshot) Hash() (event.Digest, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return event.Digest{}, fmt.Errorf("policy: snapshot: %w", err)
	}
	return sum("bystander policy snapshot v1", b), nil
}

// Compile turns site and consents into a snapshot of version 0 as of now. It
// is a pure function; what lacks a condition is carried with it denied. Its time
// grows with what there is, not with its square.
func Compile(site *Site, people []Enrollee, consents []Consent, now time.Time) *Snapshot {
	return compile(site, people, consents, now, func(z *Zone) event.Digest { return z.SignSetHash() })
}

func compile(site *Site, people []Enrollee, consents []Consent, now time.Time, signSet func(*Zone) event.Digest) *Snapshot {
	out := &Snapshot{Site: site.Site, Sample: site.Sample, Profile: site.Profile}
	at := site.Index()
	for i := range site.Cameras {
		c := &site.Cameras[i]
		first, _ := at.Camera(c.ID)
		out.Cameras = append(out.Cameras, SnapCamera{c.ID, c.Pose, c.PoseAssumed, outlines(first, at.filled[c.ID])})
	}
	for i := range site.Scenes {
		sc := &site.Scenes[i]
		r := at.SceneReadiness(sc, now)
		n, _ := at.Notice(sc.Notice)
		out.Scenes = append(out.Scenes, SnapScene{
			ID: sc.ID, Facts: r.Facts, AssessmentID: sc.Assessment.ID, ValidUntil: site.sceneEnd(*sc, now),
			NoticeVersion: n.Version, NoticeHash: n.Hash, Thresholds: sc.Thresholds, Coverage: sc.Coverage,
			LiveClear: sc.LiveClear, RecordClear: sc.RecordClear, Reasons: r.Reasons,
		})
	}
	for i := range site.Zones {
		z := &site.Zones[i]
		if z.Kind != ZoneRecognition {
			continue
		}
		r := at.ZoneReadiness(z, now)
		out.Zones = append(out.Zones, SnapZone{
			ID: z.ID, Version: z.Version, Camera: z.Camera, Scene: z.Scene, Outline: z.Polygon.Parts(), Facts: r.Facts,
			InspectionID: z.Inspection.ID, ValidUntil: z.Inspection.ValidUntil, SignSetHash: signSet(z), Reasons: r.Reasons,
		})
	}
	prof := profiles[site.Profile]
	given := byEnrollee(consents)
	for i := range people {
		if e := compileEnrollee(&people[i], given[people[i].ID], prof, now); len(e.Consents) > 0 {
			out.Subjects = append(out.Subjects, e)
		}
	}
	slices.SortFunc(out.Subjects, func(a, b SnapEnrollee) int { return cmpString(a.ID, b.ID) })
	return out
}

// byEnrollee sorts consents to whom they are of, each in the order given.
func byEnrollee(consents []Consent) map[string][]*Consent {
	out := make(map[string][]*Consent, len(consents))
	for i := range consents {
		c := &consents[i]
		out[c.Enrollee] = append(out[c.Enrollee], c)
	}
	return out
}

func compileEnrollee(p *Enrollee, consents []*Consent, prof Profile, now time.Time) SnapEnrollee {
	e := SnapEnrollee{
		ID: p.ID, Under14: p.Under14, Unrestricted: !p.Restricted, NotObjected: !p.Objected,
		GuardianActive: p.Guardian != "" && started(p.GuardianVerified, now),
	}
	if p.Status != EnrolleeActive {
		return e
	}
	for _, c := range consents {
		if c.State != ConsentGiven || !before(now, c.ExpiresAt) ||
			prof.MatchInWriting && c.Purpose == PurposeMatch && !c.Act.Written ||
			prof.SeparateConsent && c.Act.Basis != BasisSeparateConsent {
			continue
		}
		e.Consents = append(e.Consents, SnapConsent{
			c.Ref(), c.Version, c.Purpose, c.Scenes, c.Zones,
			c.NoticeVersion, c.Act.NoticeHash, c.ExpiresAt, c.Act.Written,
		})
	}
	slices.SortFunc(e.Consents, func(a, b SnapConsent) int { return slices.Compare(a.Ref[:], b.Ref[:]) })
	return e
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// sceneEnd is when the first condition of an otherwise ready scene runs out.
func (s *Site) sceneEnd(sc Scene, now time.Time) time.Time {
	end := sc.Assessment.ValidUntil
	for _, t := range profiles[s.Profile].Required(sc.Purpose, now) {
		for _, f := range sc.Filings {
			if f.Type == t && !f.ValidUntil.IsZero() && f.ValidUntil.Before(end) {
				end = f.ValidUntil
			}
		}
	}
	return end
}

// PrivateAreas returns the outlines, in parts of the picture, that are filled
// on a camera before detection. They hold whatever the state of any lease.
func (s *Site) PrivateAreas(camera string) []geom.Polygon {
	c, _ := s.Camera(camera)
	var zones []*Zone
	for i := range s.Zones {
		if z := &s.Zones[i]; z.Camera == camera && z.filled() {
			zones = append(zones, z)
		}
	}
	return outlines(&c, zones)
}

// filled tells whether a zone's outline is filled before detection.
func (z *Zone) filled() bool {
	return (z.Kind == ZoneProhibited || z.Kind == ZonePrivacy) && z.State != ZoneRetired
}

func outlines(c *Camera, zones []*Zone) []geom.Polygon {
	var out []geom.Polygon
	for _, g := range c.Private {
		out = append(out, g.Parts())
	}
	for _, z := range zones {
		out = append(out, z.Polygon.Parts())
	}
	return out
}

// Parts returns the outline in parts of the picture, 0..1.
func (g Polygon) Parts() geom.Polygon {
	out := make(geom.Polygon, 0, len(g.Relative)+len(g.Pixels))
	for _, p := range g.Relative {
		out = append(out, geom.Point{X: p[0], Y: p[1]})
	}
	if w, h, ok := g.size(); ok {
		for _, p := range g.Pixels {
			out = append(out, geom.Point{X: p[0] / w, Y: p[1] / h})
		}
	}
	return out
}

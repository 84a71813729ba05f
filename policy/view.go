package policy

import (
	"slices"
	"time"

	"bystander/internal/event"
	"bystander/internal/geom"
)

// Camera returns the snapshot's record of a camera.
func (s *Snapshot) Camera(id string) (*SnapCamera, bool) {
	for i := range s.Cameras {
		if s.Cameras[i].ID == id {
			return &s.Cameras[i], true
		}
	}
	return nil, false
}

// Scene returns a scene of the snapshot.
func (s *Snapshot) Scene(id string) (*SnapScene, bool) {
	for i := range s.Scenes {
		if s.Scenes[i].ID == id {
			return &s.Scenes[i], true
		}
	}
	return nil, false
}

// Subject returns an enrollee of the snapshot.
func (s *Snapshot) Subject(id string) (*SnapEnrollee, bool) {
	i, ok := slices.BinarySearchFunc(s.Subjects, id, func(e SnapEnrollee, id string) int { return cmpString(e.ID, id) })
	if !ok {
		return nil, false
	}
	return &s.Subjects[i], true
}

// At returns the scene's facts at now: what was ready when the snapshot was
// compiled, less what has run out since.
func (s *SnapScene) At(now time.Time) SceneFacts {
	f := s.Facts
	valid := before(now, s.ValidUntil)
	f.AssessmentValid = f.AssessmentValid && valid
	f.FilingsPresent = f.FilingsPresent && valid
	return f
}

// At returns the zone's facts at now for a camera observed in the given pose;
// an empty pose means that none was observed.
func (z *SnapZone) At(now time.Time, cam *SnapCamera, pose string) ZoneFacts {
	f := z.Facts
	f.InspectionValid = f.InspectionValid && before(now, z.ValidUntil)
	f.PoseCalibrated = cam != nil && (cam.Pose != "" && cam.Pose == pose || cam.Pose == "" && cam.PoseAssumed)
	return f
}

// Person returns the facts of an enrollee at zone z of scene sc, together with
// the match consent relied on (zero when there is none).
func (s *Snapshot) Person(e *SnapEnrollee, sc *SnapScene, z *SnapZone, now time.Time) (PersonFacts, SnapConsent) {
	f := PersonFacts{
		Under14: e.Under14, GuardianActive: e.GuardianActive,
		Unrestricted: e.Unrestricted, NotObjected: e.NotObjected,
	}
	c, ok := e.consent(PurposeMatch, sc, z, now)
	if !ok {
		return f, SnapConsent{}
	}
	f.PurposeMatch, f.ConsentActive, f.ConsentExpires = true, true, c.ExpiresAt
	f.NamesScene, f.NamesZone = slices.Contains(c.Scenes, sc.ID), slices.Contains(c.Zones, z.ID)
	f.NoticeCurrent = current(c, sc)
	return f, c
}

// Appear reports whether the enrollee's consent to appear before an audience
// (PurposeAppearLive or PurposeAppearRecorded) stands at zone z, and until
// when. Being recorded clear asks for consent in writing.
func (s *Snapshot) Appear(e *SnapEnrollee, p Purpose, sc *SnapScene, z *SnapZone, now time.Time) (bool, time.Time) {
	c, ok := e.consent(p, sc, z, now)
	if !ok || !current(c, sc) || p == PurposeAppearRecorded && !c.Written {
		return false, time.Time{}
	}
	return true, c.ExpiresAt
}

func current(c SnapConsent, sc *SnapScene) bool {
	return sc.NoticeVersion != "" && c.NoticeVersion == sc.NoticeVersion && c.NoticeHash == sc.NoticeHash &&
		c.NoticeHash != event.Digest{}
}

// consent returns the unexpired consent to p that covers scene and zone; the
// one on the current notice is preferred.
func (e *SnapEnrollee) consent(p Purpose, sc *SnapScene, z *SnapZone, now time.Time) (SnapConsent, bool) {
	var best SnapConsent
	found := false
	for _, c := range e.Consents {
		if c.Purpose == p && before(now, c.ExpiresAt) && slices.Contains(c.Scenes, sc.ID) && slices.Contains(c.Zones, z.ID) &&
			(!found || current(c, sc)) {
			best, found = c, true
		}
	}
	return best, found
}

// On returns the outline scaled to a picture of w×h pixels, appended to dst.
func On(parts geom.Polygon, w, h int, dst geom.Polygon) geom.Polygon {
	for _, p := range parts {
		dst = append(dst, geom.Point{X: p.X * float32(w), Y: p.Y * float32(h)})
	}
	return dst
}

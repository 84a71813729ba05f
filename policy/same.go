package policy

import (
	"slices"
	"time"

	"bystander/internal/geom"
)

// same reports whether two snapshots say the same, whatever their versions. It may
// say no of two that are written differently (a time in another zone); it never
// says yes of two whose hashes would differ.
func (s *Snapshot) same(o *Snapshot) bool {
	return s.Site == o.Site && s.Sample == o.Sample && s.Profile == o.Profile && s.Halted == o.Halted &&
		sameBy(s.Cameras, o.Cameras, (*SnapCamera).same) && sameBy(s.Scenes, o.Scenes, (*SnapScene).same) &&
		sameBy(s.Zones, o.Zones, (*SnapZone).same) && sameBy(s.Subjects, o.Subjects, (*SnapEnrollee).same)
}

// sameBy compares lists; none and an empty one are written differently.
func sameBy[T any](a, b []T, same func(x, y *T) bool) bool {
	if len(a) != len(b) || (a == nil) != (b == nil) {
		return false
	}
	for i := range a {
		if !same(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

func sameValues[T comparable](a, b []T) bool {
	return (a == nil) == (b == nil) && slices.Equal(a, b)
}

// sameTime compares times as they are written: one moment in two zones is written
// in two ways.
func sameTime(a, b time.Time) bool {
	return a == b //nolint:staticcheck // Equal would take two writings for one
}

func (c *SnapCamera) same(o *SnapCamera) bool {
	return c.ID == o.ID && c.Pose == o.Pose && c.PoseAssumed == o.PoseAssumed &&
		sameBy(c.Prohibited, o.Prohibited, func(x, y *geom.Polygon) bool { return sameValues(*x, *y) })
}

func (s *SnapScene) same(o *SnapScene) bool {
	return s.ID == o.ID && s.Facts == o.Facts && s.AssessmentID == o.AssessmentID && sameTime(s.ValidUntil, o.ValidUntil) &&
		s.NoticeVersion == o.NoticeVersion && s.NoticeHash == o.NoticeHash && s.Thresholds == o.Thresholds &&
		s.Coverage == o.Coverage && s.LiveClear == o.LiveClear && s.RecordClear == o.RecordClear && sameValues(s.Reasons, o.Reasons)
}

func (z *SnapZone) same(o *SnapZone) bool {
	return z.ID == o.ID && z.Version == o.Version && z.Camera == o.Camera && z.Scene == o.Scene &&
		sameValues(z.Outline, o.Outline) && z.Facts == o.Facts && z.InspectionID == o.InspectionID &&
		sameTime(z.ValidUntil, o.ValidUntil) && z.SignSetHash == o.SignSetHash && sameValues(z.Reasons, o.Reasons)
}

func (e *SnapEnrollee) same(o *SnapEnrollee) bool {
	return e.ID == o.ID && e.Under14 == o.Under14 && e.GuardianActive == o.GuardianActive &&
		e.Unrestricted == o.Unrestricted && e.NotObjected == o.NotObjected && sameBy(e.Consents, o.Consents, (*SnapConsent).same)
}

func (c *SnapConsent) same(o *SnapConsent) bool {
	return c.Ref == o.Ref && c.Version == o.Version && c.Purpose == o.Purpose && sameValues(c.Scenes, o.Scenes) &&
		sameValues(c.Zones, o.Zones) && c.NoticeVersion == o.NoticeVersion && c.NoticeHash == o.NoticeHash &&
		sameTime(c.ExpiresAt, o.ExpiresAt) && c.Written == o.Written
}

// Covers reports whether everything that o allows stands in s, word for word, so
// that whoever still acts by o does nothing that s forbids. Apart from their
// versions the two may differ in people and consents that only s has. It may say no
// of one that forbids nothing more; a site that changed is always a no, since
// cameras, scenes and zones say what is filled and covered, too. Both are as
// Compile made them: people in order of id, consents in order of ref.
func (s *Snapshot) Covers(o *Snapshot) bool {
	if s.Site != o.Site || s.Sample != o.Sample || s.Profile != o.Profile || s.Halted != o.Halted ||
		!sameBy(s.Cameras, o.Cameras, (*SnapCamera).same) || !sameBy(s.Scenes, o.Scenes, (*SnapScene).same) ||
		!sameBy(s.Zones, o.Zones, (*SnapZone).same) {
		return false
	}
	return within(o.Subjects, s.Subjects, func(x, y *SnapEnrollee) bool {
		a, b := *x, *y
		a.Consents, b.Consents = nil, nil
		return a.same(&b) && within(x.Consents, y.Consents, (*SnapConsent).same)
	})
}

// within reports whether b is a with nothing but additions in between.
func within[T any](a, b []T, same func(x, y *T) bool) bool {
	for i := range a {
		for len(b) > 0 && !same(&a[i], &b[0]) {
			b = b[1:]
		}
		if len(b) == 0 {
			return false
		}
		b = b[1:]
	}
	return true
}

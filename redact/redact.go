// Package redact covers people. It alone can make a frame.Redacted.
//
// Raw pictures come in with what was seen on them and are held for a few
// pictures, so that what is seen next can cover what came before. Each leaves
// with a mask that is the union of everything that may be a person, painted
// with a fill made only from what lies outside that union. Whenever the package
// cannot vouch for a picture, it leaves as one uniform colour.
package redact

import (
	"bystander/internal/geom"
)

// Style is how a mask looks. No style depends on what it hides.
type Style string

// The styles.
const (
	// StyleFrost looks like ribbed glass: a smooth fill from around the mask
	// with faint level ribs and a faint moving grain.
	StyleFrost Style = "frost"
	// StyleSolid is one dark colour.
	StyleSolid Style = "solid"
	// StyleMosaic is a few cells a face. Their colours come from around the
	// mask, like frost, not from the face.
	StyleMosaic Style = "mosaic"
)

// Coverage is how much of a person a mask covers.
type Coverage string

// The coverages.
const (
	CoverHead   Coverage = "head"
	CoverPerson Coverage = "person"
)

// Rule names the audience that a redaction is made for; each has consents of
// its own.
type Rule uint8

// The rules.
const (
	RuleLive Rule = iota
	RuleRecord
	ruleCount
)

// TargetKind says what a detector saw.
type TargetKind uint8

// The kinds of target.
const (
	TargetFace TargetKind = iota
	TargetPerson
)

// Target is one thing to cover on one picture, tied to a track. It is an
// observation on that very picture, never a tracker's prediction: between
// observations the package interpolates by itself. Faces and persons are
// tracked apart; the same number may serve for both kinds.
type Target struct {
	Track uint64
	Kind  TargetKind
	Box   geom.Box
	Score float32
	// Doubt tells that the track was merged, crossed, or may be somebody else:
	// no clear view, whatever was granted.
	Doubt bool
	// Weak tells that the track was seen with scores that nothing follows from
	// but a mask: it takes over from no other track, stands for no other face,
	// and is not counted as one. A track is weak if it began so.
	Weak bool
}

// Sighting is what was seen on one picture. Pictures between two looks of a
// detector carry one without targets.
type Sighting struct {
	Faces, Persons bool // which detectors looked at this very picture
	// Part tells that faces were looked for in a part of the picture alone. Such a
	// look finds targets, and does not vouch for what lies beside it: MaxBlind
	// counts from the last look at a whole picture.
	Part    bool
	Targets []Target
	// Lost are tracks that the tracker has given up since the last sighting.
	Lost []uint64
	// Guard tells that the foreground guard looked at this very picture; it is
	// implied by any Moving.
	Guard bool
	// Moving are regions that move, by the foreground guard, whether explained
	// by a track or not.
	Moving []geom.Box
	// Fault, when not empty, says why nothing can be vouched for: the picture
	// leaves fully masked. It goes into Stats.Detail; it must hold nothing
	// about a person.
	Fault string
}

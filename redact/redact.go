// Package redact covers people. It alone can make a frame.Redacted.
package redact

import (
	"bystander/internal/geom"
)

// Style is how a mask looks. No style depends on what it hides.
type Style string

// The styles.
const (
	StyleFrost  Style = "frost"
	StyleSolid  Style = "solid"
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

// Target is one thing to cover on one picture, tied to a track.
type Target struct {
	Track uint64
	Kind  TargetKind
	Box   geom.Box
	Score float32
	// Doubt tells that the track was merged, crossed, or may be somebody else:
	// no clear view, whatever was granted.
	Doubt bool
}

// Sighting is what was seen on one picture. Pictures between two looks of a
// detector carry one without targets.
type Sighting struct {
	Faces, Persons bool // which detectors looked at this very picture
	Targets        []Target
	// Lost are tracks that the tracker has given up since the last sighting.
	Lost []uint64
	// Moving are regions that move, by the foreground guard, whether explained
	// by a track or not.
	Moving []geom.Box
	// Fault, when not empty, says why nothing can be vouched for: the picture
	// leaves fully masked.
	Fault string
}

package redact

import (
	"errors"
	"fmt"
	"time"

	"bystander/internal/geom"
)

// Bounds of the settings.
const (
	MaxHold    = 250 // pictures; live configuration allows 50
	MaxPrivacy = 64  // polygons
	MaxCorners = 256 // of one polygon
	MaxTracks  = 512 // tracks at a time; more mask the whole picture
	maxMoving  = 64  // moving regions of one picture; more are merged
)

// Config says how people are covered. Start from DefaultConfig.
type Config struct {
	Style    Style
	Coverage Coverage
	// Hold is how many pictures are held back, so that a first sighting masks
	// the pictures before it. It costs that much delay, and the frame pool must
	// have room for Hold pictures more. 0 to MaxHold.
	Hold int
	// Margin widens a face to the whole head: the part of the face's width
	// added on each side; above and below follow from it. 0.15 to 1.
	Margin float32
	// TrackHold is how long at most a track that is no longer seen stays masked,
	// its place extrapolated and growing. Half as long again the last region
	// stays whole. A track that never flickered gets six tenths of it, one seen
	// only weakly or only twice up to a quarter, a person half. 0.2 s to 10 s.
	TrackHold time.Duration
	// MaxBlind is the longest time since the last successful look for faces
	// at which a picture is still vouched for. 50 ms to 5 s.
	MaxBlind time.Duration
	// Guard masks moving regions that no track explains.
	Guard bool
	// Privacy are polygons that are always covered, in luma pixels.
	Privacy []geom.Polygon
}

// DefaultConfig returns the shipped settings.
func DefaultConfig() Config {
	return Config{
		Style: StyleFrost, Coverage: CoverHead,
		Hold: 8, Margin: 0.25,
		TrackHold: time.Second, MaxBlind: 400 * time.Millisecond,
		Guard: true,
	}
}

// Validate reports every setting outside its range, each wrapping ErrConfig.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, a...)))
	}
	switch c.Style {
	case StyleFrost, StyleSolid, StyleMosaic:
	default:
		bad("style %q: use frost, solid or mosaic", c.Style)
	}
	switch c.Coverage {
	case CoverHead, CoverPerson:
	default:
		bad("coverage %q: use head or person", c.Coverage)
	}
	if c.Hold < 0 || c.Hold > MaxHold {
		bad("hold %d: use 0 to %d pictures", c.Hold, MaxHold)
	}
	if !(c.Margin >= 0.15 && c.Margin <= 1) {
		bad("margin %v: use 0.15 to 1", c.Margin)
	}
	if c.TrackHold < 200*time.Millisecond || c.TrackHold > 10*time.Second {
		bad("track hold %v: use 200ms to 10s", c.TrackHold)
	}
	if c.MaxBlind < 50*time.Millisecond || c.MaxBlind > 5*time.Second {
		bad("longest blind time %v: use 50ms to 5s", c.MaxBlind)
	}
	if err := checkPolygons(c.Privacy); err != nil {
		bad("privacy: %v", err)
	}
	return errors.Join(errs...)
}

func checkPolygons(polys []geom.Polygon) error {
	if len(polys) > MaxPrivacy {
		return fmt.Errorf("%d polygons: at most %d", len(polys), MaxPrivacy)
	}
	for i, g := range polys {
		if len(g) < 3 || len(g) > MaxCorners {
			return fmt.Errorf("polygon %d has %d corners: use 3 to %d", i, len(g), MaxCorners)
		}
		for _, p := range g {
			if !(geom.Box{X0: p.X, Y0: p.Y}).Finite() {
				return fmt.Errorf("polygon %d has a corner that is no number", i)
			}
		}
	}
	return nil
}

// Ablation switches parts of the union off, to measure what each is worth. It
// exists for evaluation only: see NewForEvaluation.
type Ablation struct {
	NoFaces       bool // faces found by the face detector
	NoPersons     bool // heads and bodies of detected persons
	NoInterpolate bool // places between two sightings
	NoExtrapolate bool // places after the last sighting
	NoBackfill    bool // places before the first sighting
	NoGuard       bool // moving regions that nothing explains
}

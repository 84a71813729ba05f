package policy

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"bystander/internal/strictyaml"
)

// Validate checks that the site is well formed and holds nothing forbidden.
// All errors come joined, each with its key path; the whole wraps ErrInvalid.
// A valid site may still be unready: SceneReadiness and ZoneReadiness tell.
func (s *Site) Validate() error {
	var c checker
	s.check(&c)
	if len(c.errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w site:\n%w", ErrInvalid, errors.Join(c.errs...))
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// forbiddenPlaces are private spaces that no camera of this system may cover
// . There is no override.
var forbiddenPlaces = []string{
	"hotel_room", "guest_room", "dormitory", "bath", "bathroom", "bathhouse", "shower", "sauna",
	"changing_room", "fitting_room", "locker_room", "toilet", "restroom", "washroom",
	"nursing_room", "bedroom", "ward", "treatment_room",
}

// ProhibitedPlace reports whether a place type is a private space.
func ProhibitedPlace(placeType string) bool {
	return slices.Contains(forbiddenPlaces, normalPlace(placeType))
}

// checker gathers mistakes with their key paths, and lines where known.
type checker struct {
	file  string
	lines func(path string) int
	errs  []error
}

func (c *checker) bad(path, format string, a ...any) {
	line := 0
	if c.lines != nil {
		line = c.lines(path)
	}
	file := c.file
	if file == "" {
		file = "site"
	}
	c.errs = append(c.errs, &strictyaml.Error{File: file, Line: line, Path: path, Msg: fmt.Sprintf(format, a...)})
}

func (c *checker) id(path, id string, seen map[string]bool) {
	switch {
	case id == "":
		c.bad(path, "is missing")
	case !idPattern.MatchString(id):
		c.bad(path, "%q: use lower-case letters, digits, dot, dash and underscore, at most 63", id)
	case seen[id]:
		c.bad(path, "%q is used twice", id)
	}
	seen[id] = true
}

func (c *checker) need(path, v string) {
	if strings.TrimSpace(v) == "" {
		c.bad(path, "is missing")
	}
}

func oneOf[T ~string](c *checker, path string, v T, allowed ...T) {
	if !slices.Contains(allowed, v) {
		c.bad(path, "%q is not one of %v", string(v), allowed)
	}
}

func (s *Site) check(c *checker) {
	c.id("site", s.Site, map[string]bool{})
	if _, ok := profiles[s.Profile]; !ok {
		c.bad("profile", "%q is not one of %v", s.Profile, ProfileNames())
	}
	c.need("controller.name", s.Controller.Name)
	c.need("controller.contact", s.Controller.Contact)
	s.checkNotices(c)
	s.checkCameras(c)
	at := s.Index()
	s.checkScenes(c, at)
	s.checkZones(c, at)
}

func (s *Site) checkNotices(c *checker) {
	seen := map[string]bool{}
	for i, n := range s.Notices {
		p := fmt.Sprintf("notices[%d]", i)
		c.id(p+".version", n.Version, seen)
		if len(n.Languages) == 0 {
			c.bad(p+".languages", "is missing")
		}
		if n.Hash.IsZero() {
			c.bad(p+".hash", "is missing: give the SHA-256 of the published text in hex")
		}
		if n.EffectiveFrom.IsZero() {
			c.bad(p+".effective_from", "is missing")
		}
	}
}

func (s *Site) checkCameras(c *checker) {
	seen := map[string]bool{}
	for i, cam := range s.Cameras {
		p := fmt.Sprintf("cameras[%d]", i)
		c.id(p+".id", cam.ID, seen)
		c.need(p+".place_type", cam.PlaceType)
		if ProhibitedPlace(cam.PlaceType) {
			c.bad(p+".place_type", "PROHIBITED_PLACE: %q is a private space; no camera may cover it and no setting allows it", cam.PlaceType)
		}
		for j, g := range cam.Private {
			g.check(c, fmt.Sprintf("%s.private[%d]", p, j))
		}
	}
}

func normalPlace(s string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(s)))
}

func (s *Site) checkScenes(c *checker, at Index) {
	seen := map[string]bool{}
	for i, sc := range s.Scenes {
		p := fmt.Sprintf("scenes[%d]", i)
		c.id(p+".id", sc.ID, seen)
		if normalPlace(string(sc.Purpose)) == "law_enforcement" {
			c.bad(p+".purpose", "real-time identification for law enforcement is not built")
		} else {
			oneOf(c, p+".purpose", sc.Purpose, ForAccess, ForPublicSecurity, ForEvent, ForDemonstration)
		}
		oneOf(c, p+".mode", sc.Mode, ModeZone, ModeClaim)
		oneOf(c, p+".state", sc.State, SceneDraft, SceneAssessed, SceneOn, ScenePaused, SceneRetired)
		if sc.State != SceneDraft && (sc.Reason == "" || sc.Approver == "") {
			c.bad(p, "state %q is a reasoned decision: reason and approver are missing", sc.State)
		}
		if sc.Notice != "" {
			if _, ok := at.Notice(sc.Notice); !ok {
				c.bad(p+".notice", "%q is not among the notices", sc.Notice)
			}
		}
		if sc.Assessment.Outcome != "" {
			oneOf(c, p+".assessment.outcome", sc.Assessment.Outcome, "approved", "rejected", "unclear")
		}
		if sc.Coverage != "" {
			oneOf(c, p+".coverage", sc.Coverage, "head", "person")
		}
		sc.Thresholds.check(c, p+".thresholds")
		for j, f := range sc.Filings {
			q := fmt.Sprintf("%s.filings[%d]", p, j)
			c.need(q+".type", f.Type)
			oneOf(c, q+".status", f.Status, "planned", "filed", "approved", "cancelled")
		}
	}
}

func (t Thresholds) check(c *checker, path string) {
	for name, v := range map[string]float32{"score": t.Score, "margin": t.Margin, "quality": t.Quality} {
		if !(v >= 0 && v <= 1) {
			c.bad(path+"."+name, "%v does not lie within 0 and 1", v)
		}
	}
}

func (s *Site) checkZones(c *checker, at Index) {
	seen := map[string]bool{}
	for i, z := range s.Zones {
		p := fmt.Sprintf("zones[%d]", i)
		c.id(p+".id", z.ID, seen)
		oneOf(c, p+".kind", z.Kind, ZoneRecognition, ZoneSignage, ZoneProhibited, ZonePrivacy)
		oneOf(c, p+".state", z.State, ZoneDraft, ZoneSignsPlanned, ZoneInspected, ZoneOn, ZoneSuspended, ZoneRetired)
		if z.Version == 0 {
			c.bad(p+".version", "is missing: count from 1 and raise it with every change")
		}
		if _, ok := at.Camera(z.Camera); !ok {
			c.bad(p+".camera", "%q is not among the cameras", z.Camera)
		}
		if _, ok := at.Scene(z.Scene); !ok && (z.Kind == ZoneRecognition || z.Scene != "") {
			c.bad(p+".scene", "%q is not among the scenes", z.Scene)
		}
		z.Polygon.check(c, p+".polygon")
		z.checkSigns(c, p)
		if in := z.Inspection; in.Inspector != "" && in.Inspector == in.Planner {
			c.bad(p+".inspection.inspector", "the inspector must not be the planner")
		}
		if k := z.Alternative.Kind; k != "" {
			oneOf(c, p+".alternative_path.kind", k, "staffed", "card", "password")
		}
	}
}

func (z *Zone) checkSigns(c *checker, p string) {
	entrances, signs := map[string]bool{}, map[string]bool{}
	for j, e := range z.Entrances {
		c.id(fmt.Sprintf("%s.entrances[%d].id", p, j), e.ID, entrances)
	}
	for j, g := range z.Signs {
		q := fmt.Sprintf("%s.signs[%d]", p, j)
		c.id(q+".id", g.ID, signs)
		oneOf(c, q+".kind", g.Kind, SignMonitoring, SignRecognition, SignEntrance, SignFloor)
		if !entrances[g.Entrance] {
			c.bad(q+".entrance", "%q is not among the zone's entrances", g.Entrance)
		}
		if !finite(g.Position[:]) {
			c.bad(q+".position", "is not a place in metres")
		}
	}
}

// maxCorners bounds an outline.
const maxCorners = 256

func (g Polygon) check(c *checker, path string) {
	switch {
	case len(g.Relative) > 0 && len(g.Pixels) > 0:
		c.bad(path, "give either relative or pixels, not both")
	case len(g.Relative) > 0:
		checkCorners(c, path+".relative", g.Relative, 1, 1)
	case len(g.Pixels) > 0:
		w, h, ok := g.size()
		if !ok {
			c.bad(path+".size", "is missing: pixels need the width and height of the picture they were drawn on")
			return
		}
		checkCorners(c, path+".pixels", g.Pixels, w, h)
	default:
		c.bad(path, "is missing: give relative or pixels")
	}
}

func checkCorners(c *checker, path string, pts [][2]float32, w, h float32) {
	if err := CheckOutline(pts, w, h); err != nil {
		c.bad(path, "%v", err)
	}
}

func finite(v []float32) bool {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return false
		}
	}
	return true
}

// CheckID reports whether an id has the form that ids of a site have.
func CheckID(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("%w: %q: use lower-case letters, digits, dot, dash and underscore, at most 63", ErrInvalid, id)
	}
	return nil
}

package sitestore

import (
	"context"
	"slices"

	"bystander/internal/event"
	"bystander/policy"
)

// zoneMoves is the state machine of a zone. Edits are no moves: they lead back
// to signs_planned, see edited.
var zoneMoves = map[policy.ZoneState][]policy.ZoneState{
	policy.ZoneDraft:        {policy.ZoneSignsPlanned, policy.ZoneRetired},
	policy.ZoneSignsPlanned: {policy.ZoneInspected, policy.ZoneRetired},
	policy.ZoneInspected:    {policy.ZoneOn, policy.ZoneRetired},
	policy.ZoneOn:           {policy.ZoneSuspended, policy.ZoneRetired},
	policy.ZoneSuspended:    {policy.ZoneOn, policy.ZoneRetired},
}

// ZoneSpec is what a planner says of a zone.
type ZoneSpec struct {
	ID          string
	Kind        policy.ZoneKind
	Camera      string
	Scene       string
	Outline     []Point
	Plan        string
	Floor       []Point
	Alternative Alternative
}

// AddZone adds a zone, as a draft. Prohibited and privacy zones are filled from
// then on.
func (s *Store) AddZone(ctx context.Context, by By, spec ZoneSpec) (z Zone, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		z = Zone{Meta: Meta{ID: spec.ID}, State: policy.ZoneDraft}
		z.set(spec)
		if err := t.checkZone(&z); err != nil {
			return err
		}
		z.plannedBy(t.by.Actor)
		if err := create(t, &z); err != nil {
			return err
		}
		return t.zoneChanged(z, "")
	})
	return z, err
}

// EditZone changes a zone. One that was planned or further returns to
// signs_planned.
func (s *Store) EditZone(ctx context.Context, by By, id string, spec ZoneSpec) (z Zone, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if z, err = load[Zone](t, id); err != nil {
			return err
		}
		if spec.Kind != z.Kind {
			return invalid("kind: a zone keeps its kind; retire it and add another")
		}
		z.set(spec)
		if err := t.checkZone(&z); err != nil {
			return err
		}
		return t.edited(&z)
	})
	return z, err
}

func (z *Zone) set(spec ZoneSpec) {
	z.Kind, z.Camera, z.Scene, z.Outline = spec.Kind, spec.Camera, spec.Scene, spec.Outline
	z.Plan, z.Floor, z.Alternative = spec.Plan, spec.Floor, spec.Alternative
}

func (z *Zone) plannedBy(actor string) {
	if !slices.Contains(z.Planners, actor) {
		z.Planners = append(z.Planners, actor)
	}
}

// checkZone checks a zone's shape and what it refers to.
func (t *txn) checkZone(z *Zone) error {
	kinds := []policy.ZoneKind{policy.ZoneRecognition, policy.ZoneSignage, policy.ZoneProhibited, policy.ZonePrivacy}
	if !slices.Contains(kinds, z.Kind) {
		return invalid("kind: %q is not one of %v", z.Kind, kinds)
	}
	if _, err := other[Camera](t, z.Camera); err != nil {
		return invalid("camera: there is no camera %q; register it first", z.Camera)
	}
	if z.Scene != "" || z.Kind == policy.ZoneRecognition {
		if _, err := other[Scene](t, z.Scene); err != nil {
			return invalid("scene: there is no scene %q", z.Scene)
		}
	}
	if err := policy.CheckOutline(z.Outline, 1, 1); err != nil {
		return refuse(ErrInvalid, CodeOutline, "outline: %v", err)
	}
	return t.checkFloor(z)
}

func (t *txn) checkFloor(z *Zone) error {
	if z.Plan == "" {
		if len(z.Floor) > 0 {
			return invalid("floor: name the plan that it is measured on")
		}
		return nil
	}
	p, err := other[FloorPlan](t, z.Plan)
	if err != nil || p.Removed {
		return invalid("plan: there is no floor plan %q", z.Plan)
	}
	if len(z.Floor) == 0 {
		return nil
	}
	if err := policy.CheckOutline(z.Floor, p.Width, p.Depth); err != nil {
		return refuse(ErrInvalid, CodeOutline, "floor: %v", err)
	}
	return nil
}

// edited stores a zone whose geometry, camera, signs or notice changed: what
// was inspected is no longer what stands there.
func (t *txn) edited(z *Zone) error {
	from := z.State
	switch z.State {
	case policy.ZoneRetired:
		return wrongState("zone", z.ID, string(z.State), "anything else")
	case policy.ZoneDraft:
	default:
		z.State = policy.ZoneSignsPlanned
	}
	z.Inspection, z.Approver = "", ""
	z.plannedBy(t.by.Actor)
	if err := store(t, z); err != nil {
		return err
	}
	return t.zoneChanged(*z, from)
}

// move takes a zone to another state of the machine.
func (t *txn) move(z *Zone, to policy.ZoneState) error {
	from := z.State
	if !slices.Contains(zoneMoves[from], to) {
		return wrongState("zone", z.ID, string(from), string(to))
	}
	z.State = to
	if err := store(t, z); err != nil {
		return err
	}
	return t.zoneChanged(*z, from)
}

// PlanSigns declares that the positions of entrances and signs are planned.
func (s *Store) PlanSigns(ctx context.Context, by By, id string) (z Zone, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if z, err = load[Zone](t, id); err != nil {
			return err
		}
		entrances, err := t.entrancesOf(id)
		if err != nil {
			return err
		}
		var why []policy.Reason
		if len(entrances) == 0 {
			why = append(why, policy.Reason{Code: "ENTRANCE_MISSING", Text: "list the ways into the zone"})
		}
		for _, e := range entrances {
			if e.Position == nil {
				why = append(why, policy.Reason{Code: "ENTRANCE_POSITION", Subject: e.ID, Text: "give its place on the floor plan, in metres"})
			}
		}
		if err := notMet("the zone's entrances are not planned", why); err != nil {
			return err
		}
		z.plannedBy(t.by.Actor)
		return t.move(&z, policy.ZoneSignsPlanned)
	})
	return z, err
}

// GoLive takes an inspected or suspended zone live, if every condition of the
// gate holds and the approver is none of its planners. There is no way round.
func (s *Store) GoLive(ctx context.Context, by By, id string) (z Zone, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if z, err = load[Zone](t, id); err != nil {
			return err
		}
		if z.Kind != policy.ZoneRecognition {
			return invalid("a %s zone does not go live; it holds from the moment it is added", z.Kind)
		}
		if slices.Contains(z.Planners, t.by.Actor) {
			return refuse(ErrForbidden, CodeSelfApproval, "whoever planned the zone cannot approve it; somebody else must")
		}
		why, err := t.stands(z)
		if err != nil {
			return err
		}
		if !slices.Contains(zoneMoves[z.State], policy.ZoneOn) {
			why = append([]policy.Reason{{Code: CodeState, Subject: string(z.State), Text: "the zone must have passed its inspection"}}, why...)
		}
		if err := notMet("the zone cannot go live", why); err != nil {
			return err
		}
		z.Approver = t.by.Actor
		return t.move(&z, policy.ZoneOn)
	})
	return z, err
}

// stands lists what speaks against a zone's being live now.
func (t *txn) stands(z Zone) ([]policy.Reason, error) {
	site, err := t.compile()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(site.Zones, func(p policy.Zone) bool { return p.ID == z.ID })
	pz := site.Zones[i]
	pz.State = policy.ZoneOn
	why := site.ZoneReadiness(pz, t.now).Reasons
	cam, err := other[Camera](t, z.Camera)
	if err != nil {
		return nil, err
	}
	if !t.s.readOnly.Load() { // a file says no more than the checklist's id
		why = append(why, cam.missing()...)
	}
	if sc, ok := site.Scene(z.Scene); ok {
		why = append(why, site.SceneReadiness(sc, t.now).Reasons...)
	}
	if t.s.o.GoLive != nil {
		why = append(why, t.s.o.GoLive(t.ctx, site, pz)...)
	}
	return why, nil
}

// missing lists what a camera lacks beside its compiled checklist.
func (c *Camera) missing() []policy.Reason {
	var why []policy.Reason
	if c.Pose == "" && !c.PoseAssumed {
		why = append(why, policy.Reason{Code: "POSE_NOT_CALIBRATED", Subject: c.ID, Text: "calibrate the camera's view first"})
	}
	if c.Checklist.ID != "" && len(c.Checklist.Photos) == 0 {
		why = append(why, policy.Reason{Code: "CHECKLIST_PHOTO", Subject: c.ID, Text: "the non-obstruction checklist has no photograph"})
	}
	if c.Checklist.ID != "" && (c.Checklist.Installer == "" || c.Checklist.Acknowledged.IsZero()) {
		why = append(why, policy.Reason{Code: "INSTALLER_ACK_MISSING", Subject: c.ID, Text: "the installer has not acknowledged the briefing"})
	}
	return why
}

// Suspend takes a live zone out of use at once.
func (s *Store) Suspend(ctx context.Context, by By, id string) (z Zone, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if z, err = load[Zone](t, id); err != nil {
			return err
		}
		return t.move(&z, policy.ZoneSuspended)
	})
	return z, err
}

// Retire ends a zone for good.
func (s *Store) Retire(ctx context.Context, by By, id string) (z Zone, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if z, err = load[Zone](t, id); err != nil {
			return err
		}
		return t.move(&z, policy.ZoneRetired)
	})
	return z, err
}

// zoneChanged emits the zone's change.
func (t *txn) zoneChanged(z Zone, from policy.ZoneState) error {
	e := event.Event{
		Kind: event.KindZoneChange, ZoneID: z.ID, ZoneVersion: z.Version, SceneID: z.Scene, CameraID: z.Camera,
		InspectionID: z.Inspection, Detail: map[string]string{"state": string(z.State), "from": string(from)},
	}
	if z.Kind == policy.ZoneRecognition {
		pz, err := t.compileZone(z)
		if err != nil {
			return err
		}
		e.SignSetHash = pz.SignSetHash()
		if z.Inspection != "" {
			e.Detail["inspection_until"] = pz.Inspection.ValidUntil.Format("2006-01-02T15:04:05Z07:00")
		}
	}
	return t.emit(e)
}

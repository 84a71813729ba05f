package sitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"bystander/policy"
)

// InspectionTerm is how long an inspection holds at most.
const InspectionTerm = 180 * 24 * time.Hour

// InspectionSpec is what an inspector found.
type InspectionSpec struct {
	Zone       string
	Passed     bool
	Photos     map[string]string // entrance to photo
	ValidUntil time.Time         // zero takes InspectionTerm
	Findings   string
}

// Inspect records a walkthrough. One that passed takes the zone from
// signs_planned to inspected; whoever planned the zone cannot inspect it. A
// passed inspection needs a photograph of every entrance and the whole set of
// signs in place.
func (s *Store) Inspect(ctx context.Context, by By, spec InspectionSpec) (in Inspection, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		z, err := other[Zone](t, spec.Zone)
		if err != nil {
			return err
		}
		in, err = t.inspection(z, spec)
		if err != nil {
			return err
		}
		if spec.Passed {
			if err := t.checkWalk(z, in); err != nil {
				return err
			}
		}
		if err := create(t, &in); err != nil || !spec.Passed {
			return err
		}
		if z.State == policy.ZoneOn || z.State == policy.ZoneSuspended || z.State == policy.ZoneInspected {
			return t.renewed(&z, in.ID)
		}
		z.Inspection = in.ID
		return t.move(&z, policy.ZoneInspected)
	})
	return in, err
}

// renewed puts a new inspection in place of the one before; nothing else of the
// zone changed.
func (t *txn) renewed(z *Zone, inspection string) error {
	from := z.State
	z.Inspection = inspection
	if err := store(t, z); err != nil {
		return err
	}
	return t.zoneChanged(*z, from)
}

func (t *txn) inspection(z Zone, spec InspectionSpec) (Inspection, error) {
	if slices.Contains(z.Planners, t.by.Actor) {
		return Inspection{}, refuse(ErrForbidden, CodePlanner, "whoever planned the zone cannot inspect it; somebody else must walk it")
	}
	if z.Kind != policy.ZoneRecognition {
		return Inspection{}, invalid("zone: a %s zone needs no inspection", z.Kind)
	}
	until := spec.ValidUntil.UTC().Truncate(time.Second)
	longest := t.now.Add(InspectionTerm)
	if spec.ValidUntil.IsZero() {
		until = longest.Truncate(time.Second)
	}
	if !until.After(t.now) || until.After(longest) {
		return Inspection{}, invalid("valid_until: an inspection holds for 180 days at most, and beyond now")
	}
	id, err := newID()
	if err != nil {
		return Inspection{}, err
	}
	pz, err := t.compileZone(z)
	if err != nil {
		return Inspection{}, err
	}
	photos := spec.Photos
	if photos == nil {
		photos = map[string]string{}
	}
	return Inspection{
		Meta: Meta{ID: id}, Zone: z.ID, ZoneVersion: z.Version, Inspector: t.by.Actor, Planners: z.Planners,
		Date: t.now, ValidUntil: until, Passed: spec.Passed, Photos: photos, Signs: pz.SignSetHash(), Findings: spec.Findings,
	}, nil
}

// checkWalk checks that a walkthrough that is said to have passed could have.
func (t *txn) checkWalk(z Zone, in Inspection) error {
	switch z.State {
	case policy.ZoneSignsPlanned, policy.ZoneInspected, policy.ZoneOn, policy.ZoneSuspended:
	default:
		return wrongState("zone", z.ID, string(z.State), string(policy.ZoneInspected))
	}
	for e, id := range in.Photos {
		if err := t.havePhoto(id); err != nil {
			return invalid("photos[%s]: %v", e, err)
		}
	}
	site, err := t.compile()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(site.Zones, func(p policy.Zone) bool { return p.ID == z.ID })
	pz := site.Zones[i]
	pz.State, pz.Inspection = policy.ZoneOn, in.policy()
	why := site.ZoneReadiness(pz, t.now).Reasons
	why = slices.DeleteFunc(why, func(r policy.Reason) bool {
		return !slices.Contains([]string{"INSPECTION_PHOTO", "SIGN_MISSING", "SIGN_PAIR", "SIGN_INCOMPLETE", "ENTRANCE_MISSING"}, r.Code)
	})
	return notMet("the walkthrough cannot have passed", why)
}

func (in *Inspection) policy() policy.Inspection {
	p := policy.Inspection{
		ID: in.ID, Inspector: in.Inspector, Date: in.Date, ValidUntil: in.ValidUntil, Passed: in.Passed, Photos: in.Photos,
	}
	if len(in.Planners) > 0 {
		p.Planner = in.Planners[0]
	}
	if slices.Contains(in.Planners, in.Inspector) {
		p.Planner = in.Inspector // shown by the gate's own reason
	}
	return p
}

// Photo is a redacted photograph of a place.
type Photo struct {
	ID     string
	JPEG   []byte
	Masked int // people that were covered
	By     string
	At     time.Time
}

// AddPhoto stores a photograph that was redacted before: the store never sees
// the one that was taken.
func (s *Store) AddPhoto(ctx context.Context, by By, jpeg []byte, masked int) (p Photo, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		id, err := newID()
		if err != nil {
			return err
		}
		p = Photo{ID: id, JPEG: jpeg, Masked: masked, By: t.by.Actor, At: t.now}
		_, err = t.tx.ExecContext(t.ctx, `INSERT INTO photos VALUES (?,?,?,?,?)`, p.ID, p.JPEG, p.Masked, p.By, p.At.UnixMilli())
		if err != nil {
			return fmt.Errorf("sitestore: photo: %w", err)
		}
		return nil
	})
	return p, err
}

// Photo returns a photograph.
func (s *Store) Photo(ctx context.Context, id string) (Photo, error) {
	p := Photo{ID: id}
	var at int64
	err := s.db.R.QueryRowContext(ctx, `SELECT jpeg, masked, by, at_ms FROM photos WHERE id=?`, id).Scan(&p.JPEG, &p.Masked, &p.By, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return p, refuse(ErrNotFound, CodeNotFound, "there is no photograph %q", id)
	}
	if err != nil {
		return p, fmt.Errorf("sitestore: photo: %w", err)
	}
	p.At = time.UnixMilli(at).UTC()
	return p, nil
}

func (t *txn) havePhoto(id string) error {
	var n int
	if err := t.tx.QueryRowContext(t.ctx, `SELECT count(*) FROM photos WHERE id=?`, id).Scan(&n); err != nil {
		return fmt.Errorf("sitestore: photo: %w", err)
	}
	if n == 0 {
		return invalid("photo: there is no photograph %q; upload it first", id)
	}
	return nil
}

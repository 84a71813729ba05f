package sitestore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// NoticePeriod is how long before its end a site's termination is announced.
const NoticePeriod = 30 * 24 * time.Hour

// Get returns the newest version of a record.
func Get[T any, P record[T]](ctx context.Context, s *Store, id string) (T, error) {
	return fetch[T, P](ctx, s.db.R, id)
}

// List returns the newest version of every record of a kind, by id.
func List[T any, P record[T]](ctx context.Context, s *Store) ([]T, error) {
	return fetchAll[T, P](ctx, s.db.R)
}

// History returns all versions of a record, oldest first.
func History[T any, P record[T]](ctx context.Context, s *Store, id string) ([]T, error) {
	return history[T, P](ctx, s.db.R, id)
}

// SiteSpec is what an administrator says of the site.
type SiteSpec struct {
	Name    string
	Profile string
	Contact string
}

// AddSite makes the installation's one site.
func (s *Store) AddSite(ctx context.Context, by By, id string, spec SiteSpec) (v Site, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		have, err := all[Site](t)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return one(CodeExists, have[0].ID, "this installation has its site already")
		}
		v = Site{Meta: Meta{ID: id}, State: SiteOpen}
		if err := t.setSite(&v, spec); err != nil {
			return err
		}
		return create(t, &v)
	})
	return v, err
}

// EditSite changes the site. A change of profile sends every scene back to
// draft, since it was assessed under other law.
func (s *Store) EditSite(ctx context.Context, by By, id string, spec SiteSpec) (v Site, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if v, err = load[Site](t, id); err != nil {
			return err
		}
		if v.State == SiteIsClosed {
			return refuse(ErrGone, "SITE_CLOSED", "the site is closed")
		}
		profile := v.Profile
		if err := t.setSite(&v, spec); err != nil {
			return err
		}
		if err := store(t, &v); err != nil || v.Profile == profile {
			return err
		}
		return t.reassess()
	})
	return v, err
}

func (t *txn) reassess() error {
	scenes, err := all[Scene](t)
	if err != nil {
		return err
	}
	for _, sc := range scenes {
		if sc.State == policy.SceneRetired || sc.State == policy.SceneDraft {
			continue
		}
		from := sc.State
		sc.State, sc.Assessment, sc.Approver, sc.Decision = policy.SceneDraft, "", "", ""
		if err := store(t, &sc); err != nil {
			return err
		}
		if err := t.sceneChanged(sc, from); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) setSite(v *Site, spec SiteSpec) error {
	p, ok := policy.ProfileByName(spec.Profile)
	if !ok {
		return invalid("profile: %q is not one of %v", spec.Profile, policy.ProfileNames())
	}
	if strings.TrimSpace(spec.Name) == "" || strings.TrimSpace(spec.Contact) == "" {
		return invalid("name and contact of the controller must be given")
	}
	if keep := t.s.o.LogRetention; keep > 0 && keep < p.LogRetention {
		return one("LOG_RETENTION", spec.Profile, fmt.Sprintf(
			"the profile asks that logs are kept for %d days; this installation keeps them for %d: raise events.max_age",
			int(p.LogRetention.Hours()/24), int(keep.Hours()/24)))
	}
	v.Name, v.Profile, v.Contact = spec.Name, spec.Profile, spec.Contact
	return nil
}

// site returns the one open site.
func (t *txn) site() (Site, error) {
	have, err := all[Site](t)
	switch {
	case err != nil:
		return Site{}, err
	case len(have) == 0:
		return Site{}, one("SITE_MISSING", "", "there is no site yet; add it first")
	case have[0].State == SiteIsClosed:
		return Site{}, refuse(ErrGone, "SITE_CLOSED", "the site is closed")
	}
	return have[0], nil
}

// Terminate announces the site's end, which comes after NoticePeriod.
func (s *Store) Terminate(ctx context.Context, by By, id string) (v Site, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if v, err = load[Site](t, id); err != nil {
			return err
		}
		if v.State != SiteOpen {
			return wrongState("site", id, string(v.State), string(SiteEnding))
		}
		v.State, v.EndsAt = SiteEnding, t.now.Add(NoticePeriod)
		return store(t, &v)
	})
	return v, err
}

// CloseSite ends the site for good: after the notice period, with every item of
// its exit plan done, and with nothing live.
func (s *Store) CloseSite(ctx context.Context, by By, id, certificate string) (v Site, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if v, err = load[Site](t, id); err != nil {
			return err
		}
		if v.State == SiteIsClosed {
			return wrongState("site", id, string(v.State), string(SiteIsClosed))
		}
		why, err := t.closing(v, certificate)
		if err != nil {
			return err
		}
		if err := notMet("the site cannot be closed", why); err != nil {
			return err
		}
		v.State, v.Certificate = SiteIsClosed, certificate
		return store(t, &v)
	})
	return v, err
}

func (t *txn) closing(v Site, certificate string) (why []policy.Reason, err error) {
	add := func(code, subject, text string) {
		why = append(why, policy.Reason{Code: code, Subject: subject, Text: text})
	}
	if v.State == SiteOpen {
		add("NOTICE_PERIOD", "", "announce the termination first")
	} else if t.now.Before(v.EndsAt) {
		add("NOTICE_PERIOD", v.EndsAt.Format(time.DateOnly), "the notice period is not over; until then people can ask for their data")
	}
	if certificate == "" {
		add("CERTIFICATE_MISSING", "", "name the certificate of destruction")
	}
	plans, err := all[ExitPlan](t)
	if err != nil {
		return nil, err
	}
	if len(plans) == 0 {
		add("EXIT_PLAN_MISSING", "", "plan the exit: dismantling, network, disposal, alternatives")
	}
	for _, p := range plans {
		for _, item := range p.open() {
			add("EXIT_PLAN_OPEN", item, "this item of the exit plan is not done")
		}
		if p.State != ExitCertified && len(p.open()) == 0 {
			add("EXIT_PLAN_OPEN", p.ID, "the exit plan is not certified")
		}
	}
	zones, err := all[Zone](t)
	for _, z := range zones {
		if z.State == policy.ZoneOn {
			add("ZONE_LIVE", z.ID, "retire it first")
		}
	}
	return why, err
}

// CameraSpec is what a venue owner says of a camera.
type CameraSpec struct {
	PlaceType string
	Private   [][]Point
	Checklist Checklist
	Placement *Placement
}

// PutCamera registers a camera or changes it. Private spaces are refused
// whoever asks.
func (s *Store) PutCamera(ctx context.Context, by By, id string, spec CameraSpec) (c Camera, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if _, err := t.site(); err != nil {
			return err
		}
		c, err = other[Camera](t, id)
		add := err != nil
		if add {
			c = Camera{Meta: Meta{ID: id}}
		} else if _, err := load[Camera](t, id); err != nil {
			return err
		}
		c.PlaceType, c.Private, c.Checklist, c.Placement = spec.PlaceType, spec.Private, spec.Checklist, spec.Placement
		if err := t.checkCamera(&c); err != nil {
			return err
		}
		if add {
			return create(t, &c)
		}
		return store(t, &c)
	})
	return c, err
}

func (t *txn) checkCamera(c *Camera) error {
	if strings.TrimSpace(c.PlaceType) == "" {
		return invalid("place_type: say what kind of place it sees")
	}
	if policy.ProhibitedPlace(c.PlaceType) {
		return refuse(ErrInvalid, CodeProhibited, "%q is a private space: no camera may cover it, and nothing allows it", c.PlaceType)
	}
	for i, g := range c.Private {
		if err := policy.CheckOutline(g, 1, 1); err != nil {
			return refuse(ErrInvalid, CodeOutline, "private[%d]: %v", i, err)
		}
	}
	for _, id := range c.Checklist.Photos {
		if err := t.havePhoto(id); err != nil {
			return err
		}
	}
	c.Checklist.Acknowledged = c.Checklist.Acknowledged.UTC().Truncate(time.Second)
	return t.checkPlacement(c.Placement)
}

func (t *txn) checkPlacement(p *Placement) error {
	if p == nil {
		return nil
	}
	plan, err := other[FloorPlan](t, p.Plan)
	if err != nil || plan.Removed {
		return invalid("placement.plan: there is no floor plan %q", p.Plan)
	}
	if at := p.Position; !(at[0] >= 0 && at[0] <= plan.Width && at[1] >= 0 && at[1] <= plan.Depth) {
		return invalid("placement.position: (%v, %v) lies outside the floor plan of %v×%v m", at[0], at[1], plan.Width, plan.Depth)
	}
	return nil
}

// Calibrate takes the view that a fingerprint describes as the right one. The
// camera's zones return to signs_planned: they were drawn on another view.
func (s *Store) Calibrate(ctx context.Context, by By, id, pose string) (c Camera, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if pose == "" {
			return invalid("pose: there is no fingerprint")
		}
		if c, err = load[Camera](t, id); err != nil {
			return err
		}
		c.Pose, c.PoseAssumed = pose, false
		if err := store(t, &c); err != nil {
			return err
		}
		zones, err := all[Zone](t)
		if err != nil {
			return err
		}
		for _, z := range zones {
			if z.Camera == id && z.Kind == policy.ZoneRecognition && z.State != policy.ZoneRetired && z.State != policy.ZoneDraft {
				if err := t.edited(&z); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return c, err
}

// PutNotice tells the site of a notice version: its hash, languages and when it
// takes effect. Whoever keeps the texts calls it on publication.
func (s *Store) PutNotice(ctx context.Context, by By, n Notice) (_ Notice, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if n.Hash.IsZero() || len(n.Languages) == 0 || n.EffectiveFrom.IsZero() {
			return invalid("a notice needs hash, languages and effective_from")
		}
		have, err := other[Notice](t, n.ID)
		if err != nil {
			return create(t, &n)
		}
		if have.Published && have.Hash != n.Hash {
			return one(CodeExists, n.ID, "a published notice keeps its text; publish another version")
		}
		n.Version = have.Version
		return store(t, &n)
	})
	return n, err
}

// PutFloorPlan adds a floor plan or changes it.
func (s *Store) PutFloorPlan(ctx context.Context, by By, id string, p FloorPlan, add bool) (_ FloorPlan, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if p.Width < 0.5 || p.Depth < 0.5 || p.Width > maxMetres || p.Depth > maxMetres {
			return invalid("width_m and depth_m: 0.5 to %d metres", maxMetres)
		}
		for i, w := range p.Walls {
			for _, e := range w {
				if !(e[0] >= 0 && e[0] <= p.Width && e[1] >= 0 && e[1] <= p.Depth) {
					return invalid("walls[%d]: (%v, %v) lies outside the plan", i, e[0], e[1])
				}
			}
		}
		if p.Picture != "" {
			if err := t.havePhoto(p.Picture); err != nil {
				return err
			}
		}
		if add {
			p.Meta = Meta{ID: id}
			return create(t, &p)
		}
		have, err := load[FloorPlan](t, id)
		if err != nil {
			return err
		}
		p.Meta = have.Meta
		if err := store(t, &p); err != nil {
			return err
		}
		return t.planEdited(id)
	})
	return p, err
}

// planEdited sends the zones of a plan back: positions are measured on it.
func (t *txn) planEdited(plan string) error {
	zones, err := all[Zone](t)
	if err != nil {
		return err
	}
	for _, z := range zones {
		if z.Plan != plan || z.State == policy.ZoneRetired {
			continue
		}
		if err := t.checkFloor(&z); err != nil {
			return fmt.Errorf("zone %s: %w", z.ID, err)
		}
		if err := t.edited(&z); err != nil {
			return err
		}
	}
	return nil
}

// PutComponent adds a component to the register or changes it. A processor
// without a contract cannot be enabled (B-06).
func (s *Store) PutComponent(ctx context.Context, by By, id string, spec ComponentSpec, add bool) (c Component, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		c = Component{Meta: Meta{ID: id}}
		if !add {
			if c, err = load[Component](t, id); err != nil {
				return err
			}
		}
		c.ComponentSpec = spec
		roles := []string{"library", "processor", "joint_controller", "recipient"}
		switch {
		case !slices.Contains(roles, spec.Role):
			return invalid("role: %q is not one of %v", spec.Role, roles)
		case spec.Enabled && spec.Role == "processor" && spec.Contract == "":
			return one("CONTRACT_MISSING", id, "a processor cannot be enabled without the reference of its contract")
		}
		if add {
			return create(t, &c)
		}
		return store(t, &c)
	})
	return c, err
}

// incidentChanged and the like emit through here.
func (t *txn) incidentChanged(in Incident, from IncidentState, timer string) error {
	d := map[string]string{
		"incident": in.ID, "class": in.Class, "state": string(in.State), "from": string(from), "drill": "no",
	}
	if in.Drill {
		d["drill"] = "yes"
	}
	if timer != "" {
		d["timer"] = timer
	}
	return t.emit(event.Event{Kind: event.KindIncident, Detail: d})
}

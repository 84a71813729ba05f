package sitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bystander/policy"
)

// Compile returns the site as it stands, for policy.Authority. Signs whose time
// is over are left out, so that their absence shows. It fails with ErrNotMet
// (SITE_MISSING) when there is no site, ErrGone when it is closed, and
// policy.ErrInvalid should what is stored break a rule of the site file. What it
// returns is shared: only the lists themselves may be changed, not what is in them.
func (s *Store) Compile(ctx context.Context) (*policy.Site, error) {
	tx, err := s.db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("sitestore: compile: %w", err)
	}
	t := &txn{ctx: ctx, tx: tx, s: s, now: s.o.Now().UTC()}
	site, err := s.compiled.get(t)
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return nil, err
	}
	return site, nil
}

// compiled is the site that was compiled last, with what it rests on: it stands
// until a record is added or removed, by whichever process, or a sign's time is
// over.
type compiled struct {
	mu    sync.Mutex
	site  *policy.Site
	mark  mark
	from  time.Time // when it was compiled
	until time.Time // when the next sign goes; zero is never
}

// mark tells one state of the records from another: they are only ever added,
// with rising numbers, or removed.
type mark struct{ newest, count int64 }

func (c *compiled) get(t *txn) (*policy.Site, error) {
	var m mark
	if err := t.tx.QueryRowContext(t.ctx, `SELECT coalesce(max(seq),0), count(*) FROM records`).Scan(&m.newest, &m.count); err != nil {
		return nil, fmt.Errorf("sitestore: compile: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.site == nil || c.mark != m || t.now.Before(c.from) || !c.until.IsZero() && !t.now.Before(c.until) {
		site, err := t.compile()
		if err == nil {
			err = site.Validate()
		}
		if err != nil {
			return nil, err
		}
		c.site, c.mark, c.from, c.until = site, m, t.now, t.signsEnd()
	}
	out := *c.site
	out.Notices, out.Cameras = slices.Clone(out.Notices), slices.Clone(out.Cameras)
	out.Scenes, out.Zones = slices.Clone(out.Scenes), slices.Clone(out.Zones)
	return &out, nil
}

// signsEnd is when the first sign's time is over that is not over yet; zero is
// never.
func (t *txn) signsEnd() (end time.Time) {
	if t.places == nil {
		return end
	}
	for _, list := range t.places.signs {
		for _, g := range list {
			if t.now.Before(g.ValidUntil) && (end.IsZero() || g.ValidUntil.Before(end)) {
				end = g.ValidUntil
			}
		}
	}
	return end
}

func (t *txn) compile() (*policy.Site, error) {
	v, err := t.site()
	if err != nil {
		return nil, err
	}
	out := &policy.Site{
		Site: v.ID, Sample: v.Sample, Profile: v.Profile,
		Controller: policy.Controller{Name: v.Name, Contact: v.Contact},
	}
	for _, add := range []func(*policy.Site) error{t.addNotices, t.addCameras, t.addScenes, t.addZones} {
		if err := add(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *txn) addNotices(out *policy.Site) error {
	list, err := all[Notice](t)
	for _, n := range list {
		out.Notices = append(out.Notices, policy.Notice{
			Version: n.ID, Languages: n.Languages, Hash: n.Hash, Published: n.Published, EffectiveFrom: n.EffectiveFrom,
		})
	}
	return err
}

func (t *txn) addCameras(out *policy.Site) error {
	list, err := all[Camera](t)
	for _, c := range list {
		pc := policy.Camera{ID: c.ID, PlaceType: c.PlaceType, Pose: c.Pose, PoseAssumed: c.PoseAssumed, Checklist: c.Checklist.ID}
		for _, g := range c.Private {
			pc.Private = append(pc.Private, policy.Polygon{Relative: g})
		}
		out.Cameras = append(out.Cameras, pc)
	}
	return err
}

func (t *txn) addScenes(out *policy.Site) error {
	list, err := all[Scene](t)
	if err != nil {
		return err
	}
	filings, err := all[Filing](t)
	if err != nil {
		return err
	}
	prof, _ := policy.ProfileByName(out.Profile)
	assessments := map[string]Assessment{} // that were read already
	for _, sc := range list {
		ps := policy.Scene{
			ID: sc.ID, Purpose: sc.Purpose, Mode: sc.Mode, State: sc.State, Reason: sc.Decision, Approver: sc.Approver,
			Notice: sc.Notice, LegalReview: policy.LegalReview{Reviewer: sc.Review.Reviewer, Date: sc.Review.Date},
			Thresholds: policy.Thresholds{Score: sc.Score, Margin: sc.Margin, Quality: sc.Quality},
			Coverage:   sc.Coverage, PAD: sc.PAD, Children: sc.Children, GuardianChannel: sc.GuardianChannel,
			Records: sc.Records, EntryIsConsent: sc.EntryIsConsent, ExternalRecorder: sc.ExternalRecorder,
			SeparateConsent: sc.SeparateConsent, RetentionPolicy: sc.RetentionPolicy,
			LiveClear: sc.LiveClear, RecordClear: sc.RecordClear,
		}
		if ps.State != policy.SceneDraft {
			// An edit of an approved scene takes the approval away, not the state.
			ps.Reason, ps.Approver = orElse(ps.Reason, "edited"), orElse(ps.Approver, sc.Author)
		}
		if sc.Assessment != "" {
			a, ok := assessments[sc.Assessment]
			if !ok {
				if a, err = other[Assessment](t, sc.Assessment); err != nil {
					return err
				}
				assessments[sc.Assessment] = a
			}
			if a.Approved && a.Scope == sc.scope(prof) {
				ps.Assessment = a.policy()
			}
		}
		for _, f := range filings {
			if f.Scene == "" || f.Scene == sc.ID {
				ps.Filings = append(ps.Filings, policy.Filing{
					Type: f.Type, Authority: f.Authority, Number: f.Number, Status: f.Status, ValidUntil: f.ValidUntil,
				})
			}
		}
		out.Scenes = append(out.Scenes, ps)
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (a *Assessment) policy() policy.Assessment {
	p := policy.Assessment{
		ID: a.ID, Outcome: a.Outcome, Necessity: a.Necessity, ApprovedBy: a.ApprovedBy, ValidUntil: a.ValidUntil,
	}
	if len(a.Consultations) > 0 {
		p.Consultation = fmt.Sprintf("%d consultations recorded", len(a.Consultations))
	}
	return p
}

func (t *txn) addZones(out *policy.Site) error {
	list, err := all[Zone](t)
	if err != nil {
		return err
	}
	for _, z := range list {
		pz, err := t.compileZone(z)
		if err != nil {
			return err
		}
		out.Zones = append(out.Zones, pz)
	}
	return nil
}

func (t *txn) compileZone(z Zone) (policy.Zone, error) {
	out := policy.Zone{
		ID: z.ID, Version: max(z.Version, 1), Kind: z.Kind, Camera: z.Camera, Scene: z.Scene, State: z.State,
		Polygon:     policy.Polygon{Relative: z.Outline},
		Alternative: policy.Alternative{Kind: z.Alternative.Kind, Description: z.Alternative.Description},
	}
	entrances, err := t.entrancesOf(z.ID)
	if err != nil {
		return out, err
	}
	for _, e := range entrances {
		pe := policy.Entrance{ID: e.ID}
		if e.Position != nil {
			pe.Position = *e.Position
		}
		out.Entrances = append(out.Entrances, pe)
	}
	signs, err := t.signsOf(z.ID)
	if err != nil {
		return out, err
	}
	for _, g := range signs {
		if !g.ValidUntil.IsZero() && !t.now.Before(g.ValidUntil) {
			continue // no longer stands
		}
		if !slices.ContainsFunc(entrances, func(e Entrance) bool { return e.ID == g.Entrance }) {
			continue
		}
		out.Signs = append(out.Signs, policy.Sign{
			ID: g.ID, Kind: g.Kind, Entrance: g.Entrance, Position: g.Position, Text: g.Text.policy(), Translations: g.translations(),
		})
	}
	if z.Inspection != "" {
		in, err := t.inspected(z.Inspection)
		if err != nil {
			return out, err
		}
		out.Inspection = in.policy()
	}
	return out, nil
}

// Sweep takes out of use what no longer stands: a live zone whose sign,
// inspection, assessment, filing or notice ran out is suspended, and an
// incident whose timer ran out is told. It is cheap where nothing changed; run
// it every second or two. It returns the zones it suspended.
func (s *Store) Sweep(ctx context.Context) (suspended []string, err error) {
	if s.readOnly.Load() {
		return nil, nil
	}
	due, err := s.due(ctx)
	if err != nil || !due {
		return nil, err
	}
	err = s.change(ctx, By{Actor: System, Reason: "a condition lapsed"}, func(t *txn) error {
		suspended, err = t.sweepZones()
		if err != nil {
			return err
		}
		return t.sweepIncidents()
	})
	return suspended, err
}

// System is the author of what the program does by itself.
const System = "system"

// due reports whether Sweep would change anything.
func (s *Store) due(ctx context.Context) (bool, error) {
	site, err := s.Compile(ctx)
	if errors.Is(err, ErrNotMet) || errors.Is(err, ErrGone) {
		site, err = nil, nil
	}
	if err != nil {
		return false, err
	}
	now := s.o.Now().UTC()
	if site != nil {
		at := site.Index()
		for i := range site.Zones {
			if z := &site.Zones[i]; z.State == policy.ZoneOn && len(lapsed(at, z, now)) > 0 {
				return true, nil
			}
		}
	}
	incidents, err := List[Incident](ctx, s)
	for _, in := range incidents {
		if in.State != IncidentClosed && len(in.late(now)) > len(in.Overdue) {
			return true, err
		}
	}
	return false, err
}

func (t *txn) sweepZones() (suspended []string, err error) {
	site, err := t.compile()
	if errors.Is(err, ErrNotMet) || errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := site.Index()
	for i := range site.Zones {
		pz := &site.Zones[i]
		if pz.State != policy.ZoneOn {
			continue
		}
		why := lapsed(at, pz, t.now)
		if len(why) == 0 {
			continue
		}
		z, err := other[Zone](t, pz.ID)
		if err != nil {
			return nil, err
		}
		t.by.Reason = why[0].String()
		if err := t.move(&z, policy.ZoneSuspended); err != nil {
			return nil, err
		}
		suspended = append(suspended, z.ID)
	}
	return suspended, nil
}

// lapsed lists what a live zone no longer rests on. That its scene is paused is
// a decision and no lapse.
func lapsed(at policy.Index, z *policy.Zone, now time.Time) []policy.Reason {
	why := at.ZoneReadiness(z, now).Reasons
	if found, ok := at.Scene(z.Scene); ok {
		sc := *found
		sc.State = policy.SceneOn
		why = append(why, at.SceneReadiness(&sc, now).Reasons...)
	}
	return why
}

func (t *txn) sweepIncidents() error {
	list, err := all[Incident](t)
	if err != nil {
		return err
	}
	for _, in := range list {
		late := in.late(t.now)
		if in.State == IncidentClosed || len(late) <= len(in.Overdue) {
			continue
		}
		timer := late[len(late)-1]
		in.Overdue = late
		t.by.Reason = "timer ran out: " + timer
		if err := store(t, &in); err != nil {
			return err
		}
		if err := t.incidentChanged(in, in.State, timer); err != nil {
			return err
		}
	}
	return nil
}

// CameraReplaced tells that a camera's pictures come from elsewhere from now on,
// or turned. Where the view was only assumed to be the calibrated one it is not
// any more: the camera's live zones are suspended, and its view has to be
// confirmed. A calibrated view speaks for itself: the gate stays closed until
// pictures show it.
func (s *Store) CameraReplaced(ctx context.Context, by By, camera string) (suspended []string, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		c, err := other[Camera](t, camera)
		if errors.Is(err, ErrNotFound) || err == nil && !c.PoseAssumed {
			return nil
		}
		if err != nil {
			return err
		}
		c.PoseAssumed = false
		if err := store(t, &c); err != nil {
			return err
		}
		suspended, err = t.suspendAll(camera)
		return err
	})
	return suspended, err
}

// suspendAll suspends the live zones of a camera.
func (t *txn) suspendAll(camera string) (suspended []string, err error) {
	zones, err := all[Zone](t)
	if err != nil {
		return nil, err
	}
	for _, z := range zones {
		if z.Camera != camera || z.State != policy.ZoneOn {
			continue
		}
		if err := t.move(&z, policy.ZoneSuspended); err != nil {
			return nil, err
		}
		suspended = append(suspended, z.ID)
	}
	return suspended, nil
}

// CameraMoved suspends the live zones of a camera that no longer stands as it
// was calibrated.
func (s *Store) CameraMoved(ctx context.Context, camera string) (suspended []string, err error) {
	if s.readOnly.Load() {
		return nil, nil // the gate alone denies
	}
	err = s.change(ctx, By{Actor: System, Reason: "CAMERA_MOVED:" + camera}, func(t *txn) error {
		suspended, err = t.suspendAll(camera)
		return err
	})
	return suspended, err
}

package sitestore

import (
	"context"
	"fmt"

	"bystander/policy"
)

// ImportMode says how far an import is trusted.
type ImportMode int

const (
	// ForApproval imports what a file says, but nothing live: zones come
	// suspended and scenes paused, until somebody approves them here.
	ForApproval ImportMode = iota
	// AsItStands imports the file as it is, to show a site that stays managed
	// by its file.
	AsItStands
	// AsSample imports a made-up site as it is, for a demonstration in which
	// everything may be changed. The site must say that it is a sample, and so
	// does what comes of it; whoever imports it is named as who approved its
	// zones. A store that holds the same sample gets what it lacks: cameras,
	// scenes and zones that were added to the sample since. What is there stays
	// as visitors left it.
	AsSample
)

// Import takes over a site file. The store must not hold a site yet, but for a
// sample (see AsSample).
func (s *Store) Import(ctx context.Context, by By, site *policy.Site, mode ImportMode) error {
	if err := site.Validate(); err != nil {
		return err
	}
	if mode == AsSample && !site.Sample {
		return invalid("sample: only a made-up site can be imported as it stands; whose zones are real approves them")
	}
	return s.decide(ctx, by, func(t *txn) error {
		have, err := all[Site](t)
		if err != nil {
			return err
		}
		i := importer{t, site, mode, map[string]bool{}, map[string]bool{}}
		if len(have) > 0 {
			if mode != AsSample || have[0].ID != site.Site || !have[0].Sample || have[0].State != SiteOpen {
				return one(CodeExists, have[0].ID, "this installation has its site already")
			}
			if err := i.skipKept(); err != nil {
				return err
			}
		}
		for _, step := range []func() error{i.site_, i.notices, i.plan, i.cameras, i.scenes, i.zones} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

type importer struct {
	t    *txn
	site *policy.Site
	mode ImportMode
	used map[string]bool // ids, by kind
	kept map[string]bool // records that the store holds already, by kind and id
}

// skipKept notes what the store holds, so that only the rest is imported.
func (i importer) skipKept() error {
	rows, err := i.t.tx.QueryContext(i.t.ctx, `SELECT DISTINCT kind, id FROM records`)
	if err != nil {
		return fmt.Errorf("sitestore: import: %w", err)
	}
	defer rows.Close() //nolint:errcheck // its error is that of Err
	for rows.Next() {
		var kind, id string
		if err := rows.Scan(&kind, &id); err != nil {
			return fmt.Errorf("sitestore: import: %w", err)
		}
		i.kept[kind+" "+id] = true
		i.used[kind+" "+id] = true
	}
	return rows.Err()
}

// has reports whether the store holds a record already.
func (i importer) has(kind, id string) bool { return i.kept[kind+" "+id] }

// id makes an id that a file uses once a zone or scene unique in the whole
// site, and gives those an id that have a free form in a file.
func (i importer) id(kind, owner, id string) (string, error) {
	if i.used[kind+" "+id] {
		id = owner + "." + id
	}
	if policy.CheckID(id) != nil || i.used[kind+" "+id] {
		var err error
		if id, err = newID(); err != nil {
			return "", err
		}
	}
	i.used[kind+" "+id] = true
	return id, nil
}

func (i importer) site_() error {
	if i.has("site", i.site.Site) {
		return nil
	}
	return create(i.t, &Site{
		Meta: Meta{ID: i.site.Site}, Name: i.site.Controller.Name, Contact: i.site.Controller.Contact,
		Profile: i.site.Profile, Sample: i.site.Sample, State: SiteOpen,
	})
}

func (i importer) notices() error {
	for _, n := range i.site.Notices {
		if i.has("notice", n.Version) {
			continue
		}
		err := create(i.t, &Notice{
			Meta: Meta{ID: n.Version}, Languages: n.Languages, Hash: n.Hash, Published: n.Published, EffectiveFrom: n.EffectiveFrom,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (i importer) cameras() error {
	for _, c := range i.site.Cameras {
		if i.has("camera", c.ID) {
			continue
		}
		v := &Camera{Meta: Meta{ID: c.ID}, PlaceType: c.PlaceType, Pose: c.Pose, PoseAssumed: c.PoseAssumed}
		v.Checklist.ID = c.Checklist
		i.placed(v)
		for _, g := range c.Private {
			v.Private = append(v.Private, relative(g))
		}
		if err := create(i.t, v); err != nil {
			return err
		}
	}
	return nil
}

func relative(g policy.Polygon) []Point {
	var out []Point
	for _, p := range g.Parts() {
		out = append(out, Point{p.X, p.Y})
	}
	return out
}

func (i importer) scenes() error {
	prof, _ := policy.ProfileByName(i.site.Profile)
	for _, c := range i.site.Scenes {
		if i.has("scene", c.ID) {
			continue
		}
		v := &Scene{
			Meta: Meta{ID: c.ID}, State: c.State, Approver: c.Approver, Decision: c.Reason, Editors: []string{},
			Review: Review{c.LegalReview.Reviewer, c.LegalReview.Date},
			SceneSpec: SceneSpec{
				Purpose: c.Purpose, Mode: c.Mode, Notice: c.Notice,
				Score: c.Thresholds.Score, Margin: c.Thresholds.Margin, Quality: c.Thresholds.Quality,
				Coverage: c.Coverage, PAD: c.PAD, Children: c.Children, GuardianChannel: c.GuardianChannel,
				Records: c.Records, EntryIsConsent: c.EntryIsConsent, ExternalRecorder: c.ExternalRecorder,
				SeparateConsent: c.SeparateConsent, RetentionPolicy: c.RetentionPolicy,
				LiveClear: c.LiveClear, RecordClear: c.RecordClear,
			},
		}
		if i.mode == ForApproval {
			v.Editors = []string{i.t.by.Actor}
			if v.State == policy.SceneOn {
				v.State = policy.ScenePaused
			}
		}
		if err := i.assessment(v, c, prof); err != nil {
			return err
		}
		if err := create(i.t, v); err != nil {
			return err
		}
		if err := i.filings(c); err != nil {
			return err
		}
		if err := i.t.sceneChanged(*v, ""); err != nil {
			return err
		}
	}
	return nil
}

func (i importer) assessment(v *Scene, c policy.Scene, prof policy.Profile) error {
	if c.Assessment.ID == "" {
		return nil
	}
	id, err := i.id("assessment", c.ID, c.Assessment.ID)
	if err != nil {
		return err
	}
	a := &Assessment{
		Meta: Meta{ID: id}, Scope: v.scope(prof), Assessor: i.t.by.Actor,
		Approved: c.Assessment.ApprovedBy != "", ApprovedBy: c.Assessment.ApprovedBy,
		AssessmentSpec: AssessmentSpec{
			Scene: c.ID, Necessity: c.Assessment.Necessity, Outcome: c.Assessment.Outcome, ValidUntil: c.Assessment.ValidUntil,
		},
	}
	if c.Assessment.Consultation != "" {
		a.Consultations = []string{c.Assessment.Consultation}
	}
	i.told(a)
	v.Assessment = id
	return create(i.t, a)
}

func (i importer) filings(c policy.Scene) error {
	for _, f := range c.Filings {
		id, err := newID()
		if err != nil {
			return err
		}
		err = create(i.t, &Filing{Meta: Meta{ID: id}, FilingSpec: FilingSpec{
			Scene: c.ID, Type: f.Type, Authority: f.Authority, Number: f.Number, Status: f.Status, ValidUntil: f.ValidUntil,
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

func (i importer) zones() error {
	for _, z := range i.site.Zones {
		if i.has("zone", z.ID) {
			continue
		}
		v := &Zone{
			Meta: Meta{ID: z.ID}, Kind: z.Kind, Camera: z.Camera, Scene: z.Scene, State: z.State,
			Outline: relative(z.Polygon), Planners: []string{},
			Alternative: Alternative{z.Alternative.Kind, z.Alternative.Description},
		}
		if i.mode == ForApproval {
			v.Planners = []string{i.t.by.Actor}
			if v.State == policy.ZoneOn {
				v.State = policy.ZoneSuspended
			}
		}
		i.onPlan(v, z)
		if err := i.zone(v, z); err != nil {
			return fmt.Errorf("zone %s: %w", z.ID, err)
		}
	}
	return nil
}

func signText(x policy.SignText) SignText {
	return SignText{
		Controller: x.Controller, Contact: x.Contact, Purpose: x.Purpose, Function: x.Function,
		Retention: x.Retention, RightsLink: x.RightsLink, Alternative: x.Alternative, NoticeLink: x.NoticeLink,
	}
}

func signTexts(all map[string]policy.SignText) map[string]SignText {
	if len(all) == 0 {
		return nil
	}
	out := map[string]SignText{}
	for lang, x := range all {
		out[lang] = signText(x)
	}
	return out
}

func (i importer) zone(v *Zone, z policy.Zone) error {
	at := map[string]string{}
	for _, e := range z.Entrances {
		id, err := i.id("entrance", z.ID, e.ID)
		if err != nil {
			return err
		}
		at[e.ID] = id
		p := e.Position
		if err := create(i.t, &Entrance{Meta: Meta{ID: id}, Zone: z.ID, Position: &p}); err != nil {
			return err
		}
	}
	for _, g := range z.Signs {
		id, err := i.id("sign", z.ID, g.ID)
		if err != nil {
			return err
		}
		err = create(i.t, &Sign{
			Meta: Meta{ID: id}, Zone: z.ID, Entrance: at[g.Entrance], Kind: g.Kind, Position: g.Position,
			Text: signText(g.Text), Translations: signTexts(g.Translations),
		})
		if err != nil {
			return err
		}
	}
	if in := z.Inspection; in.ID != "" {
		photos := map[string]string{}
		for e, p := range in.Photos {
			photos[at[e]] = p
		}
		id, err := i.id("inspection", z.ID, in.ID)
		if err != nil {
			return err
		}
		v.Inspection = id
		err = create(i.t, &Inspection{
			Meta: Meta{ID: v.Inspection}, Zone: z.ID, ZoneVersion: z.Version, Inspector: in.Inspector, Planners: []string{in.Planner},
			Date: in.Date, ValidUntil: in.ValidUntil, Passed: in.Passed, Photos: photos, Signs: z.SignSetHash(),
		})
		if err != nil {
			return err
		}
	}
	if err := create(i.t, v); err != nil {
		return err
	}
	return i.t.zoneChanged(*v, "")
}

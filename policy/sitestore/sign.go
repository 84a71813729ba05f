package sitestore

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"bystander/policy"
)

// EntranceSpec is what a planner says of an entrance.
type EntranceSpec struct {
	ID       string
	Zone     string
	Name     string
	Position *Point
}

// SignSpec is what a planner says of a sign.
type SignSpec struct {
	ID       string
	Zone     string
	Entrance string
	Kind     policy.SignKind
	Position Point
	Text     SignText
	// Translations are the text in further languages, by language tag.
	Translations map[string]SignText
	Photo        string
	ValidUntil   time.Time
}

// PutEntrance adds an entrance, or changes one when it is there. Its zone
// returns to signs_planned.
func (s *Store) PutEntrance(ctx context.Context, by By, spec EntranceSpec, add bool) (e Entrance, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		e = Entrance{Meta: Meta{ID: spec.ID}}
		if !add {
			if e, err = load[Entrance](t, spec.ID); err != nil {
				return err
			}
			if e.Removed {
				return refuse(ErrNotFound, CodeNotFound, "entrance %q was removed", spec.ID)
			}
			if e.Zone != spec.Zone {
				return invalid("zone: an entrance stays with its zone")
			}
		}
		e.Zone, e.Name, e.Position = spec.Zone, spec.Name, spec.Position
		z, err := other[Zone](t, e.Zone)
		if err != nil {
			return invalid("zone: there is no zone %q", e.Zone)
		}
		if e.Position != nil {
			if err := t.checkPlace(z, *e.Position); err != nil {
				return err
			}
		}
		if add {
			err = create(t, &e)
		} else {
			err = store(t, &e)
		}
		if err != nil {
			return err
		}
		return t.edited(&z)
	})
	return e, err
}

// RemoveEntrance ends an entrance and the signs at it.
func (s *Store) RemoveEntrance(ctx context.Context, by By, id string) (e Entrance, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if e, err = load[Entrance](t, id); err != nil {
			return err
		}
		if e.Removed {
			return refuse(ErrNotFound, CodeNotFound, "entrance %q was removed already", id)
		}
		e.Removed = true
		if err := store(t, &e); err != nil {
			return err
		}
		signs, err := t.signsOf(e.Zone)
		if err != nil {
			return err
		}
		for _, g := range signs {
			if g.Entrance == id {
				g.Removed = true
				if err := store(t, &g); err != nil {
					return err
				}
			}
		}
		z, err := other[Zone](t, e.Zone)
		if err != nil {
			return err
		}
		return t.edited(&z)
	})
	return e, err
}

// PutSign adds a sign, or changes one. A sign that does not disclose what it
// must is refused, and its zone returns to signs_planned.
func (s *Store) PutSign(ctx context.Context, by By, spec SignSpec, add bool) (g Sign, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		g = Sign{Meta: Meta{ID: spec.ID}}
		if !add {
			if g, err = load[Sign](t, spec.ID); err != nil {
				return err
			}
			if g.Removed {
				return refuse(ErrNotFound, CodeNotFound, "sign %q was removed", spec.ID)
			}
			if g.Zone != spec.Zone {
				return invalid("zone: a sign stays with its zone; remove it and add another")
			}
		}
		g.Zone, g.Entrance, g.Kind, g.Position = spec.Zone, spec.Entrance, spec.Kind, spec.Position
		g.Text, g.Translations, g.Photo = spec.Text, spec.Translations, spec.Photo
		g.ValidUntil = spec.ValidUntil.UTC().Truncate(time.Second)
		z, err := other[Zone](t, g.Zone)
		if err != nil {
			return invalid("zone: there is no zone %q", g.Zone)
		}
		if err := t.checkSign(z, g); err != nil {
			return err
		}
		if add {
			err = create(t, &g)
		} else {
			err = store(t, &g)
		}
		if err != nil {
			return err
		}
		return t.edited(&z)
	})
	return g, err
}

// RemoveSign records that a sign no longer stands. Its zone is out of use at
// once.
func (s *Store) RemoveSign(ctx context.Context, by By, id string) (g Sign, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if g, err = load[Sign](t, id); err != nil {
			return err
		}
		if g.Removed {
			return refuse(ErrNotFound, CodeNotFound, "sign %q was removed already", id)
		}
		g.Removed = true
		if err := store(t, &g); err != nil {
			return err
		}
		z, err := other[Zone](t, g.Zone)
		if err != nil {
			return err
		}
		return t.edited(&z)
	})
	return g, err
}

func (t *txn) checkSign(z Zone, g Sign) error {
	kinds := []policy.SignKind{policy.SignMonitoring, policy.SignRecognition, policy.SignEntrance, policy.SignFloor}
	if !slices.Contains(kinds, g.Kind) {
		return invalid("kind: %q is not one of %v", g.Kind, kinds)
	}
	entrances, err := t.entrancesOf(z.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(entrances, func(e Entrance) bool { return e.ID == g.Entrance }) {
		return invalid("entrance: zone %q has no entrance %q", z.ID, g.Entrance)
	}
	if err := t.checkPlace(z, g.Position); err != nil {
		return err
	}
	if g.Photo != "" {
		if err := t.havePhoto(g.Photo); err != nil {
			return err
		}
	}
	if g.Kind == policy.SignFloor {
		return nil
	}
	prof, err := t.profile()
	if err != nil {
		return err
	}
	lacks := g.Text.policy().Missing(prof)
	for _, lang := range slices.Sorted(maps.Keys(g.Translations)) {
		if !languageTag.MatchString(lang) {
			return invalid("translations: %q is no language tag such as zh-CN", lang)
		}
		for _, f := range g.Translations[lang].policy().Missing(prof) {
			lacks = append(lacks, lang+"."+f)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	r := refuse(ErrInvalid, CodeSignText, "the sign does not disclose: %s", strings.Join(lacks, ", "))
	for _, f := range lacks {
		r.Reasons = append(r.Reasons, policy.Reason{Code: CodeSignText, Subject: f, Text: "a sign must say this"})
	}
	return r
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$`)

// checkPlace checks that a place lies on the zone's floor plan.
func (t *txn) checkPlace(z Zone, p Point) error {
	w, d := float32(maxMetres), float32(maxMetres)
	if z.Plan != "" {
		plan, err := other[FloorPlan](t, z.Plan)
		if err != nil {
			return err
		}
		w, d = plan.Width, plan.Depth
	}
	if !(p[0] >= 0 && p[0] <= w && p[1] >= 0 && p[1] <= d) {
		return invalid("position: (%v, %v) lies outside the floor plan of %v×%v m", p[0], p[1], w, d)
	}
	return nil
}

// maxMetres bounds a place where there is no floor plan.
const maxMetres = 10_000

func (t SignText) policy() policy.SignText {
	return policy.SignText{
		Controller: t.Controller, Contact: t.Contact, Purpose: t.Purpose, Function: t.Function,
		Retention: t.Retention, RightsLink: t.RightsLink, Alternative: t.Alternative, NoticeLink: t.NoticeLink,
	}
}

func (g Sign) translations() map[string]policy.SignText {
	if len(g.Translations) == 0 {
		return nil
	}
	out := map[string]policy.SignText{}
	for lang, t := range g.Translations {
		out[lang] = t.policy()
	}
	return out
}

// standing returns every entrance and sign that was not removed.
func (t *txn) standing() (*places, error) {
	if t.places != nil {
		return t.places, nil
	}
	entrances, err := all[Entrance](t)
	if err != nil {
		return nil, err
	}
	signs, err := all[Sign](t)
	if err != nil {
		return nil, err
	}
	p := &places{entrances: map[string][]Entrance{}, signs: map[string][]Sign{}}
	for _, e := range entrances {
		if !e.Removed {
			p.entrances[e.Zone] = append(p.entrances[e.Zone], e)
		}
	}
	for _, g := range signs {
		if !g.Removed {
			p.signs[g.Zone] = append(p.signs[g.Zone], g)
		}
	}
	t.places = p
	return p, nil
}

func (t *txn) entrancesOf(zone string) ([]Entrance, error) {
	p, err := t.standing()
	if err != nil {
		return nil, err
	}
	return slices.Clone(p.entrances[zone]), nil
}

func (t *txn) signsOf(zone string) ([]Sign, error) {
	p, err := t.standing()
	if err != nil {
		return nil, err
	}
	return slices.Clone(p.signs[zone]), nil
}

// inspected returns an inspection that a compilation asks for: all are read with
// the first, since a server answers one question sooner than thousands.
func (t *txn) inspected(id string) (Inspection, error) {
	p, err := t.standing()
	if err != nil {
		return Inspection{}, err
	}
	if p.inspections == nil {
		list, err := all[Inspection](t)
		if err != nil {
			return Inspection{}, err
		}
		p.inspections = make(map[string]Inspection, len(list))
		for _, in := range list {
			p.inspections[in.ID] = in
		}
	}
	in, ok := p.inspections[id]
	if !ok {
		return in, refuse(ErrNotFound, CodeNotFound, "there is no %s %q", in.kind(), id)
	}
	return in, nil
}

func (t *txn) profile() (policy.Profile, error) {
	site, err := t.site()
	if err != nil {
		return policy.Profile{}, err
	}
	p, _ := policy.ProfileByName(site.Profile)
	return p, nil
}

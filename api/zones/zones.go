package zones

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/problem"
	"bystander/api/route"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// ZoneEdit is what a planner says of a zone.
type ZoneEdit struct {
	Kind        policy.ZoneKind        `json:"kind" enum:"recognition,signage,prohibited,privacy"`
	Camera      string                 `json:"camera" maxLength:"63"`
	Scene       string                 `json:"scene,omitempty" maxLength:"63" doc:"Of a recognition zone"`
	Outline     []sitestore.Point      `json:"outline" minItems:"3" maxItems:"256" doc:"Corners in parts of the picture, 0 to 1; simple, and enclosing some area"`
	Plan        string                 `json:"plan,omitempty" maxLength:"63"`
	Floor       []sitestore.Point      `json:"floor,omitempty" maxItems:"256" doc:"Corners on the floor plan, in metres"`
	Alternative *sitestore.Alternative `json:"alternative,omitempty" doc:"The way through without face recognition"`
	Reason      string                 `json:"reason,omitempty" maxLength:"500"`
}

type newZone struct {
	Body struct {
		ID string `json:"id" maxLength:"63"`
		ZoneEdit
	}
}

type editZone struct {
	OfVersion
	OneID
	Body ZoneEdit
}

func (in *newZone) reason() string  { return in.Body.Reason }
func (in *editZone) reason() string { return in.Body.Reason }

func (b ZoneEdit) spec(id string) sitestore.ZoneSpec {
	s := sitestore.ZoneSpec{
		ID: id, Kind: b.Kind, Camera: b.Camera, Scene: b.Scene, Outline: b.Outline, Plan: b.Plan, Floor: b.Floor,
	}
	if b.Alternative != nil {
		s.Alternative = *b.Alternative
	}
	return s
}

// Coverage is which entrances of a zone lack what, what runs out when, and what
// speaks against its being live.
type Coverage struct {
	sitestore.Coverage
	Reasons []problem.Reason `json:"reasons" nullable:"false" doc:"What keeps it from being live now"`
}

func (m *Module) zoneRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Zone, Zone]{
		"zone", "/v1/zones", staff,
		sitestore.Get[sitestore.Zone], sitestore.List[sitestore.Zone], sitestore.History[sitestore.Zone],
		func(v sitestore.Zone) Zone { return Zone{v} }, func(v sitestore.Zone) string { return v.ID },
	})
	add(m, api, route.New("add-zone", "POST", "/v1/zones", "Add a zone, as a draft", planners, 201),
		func(ctx context.Context, by sitestore.By, in *newZone) (Zone, error) {
			v, err := s.AddZone(ctx, by, in.Body.spec(in.Body.ID))
			return Zone{v}, err
		})
	add(m, api, route.New("edit-zone", "PUT", "/v1/zones/{id}", "Change a zone; it returns to signs_planned", planners, 0),
		func(ctx context.Context, by sitestore.By, in *editZone) (Zone, error) {
			v, err := s.EditZone(ctx, by, in.ID, in.Body.spec(in.ID))
			return Zone{v}, err
		})
	add(m, api, route.New("zone-coverage", "GET", "/v1/zones/{id}/coverage", "Which entrances lack what, and what runs out when", staff, 0),
		func(ctx context.Context, _ sitestore.By, in *OneID) (Coverage, error) {
			c, err := s.Coverage(ctx, in.ID)
			why := reasonsOf(c.Reasons)
			if why == nil {
				why = []problem.Reason{}
			}
			return Coverage{c, why}, err
		})
	for _, step := range []struct {
		o route.Op
		f func(context.Context, sitestore.By, string) (sitestore.Zone, error)
	}{
		{route.New("suspend-zone", "POST", "/v1/zones/{id}/suspend", "Take a live zone out of use at once", stoppers, 0), s.Suspend},
		{route.New("retire-zone", "POST", "/v1/zones/{id}/retire", "End a zone for good", owners, 0), s.Retire},
		{route.New("plan-zone-signs", "POST", "/v1/zones/{id}/plan", "Declare the entrances and signs planned", planners, 0), s.PlanSigns},
		{route.New("zone-live", "POST", "/v1/zones/{id}/live", "Take an inspected or suspended zone live, if every condition holds", approvers, 0), s.GoLive},
	} {
		add(m, api, step.o, func(ctx context.Context, by sitestore.By, in *decision) (Zone, error) {
			v, err := step.f(ctx, by, in.ID)
			return Zone{v}, err
		})
	}
}

// EntranceEdit is what a planner says of an entrance.
type EntranceEdit struct {
	Zone     string           `json:"zone" maxLength:"63"`
	Name     string           `json:"name,omitempty" maxLength:"100"`
	Position *sitestore.Point `json:"position,omitempty" doc:"In metres on the floor plan; needed before signs are planned"`
	Reason   string           `json:"reason,omitempty" maxLength:"500"`
}

type newEntrance struct {
	Body struct {
		ID string `json:"id" maxLength:"63"`
		EntranceEdit
	}
}

type editEntrance struct {
	OfVersion
	OneID
	Body EntranceEdit
}

func (in *newEntrance) reason() string  { return in.Body.Reason }
func (in *editEntrance) reason() string { return in.Body.Reason }

func (b EntranceEdit) spec(id string) sitestore.EntranceSpec {
	return sitestore.EntranceSpec{ID: id, Zone: b.Zone, Name: b.Name, Position: b.Position}
}

func (m *Module) entranceRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Entrance, Entrance]{
		"entrance", "/v1/entrances", staff,
		sitestore.Get[sitestore.Entrance], sitestore.List[sitestore.Entrance], sitestore.History[sitestore.Entrance],
		func(v sitestore.Entrance) Entrance { return Entrance{v} }, func(v sitestore.Entrance) string { return v.ID },
	})
	add(m, api, route.New("add-entrance", "POST", "/v1/entrances", "Add a way into a zone", planners, 201),
		func(ctx context.Context, by sitestore.By, in *newEntrance) (Entrance, error) {
			v, err := s.PutEntrance(ctx, by, in.Body.spec(in.Body.ID), true)
			return Entrance{v}, err
		})
	add(m, api, route.New("edit-entrance", "PUT", "/v1/entrances/{id}", "Change an entrance; its zone returns to signs_planned", planners, 0),
		func(ctx context.Context, by sitestore.By, in *editEntrance) (Entrance, error) {
			v, err := s.PutEntrance(ctx, by, in.Body.spec(in.ID), false)
			return Entrance{v}, err
		})
	add(m, api, route.New("remove-entrance", "POST", "/v1/entrances/{id}/remove", "Remove an entrance and its signs", planners, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (Entrance, error) {
			v, err := s.RemoveEntrance(ctx, by, in.ID)
			return Entrance{v}, err
		})
}

// SignEdit is what a planner says of a sign.
type SignEdit struct {
	Zone         string                        `json:"zone" maxLength:"63"`
	Entrance     string                        `json:"entrance" maxLength:"63"`
	Kind         policy.SignKind               `json:"kind" enum:"monitoring,face_recognition,entrance_notice,floor_marking"`
	Position     sitestore.Point               `json:"position" doc:"In metres on the floor plan"`
	Text         *sitestore.SignText           `json:"text,omitempty" doc:"What it discloses; a floor marking has none"`
	Translations map[string]sitestore.SignText `json:"translations,omitempty" doc:"The same in further languages, by language tag such as zh-CN; each must disclose as much"`
	Photo        string                        `json:"photo,omitempty" maxLength:"64"`
	ValidUntil   *time.Time                    `json:"valid_until,omitempty" doc:"When it is taken down"`
	Reason       string                        `json:"reason,omitempty" maxLength:"500"`
}

type newSign struct {
	Body struct {
		ID string `json:"id" maxLength:"63"`
		SignEdit
	}
}

type editSign struct {
	OfVersion
	OneID
	Body SignEdit
}

func (in *newSign) reason() string  { return in.Body.Reason }
func (in *editSign) reason() string { return in.Body.Reason }

func (b SignEdit) spec(id string) sitestore.SignSpec {
	s := sitestore.SignSpec{
		ID: id, Zone: b.Zone, Entrance: b.Entrance, Kind: b.Kind, Position: b.Position, Photo: b.Photo, ValidUntil: moment(b.ValidUntil),
		Translations: b.Translations,
	}
	if b.Text != nil {
		s.Text = *b.Text
	}
	return s
}

func (m *Module) signRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Sign, Sign]{
		"sign", "/v1/signs", staff,
		sitestore.Get[sitestore.Sign], sitestore.List[sitestore.Sign], sitestore.History[sitestore.Sign],
		func(v sitestore.Sign) Sign { return Sign{v} }, func(v sitestore.Sign) string { return v.ID },
	})
	add(m, api, route.New("add-sign", "POST", "/v1/signs", "Add a sign; one that does not disclose what it must is refused", planners, 201),
		func(ctx context.Context, by sitestore.By, in *newSign) (Sign, error) {
			v, err := s.PutSign(ctx, by, in.Body.spec(in.Body.ID), true)
			return Sign{v}, err
		})
	add(m, api, route.New("edit-sign", "PUT", "/v1/signs/{id}", "Change a sign; its zone returns to signs_planned", planners, 0),
		func(ctx context.Context, by sitestore.By, in *editSign) (Sign, error) {
			v, err := s.PutSign(ctx, by, in.Body.spec(in.ID), false)
			return Sign{v}, err
		})
	add(m, api, route.New("remove-sign", "POST", "/v1/signs/{id}/remove", "Record that a sign no longer stands; its zone is out of use at once", stoppers, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (Sign, error) {
			v, err := s.RemoveSign(ctx, by, in.ID)
			return Sign{v}, err
		})
}

func missing(kind, id string) error {
	return problem.New(http.StatusNotFound, sitestore.CodeNotFound, "there is no "+kind+" "+id)
}

func notReady(code, object, text string) error {
	return problem.New(http.StatusConflict, code, text, problem.Reason{Code: code, Object: object, Text: text})
}

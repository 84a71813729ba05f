package zones

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/route"
	"bystander/policy/sitestore"
)

// PlanEdit is a floor plan as it is drawn.
type PlanEdit struct {
	Name    string               `json:"name" minLength:"1" maxLength:"100"`
	Width   float32              `json:"width_m" minimum:"0.5" maximum:"10000"`
	Depth   float32              `json:"depth_m" minimum:"0.5" maximum:"10000"`
	Walls   [][2]sitestore.Point `json:"walls,omitempty" maxItems:"2000" doc:"Lines, each from one place to another, in metres"`
	Picture string               `json:"picture,omitempty" maxLength:"64" doc:"Id of an uploaded photograph of the drawing; it fills the plan"`
	Reason  string               `json:"reason,omitempty" maxLength:"500"`
}

type newPlan struct {
	Body struct {
		ID string `json:"id" maxLength:"63"`
		PlanEdit
	}
}

type editPlan struct {
	OfVersion
	OneID
	Body PlanEdit
}

func (in *newPlan) reason() string  { return in.Body.Reason }
func (in *editPlan) reason() string { return in.Body.Reason }

func (b PlanEdit) plan() sitestore.FloorPlan {
	return sitestore.FloorPlan{Name: b.Name, Width: b.Width, Depth: b.Depth, Walls: b.Walls, Picture: b.Picture}
}

func (m *Module) planRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.FloorPlan, FloorPlan]{
		"floorplan", "/v1/floorplans", staff,
		sitestore.Get[sitestore.FloorPlan], sitestore.List[sitestore.FloorPlan], sitestore.History[sitestore.FloorPlan],
		func(v sitestore.FloorPlan) FloorPlan { return FloorPlan{v} }, func(v sitestore.FloorPlan) string { return v.ID },
	})
	add(m, api, route.New("add-floorplan", "POST", "/v1/floorplans", "Add a floor plan, drawn with lines", planners, 201),
		func(ctx context.Context, by sitestore.By, in *newPlan) (FloorPlan, error) {
			v, err := s.PutFloorPlan(ctx, by, in.Body.ID, in.Body.plan(), true)
			return FloorPlan{v}, err
		})
	add(m, api, route.New("edit-floorplan", "PUT", "/v1/floorplans/{id}", "Change a floor plan; its zones return to signs_planned", planners, 0),
		func(ctx context.Context, by sitestore.By, in *editPlan) (FloorPlan, error) {
			v, err := s.PutFloorPlan(ctx, by, in.ID, in.Body.plan(), false)
			return FloorPlan{v}, err
		})
}

// ComponentEdit is a component's entry in the register.
type ComponentEdit struct {
	Provider   string     `json:"provider" minLength:"1" maxLength:"200"`
	Name       string     `json:"name" minLength:"1" maxLength:"200"`
	Release    string     `json:"release" minLength:"1" maxLength:"100"`
	Purpose    string     `json:"purpose" minLength:"1" maxLength:"500"`
	Data       string     `json:"data" maxLength:"500" doc:"Personal data it touches; empty for none"`
	Method     string     `json:"method" minLength:"1" maxLength:"500"`
	Role       string     `json:"role" enum:"library,processor,joint_controller,recipient"`
	PolicyLink string     `json:"policy_link" maxLength:"500"`
	TermsLink  string     `json:"terms_link,omitempty" maxLength:"500"`
	Contract   string     `json:"contract,omitempty" maxLength:"200"`
	ReviewBy   *time.Time `json:"review_by,omitempty"`
	Enabled    bool       `json:"enabled,omitempty"`
	Reason     string     `json:"reason,omitempty" maxLength:"500"`
}

type newComponent struct {
	Body struct {
		ID string `json:"id" maxLength:"63"`
		ComponentEdit
	}
}

type editComponent struct {
	OfVersion
	OneID
	Body ComponentEdit
}

func (in *newComponent) reason() string  { return in.Body.Reason }
func (in *editComponent) reason() string { return in.Body.Reason }

func (b ComponentEdit) spec() sitestore.ComponentSpec {
	return sitestore.ComponentSpec{
		Provider: b.Provider, Name: b.Name, Release: b.Release, Purpose: b.Purpose, Data: b.Data, Method: b.Method,
		Role: b.Role, PolicyLink: b.PolicyLink, TermsLink: b.TermsLink, Contract: b.Contract,
		ReviewBy: moment(b.ReviewBy), Enabled: b.Enabled,
	}
}

func (m *Module) componentRoutes(api huma.API) {
	s := m.cfg.Store
	reads(m, api, s, kindOf[sitestore.Component, Component]{
		"component", "/v1/components", staff,
		sitestore.Get[sitestore.Component], sitestore.List[sitestore.Component], sitestore.History[sitestore.Component],
		func(v sitestore.Component) Component { return Component{v} }, func(v sitestore.Component) string { return v.ID },
	})
	add(m, api, route.New("add-component", "POST", "/v1/components", "Add a third-party component to the register", approvers, 201),
		func(ctx context.Context, by sitestore.By, in *newComponent) (Component, error) {
			v, err := s.PutComponent(ctx, by, in.Body.ID, in.Body.spec(), true)
			return Component{v}, err
		})
	add(m, api, route.New("edit-component", "PUT", "/v1/components/{id}", "Change a component's entry", approvers, 0),
		func(ctx context.Context, by sitestore.By, in *editComponent) (Component, error) {
			v, err := s.PutComponent(ctx, by, in.ID, in.Body.spec(), false)
			return Component{v}, err
		})
}

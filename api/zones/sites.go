package zones

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/route"
	"bystander/policy/sitestore"
)

// SiteEdit is what an administrator says of the site.
type SiteEdit struct {
	Name    string `json:"name" minLength:"1" maxLength:"200" doc:"The controller"`
	Contact string `json:"contact" minLength:"1" maxLength:"300"`
	Profile string `json:"profile" enum:"default,cn,eu,us-il" doc:"Jurisdiction profile"`
	Reason  string `json:"reason,omitempty" maxLength:"500"`
}

type newSite struct {
	Body struct {
		ID string `json:"id" maxLength:"63"`
		SiteEdit
	}
}

type editSite struct {
	OfVersion
	OneID
	Body SiteEdit
}

type closeSite struct {
	MaybeVersion
	OneID
	Body struct {
		Reason      string `json:"reason" maxLength:"500"`
		Certificate string `json:"certificate" maxLength:"300" doc:"Reference of the certificate of destruction"`
	}
}

func (in *newSite) reason() string   { return in.Body.Reason }
func (in *editSite) reason() string  { return in.Body.Reason }
func (in *closeSite) reason() string { return in.Body.Reason }

func (b SiteEdit) spec() sitestore.SiteSpec {
	return sitestore.SiteSpec{Name: b.Name, Profile: b.Profile, Contact: b.Contact}
}

func (m *Module) siteRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Site, Site]{
		"site", "/v1/sites", staff,
		sitestore.Get[sitestore.Site], sitestore.List[sitestore.Site], sitestore.History[sitestore.Site],
		func(v sitestore.Site) Site { return Site{v} }, func(v sitestore.Site) string { return v.ID },
	})
	add(m, api, route.New("add-site", "POST", "/v1/sites", "Make the site of this installation", owners, 201),
		func(ctx context.Context, by sitestore.By, in *newSite) (Site, error) {
			v, err := s.AddSite(ctx, by, in.Body.ID, in.Body.spec())
			return Site{v}, err
		})
	add(m, api, route.New("edit-site", "PUT", "/v1/sites/{id}", "Change the site", owners, 0),
		func(ctx context.Context, by sitestore.By, in *editSite) (Site, error) {
			v, err := s.EditSite(ctx, by, in.ID, in.Body.spec())
			return Site{v}, err
		})
	add(m, api, route.New("terminate-site", "POST", "/v1/sites/{id}/terminate", "Announce the site's end; the notice period begins", owners, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (Site, error) {
			v, err := s.Terminate(ctx, by, in.ID)
			return Site{v}, err
		})
	add(m, api, route.New("close-site", "POST", "/v1/sites/{id}/close", "End the site for good", owners, 0),
		func(ctx context.Context, by sitestore.By, in *closeSite) (Site, error) {
			v, err := s.CloseSite(ctx, by, in.ID, in.Body.Certificate)
			return Site{v}, err
		})
}

// CameraEdit is what a venue owner says of a camera.
type CameraEdit struct {
	PlaceType string               `json:"place_type" minLength:"1" maxLength:"64" doc:"Private spaces are refused with 422 PROHIBITED_PLACE"`
	Private   [][]sitestore.Point  `json:"private,omitempty" maxItems:"64" doc:"Outlines filled before anything looks, in parts of the picture"`
	Checklist *checklist           `json:"checklist,omitempty"`
	Placement *sitestore.Placement `json:"placement,omitempty" doc:"Where it hangs on a floor plan"`
	Reason    string               `json:"reason,omitempty" maxLength:"500"`
}

type checklist struct {
	ID           string     `json:"id" minLength:"1" maxLength:"64"`
	SignedBy     string     `json:"signed_by" minLength:"1" maxLength:"64"`
	Photos       []string   `json:"photos,omitempty" maxItems:"32"`
	Installer    string     `json:"installer,omitempty" maxLength:"64"`
	Acknowledged *time.Time `json:"acknowledged,omitempty"`
}

type putCamera struct {
	MaybeVersion
	OneID
	Body CameraEdit
}

func (in *putCamera) reason() string { return in.Body.Reason }

func (b CameraEdit) spec() sitestore.CameraSpec {
	s := sitestore.CameraSpec{PlaceType: b.PlaceType, Private: b.Private, Placement: b.Placement}
	if c := b.Checklist; c != nil {
		s.Checklist = sitestore.Checklist{
			ID: c.ID, SignedBy: c.SignedBy, Photos: c.Photos, Installer: c.Installer, Acknowledged: moment(c.Acknowledged),
		}
	}
	return s
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (m *Module) cameraRoutes(api huma.API) {
	s := m.cfg.Shown
	get := route.New("get-camera-policy", "GET", "/v1/cameras/{id}/policy", "What policy knows of a camera", staff, 0)
	add(m, api, get, func(ctx context.Context, _ sitestore.By, in *OneID) (CameraPolicy, error) {
		v, err := sitestore.Get[sitestore.Camera](ctx, s, in.ID)
		return CameraPolicy{v}, err
	})
	add(m, api, route.New("list-camera-policies", "GET", "/v1/camera-policies", "What policy knows of every camera", staff, 0),
		func(ctx context.Context, _ sitestore.By, in *Paging) (Page[CameraPolicy], error) {
			list, err := sitestore.List[sitestore.Camera](ctx, s)
			p := page(list, func(v sitestore.Camera) string { return v.ID }, *in)
			return Page[CameraPolicy]{shown(p.Items, func(v sitestore.Camera) CameraPolicy { return CameraPolicy{v} }), p.Next}, err
		})
	add(m, api, route.New("camera-policy-history", "GET", "/v1/cameras/{id}/policy/history", "Every version of it", staff, 0),
		func(ctx context.Context, _ sitestore.By, in *OneID) (Versions[CameraPolicy], error) {
			list, err := sitestore.History[sitestore.Camera](ctx, s, in.ID)
			return Versions[CameraPolicy]{shown(list, func(v sitestore.Camera) CameraPolicy { return CameraPolicy{v} })}, err
		})
	add(m, api, route.New("put-camera-policy", "PUT", "/v1/cameras/{id}/policy", "Register a camera's place, private areas and checklist", owners, 0),
		func(ctx context.Context, by sitestore.By, in *putCamera) (CameraPolicy, error) {
			v, err := s.PutCamera(ctx, by, in.ID, in.Body.spec())
			return CameraPolicy{v}, err
		})
	add(m, api, route.New("get-camera-view", "GET", "/v1/cameras/{id}/view", "How the camera stands, compared with its calibrated view", staff, 0),
		func(_ context.Context, _ sitestore.By, in *OneID) (View, error) { return m.view(in.ID) })
	add(m, api, route.New("calibrate-camera", "POST", "/v1/cameras/{id}/calibrate", "Take the camera's present view as the right one", owners, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (CameraPolicy, error) {
			view, err := m.view(in.ID)
			if err != nil {
				return CameraPolicy{}, err
			}
			if view.Fingerprint == "" {
				return CameraPolicy{}, notReady("VIEW_UNSURE", in.ID, "the camera's view holds too little structure, or has not been watched for long enough; try again in some seconds, by daylight")
			}
			v, err := s.Calibrate(ctx, by, in.ID, view.Fingerprint)
			return CameraPolicy{v}, err
		})
}

func (m *Module) view(camera string) (View, error) {
	if m.cfg.Cameras != nil {
		if v, ok := m.cfg.Cameras.View(camera); ok {
			return v, nil
		}
	}
	return View{}, missing("camera", camera)
}

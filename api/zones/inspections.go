package zones

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/policy/sitestore"
)

type newInspection struct {
	Body struct {
		Zone       string            `json:"zone" maxLength:"63"`
		Passed     bool              `json:"passed"`
		Photos     map[string]string `json:"photos,omitempty" doc:"Entrance to the id of an uploaded photograph"`
		ValidUntil *time.Time        `json:"valid_until,omitempty" doc:"180 days at most, which is the default"`
		Findings   string            `json:"findings,omitempty" maxLength:"5000"`
	}
}

func (m *Module) inspectionRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.Inspection, Inspection]{
		"inspection", "/v1/inspections", staff,
		sitestore.Get[sitestore.Inspection], sitestore.List[sitestore.Inspection], sitestore.History[sitestore.Inspection],
		func(v sitestore.Inspection) Inspection { return Inspection{v} }, func(v sitestore.Inspection) string { return v.ID },
	})
	add(m, api, route.New("add-inspection", "POST", "/v1/inspections", "Record a walkthrough from a visitor's viewpoint; never of what one planned", inspects, 201),
		func(ctx context.Context, by sitestore.By, in *newInspection) (Inspection, error) {
			b := in.Body
			v, err := s.Inspect(ctx, by, sitestore.InspectionSpec{
				Zone: b.Zone, Passed: b.Passed, Photos: b.Photos, ValidUntil: moment(b.ValidUntil), Findings: b.Findings,
			})
			return Inspection{v}, err
		})
}

// maxPhoto bounds a photograph, in bytes.
const maxPhoto = 16 << 20

type newPhoto struct {
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"image/jpeg"`
}

// Photo is a stored photograph: redacted, without a word about whoever was on
// it.
type Photo struct {
	ID     string    `json:"id"`
	Masked int       `json:"masked" doc:"Faces that were covered before it was stored"`
	Bytes  int       `json:"bytes"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

type photoOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (m *Module) photoRoutes(api huma.API) {
	s := m.cfg.Shown
	add(m, api, route.New("add-photo", "POST", "/v1/photos", "Upload a photograph of a place (JPEG or PNG); people on it are covered before it is stored", photographers, 201),
		func(ctx context.Context, by sitestore.By, in *newPhoto) (Photo, error) {
			if m.cfg.Redactor == nil {
				return Photo{}, problem.New(http.StatusServiceUnavailable, "NO_REDACTOR",
					"photographs may show people, and nothing here can cover them: install the models (bystander models pull)")
			}
			jpeg, masked, err := m.cfg.Redactor.RedactPhoto(ctx, in.RawBody)
			if err != nil {
				m.cfg.Log.Warn().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("a photograph could not be redacted; it was not stored")
				return Photo{}, problem.New(http.StatusUnprocessableEntity, "PHOTO", "the photograph cannot be read or redacted, and was not stored: send JPEG or PNG")
			}
			p, err := s.AddPhoto(ctx, by, jpeg, masked)
			return Photo{p.ID, p.Masked, len(p.JPEG), p.By, p.At}, err
		})
	picture(m, api, route.New("get-photo", "GET", "/v1/photos/{id}", "A photograph, redacted", staff, 0),
		func(ctx context.Context, id string) ([]byte, error) {
			p, err := s.Photo(ctx, id)
			return p.JPEG, err
		})
}

func (m *Module) stillRoutes(api huma.API) {
	picture(m, api, route.New("camera-still", "GET", "/v1/cameras/{id}/still", "One redacted picture of a camera, on which nobody is clear, to draw zones on", drawers, 0),
		func(ctx context.Context, id string) ([]byte, error) {
			if m.cfg.Stills == nil {
				return nil, missing("camera", id)
			}
			jpeg, err := m.cfg.Stills.Still(ctx, id)
			switch {
			case errors.Is(err, ErrNoCamera):
				return nil, missing("camera", id)
			case errors.Is(err, ErrNoStill):
				return nil, problem.New(http.StatusServiceUnavailable, "NO_STILL",
					"the camera gives no picture now, every picture is masked as a whole, or somebody is shown clear; try again in some seconds")
			}
			if err != nil {
				return nil, err
			}
			return jpeg, m.looked(ctx, id)
		})
}

// looked records a look at a camera's picture before it is answered.
func (m *Module) looked(ctx context.Context, id string) error {
	return route.Record(ctx, m.cfg.Access, m.cfg.Log, actor.Read{Action: "camera.still", Object: id, Purpose: "service", Query: []byte("camera.still " + id)})
}

// picture registers an operation that answers with a JPEG.
func picture(m *Module, api huma.API, o route.Op, f func(ctx context.Context, id string) ([]byte, error)) {
	route.Add(m.Table, api, o, func(ctx context.Context, in *OneID) (*photoOut, error) {
		jpeg, err := f(ctx, in.ID)
		return &photoOut{"image/jpeg", jpeg}, err
	}, func(d *huma.Operation) {
		d.Responses = map[string]*huma.Response{"200": {Description: "JPEG", Content: map[string]*huma.MediaType{
			"image/jpeg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}}
	})
}

package consent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/policy"
	"bystander/policy/consent"
)

type newSession struct {
	Keyed
	Body struct {
		Channel  policy.Channel `json:"channel" enum:"web,kiosk,paper,o2o"`
		Scenes   []string       `json:"scenes" minItems:"1" maxItems:"32"`
		Zones    []string       `json:"zones" minItems:"1" maxItems:"64"`
		Under14  *bool          `json:"under_14,omitempty" doc:"Needed of somebody new"`
		Turns14  *time.Time     `json:"turns_14,omitempty" doc:"Needed of a child: the day on which it turns 14"`
		Enrollee string         `json:"enrollee,omitempty" format:"uuid" doc:"To enrol again"`
	}
}

type proofBody struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"200" doc:"Kept in the identity vault, apart from everything else"`
		Method   string `json:"method" enum:"identity_document,household_register,court_document,member_record,known_in_person"`
		InPerson bool   `json:"in_person"`
		Compared bool   `json:"photo_compared,omitempty" doc:"A photograph brought along was compared with the person"`
	}
}

// photoBody is a photograph. It is read by the handler, not by the framework,
// so that it lies in one piece of memory, which is wiped.
type photoBody struct {
	ID       string `path:"id" format:"uuid"`
	DataType int    `query:"data_type" minimum:"0" maximum:"1" doc:"0 taken live here, 1 brought along"`
	Keep     bool   `query:"keep" doc:"Keep the photograph; takes an authorisation in writing"`
	kind     string
	body     io.Reader
}

// Resolve implements huma.Resolver.
func (p *photoBody) Resolve(ctx huma.Context) []error {
	p.body = ctx.BodyReader()
	p.kind, _, _ = mime.ParseMediaType(ctx.Header("Content-Type"))
	return nil
}

var photoKinds = []string{"image/jpeg", "image/png", "image/webp"}

func (m *Module) enrolmentRoutes(api huma.API) {
	create(m, api, route.New("start-enrolment", "POST", "/v1/enrolments", "Begin an enrolment; nothing is taken of anybody yet", askers, 201),
		func(in *newSession) any { return in.Body }, m.startSession)
	add(m, api, route.New("enrolment", "GET", "/v1/enrolments/{id}", "An enrolment session", desks, 200),
		func(ctx context.Context, _ actor.Actor, in *byID) (consent.Session, error) {
			s, err := m.cfg.Service.Session(ctx, in.ID)
			if err != nil {
				return s, err
			}
			return s, m.seen(ctx, "enrolments.read", in.ID, policy.Consent{Enrollee: s.Enrollee, Scenes: s.Scenes})
		})
	add(m, api, route.New("prove", "POST", "/v1/enrolments/{id}/proof", "Record how an officer made sure who the person is; after the consent", officers, 200),
		func(ctx context.Context, a actor.Actor, in *proofBody) (consent.Session, error) {
			b := in.Body
			return m.cfg.Desk.Prove(ctx, in.ID, b.Name, consent.Proof{Method: b.Method, InPerson: b.InPerson, Compared: b.Compared, Officer: a.ID})
		})
	m.photoRoute(api)
}

func (m *Module) startSession(ctx context.Context, a actor.Actor, in *newSession) (consent.Session, error) {
	b := in.Body
	if err := mayUse(a, b.Channel); err != nil {
		return consent.Session{}, err
	}
	if !staff(a) && b.Enrollee != a.Enrollee {
		return consent.Session{}, consent.Refuse(consent.Forbidden, "CHANNEL_ROLE", string(b.Channel), "somebody new is enrolled at a desk or a kiosk")
	}
	r := consent.Start{Channel: b.Channel, Scenes: b.Scenes, Zones: b.Zones, Turns14: moment(b.Turns14), Enrollee: b.Enrollee, By: a.ID}
	if b.Under14 != nil {
		r.Under14 = policy.TriOf(*b.Under14)
	}
	return m.cfg.Service.StartSession(ctx, r)
}

// photoRoute takes the picture itself as the request's body.
func (m *Module) photoRoute(api huma.API) {
	const path = "/v1/enrolments/{id}/photos"
	add(m, api, route.New("photo", "POST", path, "Hand in a photograph: it makes the templates, or is refused with everything that is wrong with it", desks, 200),
		func(ctx context.Context, _ actor.Actor, in *photoBody) (consent.Taken, error) {
			if !slices.Contains(photoKinds, in.kind) {
				return consent.Taken{}, problem.New(http.StatusUnsupportedMediaType, "PHOTO_KIND", "send the picture itself, as "+strings.Join(photoKinds, ", "))
			}
			taken, err := m.cfg.Desk.Photo(ctx, in.ID, consent.Shot{Photo: in.body, SelfSupplied: in.DataType == 1, Keep: in.Keep})
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				return taken, problem.New(http.StatusRequestEntityTooLarge, "PHOTO_TOO_LARGE", fmt.Sprintf("a photograph has at most %d MiB", maxPhoto>>20))
			}
			return taken, err
		})
	picture := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	content := map[string]*huma.MediaType{}
	for _, k := range photoKinds {
		content[k] = picture
	}
	api.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Content: content}
}

// absent turns a missing record into a refusal.
func absent(err error) error {
	if errors.Is(err, policy.ErrNotFound) {
		return consent.Refuse(consent.Unknown, "NOT_FOUND", "", "there is no such record here")
	}
	return err
}

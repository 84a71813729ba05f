package api

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"bystander/api/problem"
)

// humaConfig describes the interface. It is strict: an unknown query key is
// refused, and there is no page that would load documentation from elsewhere.
func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("Bystander", version)
	c.Info.Description = "Consent-only video analytics: cameras, redacted recordings and the match log. " +
		"Every answer carries X-Request-Id; errors are RFC 9457 problems."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.DocsPath = ""
	c.SchemasPath = ""
	c.CreateHooks = nil
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{addRequestID}
	return c
}

// schemaName keeps the types of different packages apart: one named Zone in
// package api/zones is described as ZonesZone. This package's own stay as they
// are.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	dir, pkg := path.Split(t.PkgPath())
	if t.Name() == "" || !strings.HasPrefix(dir, "bystander/") || t.PkgPath() == "bystander/api" {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

// withRequest lets a handler reach the HTTP request: access records need its
// path, query and peer.
type withRequest struct{ r *http.Request }

// Resolve implements huma.Resolver.
func (w *withRequest) Resolve(ctx huma.Context) []error {
	w.r, _ = humachi.Unwrap(ctx)
	return nil
}

type camerasOutput struct {
	Body struct {
		Cameras []Camera `json:"cameras" nullable:"false"`
	}
}

type cameraInput struct {
	withRequest
	ID string `path:"id" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"The camera's id"`
}

type cameraOutput struct{ Body Camera }

type statusOutput struct{ Body Status }

type eventsInput struct {
	withRequest
	Camera string    `query:"camera" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"Only this camera's events"`
	Kind   []string  `query:"kind" maxItems:"11" enum:"use_start,use_end,match,claim_outcome,verify_1to1,unmask,human_review,gate_change,camera_health,zone_minute,segment" doc:"Only these kinds, separated by commas"`
	From   time.Time `query:"from" doc:"Only events at or after this time (RFC 3339)"`
	To     time.Time `query:"to" doc:"Only events before this time (RFC 3339)"`
	Person bool      `query:"person" doc:"Only events that carry a pseudonym"`
	Before string    `query:"before" maxLength:"128" pattern:"^[A-Za-z0-9._:-]+$" doc:"Only events older than this cursor"`
	Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type eventsOutput struct {
	Body EventPage
}

// EventPage is a page of the match log.
type EventPage struct {
	Events []Event `json:"events" nullable:"false" doc:"Newest first"`
	Cursor Cursor  `json:"cursor" doc:"The log's newest place when this was read; follow on with /v1/stream?after="`
	More   bool    `json:"more" doc:"Whether older ones follow; ask with before= the last one's cursor"`
}

func (a *API) registerReads() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "list-cameras", Method: http.MethodGet, Path: "/v1/cameras",
		Summary: "Every camera and how it is", Tags: []string{"cameras"}, Middlewares: problem.Need(toLook...),
		Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *withRequest) (*camerasOutput, error) {
		cams, err := a.back.Cameras.Cameras(ctx)
		if err != nil {
			return nil, a.answerRequest(in.r, err)
		}
		out := &camerasOutput{}
		out.Body.Cameras = make([]Camera, len(cams))
		for i, c := range cams {
			out.Body.Cameras[i] = c.normal()
		}
		return out, nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "get-camera", Method: http.MethodGet, Path: "/v1/cameras/{id}",
		Summary: "One camera", Tags: []string{"cameras"}, Middlewares: problem.Need(toLook...),
		Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *cameraInput) (*cameraOutput, error) {
		cam, err := a.back.Cameras.Camera(ctx, in.ID)
		if err != nil {
			return nil, a.answerRequest(in.r, err)
		}
		return &cameraOutput{Body: cam.normal()}, nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status",
		Summary: "The installation as a whole", Tags: []string{"site"}, Middlewares: problem.Need(toLook...),
		Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *withRequest) (*statusOutput, error) {
		st, err := a.back.Site.Status(ctx)
		if err != nil {
			return nil, a.answerRequest(in.r, err)
		}
		return &statusOutput{Body: st.normal()}, nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "list-events", Method: http.MethodGet, Path: "/v1/events",
		Summary:     "The match log, newest first",
		Description: "An answer that holds events linked to a person is recorded in the access log first; when that fails there is no answer (503).",
		Tags:        []string{"events"}, Middlewares: problem.Need(toFollow...),
		Errors: []int{http.StatusGone, http.StatusServiceUnavailable},
	}, a.listEvents)
}

func (a *API) listEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	if !in.From.IsZero() && !in.To.IsZero() && in.To.Before(in.From) {
		return nil, huma.Error422UnprocessableEntity("to= lies before from=")
	}
	// The newest place is read first: an event that arrives in between then
	// comes twice rather than never.
	newest, err := a.back.Events.NewestCursor(ctx)
	if err != nil {
		return nil, a.answerRequest(in.r, err)
	}
	events, err := a.back.Events.Events(ctx, EventQuery{
		Camera: in.Camera, Kinds: in.Kind, From: in.From, To: in.To, Person: in.Person,
		Before: Cursor(in.Before), Limit: in.Limit,
	})
	if err != nil {
		return nil, a.answerRequest(in.r, err)
	}
	if len(events) > in.Limit {
		events = events[:in.Limit]
	}
	if err := a.recordEvents(in.r, AccessEvents, in.Camera, events); err != nil {
		return nil, a.answerRequest(in.r, err)
	}
	page := EventPage{Events: events, Cursor: newest, More: len(events) == in.Limit}
	if page.Events == nil {
		page.Events = []Event{}
	}
	return &eventsOutput{Body: page}, nil
}

// normal gives empty lists instead of null, as the description promises.
func (c Camera) normal() Camera {
	if c.Zones == nil {
		c.Zones = []ZoneRef{}
	}
	return c
}

func (s Status) normal() Status {
	if s.Models == nil {
		s.Models = []Model{}
	}
	if s.Notices == nil {
		s.Notices = []Notice{}
	}
	if s.Gate.Reasons == nil {
		s.Gate.Reasons = []Reason{}
	}
	return s
}

// OpenAPI is the description of the interface in JSON, as /openapi.json
// serves it.
func (a *API) OpenAPI() ([]byte, error) {
	return json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
}

type healthBody struct {
	OK     bool    `json:"ok"`
	Cause  string  `json:"cause,omitempty"`
	Checks []Check `json:"checks"`
}

// healthz tells whether the process should be restarted, and why.
func (a *API) healthz(w http.ResponseWriter, r *http.Request) {
	a.health(w, r, func(c Check) bool { return c.Live })
}

// readyz tells whether everything works, and if not, what does not.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	a.health(w, r, func(Check) bool { return true })
}

func (a *API) health(w http.ResponseWriter, r *http.Request, counts func(Check) bool) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	body := healthBody{OK: true, Checks: []Check{}}
	for _, c := range a.back.Health.Health(ctx) {
		if !counts(c) {
			continue
		}
		body.Checks = append(body.Checks, c)
		if !c.OK {
			body.OK = false
			if body.Cause != "" {
				body.Cause += "; "
			}
			body.Cause += c.Name + ": " + c.Cause
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !body.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.Debug().Err(err).Str("request_id", requestID(r.Context())).Msg("health not written")
	}
}

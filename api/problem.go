package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"bystander/api/problem"
)

// Problem is an error answer by RFC 9457.
type Problem = problem.Problem

const accessFailed = "the access log cannot be written, and nothing about people is shown without a record; see /healthz"

// problem writes a problem for routes outside huma.
func (a *API) problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	a.answerProblem(w, r, *problem.New(status, "", detail))
}

func (a *API) answerProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	p.RequestID = requestID(r.Context())
	if err := json.NewEncoder(w).Encode(p); err != nil {
		a.log.Debug().Err(err).Str("request_id", requestID(r.Context())).Msg("problem not written")
	}
}

func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	a.problem(w, r, http.StatusNotFound, "there is nothing at this address")
}

func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	rctx := chi.RouteContext(r.Context())
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		if rctx.Routes.Match(chi.NewRouteContext(), m, r.URL.Path) {
			allowed = append(allowed, m)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.problem(w, r, http.StatusMethodNotAllowed, "this address does not take "+r.Method)
}

// addRequestID turns huma's error model into a Problem. Echoed input values
// are left out: they may hold what the sender would not want in a log.
func addRequestID(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*Problem); ok {
		c := *p
		c.RequestID = requestID(ctx.Context())
		return &c, nil
	}
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &Problem{
		Type: "about:blank", Title: m.Title, Status: m.Status, Detail: m.Detail,
		RequestID: requestID(ctx.Context()),
	}
	if m.Status == http.StatusServiceUnavailable {
		ctx.SetHeader("Retry-After", "2")
	}
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: e.Message, Location: e.Location})
	}
	return p, nil
}

// describeProblem brings the description of errors in line with addRequestID.
func describeProblem(o *huma.OpenAPI) {
	s := o.Components.Schemas.Map()["ErrorModel"]
	if s == nil {
		return
	}
	delete(s.Properties, "instance")
	s.Properties["code"] = &huma.Schema{
		Type: huma.TypeString, Description: "Stable code of the trouble, such as IDENTITY_UNVERIFIED",
	}
	s.Properties["reasons"] = o.Components.Schemas.Schema(reflect.TypeFor[[]problem.Reason](), false, "Reasons")
	s.Properties["request_id"] = &huma.Schema{
		Type: huma.TypeString, Format: "uuid",
		Description: "Names this request in the logs; also in the X-Request-Id header",
	}
	s.Required = []string{"type", "title", "status", "request_id"}
	if d := o.Components.Schemas.Map()["ErrorDetail"]; d != nil {
		delete(d.Properties, "value")
	}
}

// answerRequest turns a backend's error into a problem. Unexpected ones are
// logged and not shown, since they may name files.
func (a *API) answerRequest(r *http.Request, err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return huma.Error404NotFound("there is no such thing here")
	case errors.Is(err, ErrGone):
		return huma.NewError(http.StatusGone, "its time of keeping is over; it was removed")
	case errors.Is(err, ErrCursor):
		return huma.NewError(http.StatusGone, "the log no longer holds this place; read it anew without before= or after=")
	case errors.Is(err, errAccess):
		return huma.Error503ServiceUnavailable(accessFailed)
	}
	a.log.Error().Err(err).Str("request_id", requestID(r.Context())).Str("path", r.URL.Path).Msg("answer failed")
	return huma.Error503ServiceUnavailable("the store or a camera did not answer; see /healthz")
}

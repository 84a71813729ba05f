// Package problem is how the interface says no: RFC 9457 problems with a stable
// code, machine-readable reasons and the request's id (REQUIREMENTS B-45).
// Handlers return a *Problem as their error; huma writes it.
package problem

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
)

// Reason is one condition that is not met.
type Reason struct {
	Code   string `json:"code" doc:"Stable, such as SIGN_MISSING"`
	Object string `json:"object,omitempty" doc:"What it is about, such as an entrance"`
	Text   string `json:"text" doc:"In plain words, with the way out"`
}

// Problem is an error answer. It implements huma.StatusError.
type Problem struct {
	Type      string              `json:"type"`
	Title     string              `json:"title"`
	Status    int                 `json:"status"`
	Code      string              `json:"code,omitempty" doc:"Stable code of the trouble, such as IDENTITY_UNVERIFIED"`
	Detail    string              `json:"detail,omitempty"`
	Reasons   []Reason            `json:"reasons,omitempty" doc:"With 409: what is not met"`
	Errors    []*huma.ErrorDetail `json:"errors,omitempty"`
	RequestID string              `json:"request_id"`
}

var _ huma.StatusError = (*Problem)(nil)

// New returns a problem. Its detail says what is wrong and the way out.
func New(status int, code, detail string, reasons ...Reason) *Problem {
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: code, Detail: detail, Reasons: reasons,
	}
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Code == "" {
		return p.Detail
	}
	return p.Code + ": " + p.Detail
}

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// CodeStepUp is the code of a refusal that a second factor ends.
const CodeStepUp = "STEP_UP"

// Denied turns actor's errors into problems, and passes others on.
func Denied(err error) error {
	switch {
	case errors.Is(err, actor.ErrUnknown):
		return New(http.StatusUnauthorized, "NOT_SIGNED_IN", "say who you are: send Authorization: Bearer TOKEN")
	case errors.Is(err, actor.ErrRole):
		return New(http.StatusForbidden, "ROLE", "your account does not hold the role that this needs")
	case errors.Is(err, actor.ErrStale):
		return New(http.StatusForbidden, CodeStepUp,
			"give your second factor: POST /v1/session/second-factor, or a passkey; it holds for a quarter of an hour. Who has none sets one up at /account")
	case errors.Is(err, actor.ErrToken):
		return New(http.StatusForbidden, "TOKEN_MAY_NOT_EXPORT",
			"this token was not made for exports; make one with bystander token add --may-export")
	}
	return err
}

type key struct{}

// WithRequestID returns ctx with the request's id in it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, key{}, id)
}

// RequestID returns the id of ctx's request, empty outside one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

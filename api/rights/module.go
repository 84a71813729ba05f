// Package rights serves people's requests about what is kept of them, as an
// api.Module: anybody may ask and follow their request by its id; officers
// verify, decide and carry out. Every look at who asks is recorded first.
package rights

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/rights"
)

// Exporter makes the bundle of one person's data.
type Exporter interface {
	// Export makes a signed bundle: a ZIP file with the person's records, and video
	// in which nobody else is shown. The caller reads it, and closes it.
	Export(ctx context.Context, enrollee, request string) (zip io.ReadCloser, err error)
}

// Config joins the module to its surroundings.
type Config struct {
	Service *rights.Service
	DB      *rights.DB
	Access  actor.Recorder
	Export  Exporter // nil: bundles are made elsewhere, and 501 says so
	Log     zerolog.Logger
	Now     func() time.Time
	// PerMinute bounds the requests taken from everybody together in a minute,
	// so that a flood fills no disk; 60 when 0.
	PerMinute int
}

// Module adds the routes.
type Module struct {
	*route.Table
	cfg   Config
	share *route.PerMinute // of requests taken
}

// New returns the module.
func New(cfg Config) *Module {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Module{cfg: cfg, share: route.NewPerMinute(cfg.PerMinute, 60, cfg.Now)}
	m.Table = &route.Table{Tag: "rights", Answer: m.answer, Now: cfg.Now}
	return m
}

// Patience implements api.Patient: bundles hold video that is redacted anew, and
// an erasure waits until nothing of the person can be written any more.
func (m *Module) Patience() map[string]time.Duration {
	return map[string]time.Duration{"/v1/rights/requests/": 15 * time.Minute}
}

var (
	officers = []actor.Role{actor.PrivacyOfficer}
	// clerks may acknowledge what another system has done.
	clerks = []actor.Role{actor.PrivacyOfficer, actor.Client}
	// watchers may see how requests fare, without who asks.
	watchers = []actor.Role{actor.PrivacyOfficer, actor.Auditor}
)

// answer turns a refusal into a problem. What else goes wrong is logged and not
// shown.
func (m *Module) answer(ctx context.Context, err error) error {
	var r *rights.Refusal
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		return p
	case !errors.As(err, &r):
		return route.StoreFailed(ctx, m.cfg.Log, err, "a rights request could not be served")
	}
	status := http.StatusUnprocessableEntity
	for kind, code := range map[error]int{
		rights.ErrUnverified: http.StatusForbidden, rights.ErrForbidden: http.StatusForbidden,
		rights.ErrState: http.StatusConflict, rights.ErrOpenTasks: http.StatusConflict,
		rights.ErrNotFound: http.StatusNotFound, rights.ErrDisposed: http.StatusGone,
		rights.ErrVersion: http.StatusPreconditionFailed,
	} {
		if errors.Is(r, kind) {
			status = code
		}
	}
	out := problem.New(status, r.Code, r.Detail)
	for _, name := range r.Open {
		out.Reasons = append(out.Reasons, problem.Reason{Code: r.Code, Object: name, Text: "this system has not acknowledged"})
	}
	if r.Field != "" {
		out.Errors = []*huma.ErrorDetail{{Message: r.Detail, Location: "body." + r.Field}}
	}
	return out
}

// read records a look at a person before it is answered.
func (m *Module) read(ctx context.Context, action, object string) error {
	return route.Record(ctx, m.cfg.Access, m.cfg.Log, actor.Read{Action: action, Object: object, Purpose: "rights request", Count: 1})
}

// admit counts the requests of each minute.
func (m *Module) admit() error {
	if !m.share.Take() {
		return problem.New(http.StatusTooManyRequests, "BUSY", "too many requests at the moment; try again in a minute, or write to the controller")
	}
	return nil
}

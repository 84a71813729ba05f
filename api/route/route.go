// Package route is what the interface's modules share: a table of operations with
// the roles that may call them, the record of a look at people without which
// nothing is shown, a bound on what everybody together may ask in a minute, and
// archives as answers.
package route

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
)

// Route is one route with the roles that may call it; none means everybody,
// signed in or not.
type Route struct {
	Method, Path string
	Roles        []actor.Role
	// Strong: whoever calls it has given a second factor lately.
	Strong bool
}

// Op describes one operation.
type Op struct {
	ID, Method, Path, Summary string
	Roles                     []actor.Role // none: everybody
	Status                    int          // when it went well; 0 leaves it to the answer
	Strong                    bool         // asks for a second factor given lately
}

// New returns an operation.
func New(id, method, path, summary string, roles []actor.Role, status int) Op {
	return Op{ID: id, Method: method, Path: path, Summary: summary, Roles: roles, Status: status}
}

// Strongly returns the operation, asking for a second factor given lately.
func (o Op) Strongly() Op {
	o.Strong = true
	return o
}

// Table is the operations of one module. Its Routes are filled while the module
// registers itself; it is not changed afterwards.
type Table struct {
	Tag string // of every operation
	// Answer turns an error into what is answered; nil leaves it as it is.
	Answer func(ctx context.Context, err error) error
	Now    func() time.Time // time.Now when nil

	routes []Route
}

// Routes lists what was added.
func (t *Table) Routes() []Route { return slices.Clone(t.routes) }

// Clear forgets what was added: a module may be registered more than once.
func (t *Table) Clear() { t.routes = nil }

// operation keeps the route and describes it.
func (t *Table) operation(o Op, more []func(*huma.Operation)) huma.Operation {
	t.routes = append(t.routes, Route{o.Method, o.Path, o.Roles, o.Strong})
	d := huma.Operation{
		OperationID: o.ID, Method: o.Method, Path: o.Path, Summary: o.Summary, Description: described(o),
		Tags: []string{t.Tag}, DefaultStatus: o.Status, Middlewares: problem.Need(o.Roles...),
	}
	if o.Strong {
		d.Middlewares = append(d.Middlewares, problem.NeedStrong(t.Now))
	}
	for _, f := range more {
		f(&d)
	}
	return d
}

func described(o Op) string {
	if len(o.Roles) == 0 {
		return "Open to everybody."
	}
	names := make([]string, len(o.Roles))
	for i, r := range o.Roles {
		names[i] = string(r)
	}
	text := "Needs one of the roles: " + strings.Join(names, ", ") + "."
	if o.Strong {
		text += " And a second factor given within the last quarter of an hour: otherwise 403 with the code STEP_UP."
	}
	return text
}

// Add registers an operation. Roles, and the second factor, are asked for before
// anything of the request is read. more may complete its description.
func Add[I, O any](t *Table, api huma.API, o Op, f func(ctx context.Context, in *I) (*O, error), more ...func(*huma.Operation)) {
	huma.Register(api, t.operation(o, more), func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err == nil {
			return out, nil
		}
		if t.Answer != nil {
			err = t.Answer(ctx, err)
		}
		return nil, err
	})
}

// Record keeps a look at people, and refuses when that fails: without the record
// there is no answer (INV-13).
func Record(ctx context.Context, access actor.Recorder, log zerolog.Logger, r actor.Read) error {
	err := errNoAccess
	if access != nil {
		err = access.RecordRead(ctx, r)
	}
	if err == nil {
		return nil
	}
	log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Str("action", r.Action).Msg("access record failed; nothing was shown")
	return Unrecorded()
}

var errNoAccess = errors.New("api: there is no access log")

// Unrecorded is the refusal of a read that could not be recorded.
func Unrecorded() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "ACCESS_LOG",
		"the access log cannot be written, and nothing about people is shown without a record; see /healthz")
}

// StoreFailed answers for what should not happen: the log alone says what it was.
func StoreFailed(ctx context.Context, log zerolog.Logger, err error, what string) error {
	log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg(what)
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}

// Zip answers with an archive under a file name, and closes it.
func Zip(ctx context.Context, log zerolog.Logger, name string, archive io.ReadCloser) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		answer.SetHeader("Content-Type", "application/zip")
		answer.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		_, err := io.Copy(answer.BodyWriter(), archive)
		if err := errors.Join(err, archive.Close()); err != nil {
			log.Warn().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("an archive was not read to its end")
		}
	}}
}

package auditor

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/resolve"
	"bystander/internal/event"
)

// ErrNobody reports a pseudonym that leads to nobody: its keys are destroyed.
var ErrNobody = errors.New("auditor: the pseudonym leads to nobody")

// NameFinder finds the name behind an event's pseudonym.
type NameFinder interface {
	// Name fails with ErrNobody when nobody held here has that pseudonym.
	Name(ctx context.Context, e *event.Event) (string, error)
}

// Names lets two people learn the name behind a pseudonym, as an api.Module: one
// asks with a purpose, a privacy officer with another account approves, and who
// asked is shown the name once. No other answer of the interface for auditors
// holds a name.
type Names struct {
	Book   *resolve.Book
	Events Log
	Finder NameFinder
	Access actor.Recorder
	Log    zerolog.Logger
	Now    func() time.Time // time.Now when nil
}

var approvers = []actor.Role{actor.PrivacyOfficer}

// NameRequest is one request, without the name.
type NameRequest struct {
	ID        string        `json:"id"`
	Event     string        `json:"event" doc:"The event whose pseudonym it is about"`
	Subject   event.Digest  `json:"subject_ref" doc:"The pseudonym"`
	Purpose   string        `json:"purpose"`
	State     resolve.State `json:"state" enum:"waiting,approved,refused,shown,expired"`
	AskedBy   string        `json:"asked_by" doc:"Account"`
	AskedAt   time.Time     `json:"asked_at"`
	ExpiresAt time.Time     `json:"expires_at" doc:"A day to be decided, an hour to be read"`
	DecidedBy string        `json:"decided_by,omitempty" doc:"Account"`
	DecidedAt *time.Time    `json:"decided_at,omitempty"`
	Reason    string        `json:"reason,omitempty" doc:"Of the decision"`
	ShownAt   *time.Time    `json:"shown_at,omitempty"`
	Mine      bool          `json:"mine" doc:"Whether the reader asked"`
	MayDecide bool          `json:"may_decide" doc:"Whether the reader may approve or refuse it now"`
}

// NameID names one request in a path.
type NameID struct {
	ID string `path:"id" format:"uuid" doc:"The request's id"`
}

type askNameInput struct {
	Body struct {
		Event   string `json:"event" format:"uuid" doc:"An event that carries a pseudonym"`
		Purpose string `json:"purpose" minLength:"3" maxLength:"200" doc:"As with the questions, and always with a reference, such as incident:12"`
	}
}

type decideInput struct {
	NameID
	Body struct {
		Approve bool   `json:"approve"`
		Reason  string `json:"reason" minLength:"3" maxLength:"500"`
	}
}

type nameOutput struct{ Body NameRequest }

type namesOutput struct {
	Body struct {
		Requests []NameRequest `json:"requests" nullable:"false"`
	}
}

type shownOutput struct {
	Body struct {
		Request NameRequest `json:"request"`
		Name    string      `json:"name" doc:"Shown this once"`
	}
}

// Register implements api.Module.
func (m *Names) Register(routes huma.API) {
	op := func(id, method, path, summary string, status int, roles []actor.Role) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{"audit"},
			Middlewares: problem.Need(roles...),
			Errors: []int{
				http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
				http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
			},
		}
	}
	huma.Register(routes, op("list-name-requests", http.MethodGet, "/v1/audit/names",
		"Requests to learn a name: one's own, and for privacy officers all", 0, readers), m.list)
	huma.Register(routes, op("ask-name", http.MethodPost, "/v1/audit/names",
		"Ask to learn whose pseudonym an event carries", http.StatusCreated, readers), m.ask)
	// Both who approves and who is shown have given a second factor lately (B-63).
	strongly := func(o huma.Operation) huma.Operation {
		o.Middlewares = append(o.Middlewares, problem.NeedStrong(m.now))
		o.Description = "Needs a second factor given within the last quarter of an hour: otherwise 403 with the code STEP_UP."
		return o
	}
	huma.Register(routes, strongly(op("decide-name", http.MethodPost, "/v1/audit/names/{id}/decision",
		"Approve or refuse somebody else's request", http.StatusOK, approvers)), m.decide)
	huma.Register(routes, strongly(op("show-name", http.MethodPost, "/v1/audit/names/{id}/answer",
		"Be shown the name, once, after approval", http.StatusOK, readers)), m.show)
}

func (m *Names) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}

func (m *Names) view(ctx context.Context, r *resolve.Request) NameRequest {
	who, state := actor.From(ctx), r.State(m.now())
	out := NameRequest{
		ID: r.ID, Event: r.Event, Subject: r.Subject, Purpose: r.Purpose, State: state,
		AskedBy: r.AskedBy, AskedAt: r.AskedAt, ExpiresAt: r.ExpiresAt, DecidedBy: r.DecidedBy, Reason: r.Reason,
		Mine:      r.AskedBy == who.ID,
		MayDecide: state == resolve.Waiting && r.AskedBy != who.ID && who.Has(approvers...),
	}
	if !r.DecidedAt.IsZero() {
		out.DecidedAt = &r.DecidedAt
	}
	if !r.ShownAt.IsZero() {
		out.ShownAt = &r.ShownAt
	}
	return out
}

func (m *Names) list(ctx context.Context, _ *struct{}) (*namesOutput, error) {
	who := actor.From(ctx)
	by := who.ID
	if who.Has(approvers...) {
		by = ""
	}
	rs, err := m.Book.List(ctx, by)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	out := &namesOutput{}
	out.Body.Requests = make([]NameRequest, len(rs))
	for i := range rs {
		out.Body.Requests[i] = m.view(ctx, &rs[i])
	}
	return out, nil
}

func (m *Names) ask(ctx context.Context, in *askNameInput) (*nameOutput, error) {
	purpose := in.Body.Purpose
	if _, ref, ok := strings.Cut(purpose, ":"); !purposeFits(purpose) || !ok || strings.TrimSpace(ref) == "" {
		return nil, mismatch(ctx, m.Access, m.Log, in.Body.Event, purpose)
	}
	e, err := m.Events.Event(ctx, in.Body.Event)
	switch {
	case errors.Is(err, ErrNoEvent):
		return nil, problem.New(http.StatusNotFound, "NO_EVENT", "the log holds no event of that id")
	case err != nil:
		return nil, m.failed(ctx, err)
	case e.SubjectRef.IsZero():
		return nil, problem.New(http.StatusConflict, "NO_PSEUDONYM", "this event names nobody",
			problem.Reason{Code: "NO_PSEUDONYM", Object: e.ID, Text: "it carries no pseudonym; there is no name to learn"})
	}
	if err := m.record(ctx, "audit.name.ask", &e, purpose); err != nil {
		return nil, err
	}
	r, err := m.Book.Ask(ctx, resolve.Request{Event: e.ID, Subject: e.SubjectRef, Purpose: purpose, AskedBy: actor.From(ctx).ID})
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	return &nameOutput{m.view(ctx, &r)}, nil
}

func (m *Names) decide(ctx context.Context, in *decideInput) (*nameOutput, error) {
	r, err := m.Book.Get(ctx, in.ID)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if err := m.record(ctx, "audit.name.decide", &event.Event{ID: r.Event, SubjectRef: r.Subject}, r.Purpose); err != nil {
		return nil, err
	}
	r, err = m.Book.Decide(ctx, in.ID, actor.From(ctx).ID, in.Body.Approve, strings.TrimSpace(in.Body.Reason))
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	return &nameOutput{m.view(ctx, &r)}, nil
}

// show finds the name first, so that nothing is used up where there is none; then
// it records, then marks the request. Only then is the name given away.
func (m *Names) show(ctx context.Context, in *NameID) (*shownOutput, error) {
	r, err := m.Book.Get(ctx, in.ID)
	switch {
	case err != nil:
		return nil, m.failed(ctx, err)
	case r.AskedBy != actor.From(ctx).ID:
		return nil, m.failed(ctx, resolve.ErrNotYours)
	case r.State(m.now()) != resolve.Approved:
		return nil, m.failed(ctx, resolve.ErrState)
	}
	e, err := m.Events.Event(ctx, r.Event)
	if errors.Is(err, ErrNoEvent) {
		err = ErrNobody // erased meanwhile
	}
	name := ""
	if err == nil {
		name, err = m.Finder.Name(ctx, &e)
	}
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if err := m.record(ctx, "audit.name.shown", &e, r.Purpose); err != nil {
		return nil, err
	}
	if r, err = m.Book.Show(ctx, in.ID, actor.From(ctx).ID); err != nil {
		return nil, m.failed(ctx, err)
	}
	out := &shownOutput{}
	out.Body.Request, out.Body.Name = m.view(ctx, &r), name
	return out, nil
}

func (m *Names) record(ctx context.Context, action string, e *event.Event, purpose string) error {
	err := m.Access.RecordRead(ctx, actor.Read{
		Action: action, Object: e.ID, Purpose: purpose, Subjects: []event.Digest{e.SubjectRef}, Count: 1,
	})
	if err != nil {
		return unrecorded(ctx, m.Log, err)
	}
	return nil
}

// failed is the answer to what went wrong.
func (m *Names) failed(ctx context.Context, err error) error {
	conflict := func(code, text string) error {
		return problem.New(http.StatusConflict, code, text, problem.Reason{Code: code, Text: text})
	}
	switch {
	case errors.Is(err, resolve.ErrNotFound):
		return problem.New(http.StatusNotFound, "NO_REQUEST", "there is no request of that id")
	case errors.Is(err, resolve.ErrNotYours):
		return problem.New(http.StatusForbidden, "NOT_YOURS", "the name is shown to who asked for it, and to nobody else")
	case errors.Is(err, resolve.ErrSamePerson):
		return conflict("SAME_PERSON", "you asked yourself: another privacy officer has to decide")
	case errors.Is(err, resolve.ErrDecided):
		return conflict("DECIDED", "somebody has decided this request already")
	case errors.Is(err, resolve.ErrState):
		return conflict("NOT_OPEN", "this request is not approved, was shown already, or has expired: ask anew")
	case errors.Is(err, ErrNobody):
		return conflict("NOBODY", "the pseudonym leads to nobody any more: the person's keys were destroyed")
	}
	m.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("a request for a name failed")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}

package auditor

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/internal/event"
)

// Log reads events by id, and the reviews that name one.
type Log interface {
	// Event returns one event, or ErrNoEvent.
	Event(ctx context.Context, id string) (event.Event, error)
	// Reviews returns the human_review events that refer to an event.
	Reviews(ctx context.Context, id string) ([]event.Event, error)
}

// ErrNoEvent reports an event that the log does not hold.
var ErrNoEvent = errors.New("auditor: no such event")

// Reviews lets people confirm or reject a match (AI Act 14(5)): two competent
// people, each once, before anything follows from it. It is an api.Module.
type Reviews struct {
	Events Log
	Access actor.Recorder
	// Record puts the review on the log and returns once it is durable.
	Record func(ctx context.Context, e event.Event) error
	Log    zerolog.Logger
	Now    func() time.Time

	mu sync.Mutex // one review at a time, so that nobody counts twice
}

// reviewers may confirm.
var reviewers = []actor.Role{actor.Operator, actor.PrivacyOfficer}

type reviewInput struct {
	ID   string `path:"id" format:"uuid" doc:"The event's id"`
	Body struct {
		Verdict string `json:"verdict" enum:"confirmed,rejected"`
	}
}

type confirmationInput struct {
	ID string `path:"id" format:"uuid" doc:"The event's id"`
}

// Confirmation is how far an event has been confirmed. What follows from a match
// asks Confirmed first; an unconfirmed one triggers nothing (C-24).
type Confirmation struct {
	Event     string `json:"event"`
	Needed    int    `json:"needed" doc:"Distinct people who must agree; 0 for a person's own claim"`
	Confirmed int    `json:"confirmed" doc:"Distinct people who confirmed it"`
	Rejected  int    `json:"rejected"`
	State     string `json:"state" enum:"open,confirmed,rejected,not_needed"`
}

type confirmationOutput struct{ Body Confirmation }

// needed is how many must agree on a match in zone mode.
const needed = 2

// Register implements api.Module.
func (m *Reviews) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "review-event", Method: http.MethodPost, Path: "/v1/events/{id}/reviews", DefaultStatus: http.StatusCreated,
		Summary: "Confirm or reject a match, once for each person", Tags: []string{"audit"},
		Middlewares: problem.Need(reviewers...), Errors: []int{401, 403, 404, 409, 422, 503},
	}, m.review)
	huma.Register(routes, huma.Operation{
		OperationID: "event-confirmation", Method: http.MethodGet, Path: "/v1/events/{id}/confirmation",
		Summary: "Whether two people have confirmed a match", Tags: []string{"audit"},
		Middlewares: problem.Need(append(slices.Clone(reviewers), actor.Auditor)...), Errors: []int{401, 403, 404, 503},
	}, m.confirmation)
}

func (m *Reviews) review(ctx context.Context, in *reviewInput) (*confirmationOutput, error) {
	who, err := actor.Need(ctx, reviewers...)
	if err != nil {
		return nil, problem.Denied(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e, before, err := m.look(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if e.Kind != event.KindMatch || e.GateMode == "claim" {
		return nil, problem.New(http.StatusConflict, "NOT_REVIEWED", "only a match in zone mode is reviewed; this is "+string(e.Kind)+" "+e.GateMode)
	}
	ref := event.ActorRef(who.ID)
	if slices.ContainsFunc(before, func(r event.Event) bool { return r.ReviewerRef == ref }) {
		return nil, problem.New(http.StatusConflict, "SAME_REVIEWER", "you have reviewed this event already; it takes a second person")
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	r := event.Event{
		Kind: event.KindHumanReview, TS: now().UTC().Truncate(time.Millisecond), SiteID: e.SiteID, CameraID: e.CameraID,
		SceneID: e.SceneID, ZoneID: e.ZoneID, RefEvent: e.ID, ReviewerRef: ref, Verdict: in.Body.Verdict,
	}
	if err := m.Record(ctx, r); err != nil {
		m.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("a review could not be put on the log")
		return nil, problem.New(http.StatusServiceUnavailable, "STORE", "the log cannot be written; nothing was decided")
	}
	return &confirmationOutput{sum(e, append(before, r))}, nil
}

func (m *Reviews) confirmation(ctx context.Context, in *confirmationInput) (*confirmationOutput, error) {
	if _, err := actor.Need(ctx, append(slices.Clone(reviewers), actor.Auditor)...); err != nil {
		return nil, problem.Denied(err)
	}
	e, reviews, err := m.look(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &confirmationOutput{sum(e, reviews)}, nil
}

// look reads an event and its reviews; the look is recorded first.
func (m *Reviews) look(ctx context.Context, id string) (event.Event, []event.Event, error) {
	e, err := m.Events.Event(ctx, id)
	if errors.Is(err, ErrNoEvent) {
		return e, nil, problem.New(http.StatusNotFound, "NO_EVENT", "the log holds no event of that id")
	}
	var reviews []event.Event
	if err == nil {
		reviews, err = m.Events.Reviews(ctx, id)
	}
	if err == nil {
		read := actor.Read{Action: "event.review", Object: id, Purpose: "human oversight", Count: 1}
		if !e.SubjectRef.IsZero() {
			read.Subjects = []event.Digest{e.SubjectRef}
		}
		err = m.Access.RecordRead(ctx, read)
	}
	if err != nil {
		m.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("an event could not be read for review")
		return e, nil, problem.New(http.StatusServiceUnavailable, "STORE", "the log did not answer; see /healthz")
	}
	return e, reviews, nil
}

// sum counts distinct people; one who changed their mind cannot be, since each
// reviews once.
func sum(e event.Event, reviews []event.Event) Confirmation {
	c := Confirmation{Event: e.ID, Needed: needed, State: "open"}
	seen := map[event.Digest]bool{}
	for i := range reviews {
		r := &reviews[i]
		if seen[r.ReviewerRef] {
			continue
		}
		seen[r.ReviewerRef] = true
		if r.Verdict == "confirmed" {
			c.Confirmed++
		} else {
			c.Rejected++
		}
	}
	switch {
	case e.Kind != event.KindMatch || e.GateMode == "claim":
		c.Needed, c.State = 0, "not_needed"
	case c.Rejected > 0:
		c.State = "rejected"
	case c.Confirmed >= needed:
		c.State = "confirmed"
	}
	return c
}

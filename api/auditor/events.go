package auditor

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/ask"
	"bystander/internal/event"
	"bystander/policy"
)

// Events shows one event with all that stands around it, as an api.Module: the
// row itself, to be checked by whoever reads it; the gate's conditions in words;
// the rules in force at that moment; and what people said of it.
type Events struct {
	Events Log
	Asker  Asker
	Access actor.Recorder
	Log    zerolog.Logger
	// Key is the public key of a chain's edge, which signed its rows; false
	// where it is not at hand.
	Key func(chain string) (ed25519.PublicKey, bool)
}

type eventInput struct {
	ID      string `path:"id" format:"uuid" doc:"The event's id"`
	Purpose string `query:"purpose" minLength:"3" maxLength:"200" required:"true" doc:"As with the questions"`
}

// Condition is one conjunct of the gate.
type Condition struct {
	Bit    int    `json:"bit" doc:"Its place in gate_bits, from 0"`
	Text   string `json:"text" doc:"In plain words, when it holds"`
	Held   bool   `json:"held"`
	Needed bool   `json:"needed" doc:"Whether this kind of event needs it"`
}

// Review is what one person said of an event.
type Review struct {
	Event    string       `json:"event" doc:"The review's own id on the log"`
	At       time.Time    `json:"at"`
	Reviewer event.Digest `json:"reviewer_ref" doc:"Hash of the account"`
	Verdict  string       `json:"verdict" enum:"confirmed,rejected"`
}

// EventView is one event and what stands around it.
type EventView struct {
	Row string `json:"row" doc:"The event in its JSON form, byte for byte as on the bus: what row_hash covers"`
	Key string `json:"key,omitempty" doc:"Base64 of the Ed25519 public key under which the chain's edge signs. Compare it with the one that you keep"`
	// Conditions are empty where the event passed no gate.
	Conditions   []Condition    `json:"conditions" nullable:"false"`
	InForce      map[string]any `json:"in_force,omitempty" doc:"What the log says of notice, scene and zone at that moment: the answer to question 4"`
	Confirmation Confirmation   `json:"confirmation"`
	Reviews      []Review       `json:"reviews" nullable:"false"`
}

type eventOutput struct{ Body EventView }

// Register implements api.Module.
func (m *Events) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "audit-event", Method: http.MethodGet, Path: "/v1/audit/events/{id}",
		Summary: "One event, and what stood around it", Tags: []string{"audit"}, Middlewares: problem.Need(readers...),
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, m.show)
}

func (m *Events) show(ctx context.Context, in *eventInput) (*eventOutput, error) {
	if !purposeFits(in.Purpose) {
		return nil, mismatch(ctx, m.Access, m.Log, in.ID, in.Purpose)
	}
	view, e, err := m.view(ctx, in.ID)
	switch {
	case errors.Is(err, ErrNoEvent):
		return nil, problem.New(http.StatusNotFound, "NO_EVENT", "the log holds no event of that id")
	case err != nil:
		m.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("an event could not be read")
		return nil, problem.New(http.StatusServiceUnavailable, "STORE", "the log did not answer; see /healthz")
	}
	read := actor.Read{Action: "audit.event", Object: in.ID, Purpose: in.Purpose}
	if !e.SubjectRef.IsZero() {
		read.Subjects, read.Count = []event.Digest{e.SubjectRef}, 1
	}
	if err := m.Access.RecordRead(ctx, read); err != nil {
		return nil, unrecorded(ctx, m.Log, err)
	}
	return &eventOutput{view}, nil
}

func (m *Events) view(ctx context.Context, id string) (v EventView, e event.Event, err error) {
	if e, err = m.Events.Event(ctx, id); err != nil {
		return v, e, err
	}
	row, err := e.AppendJSON(nil)
	if err != nil {
		return v, e, err
	}
	reviews, err := m.Events.Reviews(ctx, id)
	if err != nil {
		return v, e, err
	}
	v = EventView{Row: string(row), Conditions: conditions(&e), Confirmation: sum(e, reviews), Reviews: make([]Review, len(reviews))}
	for i := range reviews {
		r := &reviews[i]
		v.Reviews[i] = Review{Event: r.ID, At: r.TS, Reviewer: r.ReviewerRef, Verdict: r.Verdict}
	}
	if key, ok := m.Key(e.ChainID); ok {
		v.Key = base64.StdEncoding.EncodeToString(key)
	}
	v.InForce, err = m.inForce(ctx, &e)
	return v, e, err
}

// inForce is the answer to question 4; none for what happened under no rule.
func (m *Events) inForce(ctx context.Context, e *event.Event) (map[string]any, error) {
	if e.SceneID == "" && e.ZoneID == "" {
		return nil, nil
	}
	a, err := m.Asker.Ask(ctx, "rules-in-force", map[string]string{"event": e.ID})
	if err != nil || len(a.Rows) == 0 {
		return nil, err
	}
	b, err := json.Marshal(&ask.Answer{Question: a.Question, Rows: a.Rows[:1]})
	if err != nil {
		return nil, err
	}
	var doc struct{ Rows []map[string]any }
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	return doc.Rows[0], nil
}

// conditions says of each bit of the gate whether it held, for the kinds that
// passed one.
func conditions(e *event.Event) []Condition {
	need := needOf(e)
	if need == 0 || e.GateBits == 0 {
		return []Condition{}
	}
	out := make([]Condition, 0, 32)
	for i, words := range policy.Bits(1<<32 - 1).Explain() {
		bit := policy.Bits(1) << i
		out = append(out, Condition{Bit: i, Text: words, Held: policy.Bits(e.GateBits)&bit != 0, Needed: need&bit != 0})
	}
	return out
}

// needOf is what must hold before an event of that kind may happen.
func needOf(e *event.Event) policy.Bits {
	switch e.Kind {
	case event.KindUnmask:
		return policy.NeedShow
	case event.KindMatch, event.KindClaimOutcome, event.KindVerify:
		return policy.NeedMatch
	}
	return 0
}

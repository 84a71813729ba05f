// Package auditor serves what auditors ask: the thirteen questions, and the
// proofs of the log. Answers hold pseudonyms and hashes, and every one that may
// concern a person is recorded before it is given.
package auditor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/ask"
)

// Asker puts a question to the log; *ask.Asker is one.
type Asker interface {
	Ask(ctx context.Context, name string, given map[string]string) (*ask.Answer, error)
}

// Questions serves the catalogue and the answers, as an api.Module.
type Questions struct {
	Asker  Asker
	Access actor.Recorder
	Log    zerolog.Logger
	// Limit bounds the time that one question may take; 30 s when 0.
	Limit time.Duration
}

// readers may ask; each answer is recorded under the role.
var readers = []actor.Role{actor.Auditor, actor.PrivacyOfficer}

type questionsOutput struct {
	Body struct {
		Questions []ask.Question `json:"questions" nullable:"false"`
	}
}

type askInput struct {
	Name    string   `path:"name" maxLength:"64" pattern:"^[a-z0-9-]+$" doc:"A question's name or number"`
	Format  string   `query:"format" enum:"json,csv,parquet" default:"json"`
	Purpose string   `query:"purpose" minLength:"3" maxLength:"200" required:"true" doc:"Why you ask, kept in the access log: audit, or incident, rights, authority each with a colon and its reference"`
	Set     []string `query:"set" maxItems:"12" doc:"Parameters as name:value, separated by commas; see the catalogue"`
}

type askOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// Register implements api.Module.
func (m *Questions) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "list-questions", Method: http.MethodGet, Path: "/v1/audit/questions",
		Summary: "The questions that auditors can ask, with their parameters", Tags: []string{"audit"},
		Middlewares: problem.Need(readers...), Errors: []int{http.StatusUnauthorized, http.StatusForbidden},
	}, m.list)
	huma.Register(routes, huma.Operation{
		OperationID: "ask-question", Method: http.MethodGet, Path: "/v1/audit/questions/{name}/answer",
		Summary: "Ask one question", Tags: []string{"audit"}, Middlewares: problem.Need(readers...),
		Description: "A check holds when its table is empty. Times are RFC 3339, dates, 'now', or '-30d'. " + copyNeeds,
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, m.ask)
}

func (m *Questions) list(ctx context.Context, _ *struct{}) (*questionsOutput, error) {
	if _, err := actor.Need(ctx, readers...); err != nil {
		return nil, problem.Denied(err)
	}
	out := &questionsOutput{}
	out.Body.Questions = ask.Questions()
	return out, nil
}

func (m *Questions) ask(ctx context.Context, in *askInput) (*askOutput, error) {
	if _, err := actor.Need(ctx, readers...); err != nil {
		return nil, problem.Denied(err)
	}
	if err := mayTake(ctx, in.Format); err != nil {
		return nil, err
	}
	if !purposeFits(in.Purpose) {
		return nil, mismatch(ctx, m.Access, m.Log, in.Name, in.Purpose)
	}
	given, err := parameters(in.Set)
	if err != nil {
		return nil, err
	}
	limit := m.Limit
	if limit == 0 {
		limit = 30 * time.Second
	}
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a, err := m.Asker.Ask(asking, in.Name, given)
	if err != nil {
		return nil, refusal(ctx, m.Log, err)
	}
	if err := m.record(ctx, in, a); err != nil {
		return nil, unrecorded(ctx, m.Log, err)
	}
	return written(ctx, a, in.Format, in.Purpose)
}

// mayTake refuses a copy to whoever has not given a second factor lately. JSON is
// what a page shows; the other formats are taken away (B-63).
func mayTake(ctx context.Context, format string) error {
	if format == string(ask.JSON) {
		return nil
	}
	return problem.Denied(actor.NeedStrong(ctx, time.Now()))
}

// written is an answer in its format. A copy that is taken away says in itself
// who took it, when and why.
func written(ctx context.Context, a *ask.Answer, format, purpose string) (*askOutput, error) {
	var b bytes.Buffer
	f := ask.Format(format)
	err := a.WriteStamped(&b, f, ask.Stamp{
		By: actor.From(ctx).ID, At: time.Now(), Purpose: purpose, Request: problem.RequestID(ctx),
	})
	if err != nil {
		return nil, fmt.Errorf("auditor: %w", err)
	}
	out := &askOutput{ContentType: f.Media(), Body: b.Bytes()}
	if f != ask.JSON {
		out.Disposition = fmt.Sprintf("attachment; filename=%q", a.Question.Name+"."+format)
	}
	return out, nil
}

// readAs is what the access log calls a read: a copy taken away is more than a
// look.
func readAs(action, format string) string {
	if format == string(ask.JSON) {
		return action
	}
	return action + "." + format
}

// referenced are the purposes that say which incident, request or authority.
var referenced = []string{"incident", "rights", "authority"}

// purposeFits reports whether the log may be asked for that purpose: it
// is there for audits, incidents, people's rights and authorities, and for
// nothing else.
func purposeFits(purpose string) bool {
	code, ref, _ := strings.Cut(purpose, ":")
	return code == "audit" || slices.Contains(referenced, code) && strings.TrimSpace(ref) != ""
}

// mismatch refuses, and records that somebody asked.
func mismatch(ctx context.Context, access actor.Recorder, log zerolog.Logger, object, purpose string) error {
	err := access.RecordRead(ctx, actor.Read{Action: "audit.refused", Object: object, Purpose: purpose})
	if err != nil {
		log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("access record failed")
	}
	return problem.New(http.StatusForbidden, "PURPOSE_MISMATCH",
		"the log is asked for audit, or for incident:ID, rights:ID, authority:REFERENCE; for nothing else")
}

// copyNeeds describes what the formats that are taken away need.
const copyNeeds = "CSV and Parquet need a second factor given within the last quarter of an hour: otherwise 403 with the code STEP_UP."

// unrecorded refuses because a read could not be recorded.
func unrecorded(ctx context.Context, log zerolog.Logger, err error) error {
	log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("access record failed; nothing was shown")
	return problem.New(http.StatusServiceUnavailable, "ACCESS_LOG",
		"the access log cannot be written, and nothing about people is shown without a record; see /healthz")
}

// parameters takes name:value pairs apart. A comma in a value cannot be written,
// and no parameter needs one.
func parameters(set []string) (map[string]string, error) {
	given := map[string]string{}
	for _, s := range set {
		name, value, ok := strings.Cut(s, ":")
		if _, twice := given[name]; !ok || twice {
			return nil, problem.New(http.StatusUnprocessableEntity, "PARAMETER", fmt.Sprintf("set: %q is not name:value, or comes twice", s))
		}
		given[name] = value
	}
	return given, nil
}

// refusal says why the log did not answer.
func refusal(ctx context.Context, log zerolog.Logger, err error) error {
	switch {
	case errors.Is(err, ask.ErrUnknown):
		return problem.New(http.StatusNotFound, "NO_SUCH_QUESTION", strings.TrimPrefix(err.Error(), "ask: "))
	case errors.Is(err, ask.ErrParam):
		return problem.New(http.StatusUnprocessableEntity, "PARAMETER", strings.TrimPrefix(err.Error(), "ask: "))
	case errors.Is(err, context.DeadlineExceeded):
		return problem.New(http.StatusServiceUnavailable, "TOO_LONG", "the answer took too long; narrow the time with from and to")
	}
	log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("question failed")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}

// record keeps who asked what of whom, an empty answer included: it tells
// something too.
func (m *Questions) record(ctx context.Context, in *askInput, a *ask.Answer) error {
	subjects := a.Subjects()
	given := slices.Clone(in.Set)
	slices.Sort(given)
	query, err := json.Marshal(given)
	if err != nil {
		return err
	}
	return m.Access.RecordRead(ctx, actor.Read{
		Action: readAs("audit.ask", in.Format), Object: a.Question.Name, Purpose: in.Purpose, Query: query,
		Subjects: subjects, Count: len(subjects),
	})
}

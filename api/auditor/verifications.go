package auditor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/verify"
)

// Range is what is verified: numbers From to To of a chain, both included; 0
// means the first and the last.
type Range struct {
	Chain    string
	From, To uint64
}

// Verifier proves that rows of the log are whole, unaltered and in order.
type Verifier interface {
	// Verify tells progress as it goes, from the goroutine that called it, and
	// ends early when ctx does. It fails with ErrRange when there is no such
	// chain or range.
	Verify(ctx context.Context, r Range, progress func(rows, last uint64)) (verify.Report, error)
}

// ErrRange reports a chain or range that cannot be verified.
var ErrRange = errors.New("auditor: no such chain or range")

// Verifications serves bystander audit verify over HTTP, as an api.Module. A
// look at a whole log takes long: it tells how far it is, and ends when the
// reader goes away. One runs at a time, since it takes the store's and the
// machine's time from the cameras.
type Verifications struct {
	Verifier Verifier
	Access   actor.Recorder
	Log      zerolog.Logger
	Now      func() time.Time // time.Now when nil

	one sync.Mutex
}

// verifyFor bounds one verification.
const verifyFor = time.Hour

// tellEvery is how often progress is told.
const tellEvery = 200 * time.Millisecond

type verifyInput struct {
	Body struct {
		Chain   string `json:"chain" minLength:"1" maxLength:"255" doc:"The chain's id; GET /v1/audit/logs lists them"`
		From    uint64 `json:"from,omitempty" doc:"First number; the chain's first when left out"`
		To      uint64 `json:"to,omitempty" doc:"Last number; the chain's last when left out"`
		Purpose string `json:"purpose" minLength:"3" maxLength:"200" doc:"As with the questions"`
	}
}

// VerifyLine is one line of the answer: progress, then a report or what went
// wrong.
type VerifyLine struct {
	Type   string         `json:"type" enum:"progress,report,failed"`
	Rows   uint64         `json:"rows,omitempty" doc:"Numbers checked so far"`
	Last   uint64         `json:"last,omitempty" doc:"The number reached"`
	Report *verify.Report `json:"report,omitempty"`
	At     *time.Time     `json:"at,omitempty" doc:"When it was made"`
	By     string         `json:"by,omitempty" doc:"Who had it made"`
	Code   string         `json:"code,omitempty"`
	Detail string         `json:"detail,omitempty"`
}

// Patience implements api.Patient.
func (m *Verifications) Patience() map[string]time.Duration {
	return map[string]time.Duration{"/v1/audit/verifications": verifyFor}
}

// Register implements api.Module.
func (m *Verifications) Register(routes huma.API) {
	schema := routes.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[VerifyLine](), true, "VerifyLine")
	huma.Register(routes, huma.Operation{
		OperationID: "verify-log", Method: http.MethodPost, Path: "/v1/audit/verifications",
		Summary: "Verify a chain from one number to another", Tags: []string{"audit"}, Middlewares: problem.Need(readers...),
		Description: "Newline-delimited JSON: lines of progress, then one report or one failure. " +
			"Close the connection to cancel. One verification runs at a time.",
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
		Responses: map[string]*huma.Response{"200": {
			Description: "Progress and report", Content: map[string]*huma.MediaType{"application/x-ndjson": {Schema: schema}},
		}},
	}, m.verify)
}

func (m *Verifications) verify(ctx context.Context, in *verifyInput) (*huma.StreamResponse, error) {
	if !purposeFits(in.Body.Purpose) {
		return nil, mismatch(ctx, m.Access, m.Log, in.Body.Chain, in.Body.Purpose)
	}
	if in.Body.To > 0 && in.Body.From > in.Body.To {
		return nil, problem.New(http.StatusUnprocessableEntity, "RANGE", "from lies after to")
	}
	if !m.one.TryLock() {
		return nil, problem.New(http.StatusConflict, "BUSY", "another verification is running",
			problem.Reason{Code: "VERIFICATION_RUNS", Text: "one runs at a time: wait for its end, or have it cancelled"})
	}
	query := fmt.Appendf(nil, "%s %d %d", in.Body.Chain, in.Body.From, in.Body.To)
	if err := m.Access.RecordRead(ctx, actor.Read{Action: "audit.verify", Object: in.Body.Chain, Purpose: in.Body.Purpose, Query: query}); err != nil {
		m.one.Unlock()
		return nil, unrecorded(ctx, m.Log, err)
	}
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		defer m.one.Unlock()
		answer.SetHeader("Content-Type", "application/x-ndjson")
		answer.SetHeader("X-Accel-Buffering", "no")
		limited, cancel := context.WithTimeout(ctx, verifyFor)
		defer cancel()
		m.run(limited, lines{answer.BodyWriter()}, Range{in.Body.Chain, in.Body.From, in.Body.To})
	}}, nil
}

func (m *Verifications) run(ctx context.Context, out lines, r Range) {
	now := m.Now
	if now == nil {
		now = time.Now
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := now()
	report, err := m.Verifier.Verify(ctx, r, func(rows, last uint64) {
		if at := now(); !at.Before(next) {
			next = at.Add(tellEvery)
			if out.write(VerifyLine{Type: "progress", Rows: rows, Last: last}) != nil {
				cancel() // the reader has left
			}
		}
	})
	line := VerifyLine{Type: "failed", Code: "STORE", Detail: "the log cannot be read; see /healthz"}
	switch {
	case err == nil:
		at := now().UTC().Truncate(time.Millisecond)
		line = VerifyLine{Type: "report", Report: &report, At: &at, By: actor.From(ctx).ID}
	case ctx.Err() != nil:
		line.Code, line.Detail = "CANCELLED", "the verification was cancelled, or took longer than an hour"
	case errors.Is(err, ErrRange):
		line.Code, line.Detail = "RANGE", err.Error()
	default:
		m.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("a verification failed")
	}
	_ = out.write(line) // a reader that left needs none
}

// lines writes one JSON object a line, each at once.
type lines struct{ w io.Writer }

func (l lines) write(v VerifyLine) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := l.w.Write(append(b, '\n')); err != nil {
		return err
	}
	if f, ok := l.w.(http.Flusher); ok {
		f.Flush()
	}
	return nil
}

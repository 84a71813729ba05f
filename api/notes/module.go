package notes

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/internal/event"
)

// Config is what the module needs. Store and Access are required.
type Config struct {
	Store *Store
	// Access keeps the access log: each list of notes and each export is on it
	// before it is answered.
	Access actor.Recorder
	// Clips are the recordings; nil where nothing is recorded.
	Clips Clips
	// Record puts an event on the log and returns once it is on the disk.
	Record func(ctx context.Context, e event.Event) error
	// Key signs what is exported; its public half is the one that verifies
	// receipts. KeyID names it and Edge is the chain that it signs for.
	Key         ed25519.PrivateKey
	KeyID, Edge string
	Site        func() string
	Log         zerolog.Logger
	Now         func() time.Time
}

// Module serves /v1/notes and /v1/exports.
type Module struct {
	cfg Config
	log zerolog.Logger

	mu    sync.Mutex
	plans map[string]plan // exports that were prepared and not fetched yet
}

// New returns the module.
func New(cfg Config) *Module {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Site == nil {
		cfg.Site = func() string { return "" }
	}
	return &Module{cfg: cfg, log: cfg.Log.With().Str("component", "notes").Logger(), plans: map[string]plan{}}
}

// View is a note as readers see it.
type View struct {
	ID      string    `json:"id" format:"uuid"`
	Camera  string    `json:"camera"`
	At      time.Time `json:"at" doc:"The instant that it is about"`
	Event   string    `json:"event,omitempty" doc:"The event that it is about"`
	Text    string    `json:"text"`
	Author  string    `json:"author" doc:"Account id"`
	Written time.Time `json:"written"`
}

func view(n Note) View { return View(n) }

type notesInput struct {
	Camera string    `query:"camera" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
	Event  string    `query:"event" format:"uuid"`
	From   time.Time `query:"from" doc:"Only of instants at or after this time (RFC 3339)"`
	To     time.Time `query:"to" doc:"Only of instants before this time (RFC 3339)"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type notesOutput struct {
	Body struct {
		Notes []View `json:"notes" nullable:"false" doc:"By instant, newest first"`
		More  bool   `json:"more" doc:"Whether there are older ones; ask with to= the last one's instant"`
	}
}

type noteWriteInput struct {
	Body struct {
		Camera string    `json:"camera" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
		At     time.Time `json:"at" doc:"The instant that it is about"`
		Event  string    `json:"event,omitempty" format:"uuid" doc:"The event that it is about"`
		Text   string    `json:"text" minLength:"1" maxLength:"1000" doc:"What was seen or done. Names do not belong here."`
	}
}

type noteWriteOutput struct{ Body View }

// Register implements api.Module.
func (m *Module) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "list-notes", Method: http.MethodGet, Path: "/v1/notes",
		Summary: "Operators' notes", Description: "On the access log before it is answered.",
		Tags: []string{"notes"}, Middlewares: problem.Need(actor.Operator, actor.Auditor),
		Errors: []int{http.StatusServiceUnavailable},
	}, m.list)
	huma.Register(routes, huma.Operation{
		OperationID: "write-note", Method: http.MethodPost, Path: "/v1/notes",
		Summary: "Write a note on an event or an instant", DefaultStatus: http.StatusCreated,
		Description: "Kept sealed for 180 days. It cannot be changed; write another one.",
		Tags:        []string{"notes"}, Middlewares: problem.Need(actor.Operator),
		Errors: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, m.write)
	m.registerExports(routes)
}

func (m *Module) list(ctx context.Context, in *notesInput) (*notesOutput, error) {
	found, err := m.cfg.Store.List(ctx, Query{Camera: in.Camera, Event: in.Event, From: in.From, To: in.To, Limit: in.Limit + 1})
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	out := &notesOutput{}
	out.Body.Notes = []View{}
	if out.Body.More = len(found) > in.Limit; out.Body.More {
		found = found[:in.Limit]
	}
	for _, n := range found {
		out.Body.Notes = append(out.Body.Notes, view(n))
	}
	if len(found) == 0 {
		return out, nil
	}
	err = m.cfg.Access.RecordRead(ctx, actor.Read{
		Action: "notes.list", Object: in.Event, Purpose: "incident",
		Query: []byte(strings.Join([]string{in.Camera, in.Event, stamp(in.From), stamp(in.To)}, "\n")),
	})
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	return out, nil
}

func (m *Module) write(ctx context.Context, in *noteWriteInput) (*noteWriteOutput, error) {
	who := actor.From(ctx)
	text := strings.TrimSpace(in.Body.Text)
	if text == "" || utf8.RuneCountInString(text) > MaxText || strings.ContainsFunc(text, unprintable) {
		return nil, problem.New(http.StatusUnprocessableEntity, "NOTE_TEXT",
			"a note holds 1 to 1,000 characters and no control characters but line breaks")
	}
	now := m.cfg.Now()
	if in.Body.At.IsZero() || in.Body.At.After(now.Add(time.Minute)) {
		return nil, problem.New(http.StatusUnprocessableEntity, "NOTE_TIME", "a note is about an instant that has been")
	}
	// Who wrote when is on the access log before the note is there to be read.
	err := m.cfg.Access.RecordRead(ctx, actor.Read{
		Action: "notes.write", Object: in.Body.Event, Purpose: "incident", Query: []byte(in.Body.Camera + "\n" + stamp(in.Body.At)),
	})
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	n, err := m.cfg.Store.Add(ctx, Note{
		Camera: in.Body.Camera, At: in.Body.At, Event: in.Body.Event, Text: text, Author: who.ID, Written: now,
	})
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	return &noteWriteOutput{Body: view(n)}, nil
}

// unprintable reports what could hide part of a text.
func unprintable(r rune) bool {
	return r != '\n' && r != '\r' && r != '\t' && (unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// failed answers for what should not happen; the log alone says what it was.
func (m *Module) failed(ctx context.Context, err error) error {
	m.log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("answer failed")
	return problem.New(http.StatusServiceUnavailable, "STORE", "a store did not answer, or the access log could not be written; try again")
}

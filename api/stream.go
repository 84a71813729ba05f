package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"bystander/api/actor"
	"bystander/api/problem"
)

const (
	streamTick   = time.Second      // cameras are looked at this often
	statusEvery  = 5                // ticks between looks at the status
	heartbeat    = 15 * time.Second // proxies close what is silent for long
	streamBatch  = 100              // events a read of the log
	streamBehind = 1000             // events a reader may have missed before it starts anew
)

type streamInput struct {
	withRequest
	Camera string `query:"camera" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"Only this camera"`
	After  string `query:"after" maxLength:"128" pattern:"^[A-Za-z0-9._:-]+$" doc:"Begin after this cursor instead of now"`
	// A browser sends it when it takes up a broken stream.
	LastEventID string `header:"Last-Event-ID" maxLength:"128" doc:"Takes precedence over after="`
}

// StreamReset tells a reader to read everything anew and then follow on.
type StreamReset struct {
	Cursor Cursor `json:"cursor" doc:"Where the stream goes on"`
}

// StreamGone tells that a camera was removed.
type StreamGone struct {
	ID string `json:"id"`
}

// StreamProblem ends a stream.
type StreamProblem struct {
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
}

func (a *API) registerStream() {
	reg := a.huma.OpenAPI().Components.Schemas
	var kinds []*huma.Schema
	for _, v := range []any{Camera{}, StreamGone{}, Event{}, Status{}, StreamReset{}, StreamProblem{}} {
		kinds = append(kinds, reg.Schema(reflect.TypeOf(v), true, ""))
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: "stream", Method: http.MethodGet, Path: "/v1/stream",
		Summary: "What changes, as it happens",
		Description: "Server-sent events: `camera` (each camera at most once a second), `camera_gone` (one was removed), `status`, `event` (with its cursor as id), " +
			"`reset` (too much was missed: read /v1/events anew) and `problem` (the stream ends). " +
			"A batch that holds events linked to a person is recorded in the access log first.",
		Tags: []string{"stream"}, Middlewares: problem.Need(toFollow...),
		Errors: []int{http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{"200": {
			Description: "The stream", Content: map[string]*huma.MediaType{
				"text/event-stream": {Schema: &huma.Schema{OneOf: kinds}},
			},
		}},
	}, a.openStream)
}

// cursorForm is what a cursor may look like, wherever it comes from.
func cursorForm() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`) }

func (a *API) openStream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	after := Cursor(in.After)
	if cursorForm().MatchString(in.LastEventID) {
		after = Cursor(in.LastEventID)
	}
	if after == "" {
		var err error
		if after, err = a.back.Events.NewestCursor(ctx); err != nil {
			return nil, a.answerRequest(in.r, err)
		}
	}
	select {
	case <-a.ending:
		return nil, huma.Error503ServiceUnavailable("the program is ending")
	default:
	}
	select {
	case a.streams <- struct{}{}:
	default:
		return nil, huma.Error503ServiceUnavailable(fmt.Sprintf("%d readers are connected already; close another one", MaxStreams))
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		a.metrics.streams.Inc()
		defer func() { a.metrics.streams.Dec(); <-a.streams }()
		r, w := humachi.Unwrap(hctx)
		if r.Method == http.MethodHead {
			return
		}
		s := &streamer{
			a: a, r: r, w: w, rc: http.NewResponseController(w),
			camera: in.Camera, after: after, sent: map[string][]byte{},
		}
		s.run(ctx) // the request's: it lives until this returns
	}}, nil
}

// streamer is one reader of /v1/stream. It holds no queue: events are read
// from the log when the reader can take them, so a slow reader costs nothing
// and misses nothing.
type streamer struct {
	a      *API
	r      *http.Request
	w      http.ResponseWriter
	rc     *http.ResponseController
	camera string
	after  Cursor
	sent   map[string][]byte // what the reader knows, by camera id; "" is the status
	buf    bytes.Buffer
	quiet  time.Time // when something was last written
}

// run writes until the reader leaves, the program ends or something fails.
func (s *streamer) run(ctx context.Context) {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	_ = s.rc.SetReadDeadline(time.Time{}) // the request is read; the stream has no end of its own
	s.buf.WriteString("retry: 2000\n\n")
	err := s.loop(ctx)
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, errAccess):
		s.problem(ctx, http.StatusServiceUnavailable, accessFailed)
	case errors.Is(err, errWrite):
	case errors.Is(err, errOver):
		s.problem(ctx, http.StatusUnauthorized, "the session is over; sign in again")
	default:
		s.a.log.Error().Err(err).Str("request_id", requestID(ctx)).Msg("stream failed")
		s.problem(ctx, http.StatusServiceUnavailable, "the store or a camera did not answer; see /healthz")
	}
}

func (s *streamer) loop(ctx context.Context) error {
	tick := time.NewTicker(streamTick)
	defer tick.Stop()
	for n := 0; ; n++ {
		if !s.a.valid(ctx, actor.From(ctx)) {
			return errOver
		}
		if err := s.cameras(ctx); err != nil {
			return err
		}
		if n%statusEvery == 0 {
			if err := s.status(ctx); err != nil {
				return err
			}
		}
		// New events are sent at once; cameras wait for the tick.
		for waiting := true; waiting; {
			changed := s.a.back.Events.Changed()
			if err := s.events(ctx); err != nil {
				return err
			}
			if err := s.flush(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-s.a.ending:
				return nil
			case <-changed:
			case <-tick.C:
				waiting = false
			}
		}
	}
}

func (s *streamer) cameras(ctx context.Context) error {
	cams, err := s.a.back.Cameras.Cameras(ctx)
	if err != nil {
		return fmt.Errorf("api: stream: cameras: %w", err)
	}
	here := map[string]bool{}
	for _, c := range cams {
		if s.camera != "" && c.ID != s.camera {
			continue
		}
		here[cameraKey+c.ID] = true
		if err := s.changed("camera", cameraKey+c.ID, c.normal()); err != nil {
			return err
		}
	}
	return s.gone(here)
}

// cameraKey begins the names under which a reader's cameras are noted.
const cameraKey = "camera/"

// gone tells of the cameras that the reader knows and that are here no more.
func (s *streamer) gone(here map[string]bool) error {
	for _, key := range slices.Sorted(maps.Keys(s.sent)) {
		id, ok := strings.CutPrefix(key, cameraKey)
		if !ok || here[key] {
			continue
		}
		b, err := json.Marshal(StreamGone{ID: id})
		if err != nil {
			return fmt.Errorf("api: stream: camera: %w", err)
		}
		delete(s.sent, key)
		s.add("camera_gone", "", b)
	}
	return nil
}

func (s *streamer) status(ctx context.Context) error {
	st, err := s.a.back.Site.Status(ctx)
	if err != nil {
		return fmt.Errorf("api: stream: status: %w", err)
	}
	return s.changed("status", "status", st.normal())
}

// changed adds v unless the reader has it already.
func (s *streamer) changed(event, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("api: stream: %s: %w", event, err)
	}
	if bytes.Equal(s.sent[key], b) {
		return nil
	}
	s.sent[key] = b
	s.add(event, "", b)
	return nil
}

// events sends what the log holds after the reader's place.
func (s *streamer) events(ctx context.Context) error {
	for n := 0; ; n += streamBatch {
		batch, err := s.a.back.Events.EventsAfter(ctx, s.after, streamBatch)
		if errors.Is(err, ErrCursor) || n >= streamBehind {
			return s.reset(ctx)
		}
		if err != nil {
			return fmt.Errorf("api: stream: events: %w", err)
		}
		if len(batch) == 0 {
			return nil
		}
		last := batch[len(batch)-1].Cursor
		if s.camera != "" {
			batch = slices.DeleteFunc(slices.Clone(batch), func(e Event) bool { return e.Camera != s.camera })
		}
		if err := s.a.recordEvents(s.r, AccessEventStream, s.camera, batch); err != nil {
			return err
		}
		for _, e := range batch {
			b, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("api: stream: event: %w", err)
			}
			s.add("event", string(e.Cursor), b)
		}
		s.after = last
		if err := s.flush(); err != nil {
			return err
		}
	}
}

// reset moves a reader that missed too much to the present.
func (s *streamer) reset(ctx context.Context) error {
	newest, err := s.a.back.Events.NewestCursor(ctx)
	if err != nil {
		return fmt.Errorf("api: stream: newest: %w", err)
	}
	s.after = newest
	b, err := json.Marshal(StreamReset{Cursor: newest})
	if err != nil {
		return fmt.Errorf("api: stream: reset: %w", err)
	}
	s.add("reset", string(newest), b)
	return nil
}

func (s *streamer) problem(ctx context.Context, status int, detail string) {
	b, err := json.Marshal(StreamProblem{Status: status, Detail: detail, RequestID: requestID(ctx)})
	if err == nil {
		s.add("problem", "", b)
		err = s.flush()
	}
	if err != nil {
		s.a.log.Debug().Err(err).Msg("stream problem not written")
	}
}

// add puts one message into the buffer. JSON holds no line break, so one data
// line suffices.
func (s *streamer) add(event, id string, data []byte) {
	if id != "" {
		fmt.Fprintf(&s.buf, "id: %s\n", id)
	}
	fmt.Fprintf(&s.buf, "event: %s\ndata: %s\n\n", event, data)
}

var (
	errWrite = errors.New("api: reader gone")
	errOver  = errors.New("api: the reader's session is over")
)

// flush writes what was added, or a heartbeat when nothing was for long.
func (s *streamer) flush() error {
	now := time.Now()
	if s.buf.Len() == 0 {
		if now.Sub(s.quiet) < heartbeat {
			return nil
		}
		s.buf.WriteString(": still here\n\n")
	}
	s.quiet = now
	extend(s.rc)
	_, err := s.w.Write(s.buf.Bytes())
	s.buf.Reset()
	if err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	if err := s.rc.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}

package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"bystander/api/problem"
)

type recordingsInput struct {
	withRequest
	Camera string    `query:"camera" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
	From   time.Time `query:"from" doc:"Only recordings that reach beyond this time (RFC 3339)"`
	To     time.Time `query:"to" doc:"Only recordings that begin before this time (RFC 3339)"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type recordingsOutput struct {
	Body struct {
		Recordings []Recording `json:"recordings" nullable:"false" doc:"Newest first"`
		More       bool        `json:"more" doc:"Whether older ones follow; ask with to= the last one's beginning"`
	}
}

type videoInput struct {
	withRequest
	ID string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
}

func (a *API) registerRecordings() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "list-recordings", Method: http.MethodGet, Path: "/v1/recordings",
		Summary: "Redacted recordings, newest first", Tags: []string{"recordings"}, Middlewares: problem.Need(toWatch...),
		Errors: []int{http.StatusServiceUnavailable},
	}, a.listRecordings)
	huma.Register(a.huma, huma.Operation{
		OperationID: "get-recording-video", Method: http.MethodGet, Path: "/v1/recordings/{id}/video",
		Summary:     "A recording's redacted video",
		Description: "Takes Range requests. Each read is recorded in the access log first; when that fails there is no answer (503).",
		Tags:        []string{"recordings"}, Middlewares: problem.Need(toWatch...),
		Errors: []int{http.StatusNotFound, http.StatusGone, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{
			"200": {Description: "The whole video", Content: map[string]*huma.MediaType{"video/mp4": {Schema: binarySchema()}}},
			"206": {Description: "The asked-for range", Content: map[string]*huma.MediaType{"video/mp4": {Schema: binarySchema()}}},
		},
	}, a.video)
}

func binarySchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary"}
}

func (a *API) listRecordings(ctx context.Context, in *recordingsInput) (*recordingsOutput, error) {
	if !in.From.IsZero() && !in.To.IsZero() && in.To.Before(in.From) {
		return nil, huma.Error422UnprocessableEntity("to= lies before from=")
	}
	recs, err := a.back.Recordings.Recordings(ctx, RecordingQuery{
		Camera: in.Camera, From: in.From, To: in.To, Limit: in.Limit,
	})
	if err != nil {
		return nil, a.answerRequest(in.r, err)
	}
	out := &recordingsOutput{}
	out.Body.Recordings = append([]Recording{}, recs[:min(len(recs), in.Limit)]...)
	out.Body.More = len(recs) >= in.Limit
	return out, nil
}

func (a *API) video(ctx context.Context, in *videoInput) (*huma.StreamResponse, error) {
	f, err := a.back.Recordings.OpenRecording(ctx, in.ID)
	if err != nil {
		return nil, a.answerRequest(in.r, err)
	}
	err = a.record(in.r, Access{Action: AccessRecording, Camera: f.Camera, Object: in.ID})
	if err != nil {
		a.closeRecording(f, in.ID)
		return nil, a.answerRequest(in.r, err)
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer a.closeRecording(f, in.ID)
		r, w := humachi.Unwrap(hctx)
		h := w.Header()
		h.Set("Content-Type", "video/mp4")
		h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name}))
		if f.Complete {
			// A finished file never changes. It may be kept by this reader's
			// browser only, and not past a minute: each play leaves a record.
			h.Set("Cache-Control", "private, max-age=60")
			h.Set("ETag", fmt.Sprintf("%q", in.ID))
		}
		mod := f.ModTime
		if !f.Complete {
			mod = time.Time{} // it grows; a cached part must not be joined to it
		}
		http.ServeContent(deadlineWriter{w, http.NewResponseController(w)}, r, f.Name, mod, f)
	}}, nil
}

func (a *API) closeRecording(f RecordingFile, id string) {
	if err := f.Close(); err != nil {
		a.log.Warn().Err(err).Str("recording", id).Msg("close recording")
	}
}

// deadlineWriter gives each write its own deadline, so that a long video may
// take its time but a reader that stopped reading may not.
type deadlineWriter struct {
	http.ResponseWriter
	rc *http.ResponseController
}

const writePatience = 20 * time.Second

// Write implements io.Writer.
func (d deadlineWriter) Write(p []byte) (int, error) {
	extend(d.rc)
	return d.ResponseWriter.Write(p)
}

// extend moves the write deadline. A writer without deadlines (in tests) needs
// none, so its error is no matter.
func extend(rc *http.ResponseController) {
	_ = rc.SetWriteDeadline(time.Now().Add(writePatience))
}

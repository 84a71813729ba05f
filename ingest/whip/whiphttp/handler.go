// Package whiphttp is the HTTP side of publishing cameras: WHIP (RFC 9725). It
// passes offers to the camera's source, whose worker answers them.
package whiphttp

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"bystander/ingest"
	"bystander/ingest/whip"
	"bystander/internal/rtc"
)

const (
	// MaxOffer is the greatest size of an SDP offer in bytes.
	MaxOffer     = 64 << 10
	offerTimeout = 8 * time.Second
)

// Negotiator answers offers; ingest.Source is one. It fails with
// ingest.ErrNotSupported for a camera that nobody can publish to.
type Negotiator interface {
	Negotiate(ctx context.Context, offer string) (answer string, err error)
}

// Handler serves under a path prefix:
//
//	POST    {prefix}{camera}            offer → 201, answer, Location of the session
//	DELETE  {prefix}{camera}/{session}  ends it → 200
//	OPTIONS either                      → 204 with Accept-Post
//
// Who may publish is for the caller to settle before this handler. It sends no
// CORS headers: pages of other origins can't use it.
type Handler struct {
	prefix string
	lookup func(camera string) (Negotiator, bool)

	mu       sync.Mutex
	sessions map[string]string // by camera, the publisher who came last
}

// New returns the handler for paths below prefix, such as "/whip/". lookup
// finds a camera; it is called for each request.
func New(prefix string, lookup func(camera string) (Negotiator, bool)) *Handler {
	return &Handler{
		prefix: "/" + strings.Trim(prefix, "/") + "/", lookup: lookup, sessions: map[string]string{},
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, h.prefix)
	camera, session, isSession := strings.Cut(rest, "/")
	w.Header().Set("Cache-Control", "no-store")
	source, known := h.lookup(camera)
	if !ok || !known {
		fail(w, http.StatusNotFound, "no such camera; cameras are published at "+h.prefix+"{camera}")
		return
	}
	own := http.MethodPost
	if isSession {
		own = http.MethodDelete
	}
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Accept-Post", rtc.MediaSDP)
		w.Header().Set("Allow", own+", OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	case own:
		if isSession {
			h.end(w, r, camera, session, source)
		} else {
			h.post(w, r, camera, source)
		}
	default:
		w.Header().Set("Allow", own+", OPTIONS")
		fail(w, http.StatusMethodNotAllowed, "this address takes "+own+"; candidates are complete in the answer")
	}
}

func (h *Handler) end(w http.ResponseWriter, r *http.Request, camera, session string, source Negotiator) {
	h.mu.Lock()
	current := h.sessions[camera] == session
	if current {
		delete(h.sessions, camera)
	}
	h.mu.Unlock()
	if !current {
		fail(w, http.StatusNotFound, "no such session; it may be over already")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), offerTimeout)
	defer cancel()
	if _, err := source.Negotiate(ctx, whip.HangUp); err != nil && ingest.CodeOf(err, "") != ingest.CodeLost {
		fail(w, http.StatusServiceUnavailable, "the camera did not hang up; close the connection")
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request, camera string, source Negotiator) {
	offer, ok := rtc.ReadOffer(w, r, MaxOffer)
	if !ok {
		return
	}
	if offer == whip.HangUp {
		fail(w, http.StatusBadRequest, "that is no SDP offer")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), offerTimeout)
	defer cancel()
	answer, err := source.Negotiate(ctx, offer)
	if err != nil {
		code, text := explain(err)
		if code == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "2")
		}
		fail(w, code, text)
		return
	}
	session := rand.Text()
	h.mu.Lock()
	h.sessions[camera] = session
	h.mu.Unlock()
	w.Header().Set("Content-Type", rtc.MediaSDP)
	w.Header().Set("Location", h.prefix+url.PathEscape(camera)+"/"+session)
	w.Header().Set("ETag", `"`+session+`"`) // of the ICE session; some publishers insist
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // a publisher who has gone sends nothing and is forgotten
}

// explain turns an error into a status code and words for the publisher.
func explain(err error) (int, string) {
	if errors.Is(err, ingest.ErrNotSupported) {
		return http.StatusConflict, "this camera is not one to publish to; its driver must be whip"
	}
	var e *ingest.Error
	if !errors.As(err, &e) {
		return http.StatusServiceUnavailable, "the camera gave no answer; try again"
	}
	switch e.Code {
	case ingest.CodeUnsupportedCodec, ingest.CodeNoVideo:
		return http.StatusNotAcceptable, e.Text
	case ingest.CodeConfig:
		return http.StatusBadRequest, e.Text
	default:
		return http.StatusServiceUnavailable, e.Text
	}
}

func fail(w http.ResponseWriter, code int, text string) { http.Error(w, text, code) }

package live

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bystander/internal/rtc"
)

const (
	offerTimeout = 5 * time.Second
)

// trickleSDP is the form of trickled candidates (RFC 8840).
const trickleSDP = "application/trickle-ice-sdpfrag"

// Handler serves WHEP (draft-ietf-wish-whep) under a path prefix:
//
//	POST    {prefix}{camera}            offer → 201, answer, Location of the session;
//	                                    ?size=small begins with the small rendition
//	PATCH   {prefix}{camera}/{session}  ?size=small or ?size=full: changes over → 204
//	DELETE  {prefix}{camera}/{session}  ends it → 200
//	OPTIONS either                      → 204 with Accept-Post
//
// Candidates are complete in the answer. The hub is ICE lite and learns a
// viewer's addresses from its checks, so a PATCH with further candidates is
// acknowledged with 204 and not needed; there is no ICE restart. Who may
// watch is for the caller to settle before this handler. It sends no CORS
// headers: pages of other origins can't use it.
type Handler struct {
	hub    *Hub
	prefix string
}

// NewHandler returns the handler for paths below prefix, such as "/whep/".
func NewHandler(h *Hub, prefix string) *Handler {
	return &Handler{hub: h, prefix: "/" + strings.Trim(prefix, "/") + "/"}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, h.prefix)
	if !ok || rest == "" {
		fail(w, http.StatusNotFound, "no such page; live views are at "+h.prefix+"{camera}")
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if camera, session, ok := strings.Cut(rest, "/"); ok {
		h.session(w, r, camera, session)
		return
	}
	h.endpoint(w, r, rest)
}

func (h *Handler) endpoint(w http.ResponseWriter, r *http.Request, camera string) {
	switch r.Method {
	case http.MethodPost:
		h.post(w, r, camera)
	case http.MethodOptions:
		w.Header().Set("Accept-Post", rtc.MediaSDP)
		w.Header().Set("Allow", "OPTIONS, POST")
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "OPTIONS, POST")
		fail(w, http.StatusMethodNotAllowed, "a live view takes POST with an SDP offer")
	}
}

func (h *Handler) session(w http.ResponseWriter, r *http.Request, camera, session string) {
	switch r.Method {
	case http.MethodDelete:
		if err := h.hub.End(camera, session); err != nil {
			fail(w, http.StatusNotFound, "no such session; it may be over already")
			return
		}
		w.WriteHeader(http.StatusOK)
	case http.MethodPatch:
		h.patch(w, r, camera, session)
	case http.MethodOptions:
		w.Header().Set("Allow", "DELETE, OPTIONS, PATCH")
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "DELETE, OPTIONS, PATCH")
		fail(w, http.StatusMethodNotAllowed, "a session takes DELETE, and PATCH with candidates")
	}
}

// patch takes further candidates of a viewer who trickles them.
func (h *Handler) patch(w http.ResponseWriter, r *http.Request, camera, session string) {
	if size := r.URL.Query().Get("size"); size != "" {
		if err := h.hub.Resize(camera, session, RenditionOf(size)); err != nil {
			fail(w, http.StatusNotFound, "no such session; it may be over already")
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || media != trickleSDP:
		fail(w, http.StatusUnsupportedMediaType, "candidates come as "+trickleSDP)
	case !h.hub.Has(camera, session):
		fail(w, http.StatusNotFound, "no such session; it may be over already")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request, camera string) {
	offer, ok := rtc.ReadOffer(w, r, MaxOffer)
	if !ok {
		return
	}
	if !accepts(r.Header.Values("Accept")) {
		fail(w, http.StatusNotAcceptable, "the answer is "+rtc.MediaSDP+"; accept that")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), offerTimeout)
	defer cancel()
	session, answer, err := h.hub.OfferAs(ctx, camera, offer, RenditionOf(r.URL.Query().Get("size")))
	if err != nil {
		code, text := Explain(err)
		if code == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "5")
		}
		fail(w, code, text)
		return
	}
	w.Header().Set("Content-Type", rtc.MediaSDP)
	w.Header().Set("Location", h.prefix+url.PathEscape(camera)+"/"+session)
	w.Header().Set("ETag", `"`+session+`"`) // of the ICE session; some viewers insist
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // a viewer who has gone is removed by its time limit
}

// accepts reports whether an Accept header, if any, lets SDP through.
func accepts(values []string) bool {
	if len(values) == 0 {
		return true
	}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		t, p, err := mime.ParseMediaType(part)
		if err != nil || (t != rtc.MediaSDP && t != "application/*" && t != "*/*") {
			continue
		}
		if q, err := strconv.ParseFloat(p["q"], 64); p["q"] == "" || err == nil && q > 0 {
			return true
		}
	}
	return false
}

// Explain turns an error into a status code and words for the viewer.
func Explain(err error) (int, string) {
	switch {
	case errors.Is(err, ErrUnknownCamera):
		return http.StatusNotFound, "no such camera, or it has no live view now"
	case errors.Is(err, ErrTooManyViewers):
		return http.StatusServiceUnavailable, ErrTooManyViewers.Error()
	case errors.Is(err, ErrNoCodec):
		return http.StatusNotAcceptable, ErrNoCodec.Error()
	case errors.Is(err, ErrBadOffer):
		return http.StatusBadRequest, ErrBadOffer.Error()
	default:
		return http.StatusServiceUnavailable, "the live view is not available now; try again"
	}
}

func fail(w http.ResponseWriter, code int, text string) { http.Error(w, text, code) }

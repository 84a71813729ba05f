package calls

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/rs/zerolog"

	"bystander/api/peer/line"
	"bystander/api/problem"
)

// Media types of offers and answers, and of candidates that follow (RFC 8840).
const (
	mediaSDP   = "application/sdp"
	trickleSDP = "application/trickle-ice-sdpfrag"
)

// Door serves WHEP for the cameras of edges, as sink/live does for those of this
// machine, under the same paths. Who may watch, and the record of it, are settled
// before; it answers with problems.
type Door struct {
	board  *Board
	prefix string
	log    zerolog.Logger
}

// NewDoor returns the handler for paths below prefix, such as "/whep/".
func NewDoor(b *Board, prefix string, log zerolog.Logger) *Door {
	return &Door{board: b, prefix: "/" + strings.Trim(prefix, "/") + "/", log: log}
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	rest, ok := strings.CutPrefix(r.URL.Path, d.prefix)
	if !ok || rest == "" {
		refuse(w, r, problem.New(http.StatusNotFound, "NO_CAMERA", "no such page; live views are at "+d.prefix+"{camera}"))
		return
	}
	camera, view, session := strings.Cut(rest, "/")
	allow := "OPTIONS, POST"
	if session {
		allow = "DELETE, OPTIONS, PATCH"
	}
	switch {
	case r.Method == http.MethodOptions:
		if !session {
			w.Header().Set("Accept-Post", mediaSDP)
		}
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
	case !session && r.Method == http.MethodPost:
		d.open(w, r, camera)
	case session && r.Method == http.MethodDelete:
		d.settle(w, r, http.StatusOK, d.board.End(camera, view))
	case session && r.Method == http.MethodPatch:
		d.patch(w, r, camera, view)
	default:
		w.Header().Set("Allow", allow)
		refuse(w, r, problem.New(http.StatusMethodNotAllowed, "METHOD", "a live view takes POST with an offer, and its session PATCH and DELETE"))
	}
}

// open has an edge answer an offer.
func (d *Door) open(w http.ResponseWriter, r *http.Request, camera string) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != mediaSDP {
		w.Header().Set("Accept-Post", mediaSDP)
		refuse(w, r, problem.New(http.StatusUnsupportedMediaType, "MEDIA_TYPE", "send the offer as "+mediaSDP))
		return
	}
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, line.MaxSDP))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		refuse(w, r, problem.New(http.StatusRequestEntityTooLarge, "OFFER_TOO_LARGE", fmt.Sprintf("an offer has at most %d bytes", line.MaxSDP)))
		return
	case err != nil:
		refuse(w, r, problem.New(http.StatusBadRequest, "OFFER_CUT", "the offer broke off"))
		return
	}
	id, answer, err := d.board.Open(r.Context(), camera, sizeOf(r), string(offer))
	if err != nil {
		d.fail(w, r, camera, err)
		return
	}
	w.Header().Set("Content-Type", mediaSDP)
	w.Header().Set("Location", d.prefix+url.PathEscape(camera)+"/"+id)
	w.Header().Set("ETag", `"`+id+`"`) // of the ICE session; some viewers insist
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // the edge removes a viewer who never connects
}

// sizeOf reads size=; anything but small is as the camera sends it.
func sizeOf(r *http.Request) string {
	if r.URL.Query().Get("size") == "small" {
		return "small"
	}
	return ""
}

// patch changes a view's size; further candidates are acknowledged, and not needed.
func (d *Door) patch(w http.ResponseWriter, r *http.Request, camera, view string) {
	if r.URL.Query().Get("size") != "" {
		d.settle(w, r, http.StatusNoContent, d.board.Resize(camera, view, sizeOf(r)))
		return
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != trickleSDP {
		refuse(w, r, problem.New(http.StatusUnsupportedMediaType, "MEDIA_TYPE", "candidates come as "+trickleSDP))
		return
	}
	err := ErrView
	if d.board.Has(camera, view) {
		err = nil
	}
	d.settle(w, r, http.StatusNoContent, err)
}

func (d *Door) settle(w http.ResponseWriter, r *http.Request, status int, err error) {
	if err != nil {
		d.fail(w, r, "", err)
		return
	}
	w.WriteHeader(status)
}

// fail says why there is no view, and what can be done.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, camera string, err error) {
	if r.Context().Err() != nil {
		return // nobody reads it
	}
	p := Explain(err)
	if p.Status >= http.StatusInternalServerError {
		d.log.Warn().Err(err).Str("camera", camera).Msg("a live view could not begin")
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	refuse(w, r, p)
}

// Explain turns an error into words for whoever asked, without the request's id.
func Explain(err error) *problem.Problem {
	var no *Refusal
	for _, k := range []struct {
		err    error
		status int
		code   string
		text   string
	}{
		{ErrCamera, http.StatusNotFound, "NO_CAMERA", "there is no such camera"},
		{ErrView, http.StatusNotFound, "NO_VIEW", "no such view; it may be over already"},
		{ErrTwice, http.StatusConflict, "EDGE_TWICE", "two edges say that they have this camera; an administrator gives one of them another id"},
		{ErrAway, http.StatusServiceUnavailable, "EDGE_AWAY", "the edge that has this camera is not heard of now; the health page says since when"},
		{ErrOld, http.StatusServiceUnavailable, "EDGE_OLD", "the edge that has this camera runs an older release, which shows no live pictures; an administrator upgrades it"},
		{ErrBusy, http.StatusServiceUnavailable, "EDGE_BUSY", "the edge that has this camera has too much to do; try again"},
		{ErrSlow, http.StatusGatewayTimeout, "EDGE_SLOW", "the edge that has this camera did not answer in time; try again"},
		{ErrAnswer, http.StatusBadGateway, "EDGE_ANSWER", "what the edge answered cannot be used; its log says more"},
	} {
		if errors.Is(err, k.err) {
			return problem.New(k.status, k.code, k.text)
		}
	}
	if errors.As(err, &no) {
		return problem.New(no.Status, "EDGE_REFUSED", no.Text)
	}
	return problem.New(http.StatusServiceUnavailable, "UNAVAILABLE", "the live view is not available now; try again")
}

func refuse(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	p.RequestID = problem.RequestID(r.Context())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a reader that left needs no answer
}

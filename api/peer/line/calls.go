package line

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Paths of what the control asks of an edge. The edge asks for it: nobody dials an
// edge.
const (
	PathCalls  = "/peer/v1/calls"  // how the cameras are; and what is to be done, once there is something
	PathAnswer = "/peer/v1/answer" // what came of one call
)

// HoldTime is how long a control lets an edge wait for something to do.
const HoldTime = 2 * time.Second

// Bounds of calls.
const (
	MaxReport = 1 << 20  // of a request that reports cameras
	MaxReply  = 8 << 20  // of a request that answers a call
	MaxStill  = 5 << 20  // of one picture
	MaxSDP    = 64 << 10 // of an offer or an answer
	MaxViews  = 512      // of one edge
)

// CallsRequest says how an edge's cameras are and which views run there, and asks
// what there is to do.
type CallsRequest struct {
	Cameras []CameraState `json:"cameras"`
	Views   []string      `json:"views"` // that the control began, and that run
}

// CallsAnswer says which views may go on, and what is to be done besides. A view
// that it does not name ends, and every view once the term has passed without
// another answer.
type CallsAnswer struct {
	TermMS int64  `json:"term_ms"` // from when the edge asked
	Views  []View `json:"views"`
	Calls  []Call `json:"calls,omitempty"`
}

// View is somebody who watches a camera, or is about to.
type View struct {
	ID   string `json:"id"`
	Size string `json:"size,omitempty"` // small, or as the camera sends it
}

// Kinds of calls.
const (
	KindView  = "view"  // answer an offer (SDP) to watch a camera
	KindStill = "still" // one redacted picture on which nobody is clear
)

// Call is something that an edge is to do.
type Call struct {
	ID     string `json:"id"` // of a view: the view's, too
	Kind   string `json:"kind"`
	Camera string `json:"camera"`
	Size   string `json:"size,omitempty"`
	Offer  string `json:"offer,omitempty"` // SDP
}

// AnswerRequest is what came of a call: a status as of HTTP, and what it asked for.
type AnswerRequest struct {
	Call   string `json:"-"` // in the query, so that it is known before the rest is read
	Status int    `json:"status"`
	Text   string `json:"text,omitempty"`  // why not, for people
	SDP    string `json:"sdp,omitempty"`   // of a view
	Still  []byte `json:"still,omitempty"` // JPEG
}

// Bounded returns the same with its text cut.
func (r AnswerRequest) Bounded() AnswerRequest {
	r.Text = cut(r.Text)
	return r
}

// AnswerTaken is the control's yes to it.
type AnswerTaken struct{}

// CameraState is one camera as people see it on the wall: counts and states,
// nothing about a person.
type CameraState struct {
	ID     string    `json:"id"`
	Name   string    `json:"name,omitempty"`
	Driver string    `json:"driver,omitempty"`
	State  string    `json:"state"`
	Since  time.Time `json:"since"`
	Err    string    `json:"err,omitempty"`
	Code   string    `json:"code,omitempty"`
	// NextTry is when the next attempt is due.
	NextTry *time.Time `json:"next_try,omitempty"`

	Codec  string  `json:"codec,omitempty"`
	Width  int     `json:"width,omitempty"`
	Height int     `json:"height,omitempty"`
	FPS    float64 `json:"fps,omitempty"`
	Clock  string  `json:"clock,omitempty"`
	P50ms  float64 `json:"p50_ms,omitempty"` // delay
	P95ms  float64 `json:"p95_ms,omitempty"`
	HoldMS float64 `json:"hold_ms,omitempty"`

	Frames     uint64 `json:"frames,omitempty"`
	Dropped    uint64 `json:"dropped,omitempty"`
	Corrupt    uint64 `json:"corrupt,omitempty"`
	Reconnects uint64 `json:"reconnects,omitempty"`
	Restarts   uint64 `json:"restarts,omitempty"`
	Confined   string `json:"confined,omitempty"` // full, partial, none: how far the kernel holds the worker

	Decoder string `json:"decoder,omitempty"` // where a card was asked for: software, or the card's
	NoCard  string `json:"no_card,omitempty"` // why the card does not decode

	Mask      string    `json:"mask"` // masked, clear, full
	MaskCode  string    `json:"mask_code,omitempty"`
	MaskSince time.Time `json:"mask_since"`
	Full      uint64    `json:"full,omitempty"`
	Clear     int       `json:"clear,omitempty"`
	Faces     int       `json:"faces,omitempty"`
	Tracks    int       `json:"tracks,omitempty"`

	Matching  Switch  `json:"matching"`
	Recording Switch  `json:"recording"`
	Viewers   int     `json:"viewers,omitempty"`
	Rung      string  `json:"rung,omitempty"` // of the ladder while the machine cannot keep up
	Why       string  `json:"why,omitempty"`
	Cores     float64 `json:"cores,omitempty"`
	Thinned   uint64  `json:"thinned,omitempty"`
}

// Switch is something that is on, or off for a reason.
type Switch struct {
	On     bool   `json:"on"`
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (s *Switch) bound() { s.Code, s.Reason = cut(s.Code), cut(s.Reason) }

// Bounded returns the same with long lists and texts cut.
func (r CallsRequest) Bounded() CallsRequest {
	r.Cameras, r.Views = r.Cameras[:min(len(r.Cameras), MaxCameras)], r.Views[:min(len(r.Views), MaxViews)]
	for i := range r.Cameras {
		c := &r.Cameras[i]
		for _, s := range []*string{&c.ID, &c.Name, &c.Driver, &c.State, &c.Err, &c.Code, &c.Codec, &c.Clock, &c.Confined, &c.Decoder, &c.NoCard, &c.Mask, &c.MaskCode, &c.Rung, &c.Why} {
			*s = cut(*s)
		}
		c.Matching.bound()
		c.Recording.bound()
	}
	return r
}

// Calls tells how the cameras are and waits for something to do, about HoldTime
// long. An older control refuses with status 404.
func (c *Client) Calls(ctx context.Context, r CallsRequest) (out CallsAnswer, err error) {
	if err := c.callFor(ctx, HoldTime+callTime, PathCalls, r.Bounded(), &out); err != nil {
		return out, err
	}
	if out.TermMS <= 0 || len(out.Views) > MaxViews || len(out.Calls) > MaxViews {
		return out, fmt.Errorf("%w: a term of %d ms, %d views and %d calls", ErrAnswer, out.TermMS, len(out.Views), len(out.Calls))
	}
	return out, nil
}

// answerTime bounds the sending of an answer, which may bring a picture.
const answerTime = 10 * time.Second

// Answer tells what came of a call. It fails with a *Refusal of CodeOver where
// nobody waits for it any more.
func (c *Client) Answer(ctx context.Context, r AnswerRequest) error {
	return c.callFor(ctx, answerTime, PathAnswer+"?call="+url.QueryEscape(r.Call), r.Bounded(), &AnswerTaken{})
}

package desk

import (
	"context"
	"errors"
	"net/http"

	"bystander/api/peer/calls"
	"bystander/api/peer/line"
)

// Calls is where what edges are asked to do is kept; *calls.Board is one.
type Calls interface {
	Heard(edge string, h line.Health)
	Poll(ctx context.Context, edge string, r line.CallsRequest) (line.CallsAnswer, error)
	Expect(edge, call string) bool
	Answer(edge string, r line.AnswerRequest) error
}

// calls hears how an edge's cameras are, and answers once there is something that
// it is to do.
func (d *Desk) calls(w http.ResponseWriter, r *http.Request) {
	id, e, err := d.caller(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	var in line.CallsRequest
	if !d.readUpTo(w, r, line.MaxReport, &in) {
		return
	}
	var others []string
	in = in.Bounded()
	in.Cameras, others = split(e, in.Cameras, func(c line.CameraState) string { return c.ID })
	d.notTheirs(e, others)
	out, err := d.cfg.Calls.Poll(r.Context(), id.Name, in)
	if errors.Is(err, calls.ErrTaken) {
		if _, _, gone := d.caller(r); gone != nil { // it was let go meanwhile
			d.refuse(w, r, gone)
			return
		}
		d.refuse(w, r, &line.Refusal{
			Status: http.StatusConflict, Code: line.CodeTwice,
			Text: "another process asks with the certificate of edge " + id.Name + "; if that is none of yours, revoke it: bystander edge revoke " + id.Name,
		})
		return
	}
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	d.answer(w, r, out)
}

// reply takes what came of a call. What nobody waits for is not even read.
func (d *Desk) reply(w http.ResponseWriter, r *http.Request) {
	id, _, err := d.caller(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	over := &line.Refusal{Status: http.StatusGone, Code: line.CodeOver, Text: "nobody waits for that any more"}
	if !d.cfg.Calls.Expect(id.Name, r.URL.Query().Get("call")) {
		d.refuse(w, r, over)
		return
	}
	in := line.AnswerRequest{}
	if !d.readUpTo(w, r, line.MaxReply, &in) {
		return
	}
	in.Call = r.URL.Query().Get("call")
	if err := d.cfg.Calls.Answer(id.Name, in); err != nil {
		d.refuse(w, r, over)
		return
	}
	d.answer(w, r, line.AnswerTaken{})
}

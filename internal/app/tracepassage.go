package app

import (
	"time"

	"bystander/internal/frame"
	"bystander/internal/observe"
	"bystander/internal/trace"
	"bystander/redact"
)

// passage measures one camera's pictures on their way through the stages, and
// tells a trace of those that are followed. A nil passage does nothing. Its
// methods are called by whoever has the picture just then.
type passage struct {
	camera string
	took   *observe.Camera
	traces *trace.Tracer

	toCover, held, toEncode *observe.Queue

	began time.Time // the look under way; of the goroutine that looks
}

func newPassage(camera string, hold int, timing *observe.Timing, traces *trace.Tracer) *passage {
	return &passage{
		camera: camera, took: timing.Camera(camera), traces: traces,
		toCover: observe.NewQueue(betweenSides), held: observe.NewQueue(hold + 1), toEncode: observe.NewQueue(toDeliver),
	}
}

// refOf is the trace that a picture is followed by.
func refOf(m *frame.Meta) trace.Ref { return trace.Ref(m.Passage.Trace) }

// idOf is a trace's id for exemplars, empty where nobody follows.
func idOf(r trace.Ref) string {
	if !r.Followed() {
		return ""
	}
	return r.TraceID()
}

// stage notes that a picture spent the time between two moments in a stage. A
// moment that is not known, or a clock that was set meanwhile, gives nothing.
func (p *passage) stage(m *frame.Meta, s observe.Stage, from, to time.Time) {
	if from.IsZero() || to.IsZero() {
		return
	}
	d := to.Sub(from)
	if d < 0 {
		return
	}
	r := refOf(m)
	p.took.Took(s, d, idOf(r))
	if r.Followed() {
		p.traces.Span(r, trace.Name(s.String()), from, to, trace.Camera(p.camera))
	}
}

// came: the picture was taken from the camera's queue and is about to be looked
// at. Whether it is followed is decided here.
func (p *passage) came(m *frame.Meta) {
	if p == nil {
		return
	}
	p.began = time.Now()
	m.Passage.Trace = frame.Trace(p.traces.Begin())
	p.stage(m, observe.Decode, m.Arrived, m.Passage.Handed)
	p.stage(m, observe.Handover, m.Passage.Handed, m.Passage.Taken)
	p.stage(m, observe.WaitLook, m.Passage.Taken, p.began)
}

// looked: it is about to wait for the redactor.
func (p *passage) looked(m *frame.Meta) {
	if p == nil {
		return
	}
	now := time.Now()
	p.stage(m, observe.Look, p.began, now)
	m.Passage.Looked = now
	p.toCover.In(now)
}

// covering: the redactor is about to get it.
func (p *passage) covering(m *frame.Meta) {
	if p == nil {
		return
	}
	now := time.Now()
	p.toCover.Out()
	p.stage(m, observe.WaitCover, m.Passage.Looked, now)
	m.Passage.Held = now
	p.held.In(now)
}

// withheld: the redactor did not take it, and it never leaves.
func (p *passage) withheld() {
	if p != nil {
		p.held.Drop()
	}
}

// covered: the redactor was asked at from and gave it; it is about to wait for
// the encoder.
func (p *passage) covered(o *redact.Out, from time.Time) {
	if p == nil {
		return
	}
	now := time.Now()
	p.held.Out()
	p.stage(&o.Meta, observe.Hold, o.Meta.Passage.Held, from)
	p.stage(&o.Meta, observe.Cover, from, now)
	o.Meta.Passage.Left = now
	p.toEncode.In(now)
}

// delivering: the encoder is about to get it.
func (p *passage) delivering(m *frame.Meta) time.Time {
	if p == nil {
		return time.Time{}
	}
	now := time.Now()
	p.toEncode.Out()
	p.stage(m, observe.WaitEncode, m.Passage.Left, now)
	return now
}

// encoded: it was encoded, begun at from, and is about to be handed on.
func (p *passage) encoded(m *frame.Meta, from time.Time) time.Time {
	if p == nil {
		return time.Time{}
	}
	now := time.Now()
	p.stage(m, observe.Encode, from, now)
	return now
}

// delivered: it was handed on, begun at from, and its way is over.
func (p *passage) delivered(m *frame.Meta, from time.Time) {
	if p == nil {
		return
	}
	now := time.Now()
	p.stage(m, observe.Deliver, from, now)
	if m.Arrived.IsZero() || now.Before(m.Arrived) {
		return
	}
	r := refOf(m)
	p.took.Whole(now.Sub(m.Arrived), idOf(r))
	if r.Followed() {
		p.traces.Root(r, trace.Picture, m.Arrived, now, append(trace.Number(m.Seq, m.Epoch), trace.Camera(p.camera))...)
	}
}

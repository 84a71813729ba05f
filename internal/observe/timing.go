package observe

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// buckets, in seconds, are close together where budgets lie.
var buckets = []float64{
	.001, .002, .004, .008, .012, .02, .03, .05, .075, .1, .15, .2, .25, .3, .34, .4, .45, .6, 1, 2, 5,
}

// Part is a part of a look, measured beside the whole of it.
type Part uint8

// The parts.
const (
	PartGuard Part = iota // movement that no track explains
	PartFaces
	PartPersons
	PartTrack
	PartMatch // gate, embedding, comparison, decision
)

var parts = [...]string{"guard", "faces", "persons", "track", "match"}

// Timing holds the histograms of all cameras of a machine.
type Timing struct {
	took, part, whole *prometheus.HistogramVec

	mu      sync.Mutex
	cameras map[string]*Camera
}

// NewTiming makes the histograms and registers them; nil registers nothing.
func NewTiming(reg prometheus.Registerer) (*Timing, error) {
	vec := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, append([]string{"camera"}, labels...))
	}
	t := &Timing{
		took:    vec("bystander_stage_duration_seconds", "Time that a picture spent in a stage.", "stage"),
		part:    vec("bystander_look_part_duration_seconds", "Time that a part of a look took, where it was due.", "part"),
		whole:   vec("bystander_picture_duration_seconds", "Time from a picture's last byte to its hand-over to viewers and recorder."),
		cameras: map[string]*Camera{},
	}
	if reg == nil {
		return t, nil
	}
	if err := errors.Join(reg.Register(t.took), reg.Register(t.part), reg.Register(t.whole)); err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	return t, nil
}

// Camera returns a camera's histograms. A nil Timing has none.
func (t *Timing) Camera(id string) *Camera {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.cameras[id]; c != nil {
		return c
	}
	c := &Camera{whole: t.whole.WithLabelValues(id)}
	for s := range c.took {
		c.took[s] = t.took.WithLabelValues(id, Stage(s).String()) //nolint:gosec // a handful
	}
	for i, p := range parts {
		c.part[i] = t.part.WithLabelValues(id, p)
	}
	t.cameras[id] = c
	return c
}

// Drop forgets a camera that is gone.
func (t *Timing) Drop(id string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.cameras, id)
	for _, v := range []*prometheus.HistogramVec{t.took, t.part, t.whole} {
		v.DeletePartialMatch(prometheus.Labels{"camera": id})
	}
}

// Camera is one camera's histograms. A nil Camera measures nothing. It is safe
// for concurrent use, and allocates only for pictures that are followed.
type Camera struct {
	took  [Stages]prometheus.Observer
	part  [len(parts)]prometheus.Observer
	whole prometheus.Observer
}

// Took notes what a picture spent in a stage; of is the id of its trace, empty
// for none.
func (c *Camera) Took(s Stage, d time.Duration, of string) {
	if c != nil && int(s) < Stages {
		observe(c.took[s], d, of)
	}
}

// Part notes what a part of a look took.
func (c *Camera) Part(p Part, d time.Duration) {
	if c != nil && int(p) < len(parts) {
		c.part[p].Observe(d.Seconds())
	}
}

// Whole notes what a picture's whole way took.
func (c *Camera) Whole(d time.Duration, of string) {
	if c != nil {
		observe(c.whole, d, of)
	}
}

// observe adds d to a histogram, with the trace as its exemplar where there is
// one.
func observe(h prometheus.Observer, d time.Duration, of string) {
	if of != "" {
		if x, ok := h.(prometheus.ExemplarObserver); ok {
			x.ObserveWithExemplar(d.Seconds(), prometheus.Labels{"trace_id": of})
			return
		}
	}
	h.Observe(d.Seconds())
}

// EventStage is a part of an event's way on the edge.
type EventStage uint8

// The stages of an event.
const (
	EventWait EventStage = iota // in the queue before the log
	EventLog                    // numbered, signed, made durable
	EventKeep                   // written into the edge's own store, a batch
	EventSend                   // taken by the bus, a batch
)

var eventStages = [...]string{"wait", "log", "keep", "send"}

// Events holds the histograms of events. A nil Events measures nothing.
type Events struct {
	took [len(eventStages)]prometheus.Observer
}

// NewEvents makes the histograms and registers them; nil registers nothing.
func NewEvents(reg prometheus.Registerer) (*Events, error) {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "bystander_event_stage_duration_seconds", Help: "Time that an event, or a batch of them, spent in a stage on the edge.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
	}, []string{"stage"})
	e := &Events{}
	for i, s := range eventStages {
		e.took[i] = v.WithLabelValues(s)
	}
	if reg != nil {
		if err := reg.Register(v); err != nil {
			return nil, fmt.Errorf("observe: %w", err)
		}
	}
	return e, nil
}

// Took notes what an event spent in a stage.
func (e *Events) Took(s EventStage, d time.Duration, of string) {
	if e != nil && int(s) < len(eventStages) {
		observe(e.took[s], d, of)
	}
}

package app

import (
	"time"

	"github.com/google/uuid"

	"bystander/internal/event"
	"bystander/internal/observe"
	"bystander/internal/trace"
)

// mostFollowed bounds the events that are followed at a time.
const mostFollowed = 1024

// eventPath measures events on their way from whoever emits them to the store
// and the bus, and tells a trace of those that are followed: what a followed
// picture led to, and now and then one that no picture did. A nil eventPath does
// nothing.
type eventPath struct {
	took     *observe.Events
	queue    *observe.Queue
	traces   *trace.Tracer
	followed *trace.Followed
	chain    string
}

func newEventPath(chain string, took *observe.Events, traces *trace.Tracer) *eventPath {
	p := &eventPath{took: took, queue: observe.NewQueue(ledgerQueue), traces: traces, chain: chain}
	if traces != nil {
		p.followed = trace.NewFollowed(mostFollowed)
	}
	return p
}

// entry is an event on its way to the log.
type entry struct {
	event.Event
	came  time.Time
	taken time.Time
	of    trace.Ref // of the picture that it follows from
	ref   trace.Ref // of the event itself
	alone bool      // no picture leads to it
}

// came: the event waits for the log.
func (p *eventPath) came(e event.Event, of trace.Ref) entry {
	x := entry{Event: e, of: of}
	if p == nil {
		return x
	}
	x.came = time.Now()
	p.queue.In(x.came)
	if x.ref = p.traces.Reserve(of); !of.Followed() {
		x.ref, x.alone = p.traces.Begin(), true
	}
	return x
}

// begins: the log takes the event. One that is followed gets its id here, so that
// whoever carries it further knows it from the first moment.
func (p *eventPath) begins(x *entry) {
	if p == nil {
		return
	}
	x.taken = time.Now()
	p.queue.Out()
	p.took.Took(observe.EventWait, x.taken.Sub(x.came), idOf(x.ref))
	if !x.ref.Followed() || p.followed == nil {
		return
	}
	if x.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			x.ref = trace.Ref{} // then it goes unfollowed
			return
		}
		x.ID = id.String()
	}
	p.followed.Put(x.ID, trace.Mark{Ref: x.ref})
	p.traces.Span(x.ref, trace.EventWait, x.came, x.taken)
}

// logged: the event is durable.
func (p *eventPath) logged(x *entry) {
	if p == nil {
		return
	}
	now := time.Now()
	p.took.Took(observe.EventLog, now.Sub(x.taken), idOf(x.ref))
	if !x.ref.Followed() {
		return
	}
	p.followed.Put(x.ID, trace.Mark{Ref: x.ref, Logged: now})
	p.traces.Span(x.ref, trace.EventLog, x.taken, now)
	if x.alone {
		p.traces.Root(x.ref, trace.Event, x.came, now, trace.Chain(p.chain))
	} else {
		p.traces.Fill(x.ref, x.of, trace.Event, x.came, now, trace.Chain(p.chain))
	}
}

// moved returns what a pump tells of batches that a sink has taken.
func (p *eventPath) moved(s observe.EventStage, name trace.Name) func([]event.Event, time.Time, time.Time) {
	return func(evs []event.Event, from, to time.Time) {
		if p == nil {
			return
		}
		of := ""
		if p.followed != nil {
			for i := range evs {
				m, ok := p.followed.Get(evs[i].ID)
				if !ok {
					continue
				}
				of = idOf(m.Ref)
				if !m.Logged.IsZero() && m.Logged.Before(from) {
					p.traces.Span(m.Ref, trace.EventSpool, m.Logged, from)
				}
				p.traces.Span(m.Ref, name, from, to, trace.Batch(len(evs)))
			}
		}
		p.took.Took(s, to.Sub(from), of)
	}
}

// parent appends the trace parent of an event that is followed.
func (p *eventPath) parent(dst []byte, id string) []byte {
	if p == nil {
		return dst
	}
	return p.followed.AppendParent(dst, id)
}

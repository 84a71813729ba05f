// Package calls is where a control keeps what it asks of its edges: to let an
// operator watch one of their cameras, and for single redacted pictures. Nobody
// dials an edge. It asks for what there is to do, every two seconds or as soon as
// there is something, and says each time how its cameras are and who watches
// there. Pictures travel from the edge to whoever watches; what passes the control
// is the description of the connection (SDP).
//
// A view lasts while the control names it in its answers. Whatever ends it there (the
// watcher, the session, the control itself) needs no message that could be lost.
package calls

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"bystander/api/peer/line"
)

const (
	// Term is for how long views go on at an edge without word from the control,
	// as long as a loan of templates.
	Term = 10 * time.Second
	// AwayAfter is after how long an edge that says nothing counts as gone.
	AwayAfter = 5 * time.Second
	// viewTime and stillTime are how long an edge may take for an answer; a
	// browser gives up after eight seconds.
	viewTime  = 6 * time.Second
	stillTime = 8 * time.Second
	// maxQueue is how many calls may wait for one edge.
	maxQueue = 16
)

// Board keeps calls and views of all edges. It is safe for concurrent use.
type Board struct {
	now func() time.Time

	mu    sync.Mutex
	edges map[string]*edge
}

// NewBoard returns an empty board; now is time.Now when nil.
func NewBoard(now func() time.Time) *Board {
	if now == nil {
		now = time.Now
	}
	return &Board{now: now, edges: map[string]*edge{}}
}

// edge is what is known of one, and asked of it.
type edge struct {
	cameras []line.CameraState
	heard   time.Time
	broke   bool // its connection ended while it waited
	old     bool // it has never asked for calls
	queue   []*call
	open    map[string]*call // handed out, and not answered
	views   map[string]*view
	changed bool  // views did, since it was last answered
	asking  *turn // the request that waits now
}

// turn is one request for calls.
type turn struct {
	wake chan struct{} // has room for one
	over chan struct{} // closed by the next one
}

type call struct {
	line.Call
	done     chan line.AnswerRequest // has room for one
	expected bool                    // its answer is being read
}

func (b *Board) edge(id string) *edge {
	e := b.edges[id]
	if e == nil {
		e = &edge{open: map[string]*call{}, views: map[string]*view{}, old: true}
		b.edges[id] = e
	}
	return e
}

func (e *edge) wake() {
	if e.asking == nil {
		return
	}
	select {
	case e.asking.wake <- struct{}{}:
	default: // it is awake
	}
}

func (e *edge) away(now time.Time) bool { return e.broke || now.Sub(e.heard) > AwayAfter }

// Heard takes what an edge of an older release says of its cameras; of others it is
// passed over.
func (b *Board) Heard(id string, h line.Health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.edge(id)
	if !e.old {
		return
	}
	e.heard, e.cameras = b.now(), e.cameras[:0]
	for _, c := range h.Bounded().Cameras {
		if s := (line.CameraState{ID: c.ID, State: c.State, Code: c.Code, Since: c.Since, MaskCode: c.Mask}); validCamera(s.ID) {
			e.cameras = append(e.cameras, s)
		}
	}
}

// Poll takes what an edge says and waits for something that it is to do, at most
// line.HoldTime. It fails with ErrTaken when the same edge asks again meanwhile,
// or is let go, and with ctx's error.
func (b *Board) Poll(ctx context.Context, id string, r line.CallsRequest) (line.CallsAnswer, error) {
	e, t := b.begin(id, r.Bounded())
	hold := time.NewTimer(line.HoldTime)
	defer hold.Stop()
	var err error
	select {
	case <-t.wake:
	case <-hold.C:
	case <-t.over:
		return line.CallsAnswer{}, ErrTaken
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.asking != t {
		return line.CallsAnswer{}, ErrTaken
	}
	e.asking, e.heard, e.broke = nil, b.now(), err != nil
	if err != nil {
		return line.CallsAnswer{}, err
	}
	return e.answer(), nil
}

// begin notes what an edge says; it wakes at once where something waits.
func (b *Board) begin(id string, r line.CallsRequest) (*edge, *turn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.edge(id)
	e.heard, e.broke, e.old = b.now(), false, false
	e.cameras = slices.DeleteFunc(r.Cameras, func(c line.CameraState) bool { return !validCamera(c.ID) })
	running := map[string]bool{}
	for _, v := range r.Views {
		running[v] = true
	}
	for v, w := range e.views {
		switch {
		case !e.has(w.camera): // it is gone there, or the edge may serve it no more
			e.drop(v)
		case running[v]:
			w.seen = true
		case w.seen, !w.began.IsZero() && b.now().Sub(w.began) > Term:
			delete(e.views, v) // it ended there
		}
	}
	if e.asking != nil {
		close(e.asking.over)
	}
	e.asking = &turn{wake: make(chan struct{}, 1), over: make(chan struct{})}
	if len(e.queue) > 0 || e.changed {
		e.wake()
	}
	return e, e.asking
}

// answer is what the edge is told; the board's lock is held.
func (e *edge) answer() line.CallsAnswer {
	out := line.CallsAnswer{TermMS: Term.Milliseconds(), Views: []line.View{}}
	for id, v := range e.views {
		out.Views = append(out.Views, line.View{ID: id, Size: v.size})
	}
	slices.SortFunc(out.Views, func(a, b line.View) int { return strings.Compare(a.ID, b.ID) })
	for _, c := range e.queue {
		e.open[c.ID] = c
		out.Calls = append(out.Calls, c.Call)
	}
	e.queue, e.changed = nil, false
	return out
}

// Expect tells whether somebody waits for an edge's answer to a call that is not
// being read yet. It says so once for each: an answer may be large, and there are
// no more of them at a time than calls.
func (b *Board) Expect(id, callID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.edges[id]
	if e == nil || e.open[callID] == nil || e.open[callID].expected {
		return false
	}
	e.open[callID].expected = true
	return true
}

// Answer takes what came of a call. It fails with ErrOver, whereupon the edge ends
// a view that it began.
func (b *Board) Answer(id string, r line.AnswerRequest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.edges[id]
	if e == nil || e.open[r.Call] == nil {
		return ErrOver
	}
	c := e.open[r.Call]
	delete(e.open, r.Call)
	if v := e.views[r.Call]; v != nil {
		v.began = b.now() // whatever the edge says: one that it never reports is over
	}
	c.done <- r.Bounded()
	return nil
}

// Keep forgets all edges but those named, with their cameras, views and calls, and
// the views of edges that have ended them, being cut off.
func (b *Board) Keep(edges []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, e := range b.edges {
		switch {
		case !slices.Contains(edges, id):
			if e.asking != nil {
				close(e.asking.over)
				e.asking = nil
			}
			delete(b.edges, id)
		case b.now().Sub(e.heard) > Term:
			clear(e.views)
		}
	}
}

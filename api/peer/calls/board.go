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
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
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

// Why a call fails.
var (
	// ErrCamera reports a camera that no edge has.
	ErrCamera = errors.New("calls: no edge has that camera")
	// ErrTwice reports a camera that two edges say they have.
	ErrTwice = errors.New("calls: two edges say they have that camera")
	// ErrAway reports an edge that says nothing now.
	ErrAway = errors.New("calls: the edge is not heard of")
	// ErrOld reports an edge whose release knows no calls.
	ErrOld = errors.New("calls: the edge runs an older release")
	// ErrBusy reports an edge with too much to do.
	ErrBusy = errors.New("calls: the edge has too much to do")
	// ErrSlow reports an edge that did not answer in time.
	ErrSlow = errors.New("calls: the edge did not answer in time")
	// ErrView reports a view that is over or never was.
	ErrView = errors.New("calls: no such view")
	// ErrTaken reports an edge that asks twice at the same time.
	ErrTaken = errors.New("calls: another process asks with the same certificate")
	// ErrOver reports an answer that nobody waits for.
	ErrOver = errors.New("calls: nobody waits for that answer")
	// ErrAnswer reports an answer that cannot be passed on.
	ErrAnswer = errors.New("calls: the edge's answer cannot be used")
)

// Refusal is an edge's no.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return r.Text }

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
	done chan line.AnswerRequest // has room for one
}

// view is somebody who watches.
type view struct {
	camera, size string
	began        time.Time // when the edge answered; zero before
	seen         bool      // the edge said that it runs
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
// and with ctx's error.
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

// Awaits tells whether somebody waits for an edge's answer to a call.
func (b *Board) Awaits(id, callID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.edges[id]
	return e != nil && e.open[callID] != nil
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
	if v := e.views[r.Call]; v != nil && r.Status == statusMade {
		v.began = b.now()
	}
	c.done <- r
	return nil
}

// statuses of answers that are a yes, as of HTTP.
const (
	statusOK   = 200
	statusMade = 201
)

// find returns the one edge that has a camera; the board's lock is held. An edge
// that is gone gives way to one that is there.
func (b *Board) find(camera string) (*edge, error) {
	now := b.now()
	var here, gone []*edge
	for _, e := range b.edges {
		if !e.has(camera) {
			continue
		}
		if e.away(now) {
			gone = append(gone, e)
		} else {
			here = append(here, e)
		}
	}
	switch {
	case len(here) > 1:
		return nil, ErrTwice
	case len(here) == 1:
		return here[0], nil
	case len(gone) > 0:
		return nil, ErrAway
	}
	return nil, ErrCamera
}

func (e *edge) has(camera string) bool {
	return slices.ContainsFunc(e.cameras, func(c line.CameraState) bool { return c.ID == camera })
}

// Open has the edge of a camera answer an offer, and returns the view and the
// answer. It fails with any of this package's errors, a *Refusal, or ctx's.
func (b *Board) Open(ctx context.Context, camera, size, offer string) (id, answer string, err error) {
	r, err := b.ask(ctx, viewTime, line.Call{Kind: line.KindView, Camera: camera, Size: size, Offer: offer})
	if err != nil {
		return "", "", err
	}
	if err = checkAnswer(r.SDP); err != nil {
		b.drop(r.Call)
		return "", "", err
	}
	return r.Call, r.SDP, nil
}

// Still returns one redacted picture (JPEG) of a camera on which nobody is clear.
// It fails as Open does.
func (b *Board) Still(ctx context.Context, camera string) ([]byte, error) {
	r, err := b.ask(ctx, stillTime, line.Call{Kind: line.KindStill, Camera: camera})
	if err != nil {
		return nil, err
	}
	if len(r.Still) > line.MaxStill || !strings.HasPrefix(string(r.Still[:min(len(r.Still), 3)]), "\xff\xd8\xff") {
		return nil, fmt.Errorf("%w: a still of %d bytes", ErrAnswer, len(r.Still))
	}
	return r.Still, nil
}

// ask puts a call on the board and waits for what comes of it.
func (b *Board) ask(ctx context.Context, limit time.Duration, lc line.Call) (line.AnswerRequest, error) {
	lc.ID = rand.Text()
	c := &call{lc, make(chan line.AnswerRequest, 1)}
	if err := b.put(c); err != nil {
		return line.AnswerRequest{}, err
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	var err error
	select {
	case r := <-c.done:
		switch {
		case r.Status == statusOK || r.Status == statusMade:
			return r, nil
		case r.Status < 400 || r.Status > 599:
			err = fmt.Errorf("%w: a status of %d", ErrAnswer, r.Status)
		default:
			err = &Refusal{r.Status, r.Text}
		}
	case <-t.C:
		err = ErrSlow
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.drop(c.ID)
	return line.AnswerRequest{}, err
}

func (b *Board) put(c *call) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err := b.find(c.Camera)
	switch {
	case err != nil:
		return err
	case e.old:
		return ErrOld
	case len(e.queue)+len(e.open) >= maxQueue || len(e.views) >= line.MaxViews:
		return ErrBusy
	}
	if c.Kind == line.KindView {
		e.views[c.ID] = &view{camera: c.Camera, size: c.Size}
	}
	e.queue = append(e.queue, c)
	e.wake()
	return nil
}

// drop forgets a call and its view; the edge hears of it with its next answer.
func (b *Board) drop(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.edges {
		e.queue = slices.DeleteFunc(e.queue, func(c *call) bool { return c.ID == id })
		delete(e.open, id)
		if e.views[id] != nil {
			e.drop(id)
		}
	}
}

func (e *edge) drop(view string) {
	delete(e.views, view)
	e.changed = true
	e.wake()
}

// view finds a view of a camera; the board's lock is held.
func (b *Board) view(camera, id string) (*edge, *view, error) {
	for _, e := range b.edges {
		if v := e.views[id]; v != nil && v.camera == camera {
			return e, v, nil
		}
	}
	return nil, nil, ErrView
}

// Has reports whether a camera has a view.
func (b *Board) Has(camera, id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _, err := b.view(camera, id)
	return err == nil
}

// Resize has a view change over to another size. It fails with ErrView.
func (b *Board) Resize(camera, id, size string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, v, err := b.view(camera, id)
	if err != nil {
		return err
	}
	v.size, e.changed = size, true
	e.wake()
	return nil
}

// End ends a view. It fails with ErrView.
func (b *Board) End(camera, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, _, err := b.view(camera, id)
	if err != nil {
		return err
	}
	e.drop(id)
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

// Camera is a camera of an edge.
type Camera struct {
	line.CameraState
	Edge  string
	Heard time.Time // when the edge was last heard of
	Away  bool      // it is not heard of now
	Twice []string  // further edges that say they have it
}

// Cameras returns the cameras of all edges, by id. Of one that two edges say they
// have, the one that is there is told of.
func (b *Board) Cameras() []Camera {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	var all []Camera
	for id, e := range b.edges {
		for _, c := range e.cameras {
			all = append(all, Camera{CameraState: c, Edge: id, Heard: e.heard, Away: e.away(now)})
		}
	}
	slices.SortFunc(all, func(x, y Camera) int {
		if x.ID == y.ID && x.Away != y.Away {
			if y.Away {
				return -1
			}
			return 1
		}
		return strings.Compare(x.ID+"\x00"+x.Edge, y.ID+"\x00"+y.Edge)
	})
	var out []Camera
	for _, c := range all {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].ID != c.ID:
			out = append(out, c)
		case !c.Away && c.Edge != out[last].Edge:
			out[last].Twice = append(out[last].Twice, c.Edge)
		}
	}
	return out
}

// Views is how many views are open.
func (b *Board) Views() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.edges {
		n += len(e.views)
	}
	return n
}

var cameraForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// validCamera tells whether a name may be a camera's, as in configurations.
func validCamera(id string) bool { return cameraForm.MatchString(id) }

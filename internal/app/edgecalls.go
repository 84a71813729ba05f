package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/api/zones"
	"bystander/sink/live"
)

const (
	// callsAtOnce is how many calls of the control are worked on at the same time.
	callsAtOnce = 8
	// callsRest is the least time between two requests for calls.
	callsRest = 50 * time.Millisecond
	// unheard is after how long without word a control is given up; it is looked
	// for again.
	unheard = calls.Term + 5*time.Second
	// freshEvery is how often the connection is made anew, with the certificate
	// of then; where roots or revocations change, it is at once.
	freshEvery = 10 * time.Minute
	// offerTime bounds the answering of one offer.
	offerTime = 5 * time.Second
)

// callLine is the edge's end of the line, as far as calls go.
type callLine interface {
	Calls(ctx context.Context, r line.CallsRequest) (line.CallsAnswer, error)
	Answer(ctx context.Context, r line.AnswerRequest) error
	Close() // of connections that rest
}

// viewHub shows this edge's cameras; *live.Hub is one.
type viewHub interface {
	OfferAs(ctx context.Context, camera, offer string, r live.Rendition) (session, answer string, err error)
	Has(camera, session string) bool
	Resize(camera, session string, to live.Rendition) error
	End(camera, session string) error
}

// callee does what one control asks of this edge. Views that the control began end
// when it does not name them any more, when it refuses this edge, and when it has
// not been heard of for the time that it gave.
type callee struct {
	line    callLine
	hub     viewHub
	cameras func(ctx context.Context) ([]line.CameraState, error)
	still   func(ctx context.Context, camera string) ([]byte, error)
	trust   func() string // digest of the roots and revocations of now
	log     zerolog.Logger
	slots   chan struct{}

	mu    sync.Mutex
	views map[string]shownView // by the control's id
	until time.Time            // of the term, by the monotonic clock
}

// shownView is a view of the control's, as the hub knows it.
type shownView struct{ camera, session, size string }

func (e *edge) newCallee(l callLine, control string) *callee {
	still := stills{cameras: e.fleet}
	return &callee{
		line: l, hub: e.hub, cameras: e.camerasForControl, still: still.Still, trust: func() string { return e.member.Trust().Digest() },
		log: e.log.With().Str("component", "calls").Str("control", control).Logger(), slots: make(chan struct{}, callsAtOnce), views: map[string]shownView{},
	}
}

// run asks the control for what there is to do, and does it, until ctx ends or the
// control has been unheard for long; then every view ends.
func (c *callee) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { c.guard(ctx) })
	heard, fresh, trust := time.Now(), time.Now(), c.trust()
	for ctx.Err() == nil {
		rest := callsRest
		err := c.poll(ctx, &wg)
		if err == nil {
			heard = time.Now()
		}
		if now := c.trust(); now != trust || time.Since(fresh) > freshEvery {
			fresh, trust = time.Now(), now
			c.line.Close() // a control may have been revoked
		}
		if err != nil && ctx.Err() == nil {
			rest = syncEvery
			if errors.Is(err, line.ErrOlder) {
				heard, rest = time.Now(), time.Minute
			}
			if time.Since(heard) > unheard {
				break
			}
			// The same trouble is told of by the loans, which ask on the same line.
			c.log.Debug().Err(err).Msg("the control was not asked what there is to do")
		}
		t := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
	cancel()
	c.endAll() // those under way may take a while yet
	wg.Wait()
	c.endAll()
}

// poll asks once.
func (c *callee) poll(ctx context.Context, wg *sync.WaitGroup) error {
	cameras, err := c.cameras(ctx)
	if err != nil {
		return err
	}
	asked := time.Now()
	answer, err := c.line.Calls(ctx, line.CallsRequest{Cameras: cameras, Views: c.running()})
	if err != nil {
		var no *line.Refusal
		if errors.As(err, &no) && slices.Contains([]string{line.CodeRevoked, line.CodeRole, line.CodeOffSite, line.CodeTwice}, no.Code) {
			if no.Code == line.CodeTwice {
				c.log.Error().Err(err).Msg("the control hears of this edge from two places")
			}
			c.endAll() // there is no doubt to wait for
		}
		return err
	}
	c.reconcile(answer, asked)
	for _, call := range answer.Calls {
		select {
		case c.slots <- struct{}{}:
			wg.Go(func() { defer func() { <-c.slots }(); c.do(ctx, call) })
		default:
			wg.Go(func() {
				c.reply(ctx, line.AnswerRequest{Call: call.ID, Status: http.StatusServiceUnavailable, Text: "this edge has too much to do; try again"})
			})
		}
	}
	return nil
}

// running are the views that still run; those that ended here are forgotten.
func (c *callee) running() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for id, v := range c.views {
		if !c.hub.Has(v.camera, v.session) {
			delete(c.views, id)
			continue
		}
		out = append(out, id)
	}
	return out
}

// reconcile ends the views that may not go on, and changes the size of others.
func (c *callee) reconcile(a line.CallsAnswer, asked time.Time) {
	may := map[string]line.View{}
	for _, v := range a.Views {
		may[v.ID] = v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = asked.Add(min(time.Duration(a.TermMS)*time.Millisecond, calls.Term))
	for id, v := range c.views {
		want, ok := may[id]
		switch {
		case !ok:
			c.end(id)
		case want.Size != v.size:
			_ = c.hub.Resize(v.camera, v.session, live.RenditionOf(want.Size)) // one that is over is told of with the next request
			v.size = want.Size
			c.views[id] = v
		}
	}
}

// end ends a view; the caller holds the lock.
func (c *callee) end(id string) {
	v := c.views[id]
	delete(c.views, id)
	if err := c.hub.End(v.camera, v.session); err == nil {
		c.log.Info().Str("camera", v.camera).Msg("a live view ended, as the control says")
	}
}

func (c *callee) endAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.views {
		c.end(id)
	}
}

// guard ends every view when the control's word has run out.
func (c *callee) guard(ctx context.Context) {
	t := time.NewTicker(guardEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		c.mu.Lock()
		over := len(c.views) > 0 && time.Now().After(c.until)
		c.mu.Unlock()
		if over {
			c.endAll()
		}
	}
}

// do does what one call asks and tells what came of it. The time that the work may
// take is not that of telling.
func (c *callee) do(ctx context.Context, call line.Call) {
	working, cancel := context.WithTimeout(ctx, offerTime)
	defer cancel()
	switch call.Kind {
	case line.KindView:
		session, sdp, err := c.hub.OfferAs(working, call.Camera, call.Offer, live.RenditionOf(call.Size))
		if err != nil {
			status, text := live.Explain(err)
			c.reply(ctx, line.AnswerRequest{Call: call.ID, Status: status, Text: text})
			return
		}
		c.show(ctx, call, session, sdp)
	case line.KindStill:
		out := line.AnswerRequest{Call: call.ID, Status: http.StatusOK}
		var err error
		if out.Still, err = c.still(working, call.Camera); err != nil {
			out.Status, out.Text = http.StatusServiceUnavailable, err.Error()
			if errors.Is(err, zones.ErrNoCamera) {
				out.Status = http.StatusNotFound
			}
		}
		c.reply(ctx, out)
	default:
		c.reply(ctx, line.AnswerRequest{Call: call.ID, Status: http.StatusNotImplemented, Text: "this edge runs an older release, which does not know that"})
	}
}

// show lets a viewer in. Where the control does not take the answer, nobody may
// watch.
func (c *callee) show(ctx context.Context, call line.Call, session, sdp string) {
	c.mu.Lock()
	if _, twice := c.views[call.ID]; twice {
		c.end(call.ID) // else nobody could
	}
	c.views[call.ID] = shownView{call.Camera, session, call.Size}
	c.mu.Unlock()
	if c.reply(ctx, line.AnswerRequest{Call: call.ID, Status: http.StatusCreated, SDP: sdp}) {
		c.log.Info().Str("camera", call.Camera).Msg("a live view began, as the control says")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.views[call.ID]; ok && v.session == session {
		c.end(call.ID)
	}
}

// reply reports whether the control took what came of a call.
func (c *callee) reply(ctx context.Context, r line.AnswerRequest) bool {
	err := c.line.Answer(ctx, r)
	if err != nil && ctx.Err() == nil {
		c.log.Warn().Err(err).Msg("the control did not take what came of its call")
	}
	return err == nil
}

// camerasForControl are this edge's cameras as its own backend tells of them.
func (e *edge) camerasForControl(ctx context.Context) ([]line.CameraState, error) {
	cams, err := e.backend().Cameras.Cameras(ctx)
	if err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	out := make([]line.CameraState, 0, len(cams))
	for _, c := range cams {
		out = append(out, line.CameraState{
			ID: c.ID, Name: c.Name, Driver: c.Driver, State: c.State, Since: c.Since, Err: c.Err, Code: c.ErrCode, NextTry: c.NextTry,
			Codec: c.Codec, Width: c.Width, Height: c.Height, FPS: c.FPS, Clock: c.Clock,
			P50ms: c.DelayP50ms, P95ms: c.DelayP95ms, HoldMS: c.HoldMS,
			Frames: c.Frames, Dropped: c.Dropped, Corrupt: c.Corrupt, Reconnects: c.Reconnects, Restarts: c.Restarts, Confined: c.Confined,
			Decoder: c.Decoder, NoCard: c.NoCard,
			Mask: c.Mask.State, MaskCode: c.Mask.Code, MaskSince: c.Mask.Since, Full: c.Mask.FullFrames, Clear: c.Mask.Clear,
			Faces: c.Faces, Tracks: c.Tracks, Viewers: c.Viewers,
			Matching:  line.Switch{On: c.Matching.On, Code: c.Matching.Code, Reason: c.Matching.Reason},
			Recording: line.Switch{On: c.Recording.On, Code: c.Recording.Code, Reason: c.Recording.Reason},
			Rung:      c.Quality.Rung, Why: c.Quality.Reason, Cores: c.Quality.Cores, Thinned: c.Quality.Thinned,
		})
	}
	return out, nil
}

package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bystander/api"
	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/api/zones"
	"bystander/ingest"
	"bystander/internal/config"
	"bystander/sink/live"
)

// whepPath begins the addresses of live views.
const whepPath = "/whep/"

// whep shows the cameras of this machine and, at a control, those of its edges.
func (e *edge) whep() http.Handler {
	here := live.NewHandler(e.hub, whepPath)
	if e.peers == nil {
		return here
	}
	local := func(camera string) bool { _, ok := e.fleet.get(camera); return ok }
	return whepAt(local, e.peers.board.Has, here, calls.NewDoor(e.peers.board, whepPath, e.peers.log))
}

// whepAt shows a camera here if this machine has it, and else there. A view that was
// begun there stays there when this machine gets a camera of that name: else nobody
// could end it.
func whepAt(local func(camera string) bool, begun func(camera, view string) bool, here, there http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		camera, view, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, whepPath), "/")
		if local(camera) && !begun(camera, view) {
			here.ServeHTTP(w, r)
			return
		}
		there.ServeHTTP(w, r)
	})
}

// keepEdges has the board forget edges that do not belong to this control any more.
func (p *peers) keepEdges(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		list, err := p.book.List(ctx)
		if err != nil && ctx.Err() == nil {
			p.log.Error().Err(err).Msg("which edges belong to this control cannot be told")
		}
		if err == nil {
			var ids []string
			for _, e := range list {
				if !e.Joined.IsZero() && e.Ended.IsZero() {
					ids = append(ids, e.ID)
				}
			}
			p.board.Keep(ids)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// remote are the cameras of edges, but for those that this machine has itself.
func (b backend) remote() []api.Camera {
	if b.e.peers == nil {
		return nil
	}
	var out []api.Camera
	for _, c := range b.e.peers.board.Cameras() {
		if _, here := b.e.fleet.get(c.ID); !here {
			out = append(out, b.remoteCamera(c))
		}
	}
	return out
}

// Codes of what keeps an edge's camera from being watched.
const (
	codeEdgeAway  = "EDGE_AWAY"
	codeEdgeTwice = "EDGE_TWICE"
)

// remoteCamera is an edge's camera, as people at the control see it. What an edge
// says is taken for text, and for states that there are.
func (b backend) remoteCamera(c calls.Camera) api.Camera {
	out := api.Camera{
		ID: c.ID, Name: oneLine(c.Name), Driver: among(c.Driver, "rtsp", "vdk", "whip", "file"), Edge: c.Edge,
		Scene: b.e.law.sceneOf(config.Camera{ID: c.ID}), Sample: b.e.law.sample(),
		State: among(c.State, string(ingest.StateFailed), "starting", "connecting", "connected", "retrying", "paused", "ended", "closed"),
		Since: c.Since, Err: oneLine(c.Err), ErrCode: oneLine(c.Code), NextTry: c.NextTry,
		Codec: oneLine(c.Codec), Width: max(c.Width, 0), Height: max(c.Height, 0), FPS: max(c.FPS, 0), Clock: among(c.Clock, "arrival", "camera"),
		DelayP50ms: max(c.P50ms, 0), DelayP95ms: max(c.P95ms, 0), HoldMS: max(c.HoldMS, 0),
		Frames: c.Frames, Dropped: c.Dropped, Corrupt: c.Corrupt, Reconnects: c.Reconnects, Restarts: c.Restarts,
		Confined: heldOf(c.CameraState), Decoder: oneLine(c.Decoder), NoCard: oneLine(c.NoCard),
		Mask:  api.Mask{State: maskOf(c.CameraState), Code: oneLine(c.MaskCode), Since: c.MaskSince, FullFrames: c.Full, Clear: max(c.Clear, 0)},
		Faces: max(c.Faces, 0), Tracks: max(c.Tracks, 0), Viewers: max(c.Viewers, 0),
		Matching: switchOf(c.Matching), Recording: api.Recorder{Switch: switchOf(c.Recording)},
		Quality: api.Quality{Rung: among(c.Rung, "full", "cadence", "rate", "size", "least"), Reason: oneLine(c.Why), Cores: max(c.Cores, 0), Thinned: c.Thinned},
		Zones:   b.e.law.zones(c.ID),
	}
	if out.Name == "" {
		out.Name = out.ID
	}
	switch {
	case c.Away:
		out.State, out.Since, out.ErrCode, out.NextTry = string(ingest.StateFailed), c.Heard, codeEdgeAway, nil
		out.Err = fmt.Sprintf("the edge %s is not heard of; while it runs it covers everybody", c.Edge)
	case len(c.Twice) > 0:
		out.State, out.ErrCode = string(ingest.StateFailed), codeEdgeTwice
		out.Err = fmt.Sprintf("the edges %s and %s say that they have this camera; give one of them another id", c.Edge, strings.Join(c.Twice, " and "))
	}
	return out
}

// oneLine is what an edge says as text of one line.
func oneLine(s string) string { return ingest.PlainText(s, line.MaxText) }

// among returns s if it is one of the words, and else the first.
func among(s string, words ...string) string {
	if slices.Contains(words, s) {
		return s
	}
	return words[0]
}

// maskOf is a camera's mask; an edge of an older release says no more than why
// whole pictures are covered. Of a word that is not known here, the least is
// claimed.
func maskOf(c line.CameraState) string {
	switch {
	case c.Mask == "" && c.MaskCode == "":
		return "masked"
	case c.Mask == "":
		return "full"
	}
	return among(c.Mask, "clear", "masked", "full")
}

// heldOf is how far a camera's worker is held; an edge of an older release says
// nothing of it.
func heldOf(c line.CameraState) string {
	if c.Confined == "" {
		return ""
	}
	return among(c.Confined, ingest.HeldNot, ingest.HeldPartly, ingest.HeldFully)
}

func switchOf(s line.Switch) api.Switch {
	return api.Switch{On: s.On, Code: oneLine(s.Code), Reason: oneLine(s.Reason)}
}

// twice are the cameras that edges have under one id.
func (p *peers) twice() (out []api.Check) {
	for _, c := range p.board.Cameras() {
		if len(c.Twice) > 0 {
			out = append(out, api.Check{
				Name:  "camera:" + c.ID,
				Cause: "the edges " + c.Edge + " and " + strings.Join(c.Twice, " and ") + " say that they have it; nobody can watch it until one gives it another id",
			})
		}
	}
	return out
}

// remoteStill asks an edge for one redacted picture of its camera.
func (p *peers) remoteStill(ctx context.Context, camera string) ([]byte, error) {
	if p == nil {
		return nil, zones.ErrNoCamera
	}
	b, err := p.board.Still(ctx, camera)
	var no *calls.Refusal
	switch {
	case errors.Is(err, calls.ErrCamera), errors.As(err, &no) && no.Status == http.StatusNotFound:
		return nil, zones.ErrNoCamera
	case err != nil:
		return nil, fmt.Errorf("%w: %s", zones.ErrNoStill, calls.Explain(err).Detail)
	}
	return b, nil
}

package whip

import (
	"context"
	"fmt"
	"sync"

	"github.com/pion/webrtc/v4"

	"bystander/ingest"
	"bystander/ingest/driver"
)

// run is one Run of the driver: at most one publisher whose video is taken and
// one who has an answer but sends nothing yet.
type run struct {
	api   *webrtc.API
	cfg   driver.Config
	ready chan *session // whose video has begun; one place, the newest wins

	negotiating sync.Mutex // one offer at a time

	mu      sync.Mutex
	closed  bool
	pending *session       // answered, no video yet
	current *session       // its video is being taken
	wg      sync.WaitGroup // sessions; close waits for them
}

// serve takes one publisher after the other.
func (r *run) serve(ctx context.Context, out driver.Out) error {
	var s *session
	select {
	case <-ctx.Done():
		return ctx.Err()
	case s = <-r.ready:
	}
	for {
		r.setCurrent(s)
		next, err := newReceiver(s, r.cfg, out).receive(ctx, r.ready)
		s.cancel()
		if next == nil {
			return err
		}
		r.cfg.Log.Info().Msg("another publisher takes over")
		s = next
	}
}

func (r *run) setCurrent(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current = s
}

// deliver makes s the publisher to take next.
func (r *run) deliver(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.pending == s {
		r.pending = nil
	}
	select {
	case older := <-r.ready:
		older.cancel()
	default:
	}
	r.ready <- s // has room: deliver alone sends, under the lock
}

func (r *run) askKey() {
	r.mu.Lock()
	s := r.current
	r.mu.Unlock()
	if s != nil {
		s.askKey()
	}
}

func (r *run) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range []*session{r.pending, r.current} {
		if s != nil {
			s.cancel()
		}
	}
}

// close ends every session and waits for them.
func (r *run) close() {
	r.mu.Lock()
	r.closed = true
	for _, s := range []*session{r.pending, r.current} {
		if s != nil {
			s.cancel()
		}
	}
	select {
	case s := <-r.ready:
		s.cancel()
	default:
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// adopt registers a session whose offer has been answered, in place of one
// that was answered before and has sent nothing.
func (r *run) adopt(s *session) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ingest.Errorf(ingest.CodeLost, "the camera is stopping; try again in a moment")
	}
	if r.pending != nil {
		r.pending.cancel()
	}
	r.pending = s
	r.wg.Add(1)
	return nil
}

func (r *run) negotiate(ctx context.Context, offer string) (answer string, err error) {
	if err := checkOffer(offer); err != nil {
		return "", err
	}
	r.negotiating.Lock()
	defer r.negotiating.Unlock()
	pc, err := r.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", fmt.Errorf("whip: new session: %w", err)
	}
	s := newSession(r, pc, offer)
	defer func() {
		if err != nil {
			s.cancel()
			_ = pc.GracefulClose() // the first error is the one to tell
		}
	}()
	if answer, err = s.answer(ctx, offer); err != nil {
		return "", err
	}
	if err = r.adopt(s); err != nil {
		return "", err
	}
	go s.live() // close waits for it
	return answer, nil
}

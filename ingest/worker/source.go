package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"bystander/ingest"
	"bystander/ingest/internal/backoff"
	"bystander/internal/frame"
)

// Source is one camera with its worker. It implements ingest.Source.
type Source struct {
	spec   ingest.Spec
	opt    Options
	pool   *frame.Pool
	queue  *queue
	cancel context.CancelFunc
	done   chan struct{} // closed when the supervisor has ended

	mu      sync.Mutex
	health  ingest.Health
	base    counters // of the workers before the present one
	current counters // of the present worker, by its own account
	own     counters // what the edge itself dropped and refused
	rate    rateMeter
	session *session // the present one; nil between workers
	order   order
	// until cardRest no card decodes, for the reason cardWhy
	cardRest time.Time
	cardWhy  string
}

var _ ingest.Source = (*Source)(nil)

// counters are the part of Health that comes from several places.
type counters struct{ dropped, corrupt, reconnect uint64 }

// Start starts the camera's worker and returns at once; how it goes is seen in
// Health and Next. It fails with CodeConfig when spec makes no sense. The caller
// must Close the source; ctx's end stops the worker too.
func Start(ctx context.Context, spec ingest.Spec, opt Options) (*Source, error) {
	if err := CheckSpec(spec); err != nil {
		return nil, err
	}
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Source{
		spec: spec, opt: opt,
		pool: frame.NewPool(opt.Frames), queue: newQueue(opt.Queue),
		cancel: cancel, done: make(chan struct{}),
		health: ingest.Health{State: ingest.StateStarting, Since: time.Now()},
	}
	go s.supervise(ctx) // waited for by Close, through done
	return s, nil
}

// Next implements ingest.Source.
func (s *Source) Next(ctx context.Context) (*frame.Raw, error) {
	r, err := s.queue.get(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.health.Frames++
	s.mu.Unlock()
	return r, nil
}

// Waiting and Late implement ingest.Queued.
func (s *Source) Waiting() int          { return s.queue.waiting() }
func (s *Source) Late() <-chan struct{} { return s.queue.late }

// Health implements ingest.Source.
func (s *Source) Health() ingest.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.health
	h.Dropped = s.base.dropped + s.current.dropped + s.own.dropped
	h.Corrupt = s.base.corrupt + s.current.corrupt + s.own.corrupt
	h.Reconnect = s.base.reconnect + s.current.reconnect
	now := time.Now()
	h.FPS = s.rate.rate(now)
	h.Waiting, h.Oldest = s.queue.state(now)
	h.Room = len(s.queue.ring)
	return h
}

// Negotiate implements ingest.Source.
func (s *Source) Negotiate(ctx context.Context, offer string) (string, error) {
	if s.spec.Driver == ingest.DriverRTSP || s.spec.Driver == ingest.DriverVDK || s.spec.Driver == ingest.DriverFile {
		return "", ingest.ErrNotSupported
	}
	s.mu.Lock()
	ses := s.session
	s.mu.Unlock()
	if ses == nil {
		select {
		case <-s.done:
			return "", ingest.ErrClosed
		default:
		}
		return "", ingest.Errorf(ingest.CodeWorkerDied,
			"camera %q: its worker is being started again; try once more in a moment", s.spec.ID)
	}
	return ses.negotiate(ctx, offer)
}

// Close implements ingest.Source. Pictures that were handed over stay valid
// until their holders release them.
func (s *Source) Close() error {
	s.cancel()
	<-s.done
	s.queue.discard()
	s.pool.Close()
	s.setState(ingest.StateClosed, nil)
	return nil
}

// setState records a change; a nil err leaves the last trouble in place except
// when pictures arrive again.
func (s *Source) setState(st ingest.State, err *ingest.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &s.health
	if h.State != st {
		h.State, h.Since = st, time.Now()
	}
	h.NextTry = time.Time{}
	switch {
	case err != nil:
		h.Err, h.ErrCode = err.Text, string(err.Code)
	case st == ingest.StateConnected || st == ingest.StateEnded:
		h.Err, h.ErrCode = "", ""
	}
}

// supervise runs one worker after the other until the source is closed, the
// file has ended, or trying again cannot help.
func (s *Source) supervise(ctx context.Context) {
	defer close(s.done)
	for attempt := 0; ; {
		ses := newSession(s)
		err := ses.run(ctx)
		s.endSession(ses)
		s.noteEnd(ses.card, err, time.Now())
		if ctx.Err() != nil {
			s.queue.finish(ingest.ErrClosed)
			return
		}
		if err == nil {
			s.setState(ingest.StateEnded, nil)
			s.queue.finish(errEOF)
			return
		}
		var trouble *ingest.Error
		if !errors.As(err, &trouble) {
			trouble = ingest.Errorf(ingest.CodeWorkerDied, "%v", err)
		}
		if trouble.Permanent || !s.spec.Live {
			// A file cannot go on where its worker died, and from the start it
			// would deliver pictures twice.
			s.setState(ingest.StateFailed, trouble)
			s.queue.finish(trouble)
			return
		}
		if ses.healthy() {
			attempt = 0
		}
		wait := backoff.Wait(attempt, s.opt.BackoffMin, s.opt.BackoffMax)
		attempt++
		s.setRetry(trouble, time.Now().Add(wait))
		s.opt.Log.Warn().Str("code", string(trouble.Code)).
			Dur("retry_in", wait).Msg(trouble.Text)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		s.mu.Lock()
		s.health.Restarts++
		s.mu.Unlock()
	}
}

func (s *Source) setRetry(trouble *ingest.Error, next time.Time) {
	s.setState(ingest.StateRetrying, trouble)
	s.mu.Lock()
	s.health.NextTry = next
	s.mu.Unlock()
}

// started notes the session that has begun, and says once in the log, and again
// when it changes, what the kernel holds the worker to.
func (s *Source) started(ses *session, held ingest.Confinement) {
	s.mu.Lock()
	changed := s.health.Confined == nil || *s.health.Confined != held
	s.session = ses
	s.health.Confined = &held
	s.order.restart()
	s.mu.Unlock()
	if !changed {
		return
	}
	if held.Landlock == 0 || !held.Seccomp {
		s.opt.Log.Warn().Stringer("confined", held).
			Msg("this kernel cannot hold the camera's worker as far as it should; run: bystander doctor")
		return
	}
	s.opt.Log.Debug().Stringer("confined", held).Msg("the camera's worker is confined")
}

func (s *Source) endSession(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == ses {
		s.session = nil
	}
	s.base.dropped += s.current.dropped
	s.base.corrupt += s.current.corrupt
	s.base.reconnect += s.current.reconnect
	s.current = counters{}
}

// rateMeter measures pictures a second over the last few seconds.
type rateMeter struct {
	at [128]time.Time
	n  int
}

const rateWindow = 3 * time.Second

func (m *rateMeter) tick(now time.Time) {
	m.at[m.n%len(m.at)] = now
	m.n++
}

func (m *rateMeter) rate(now time.Time) float64 {
	var first, last time.Time
	count := 0
	for i := m.n - 1; i >= 0 && i >= m.n-len(m.at); i-- {
		t := m.at[i%len(m.at)]
		if now.Sub(t) > rateWindow {
			break
		}
		if count == 0 {
			last = t
		}
		first = t
		count++
	}
	if count < 2 || !last.After(first) {
		return 0
	}
	return float64(count-1) / last.Sub(first).Seconds()
}

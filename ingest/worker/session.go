package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bystander/ingest"
	"bystander/ingest/internal/shm"
	"bystander/ingest/internal/wire"
	"bystander/internal/frame"
)

const (
	beatEvery   = 500 * time.Millisecond
	helloWithin = 15 * time.Second // a busy machine may be slow to start a program
	maxChatter  = 100              // messages a second that are not pictures
	sendWithin  = 5 * time.Second
)

// session is the life of one worker process.
type session struct {
	src    *Source
	conn   *wire.Conn
	slots  *shm.Slots
	proc   *process
	card   card // what of a card the worker may use
	frames bucket
	talk   bucket

	begun     bool // the worker has its orders
	phase     wire.Phase
	got       uint64    // pictures taken over
	units     uint64    // by the worker's account
	moved     time.Time // last progress, for the stall watch
	unfitSeen bool

	mu      sync.Mutex
	offers  map[uint32]chan wire.Answer
	offerID uint32
	over    chan struct{} // closed when the session ends
}

func newSession(src *Source) *session {
	now := time.Now()
	fps := float64(src.opt.MaxFPS)
	return &session{
		src:    src,
		frames: bucket{rate: fps, burst: 4 * fps, fill: 4 * fps, at: now},
		talk:   bucket{rate: maxChatter, burst: 4 * maxChatter, fill: 4 * maxChatter, at: now},
		card:   src.chooseCard(now),
		moved:  now,
		offers: map[uint32]chan wire.Answer{}, over: make(chan struct{}),
	}
}

// healthy reports whether the worker brought pictures, so that the next wait
// starts short again.
func (s *session) healthy() bool { return s.got > 0 }

// run starts a worker and serves it to its end, after which nothing of it is
// left. It returns nil when a file has ended.
func (s *session) run(ctx context.Context) error {
	s.src.setState(ingest.StateStarting, nil)
	if err := s.start(); err != nil {
		return ingest.Errorf(ingest.CodeWorkerDied, "camera %q: its worker could not be started: %v", s.src.spec.ID, err)
	}
	logDone := make(chan struct{})
	go func() { // waited for below
		defer close(logDone)
		logLines(s.proc.stderr, s.src.opt.Log, s.src.spec)
	}()
	// Cancelling wakes the receiver at once; the worker learns of it from Stop.
	wake := context.AfterFunc(ctx, func() {
		_ = s.conn.Send(wire.Stop{})
		_ = s.conn.SetReceiveDeadline(time.Unix(1, 0))
	})
	err := s.serve(ctx)
	wake()
	close(s.over)

	grace := s.src.opt.StopGrace
	var bad *violation
	if errors.As(err, &bad) {
		grace = 0 // hung, flooding or lying: it has no claim to good order
	}
	_ = s.conn.Close() // the worker ends by itself when its control channel does
	s.proc.end(grace)
	_ = s.proc.stderr.Close()
	<-logDone
	if cerr := s.slots.Close(); cerr != nil && err == nil {
		err = cerr
	}
	if errors.Is(err, io.EOF) {
		err = ingest.Errorf(ingest.CodeWorkerDied,
			"camera %q: its worker %s; the camera is started again, other cameras go on", s.src.spec.ID, s.proc.how())
	}
	return err
}

// start spawns the worker; begin tells it what to do.
func (s *session) start() error {
	opt := s.src.opt
	ours, theirs, err := wire.Pair()
	if err != nil {
		return err
	}
	defer theirs.Close() //nolint:errcheck // only our copy
	if s.conn, err = wire.NewConn(ours); err != nil {
		return err
	}
	size := opt.slotBytes()
	mem, err := shm.Create(opt.Slots, size)
	if err != nil {
		return errors.Join(err, s.conn.Close())
	}
	defer mem.Close() //nolint:errcheck // the mapping stays
	if s.slots, err = shm.Map(mem, opt.Slots, size, false); err != nil {
		return errors.Join(err, s.conn.Close())
	}
	if s.proc, err = spawn(opt.Command, needsOf(opt.Command, s.spec(), s.card.files), theirs, mem); err != nil {
		return errors.Join(err, s.conn.Close(), s.slots.Close())
	}
	s.src.started(s, ingest.Confinement(s.proc.confined))
	return nil
}

// begin gives the worker its orders once it has given up what it does not need:
// until then it has read nothing from outside.
func (s *session) begin() error {
	if s.begun {
		return s.violate("broke the protocol (a second greeting)")
	}
	s.begun = true
	if err := s.proc.limitMemory(s.src.opt.MemoryLimit); err != nil {
		return ingest.Errorf(ingest.CodeWorkerDied, "camera %q: its worker cannot be confined: %v", s.src.spec.ID, err)
	}
	if err := s.conn.Send(s.startMessage()); err != nil {
		return io.EOF
	}
	return nil
}

// spec is the camera as its worker sees it, which runs in the root folder.
func (s *session) spec() ingest.Spec {
	spec := s.src.spec
	if spec.Driver == ingest.DriverFile {
		if abs, err := filepath.Abs(spec.URL); err == nil {
			spec.URL = abs
		}
	}
	return spec
}

func (s *session) startMessage() wire.Start {
	spec, opt := s.spec(), s.src.opt
	size := opt.slotBytes()
	return wire.Start{
		ID: spec.ID, Driver: string(spec.Driver), URL: spec.URL, Transport: spec.Transport,
		Live: spec.Live, Loop: spec.Loop, Pace: spec.Pace, KeepDamaged: opt.KeepDamaged,
		Hardware: string(s.card.hw), Card: len(s.card.files) > 0,
		Slots: uint16(opt.Slots), SlotSize: uint64(size),
		ReadTimeout: opt.ReadTimeout, Beat: beatEvery,
		BackoffMin: opt.BackoffMin, BackoffMax: opt.BackoffMax, Stall: max(opt.StallAfter/3, time.Millisecond),
	}
}

// violation is a worker's behaviour that ends it on the spot.
type violation struct{ text string }

func (v *violation) Error() string { return v.text }

func (s *session) violate(format string, args ...any) error {
	v := &violation{fmt.Sprintf(format, args...)}
	return &ingest.Error{
		Code: ingest.CodeWorkerDied, Err: v,
		Text: fmt.Sprintf("camera %q: its worker %s and was ended; the camera is started again, other cameras go on",
			s.src.spec.ID, v.text),
	}
}

// serve reads the worker's messages until it ends or must be ended.
func (s *session) serve(ctx context.Context) error {
	quiet := helloWithin
	for {
		if err := s.conn.SetReceiveDeadline(time.Now().Add(quiet)); err != nil {
			return err
		}
		if ctx.Err() != nil { // it may have ended before the deadline was set anew
			return ctx.Err()
		}
		typ, body, err := s.conn.Receive()
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return s.violate("gave no sign of life for %v", quiet)
		case errors.Is(err, wire.ErrMalformed):
			return s.violate("broke the protocol (%v)", err)
		case err != nil:
			return io.EOF
		}
		if typ == wire.TypeHello {
			quiet = s.src.opt.HangAfter
		}
		over, err := s.handle(ctx, typ, body, now)
		if over || err != nil {
			return err
		}
		if err := s.checkStall(time.Now()); err != nil {
			return err
		}
	}
}

// handle acts on one message; over tells that the worker's work is done.
func (s *session) handle(ctx context.Context, typ wire.Type, body []byte, now time.Time) (over bool, err error) {
	if typ == wire.TypeFrame {
		if s.src.spec.Live && !s.frames.take(now) {
			return false, s.violate("sent more than %d pictures a second", s.src.opt.MaxFPS)
		}
		m, err := wire.ParseFrame(body, s.slots.Len())
		if err != nil {
			return false, s.violate("broke the protocol (%v)", err)
		}
		return false, s.takeFrame(ctx, &m, now)
	}
	if !s.talk.take(now) {
		return false, s.violate("sent more than %d messages a second", maxChatter)
	}
	switch typ {
	case wire.TypeHello:
		if err = wire.ParseEmpty(body); err == nil {
			return false, s.begin()
		}
	case wire.TypeBeat:
		var m wire.Beat
		if m, err = wire.ParseBeat(body); err == nil {
			s.beat(m, now)
		}
	case wire.TypeAnswer:
		var m wire.Answer
		if m, err = wire.ParseAnswer(body); err == nil {
			s.deliver(m)
		}
	case wire.TypeState:
		var m wire.State
		if m, err = wire.ParseState(body); err == nil {
			return s.state(m, now)
		}
	default:
		err = fmt.Errorf("%w: type %d", wire.ErrMalformed, typ)
	}
	if err != nil {
		return false, s.violate("broke the protocol (%v)", err)
	}
	return false, nil
}

// takeFrame copies a picture into the edge's own memory, so that what is judged
// is what is shown even if the worker writes on, and gives the slot back.
func (s *session) takeFrame(ctx context.Context, m *wire.Frame, now time.Time) error {
	src := s.src
	planes, err := s.slots.Planes(int(m.Slot), m.Size)
	if err != nil || m.Size.W*m.Size.H > src.opt.MaxPixels {
		if !s.unfitSeen {
			s.unfitSeen = true
			src.opt.Log.Warn().
				Msgf("pictures of %v are refused: at most %d pixels are configured", m.Size, src.opt.MaxPixels)
		}
		s.refuse()
		return s.release(m.Slot)
	}
	src.mu.Lock()
	seq, epoch, err := src.order.next(m)
	src.mu.Unlock()
	if err != nil {
		s.refuse()
		return s.release(m.Slot)
	}
	turn := src.spec.Turn
	raw, err := s.memory(ctx, turnedSize(m.Size, turn))
	if err != nil {
		return err
	}
	if raw == nil { // all memory is lent out: a live camera goes on without this picture
		src.mu.Lock()
		src.own.dropped++
		src.mu.Unlock()
		s.moved = now
		return s.release(m.Slot)
	}
	copyTurned(raw.Planes(), planes, turn)
	if err := s.release(m.Slot); err != nil {
		raw.Release()
		return err
	}
	raw.Meta = s.meta(m, seq, epoch, now)
	s.got++
	s.noteFrame(m, now)
	if !src.spec.Live {
		if err := src.queue.waitRoom(ctx); err != nil {
			raw.Release()
			return err
		}
	}
	dropped := src.queue.put(raw)
	s.moved = time.Now() // waiting for the consumer is no stall of the worker's
	if dropped {
		src.mu.Lock()
		src.own.dropped++
		src.mu.Unlock()
	}
	return nil
}

func (s *session) meta(m *wire.Frame, seq uint64, epoch uint32, now time.Time) frame.Meta {
	arrived := m.Arrived
	if arrived.After(now) || now.Sub(arrived) > time.Minute {
		arrived = now
	}
	captured := m.Captured
	if m.Clock != frame.ClockCamera {
		captured = arrived
	}
	return frame.Meta{
		Camera: s.src.spec.ID, Seq: seq, Epoch: epoch,
		PTS: m.PTS, Ticks: m.Ticks, TimeBase: m.Base,
		Captured: captured, Arrived: arrived, Clock: m.Clock,
		Colour: m.Colour, Aspect: turnedAspect(m.Aspect, s.src.spec.Turn),
		Passage: frame.Passage{Handed: now, Taken: time.Now()},
	}
}

func (s *session) noteFrame(m *wire.Frame, now time.Time) {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	s.src.rate.tick(now)
	s.src.health.Size = turnedSize(m.Size, s.src.spec.Turn)
	s.src.health.Clock = m.Clock
}

// memory lends room for a picture. When all is lent out, a live camera gives up
// its oldest waiting picture, or this one (nil); a file waits.
func (s *session) memory(ctx context.Context, size frame.Size) (*frame.Raw, error) {
	for {
		raw, err := s.src.pool.Get(size)
		switch {
		case err == nil:
			return raw, nil
		case !errors.Is(err, frame.ErrExhausted):
			return nil, ingest.Errorf(ingest.CodeWorkerDied, "camera %q: no memory for its pictures: %v", s.src.spec.ID, err)
		case s.src.spec.Live:
			if !s.src.queue.dropOldest() {
				return nil, nil
			}
			s.src.mu.Lock()
			s.src.own.dropped++
			s.src.mu.Unlock()
			continue
		}
		// The pool cannot tell when a picture comes back.
		timer := time.NewTimer(2 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

func (s *session) refuse() {
	s.src.mu.Lock()
	s.src.own.corrupt++
	s.src.mu.Unlock()
}

// release gives a slot back. A worker that takes nothing off its socket for so
// long hangs.
func (s *session) release(slot uint16) error {
	_ = s.conn.SetSendDeadline(time.Now().Add(sendWithin))
	if err := s.conn.SendRelease(slot); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return s.violate("took no message for %v", sendWithin)
		}
		return io.EOF
	}
	return nil
}

func (s *session) beat(m wire.Beat, now time.Time) {
	if m.Units > s.units && !s.src.spec.Live {
		s.moved = now
	}
	s.units = m.Units
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	s.src.current = counters{dropped: m.Dropped, corrupt: m.Corrupt, reconnect: m.Reconnect}
}

// state follows the worker's account of its camera.
func (s *session) state(m wire.State, now time.Time) (over bool, err error) {
	src := s.src
	s.phase = m.Phase
	s.moved = now
	var trouble *ingest.Error
	if m.Code != "" {
		trouble = &ingest.Error{
			Code: ingest.Code(ingest.PlainText(m.Code, 32)), Text: ingest.PlainText(m.Text, wire.MaxText),
		}
	}
	switch m.Phase {
	case wire.PhaseConnecting:
		src.setState(ingest.StateConnecting, nil)
	case wire.PhaseConnected:
		src.setState(ingest.StateConnected, nil)
		src.noteDecoder(s.card, m)
	case wire.PhaseRetrying:
		if trouble == nil {
			return false, s.violate("broke the protocol (retrying without a reason)")
		}
		src.setRetry(trouble, m.NextTry)
		src.opt.Log.Warn().Str("code", string(trouble.Code)).Msg(trouble.Text)
	case wire.PhaseEnded:
		return true, nil
	case wire.PhaseFailed:
		if trouble == nil {
			return false, s.violate("broke the protocol (failed without a reason)")
		}
		trouble.Permanent = true
		return true, trouble
	}
	if m.Codec != "" {
		src.mu.Lock()
		src.health.Codec = ingest.PlainText(m.Codec, 32)
		src.mu.Unlock()
	}
	return false, nil
}

// checkStall ends a worker that is connected and alive but brings nothing.
func (s *session) checkStall(now time.Time) error {
	if s.phase != wire.PhaseConnected || (s.src.spec.Pace && !s.src.spec.Live) {
		return nil
	}
	if d := now.Sub(s.moved); d > s.src.opt.StallAfter {
		return s.violate("was connected but brought no picture for %v", d.Round(time.Second))
	}
	return nil
}

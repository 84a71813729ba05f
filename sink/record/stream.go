package record

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"bystander/internal/observe"
	"bystander/sink"
)

// Stream records one camera's stream of one rule. WritePacket is for one
// goroutine; a goroutine of the stream's own does all that touches the disk, so
// a slow or full disk never holds the pipeline up.
type Stream struct {
	r            *Recorder
	camera, rule string
	queue        chan *sink.Packet
	watch        *observe.Queue // of queue
	done         sync.WaitGroup

	mu     sync.Mutex
	closed bool
	skip   bool // a packet was dropped: wait for the next key picture
	st     StreamStats
	now    *Recording // as of the last fragment
	err    error      // of closing

	// The rest belongs to the goroutine of run.
	cur     *file
	spare   *file // whose buffers the next segment takes over
	rec     Recording
	prev    *sink.Packet // not in a fragment yet: its duration is unknown
	start   time.Duration
	step    time.Duration
	paused  bool
	retryAt time.Time
}

// StreamStats counts since the stream began.
type StreamStats struct {
	Packets  uint64 // written
	Dropped  uint64 // because the disk was slow or refused
	Segments uint64 // finished
	Paused   bool   // the disk refuses at present
	Err      error  // why
	Queue    observe.QueueState
}

func newStream(r *Recorder, camera, rule string) *Stream {
	s := &Stream{r: r, camera: camera, rule: rule, queue: make(chan *sink.Packet, r.cfg.Queue), watch: observe.NewQueue(r.cfg.Queue)}
	s.done.Go(s.run)
	return s
}

// WritePacket hands a packet over and never blocks. It fails with ErrBehind
// when the disk does not keep up: the packet, and those up to the next key
// picture, are dropped and counted.
func (s *Stream) WritePacket(p *sink.Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if !s.skip || p.Key {
		select {
		case s.queue <- p:
			s.watch.In(time.Now())
			s.skip = false
			return nil
		default:
		}
	}
	s.skip = true
	s.st.Dropped++
	return ErrBehind
}

// Stats returns a snapshot.
func (s *Stream) Stats() StreamStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.st
	st.Queue = s.watch.State(time.Now())
	st.Queue.Dropped = st.Dropped
	return st
}

// Close writes what was handed over, finishes the file, and waits for that.
func (s *Stream) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.queue) // WritePacket sends under the same lock
	}
	s.mu.Unlock()
	s.done.Wait()
	s.r.forget(s)
	return s.err
}

func (s *Stream) current() (Recording, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return Recording{}, false
	}
	return *s.now, true
}

func (s *Stream) run() {
	for p := range s.queue {
		s.watch.Out()
		if err := s.take(p); err != nil {
			s.pause(err)
		}
	}
	if s.cur != nil {
		s.err = s.end(nil)
	}
}

// take records one packet. An error means that the disk refused.
func (s *Stream) take(p *sink.Packet) error {
	if s.paused && s.cur == nil && (!p.Key || s.r.cfg.Now().Before(s.retryAt)) {
		s.dropped()
		return nil
	}
	if s.cur != nil {
		if p.PTS <= s.prev.PTS {
			s.dropped() // against the contract; the file's time only goes on
			return nil
		}
		if s.breaks(p) {
			if err := s.end(p); err != nil {
				return err
			}
		}
	}
	if s.cur == nil {
		return s.begin(p)
	}
	return s.extend(p)
}

// breaks tells whether p belongs into another file than the one before it: a
// long gap, other parameters, a wall clock that was set, or simply length. A
// camera that was gone for a moment and comes back alike goes on in the file.
func (s *Stream) breaks(p *sink.Packet) bool {
	if p.PTS-s.prev.PTS > s.r.cfg.MaxGap || p.Size != s.prev.Size {
		return true
	}
	if !p.Key {
		return false
	}
	if p.PTS-s.start >= s.r.cfg.Segment {
		return true
	}
	drift := p.Captured.Sub(s.rec.Start) - (p.PTS - s.start)
	if drift.Abs() > maxDrift {
		return true
	}
	par, ok := paramsOf(p.Data)
	return ok && !par.equal(s.cur.par)
}

// maxDrift is how far a file's running time may stray from the wall clock.
const maxDrift = 2 * time.Second

// begin starts a file with p, or waits for a packet that one can start with.
func (s *Stream) begin(p *sink.Packet) error {
	if !p.Key {
		s.dropped()
		return nil
	}
	par, ok := paramsOf(p.Data)
	if !ok {
		s.dropped()
		return nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("record: id: %w", err)
	}
	at := p.Captured.UTC()
	name := fmt.Sprintf("%sZ-%s-%s.mp4", at.Format("150405.000"), s.rule, id.String()[32:])
	path := filepath.Join(s.camera, at.Format(time.DateOnly), name)
	fragments := int(2*s.r.cfg.Segment/s.r.cfg.Fragment) + 32
	cur, err := create(filepath.Join(s.r.cfg.Dir, path), par, fragments, s.spare)
	if err != nil {
		return err
	}
	s.rec = Recording{
		ID: id.String(), Camera: s.camera, Rule: s.rule, Start: at, End: at, Size: p.Size,
		Bytes: cur.synced, Open: true, Path: path,
	}
	s.cur, s.prev, s.start = cur, p, p.PTS
	s.publish() // before the row is there, or settle would take it for a wreck
	return s.r.index.put(context.Background(), &s.rec)
}

// extend adds the packet before p, whose duration is known now.
func (s *Stream) extend(p *sink.Packet) error {
	s.step = p.PTS - s.prev.PTS
	s.cur.add(s.prev, ticks(p.PTS-s.start)-ticks(s.prev.PTS-s.start))
	s.prev = p
	if !p.Key && fromTicks(s.cur.pending.Duration) < s.r.cfg.Fragment && len(s.cur.payload) < maxFragment {
		return nil
	}
	return s.flush()
}

// maxFragment bounds the room that a fragment takes in memory, in bytes.
const maxFragment = 16 << 20

func (s *Stream) flush() error {
	n := len(s.cur.samples)
	if err := s.cur.flush(); err != nil {
		s.mu.Lock()
		s.st.Dropped += uint64(n)
		s.mu.Unlock()
		return err
	}
	s.resumed()
	s.mu.Lock()
	s.st.Packets += uint64(n)
	s.mu.Unlock()
	s.publish()
	return nil
}

// publish makes the state of the current segment known to readers.
func (s *Stream) publish() {
	g := s.cur
	s.rec.Bytes, s.rec.Frames, s.rec.FullMask = g.synced, g.frames, g.full
	s.rec.Length = fromTicks(g.total)
	s.rec.End = s.rec.Start.Add(s.rec.Length)
	rec := s.rec
	s.mu.Lock()
	s.now = &rec
	s.mu.Unlock()
}

// end finishes the current file. next is the packet that follows, if it does.
func (s *Stream) end(next *sink.Packet) error {
	d := s.prev.Duration
	if next != nil && next.PTS-s.prev.PTS <= s.r.cfg.MaxGap {
		d = next.PTS - s.prev.PTS
	}
	if d <= 0 {
		d = s.step
	}
	if d <= 0 {
		d = 40 * time.Millisecond
	}
	s.cur.add(s.prev, ticks(s.prev.PTS-s.start+d)-ticks(s.prev.PTS-s.start))
	return errors.Join(s.flush(), s.finish())
}

// finish closes the current file, whole or after an error. What cannot be
// finished now is left as .part for Recorder.settle.
func (s *Stream) finish() error {
	g := s.cur
	s.cur, s.prev, s.spare = nil, nil, g
	defer func() {
		s.mu.Lock()
		s.now = nil
		s.mu.Unlock()
	}()
	if g.frames == 0 {
		return errors.Join(g.drop(), s.r.index.remove(context.Background(), s.rec.ID))
	}
	sum, err := g.finish()
	if err != nil {
		return err
	}
	s.rec.Bytes, s.rec.Frames, s.rec.FullMask, s.rec.SHA256, s.rec.Open = g.synced, g.frames, g.full, sum, false
	s.rec.Length = fromTicks(g.total)
	s.rec.End, s.rec.Tally = s.rec.Start.Add(s.rec.Length), g.tally
	if err := s.r.certify(&s.rec); err != nil {
		return err
	}
	if err := s.r.index.put(context.Background(), &s.rec); err != nil {
		return err
	}
	s.mu.Lock()
	s.st.Segments++
	s.mu.Unlock()
	select {
	case s.r.nudge <- struct{}{}:
	default:
	}
	return nil
}

// pause stops recording for a while after the disk refused. Live view is not
// touched: packets are counted and let go.
func (s *Stream) pause(err error) {
	if s.cur != nil {
		err = errors.Join(err, s.finish())
	}
	s.dropped()
	s.retryAt = s.r.cfg.Now().Add(s.r.cfg.Retry)
	first := !s.paused
	s.paused = true
	s.mu.Lock()
	s.st.Paused, s.st.Err = true, err
	s.mu.Unlock()
	if first {
		s.r.cfg.Alarm(Alarm{Kind: AlarmPaused, Camera: s.camera, Err: err})
	}
	// Make room now, so that the next attempt may succeed.
	s.r.report(s.r.Enforce(context.Background()))
}

func (s *Stream) resumed() {
	if !s.paused {
		return
	}
	s.paused = false
	s.mu.Lock()
	s.st.Paused, s.st.Err = false, nil
	s.mu.Unlock()
	s.r.cfg.Alarm(Alarm{Kind: AlarmPaused, Camera: s.camera, Cleared: true})
}

func (s *Stream) dropped() {
	s.mu.Lock()
	s.st.Dropped++
	s.mu.Unlock()
}

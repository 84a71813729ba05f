package live

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bystander/sink"
)

// Stream is one camera's live view. It implements sink.PacketSink: packets
// written to it go to whoever watches. Without viewers a packet costs nothing.
type Stream struct {
	hub    *Hub
	camera string
	units  *unitPool
	keys   keyLimiter

	mu      sync.Mutex
	viewers map[string]*viewer
	pending int       // offers being answered
	large   int       // viewers who have, or want, the full rendition
	tiny    int       // the same of the small one
	keyTiny bool      // a key picture of it is wanted
	askedAt time.Time // when one was last asked for
	closed  bool

	count counters
}

// counters are added to by several goroutines.
type counters struct {
	sessions, refused, frames, bytes, packets, dropped, keyRequests atomic.Uint64
}

var _ sink.PacketSink = (*Stream)(nil)

func newStream(h *Hub, camera string) *Stream {
	s := &Stream{
		hub: h, camera: camera,
		units:   newUnitPool(h.cfg.Queue + 4),
		viewers: make(map[string]*viewer),
	}
	s.keys.every = h.cfg.KeyFrameInterval
	s.keys.ask = func() {
		s.count.keyRequests.Add(1)
		h.cfg.OnKeyFrameNeeded(camera)
	}
	return s
}

// WritePacket hands p to every viewer's queue and returns at once; it keeps
// nothing of p. A viewer whose queue is full skips to the next key picture. It
// fails with ErrClosed, and with ErrNotH264 for a packet that holds no picture.
func (s *Stream) WritePacket(p *sink.Packet) error { return s.WritePackets(p, nil) }

// WritePackets hands one picture on in both renditions: each viewer gets the one
// that it shows, and changes over to the one that it wants at that one's next key
// picture, within the same RTP stream. Either may be nil, when that rendition
// leaves this picture out. Both have the same PTS.
func (s *Stream) WritePackets(full, small *sink.Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%w: stream of %s", ErrClosed, s.camera)
	}
	if len(s.viewers) == 0 {
		return nil
	}
	units := [2]*unit{}
	for i, p := range [2]*sink.Packet{Full: full, Small: small} {
		if p == nil {
			continue
		}
		u := s.units.get()
		defer u.release()
		if err := u.fill(p); err != nil {
			return fmt.Errorf("camera %s: %w", s.camera, err)
		}
		units[i] = u
	}
	if u := units[Full]; u != nil && u.key {
		s.keys.satisfied()
	}
	if u := units[Small]; u != nil && u.key {
		s.keyTiny = false
	}
	now := time.Now()
	for _, v := range s.viewers {
		if u := v.pick(units); u != nil && v.offer(u, now) {
			s.wantKey(v.has, now)
		}
	}
	return nil
}

// Full tells whether anybody watches the full rendition, or is about to. Once
// somebody does, its next picture has to be a key picture. It is cheap, and asked
// before each picture.
func (s *Stream) Full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.large > 0
}

// Small tells whether anybody watches the small rendition, and whether its next
// picture has to be a key picture. It is cheap, and asked before each picture.
func (s *Stream) Small() (watched, key bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tiny > 0, s.keyTiny
}

// wantKey asks for a key picture of a rendition. The stream's lock is held.
func (s *Stream) wantKey(r Rendition, now time.Time) {
	if r == Full {
		s.keys.want(now)
	} else if now.Sub(s.askedAt) >= s.keys.every {
		s.askedAt, s.keyTiny = now, true
	}
}

// resize has a viewer change over to another rendition.
func (s *Stream) resize(v *viewer, to Rendition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.want == to || s.viewers[v.id] != v {
		return
	}
	s.tally(v, -1)
	v.want = to
	s.tally(v, 1)
	s.wantKey(to, time.Now())
}

// tally keeps how many have to do with each rendition.
func (s *Stream) tally(v *viewer, n int) {
	if v.want == Full || v.has == Full {
		s.large += n
	}
	if v.want == Small || v.has == Small {
		s.tiny += n
	}
}

// reserve takes a place for an offer that is being answered.
func (s *Stream) reserve() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return fmt.Errorf("%w: %s", ErrUnknownCamera, s.camera)
	case len(s.viewers)+s.pending >= s.hub.cfg.MaxViewers:
		s.count.refused.Add(1)
		return fmt.Errorf("%w (camera %s has %d)", ErrTooManyViewers, s.camera, s.hub.cfg.MaxViewers)
	}
	s.pending++
	return nil
}

// settle gives the place back, to v if the offer was answered.
func (s *Stream) settle(v *viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
	if v == nil {
		return nil
	}
	if s.closed {
		return fmt.Errorf("%w: %s", ErrUnknownCamera, s.camera)
	}
	s.viewers[v.id] = v
	s.tally(v, 1)
	s.count.sessions.Add(1)
	return nil
}

func (s *Stream) remove(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers[v.id] == v {
		s.tally(v, -1)
	}
	delete(s.viewers, v.id)
}

// Close ends the view of every viewer, waits for them, and takes the camera
// off the hub. A later Hub.Stream begins anew.
func (s *Stream) Close() error {
	s.hub.forget(s)
	s.mu.Lock()
	s.closed = true
	all := make([]*viewer, 0, len(s.viewers))
	for _, v := range s.viewers {
		v.cancel()
		all = append(all, v)
	}
	s.mu.Unlock()
	for _, v := range all {
		<-v.done
	}
	s.keys.stop()
	return nil
}

package live

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"bystander/sink"
)

// Payloads cuts p as for sending.
func Payloads(p *sink.Packet) (payloads [][]byte, key bool, err error) {
	u := newUnitPool(1).get()
	if err := u.fill(p); err != nil {
		return nil, false, err
	}
	_ = u.payloads(func(b []byte, _, _ bool) error { payloads = append(payloads, b); return nil })
	return payloads, u.key, nil
}

// AddWriter makes a connected viewer of s that sends to w. The returned
// function removes it and waits; ended tells whether the stream dropped it.
func AddWriter(s *Stream, w webrtc.TrackLocalWriter) (remove func(), ended <-chan struct{}) {
	remove, ended, _ = AddWriterAs(s, w, Full)
	return remove, ended
}

// AddWriterAs is AddWriter for a viewer who begins with the given rendition;
// resize has it change over.
func AddWriterAs(s *Stream, w webrtc.TrackLocalWriter, r Rendition) (remove func(), ended <-chan struct{}, resize func(Rendition)) {
	t := newTrack(s.camera)
	t.bound.Store(&binding{w: w, first: rtp.Header{Version: 2}, other: rtp.Header{Version: 2}})
	v := newViewer(s, nil, t, r)
	v.joined.Store(true)
	s.mu.Lock()
	s.viewers[v.id] = v
	s.tally(v, 1)
	s.mu.Unlock()
	go func() {
		defer close(v.done)
		v.write()
		v.drain()
	}()
	return func() { v.cancel(); s.remove(v); <-v.done }, v.ctx.Done(), func(to Rendition) { s.resize(v, to) }
}

// NewKeyLimiter returns a limiter's parts.
func NewKeyLimiter(every time.Duration, ask func()) (want, satisfied, stop func()) {
	k := &keyLimiter{every: every, ask: ask}
	return func() { k.want(time.Now()) }, k.satisfied, k.stop
}

// Freed is how many units of s lie ready for reuse.
func Freed(s *Stream) int { return len(s.units.free) }

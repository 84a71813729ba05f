package redact

import (
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// entry is one held picture.
type entry struct {
	raw    *frame.Raw
	pts    time.Duration
	fault  Reason // not ReasonNone: masked as a whole
	detail string
	look   bool // faces were looked for, successfully
	guard  bool // the foreground guard looked
	moving []geom.Box
}

// stretch is what is known of one epoch: the held pictures, oldest first.
type stretch struct {
	epoch uint32
	size  frame.Size
	begun bool
	last  time.Duration // of the newest picture
	ring  []entry
	head  int
	count int
}

func newStretch(hold int) *stretch {
	s := &stretch{ring: make([]entry, hold+1)}
	for i := range s.ring {
		s.ring[i].moving = make([]geom.Box, 0, maxMoving)
	}
	return s
}

// continues reports whether raw goes on where the stretch stands.
func (s *stretch) continues(raw *frame.Raw) bool {
	return s.begun && raw.Epoch == s.epoch && raw.Size() == s.size && raw.PTS > s.last
}

// reset begins a new epoch with raw; nothing is carried over.
func (s *stretch) reset(raw *frame.Raw) {
	s.epoch, s.size, s.begun = raw.Epoch, raw.Size(), true
	s.head, s.count = 0, 0
}

func (s *stretch) add(raw *frame.Raw, _ Sighting) {
	e := &s.ring[(s.head+s.count)%len(s.ring)]
	e.raw, e.pts = raw, raw.PTS
	s.last = raw.PTS
	s.count++
}

// take removes the oldest picture.
func (s *stretch) take() entry {
	e := s.ring[s.head]
	s.ring[s.head].raw = nil
	s.head = (s.head + 1) % len(s.ring)
	s.count--
	return e
}

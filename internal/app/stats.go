package app

import (
	"sync"
	"time"

	"bystander/api"
	"bystander/internal/trace"
	"bystander/redact"
)

// cameraStats counts what happens to one camera's pictures.
type cameraStats struct {
	delays delays

	mu       sync.Mutex
	n        counts
	faces    int // at the last look
	humans   int
	clear    int
	full     bool
	reason   string
	maskedAt time.Time // when the mask state last changed
	state    string

	followed   trace.Ref // the newest picture that left and is followed
	followedAt time.Time
}

// counts are totals since the start.
type counts struct {
	In, Out, Full, Lost       uint64
	Faces, Masked, Clear      uint64 // faces on pictures
	Looks, Tracks             uint64
	Area                      float64 // sum over pictures
	Heads, Guard, ClearRecord uint64
}

func (c *cameraStats) looked(s *seen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n.In++
	if !s.lookedFor {
		return
	}
	c.n.Looks++
	c.faces, c.humans = s.faces, s.humans
	s.lookedFor = false
	c.n.Tracks += uint64(s.fresh)
}

func (c *cameraStats) covered(o redact.Out, now time.Time) {
	if !o.Meta.Arrived.IsZero() {
		c.delays.add(now.Sub(o.Meta.Arrived))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := refOf(&o.Meta); r.Followed() {
		c.followed, c.followedAt = r, now
	}
	c.n.Out++
	c.n.Faces += uint64(o.Stats.Faces)
	c.n.Masked += uint64(o.Stats.Masked)
	c.n.Clear += uint64(o.Stats.Clear)
	c.n.ClearRecord += uint64(o.Stats.ClearRecord)
	c.n.Heads += uint64(o.Stats.Heads)
	c.n.Guard += uint64(o.Stats.Guard)
	c.n.Area += float64(o.Stats.Area)
	c.clear = o.Stats.Clear
	state, reason := "masked", ""
	switch {
	case o.Stats.FullMask:
		c.n.Full++
		state, reason = "full", maskCode(o.Stats)
	case o.Stats.Clear > 0:
		state = "clear"
	}
	if state != c.state || reason != c.reason {
		c.maskedAt = now
	}
	c.state, c.reason, c.full = state, reason, o.Stats.FullMask
}

// newest is the trace of the picture that was followed last, if that left so
// lately that what is said of the camera now may be said to follow from it.
func (c *cameraStats) newest(now time.Time) trace.Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.followedAt) > 2*watchEvery {
		return trace.Ref{}
	}
	return c.followed
}

// lost counts a picture that could not be covered and therefore never leaves.
func (c *cameraStats) lost(error) {
	c.mu.Lock()
	c.n.Lost++
	c.mu.Unlock()
}

func (c *cameraStats) totals() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// maskSnapshot is the state of covering now.
type maskSnapshot struct {
	state, reason        string
	since                time.Time
	faces, humans, clear int
}

func (c *cameraStats) mask() maskSnapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := maskSnapshot{c.state, c.reason, c.maskedAt, c.faces, c.humans, c.clear}
	if s.state == "" {
		s.state = "full"
	}
	return s
}

// maskCode turns the redactor's reason into the code that the page explains.
func maskCode(s redact.Stats) string {
	switch s.Reason {
	case redact.ReasonFault:
		return s.Detail // the looker's faults are codes already
	case redact.ReasonStart:
		return api.MaskStarting
	case redact.ReasonBlind:
		return api.MaskDetectorLate
	case redact.ReasonOutput, redact.ReasonInternal:
		return api.MaskDetectorError
	case redact.ReasonOverflow:
		return api.MaskOverload
	}
	return string(s.Reason)
}

// passed counts a picture that the floor of eval speed took.
func (c *cameraStats) passed() {
	c.mu.Lock()
	c.n.In++
	c.n.Out++
	c.mu.Unlock()
}

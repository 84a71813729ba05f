package route

import (
	"sync"
	"time"
)

// PerMinute bounds what everybody together may do in a minute, so that a flood
// fills no disk and no log. It is safe for concurrent use.
type PerMinute struct {
	most int
	now  func() time.Time

	mu     sync.Mutex
	minute time.Time
	taken  int
}

// NewPerMinute returns a bound of most a minute, or of otherwise when most is not
// above 0. now is time.Now when nil.
func NewPerMinute(most, otherwise int, now func() time.Time) *PerMinute {
	if most <= 0 {
		most = otherwise
	}
	if now == nil {
		now = time.Now
	}
	return &PerMinute{most: most, now: now}
}

// begin starts a new minute's count; the caller holds mu.
func (p *PerMinute) begin() {
	if now := p.now().Truncate(time.Minute); !now.Equal(p.minute) {
		p.minute, p.taken = now, 0
	}
}

// Take counts one and reports whether it is within the bound.
func (p *PerMinute) Take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	if p.taken >= p.most {
		return false
	}
	p.taken++
	return true
}

// Full reports whether this minute's share is used up, and counts nothing.
func (p *PerMinute) Full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	return p.taken >= p.most
}

package desk

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often an address may try to join, and all together.
const (
	joinEvery    = 10 * time.Second
	joinBurst    = 6
	allPerSecond = 20
	maxAddresses = 4096
)

// limiter bounds attempts to join. A token has 256 bits; this keeps guesses from
// costing us anything.
type limiter struct {
	now func() time.Time

	mu  sync.Mutex
	by  map[string]*rate.Limiter
	all *rate.Limiter
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, by: map[string]*rate.Limiter{}, all: rate.NewLimiter(allPerSecond, allPerSecond)}
}

func (l *limiter) allow(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.by[address]
	if b == nil {
		if len(l.by) >= maxAddresses { // those who are in no debt are forgotten
			for a, x := range l.by {
				if x.TokensAt(now) >= joinBurst {
					delete(l.by, a)
				}
			}
		}
		if len(l.by) >= maxAddresses {
			return false
		}
		b = rate.NewLimiter(rate.Every(joinEvery), joinBurst)
		l.by[address] = b
	}
	return b.AllowN(now, 1) && l.all.AllowN(now, 1)
}

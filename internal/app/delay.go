package app

import (
	"slices"
	"sync"
	"time"
)

// delays keeps the newest delays of a stream and tells their quantiles.
type delays struct {
	mu   sync.Mutex
	ring [512]time.Duration
	n    int
}

func (d *delays) add(v time.Duration) {
	d.mu.Lock()
	d.ring[d.n%len(d.ring)] = v
	d.n++
	d.mu.Unlock()
}

// quantiles returns the given quantiles (0 to 1), zero when there is nothing.
func (d *delays) quantiles(qs ...float64) []time.Duration {
	d.mu.Lock()
	sorted := slices.Clone(d.ring[:min(d.n, len(d.ring))])
	d.mu.Unlock()
	slices.Sort(sorted)
	out := make([]time.Duration, len(qs))
	if len(sorted) == 0 {
		return out
	}
	for i, q := range qs {
		out[i] = sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
	}
	return out
}

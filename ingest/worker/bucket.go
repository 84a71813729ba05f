package worker

import "time"

// bucket is a token bucket.
type bucket struct {
	rate, burst, fill float64
	at                time.Time
}

func (b *bucket) take(now time.Time) bool {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.fill = min(b.burst, b.fill+d*b.rate)
		b.at = now
	}
	if b.fill < 1 {
		return false
	}
	b.fill--
	return true
}

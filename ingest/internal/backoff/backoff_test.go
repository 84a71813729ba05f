package backoff_test

import (
	"testing"
	"time"

	"bystander/ingest/internal/backoff"
)

func TestWaitDoublesUpToTheLimit(t *testing.T) {
	const lo, hi = 500 * time.Millisecond, 30 * time.Second
	for n, full := range map[int]time.Duration{
		0: lo, 1: time.Second, 4: 8 * time.Second, 6: hi, 29: hi, 63: hi, 1 << 20: hi,
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			w := backoff.Wait(n, lo, hi)
			if w < full/2 || w > full {
				t.Fatalf("attempt %d waits %v, want %v to %v", n, w, full/2, full)
			}
			seen[w] = true
		}
		if len(seen) < 10 {
			t.Errorf("attempt %d: no jitter", n)
		}
	}
}

// Package backoff says how long to wait before trying again.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Wait returns how long to wait before attempt n (from 0): doubling from lo to
// hi, and between half of that and all of it by chance, so that cameras that
// were lost together do not come back together.
func Wait(n int, lo, hi time.Duration) time.Duration {
	d := hi
	if n >= 0 && n < 30 && lo<<n < hi && lo<<n > 0 {
		d = lo << n
	}
	return d/2 + rand.N(d/2+1)
}

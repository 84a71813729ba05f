package child

import (
	"time"

	"bystander/ingest/driver"
)

// lateUnit is how long a live unit may have waited for the decoder. A machine that
// is too slow would otherwise show everything, but seconds late; left-out units
// cost it nothing, so that it catches up at once.
const lateUnit = 1500 * time.Millisecond

// backlog decides which of a live camera's waiting units are worth decoding. Once
// one is late, all are left out up to the first key unit that is not.
type backlog struct {
	skipping bool
	since    time.Time
}

// take says whether to decode u, and whether decoding begins anew with it.
func (b *backlog) take(now time.Time, u driver.Unit) (take, anew bool) {
	late := now.Sub(u.Arrived) > lateUnit
	if !b.skipping {
		b.skipping, b.since = late, now
		return !late, false
	}
	// A camera without key units refreshes its picture little by little: the
	// decoder then finds its own start.
	if late || !u.Key && now.Sub(b.since) < keyPatience {
		return false, false
	}
	b.skipping = false
	return true, true
}

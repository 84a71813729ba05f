package writer

import (
	"context"
	"time"
)

// ailing is what the store's errors have said of its disk.
type ailing struct {
	how   Ailment
	since time.Time // of the first such error
}

// suspect notes what an error of the store says of its disk.
func (w *Writer) suspect(err error) {
	if err == nil || w.o.Store.Ails == nil {
		return
	}
	how := w.o.Store.Ails(err)
	if how == Healthy {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ail.how == Healthy {
		w.ail.since = w.o.Now()
	}
	w.ail.how = max(w.ail.how, how)
}

// repairLead is how long before the first sign of a full disk a part may have
// been spoilt; it allows for clocks that differ as well.
const repairLead = 30 * time.Minute

// mend notes the outcome of an attempt on the store, and has the session's
// mender look after the store where that is due: at once when it cannot read its
// own data; after it ran out of room as soon as it takes events again.
func (c *chains) mend(err error) {
	c.w.suspect(err)
	c.w.mu.Lock()
	how := c.w.ail.how
	c.w.mu.Unlock()
	if how == Damaged || (how == Full && err == nil) {
		c.call()
	}
}

// call tells the mender that there is something to do.
func (c *chains) call() {
	select {
	case c.ill <- struct{}{}:
	default: // it is told already
	}
}

// mender repairs the store when told to, until ctx ends. Events flow meanwhile,
// as far as the store takes them. What ailed it when the last session ended it
// goes on with.
func (c *chains) mender(ctx context.Context) {
	c.call()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.ill:
		}
		for attempt := 1; !c.repair(ctx); attempt++ {
			if !pause(ctx, c.w.backoff(attempt)) {
				return
			}
		}
	}
}

// repair repairs the store for what is known to ail it, and has events that are
// lost by it asked for; false means that it has to be tried again.
func (c *chains) repair(ctx context.Context) bool {
	w := c.w
	w.mu.Lock()
	ail := w.ail
	w.mu.Unlock()
	if ail.how == Healthy {
		return true
	}
	since := ail.since.Add(-repairLead) // for parts made meanwhile
	if ail.how == Damaged {
		since = time.Time{}
	}
	w.o.Log.Warn().Time("since", since).Msg("the store ran out of room or cannot read its own data; it is being repaired")
	lost, err := w.o.Store.Repair(ctx, since)
	c.disturb() // also when it failed, which may be half-way
	if err != nil {
		if ctx.Err() == nil {
			w.trouble(theStore, err)
		}
		return false
	}
	w.m.repairs.Inc()
	w.o.Log.Info().Bool("lost", lost).Msg("the store was repaired")
	w.mu.Lock()
	if w.ail == ail {
		w.ail = ailing{}
	}
	w.mu.Unlock()
	w.trouble(theStore, nil)
	return true
}

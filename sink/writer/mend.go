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

// mend has the store repaired: at once when it cannot read its own data, and
// after it ran out of room as soon as an insert succeeds again, for parts made
// meanwhile. err is the outcome of an attempt. Events that are lost by it are
// asked for.
func (w *Writer) mend(ctx context.Context, c *chains, err error) {
	w.suspect(err)
	w.mending.Lock() // one at a time; whoever waited finds it done
	defer w.mending.Unlock()
	w.mu.Lock()
	ail := w.ail
	w.mu.Unlock()
	if ail.how == Healthy || (ail.how == Full && err != nil) || ctx.Err() != nil {
		return
	}
	since := ail.since.Add(-repairLead)
	if ail.how == Damaged {
		since = time.Time{}
	}
	w.o.Log.Warn().Time("since", since).Msg("the store ran out of room or cannot read its own data; it is being repaired")
	lost, err := w.o.Store.Repair(ctx, since)
	if err == nil && lost {
		err = c.reviewAll(ctx)
	}
	if err != nil {
		w.trouble(theStore, err)
		return // the next attempt tries again
	}
	w.m.repairs.Inc()
	w.mu.Lock()
	if w.ail == ail {
		w.ail = ailing{}
	}
	w.mu.Unlock()
}

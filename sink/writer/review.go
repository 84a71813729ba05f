package writer

import (
	"context"
	"time"
)

// Rows can go from a store after it took them: a part that a cut-off merge left
// unreadable is given up, by any of the writers, by a person, or by the server
// when it starts. Whoever serves a chain has to notice, whoever did it. So every
// writer watches for signs that rows may have gone, and compares its chains with
// the store after one: soon, as often it is over then, and again and again, as a
// sign can come before the rows go.

// reviewing is when chains are compared with the store.
type reviewing struct {
	next time.Time
	wait time.Duration
}

// soon begins anew with short waits.
func (r *reviewing) soon(now time.Time, o *Options) { r.next, r.wait = now, o.Watch }

// done puts the next one off, each time by longer.
func (r *reviewing) done(now time.Time, o *Options) {
	r.next = now.Add(min(r.wait, o.Review))
	r.wait = min(4*r.wait, o.Review)
}

// disturb says that rows may have gone.
func (c *chains) disturb() {
	select {
	case c.disturbed <- struct{}{}:
	default: // it is said already
	}
}

// watch compares the session's chains with the store: hourly, and when rows may
// have gone. The store's state is taken before any chain is loaded, so that
// nothing goes between the two unseen.
func (c *chains) watch(ctx context.Context, from Condition) {
	o := &c.w.o
	t := time.NewTicker(o.Watch)
	defer t.Stop()
	r := reviewing{next: o.Now().Add(o.Review), wait: o.Review}
	blind, failed, unfinished := false, false, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.disturbed:
			r.soon(o.Now(), o)
		case <-t.C:
			now, err := c.condition(ctx)
			if err == nil && (blind || now.Epoch != from.Epoch) {
				r.soon(o.Now(), o)
				from = now
			}
			if blind = err != nil; blind {
				c.mend(err) // what tells of repairs may itself be unreadable
			}
			if !now.Unfinished {
				unfinished = 0
			} else if unfinished++; unfinished*int(o.Watch) >= int(adoptAfter) {
				unfinished = 0
				c.adopt()
			}
		}
		if o.Now().Before(r.next) {
			continue
		}
		err := c.reviewAll(ctx)
		if failed && err == nil {
			c.w.trouble(theStore, nil)
		}
		if failed = err != nil; failed {
			if ctx.Err() == nil {
				c.w.trouble(theStore, err)
				c.mend(err)
			}
			r.next = o.Now().Add(o.Watch)
			continue
		}
		r.done(o.Now(), o)
	}
}

// adoptAfter is for how long another's repair may be under way before this
// writer finishes it.
const adoptAfter = time.Minute

// adopt has the mender finish what another began.
func (c *chains) adopt() {
	if c.w.o.Store.Repair == nil {
		return
	}
	c.w.mu.Lock()
	if c.w.ail.how == Healthy {
		c.w.ail = ailing{Full, c.w.o.Now()}
	}
	c.w.mu.Unlock()
	c.call()
}

// condition asks the store how it is.
func (c *chains) condition(ctx context.Context) (Condition, error) {
	if c.w.o.Store.Condition == nil {
		return Condition{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.w.o.Timeout)
	defer cancel()
	return c.w.o.Store.Condition(ctx)
}

// firstCondition waits until the store can be asked; ok is false when the
// session ended first.
func (c *chains) firstCondition(ctx context.Context) (now Condition, ok bool) {
	for attempt := 1; ; attempt++ {
		now, err := c.condition(ctx)
		if err == nil {
			if attempt > 1 {
				c.w.trouble(theStore, nil)
			}
			return now, true
		}
		if ctx.Err() != nil {
			return now, false
		}
		c.w.trouble(theStore, err)
		c.mend(err)
		if !pause(ctx, c.w.backoff(attempt)) {
			return now, false
		}
	}
}

// review asks the store anew about a chain: rows that it had may be gone.
func (c *chains) review(ctx context.Context, id string) error {
	c.mu.Lock()
	s := c.by[id]
	var before uint64
	if s != nil {
		before = s.last
	}
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	last, lacks, err := c.w.o.Store.State(ctx, id)
	if err != nil {
		return err
	}
	if last < before { // the end is gone
		lacks = append(lacks, Gap{last + 1, before})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range s.explained {
		lacks = without(lacks, g.First, g.Last)
	}
	// What came behind before is on its way just now, and shows by itself.
	lacks = without(lacks, before+1, ^uint64(0))
	later := without(s.missing, 0, before)
	s.missing = join(lacks, later)
	s.ask.due(c.w.o.Now(), &c.w.o)
	return nil
}

// reviewAll asks the store about all of this session's chains.
func (c *chains) reviewAll(ctx context.Context) error {
	for _, s := range c.states() {
		if err := c.review(ctx, s.Chain); err != nil {
			return err
		}
	}
	return nil
}

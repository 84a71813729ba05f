package writer

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"bystander/internal/event"
)

// ChainState says how complete a chain is in the store, as this writer sees it.
type ChainState struct {
	Chain     string
	Last      uint64 // highest number stored
	Missing   uint64 // numbers below it that are not there and not explained
	Explained uint64 // numbers that the edge has said it cannot send again
	Gaps      []Gap
}

// chain is one chain's state.
type chain struct {
	last      uint64
	hash      event.Digest // of last; zero when it is not known
	missing   []Gap        // ascending and apart
	explained []Gap
	since     time.Time // when the oldest gap was seen
	next      time.Time // when to ask again
	wait      time.Duration
}

// chains keeps the state of a session's chains.
type chains struct {
	w   *Writer
	ill chan struct{} // of capacity 1: the store is to be repaired; never closed

	mu sync.Mutex
	by map[string]*chain
}

func newChains(w *Writer) *chains {
	return &chains{w: w, ill: make(chan struct{}, 1), by: map[string]*chain{}}
}

// learn asks the store about chains that are new to this session, for as long as
// it takes; false means that the session ended first.
func (c *chains) learn(ctx context.Context, evs []event.Event) bool {
	last := ""
	for i := range evs {
		if id := evs[i].ChainID; id != last {
			last = id
			if !c.load(ctx, id) {
				return false
			}
		}
	}
	return true
}

func (c *chains) load(ctx context.Context, id string) bool {
	c.mu.Lock()
	_, known := c.by[id]
	c.mu.Unlock()
	if known {
		return true
	}
	for attempt := 1; ; attempt++ {
		last, missing, err := c.w.o.Store.State(ctx, id)
		if err == nil {
			s := &chain{last: last, missing: missing}
			if len(missing) > 0 {
				c.due(s)
			}
			c.mu.Lock()
			if c.by[id] == nil {
				c.by[id] = s
			}
			c.mu.Unlock()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		c.w.trouble(theStore, err)
		c.mend(err)
		if !pause(ctx, c.w.backoff(attempt)) {
			return false
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
	last, missing, err := c.w.o.Store.State(ctx, id)
	if err != nil {
		return err
	}
	if last < before { // the end is gone
		missing = append(missing, Gap{last + 1, before})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range s.missing { // what showed only since the store was asked
		if g.First = max(g.First, max(last, before)+1); g.First <= g.Last {
			missing = append(missing, g)
		}
	}
	for _, g := range s.explained {
		missing = without(missing, g.First, g.Last)
	}
	if len(s.missing) == 0 && len(missing) > 0 {
		c.due(s)
	}
	s.missing = missing
	if len(missing) > 0 && c.w.o.Store.Refresh != nil {
		c.w.o.Store.Refresh() // it may believe to have them
	}
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

// due notes a gap that was not there before. Its events may still be under way.
func (c *chains) due(s *chain) {
	now := c.w.o.Now()
	s.since, s.next, s.wait = now, now.Add(c.w.o.Grace), max(c.w.o.Grace, time.Second)
}

// stored notes what the store has now. What was parked for its content counts as
// missing: its number is still to be filled, by the edge's own event.
func (c *chains) stored(evs []event.Event, bad []badRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range evs {
		e := &evs[i]
		s := c.by[e.ChainID]
		switch {
		case e.Seq == s.last+1:
			if s.hash != (event.Digest{}) && s.hash != e.PrevHash {
				c.w.m.broken.Inc()
				c.w.o.Log.Error().Str("chain", e.ChainID).Uint64("seq", e.Seq).Msg("an edge has signed an event that does not follow its last one: its history was forked; both are stored")
			}
			s.last, s.hash = e.Seq, e.RowHash
		case e.Seq > s.last:
			if len(s.missing) == 0 {
				c.due(s)
			}
			s.missing = append(s.missing, Gap{s.last + 1, e.Seq - 1})
			s.last, s.hash = e.Seq, e.RowHash
		default:
			s.missing = without(s.missing, e.Seq, e.Seq)
			s.explained = without(s.explained, e.Seq, e.Seq)
		}
	}
}

// without takes the numbers first to last out of a list of gaps.
func without(gaps []Gap, first, last uint64) []Gap {
	i, _ := slices.BinarySearchFunc(gaps, first, func(g Gap, n uint64) int { return cmp.Compare(g.Last, n) })
	if i == len(gaps) || gaps[i].First > last {
		return gaps
	}
	out := slices.Clone(gaps[:i])
	for _, g := range gaps[i:] {
		if g.First < first && g.First <= g.Last {
			out = append(out, Gap{g.First, min(g.Last, first-1)})
		}
		if g.Last > last {
			out = append(out, Gap{max(g.First, last+1), g.Last})
		}
	}
	return out
}

func size(gaps []Gap) uint64 {
	var n uint64
	for _, g := range gaps {
		n += g.Last - g.First + 1
	}
	return n
}

func (c *chains) states() []ChainState {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]ChainState, 0, len(c.by))
	for id, s := range c.by {
		out = append(out, ChainState{Chain: id, Last: s.last, Missing: size(s.missing), Explained: size(s.explained), Gaps: slices.Clone(s.missing)})
	}
	slices.SortFunc(out, func(a, b ChainState) int { return cmp.Compare(a.Chain, b.Chain) })
	return out
}

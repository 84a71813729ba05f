package writer

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"bystander/internal/event"
)

// ChainState says how complete a chain is in the store, as this writer sees it.
type ChainState struct {
	Chain     string
	Last      uint64 // highest number stored, or that the edge says the bus had
	Missing   uint64 // numbers below it that are not there and not explained
	Explained uint64 // numbers that the edge has said it cannot send again
	Gaps      []Gap
}

// chain is one chain's state.
type chain struct {
	last      uint64
	hash      event.Digest // of last; zero when it is not known
	missing   []Gap
	explained []Gap
	ask       asking
}

// chains keeps the state of a session's chains.
type chains struct {
	w         *Writer
	progress  *progress
	ill       chan struct{} // of capacity 1: the store is to be repaired; never closed
	disturbed chan struct{} // of capacity 1: rows may have gone; never closed

	mu     sync.Mutex
	by     map[string]*chain
	claims map[string]claim // of edges, that are still to be compared
}

func newChains(w *Writer, p *progress) *chains {
	return &chains{
		w: w, progress: p, ill: make(chan struct{}, 1), disturbed: make(chan struct{}, 1),
		by: map[string]*chain{}, claims: map[string]claim{},
	}
}

// learn asks the store about chains that are new to this session, for as long as
// it takes; false means that the session ended first.
func (c *chains) learn(ctx context.Context, evs []*event.Event) bool {
	last := ""
	for _, e := range evs {
		if id := e.ChainID; id != last {
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
			s.ask.due(c.w.o.Now(), &c.w.o)
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

// stored notes what the store has now. What was parked for its content is not
// among it and counts as missing: its number is still to be filled, by the edge's
// own event.
func (c *chains) stored(evs []*event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, s := "", (*chain)(nil)
	for _, e := range evs {
		if s == nil || e.ChainID != id {
			id, s = e.ChainID, c.by[e.ChainID]
		}
		switch {
		case e.Seq == s.last+1:
			if s.hash != (event.Digest{}) && s.hash != e.PrevHash {
				c.w.m.broken.Inc()
				c.w.o.Log.Error().Str("chain", e.ChainID).Uint64("seq", e.Seq).Msg("an edge has signed an event that does not follow its last one: its history was forked; both are stored")
			}
			s.last, s.hash = e.Seq, e.RowHash
		case e.Seq > s.last:
			s.ask.due(c.w.o.Now(), &c.w.o)
			s.missing = append(s.missing, Gap{s.last + 1, e.Seq - 1})
			s.last, s.hash = e.Seq, e.RowHash
		default:
			s.missing = without(s.missing, e.Seq, e.Seq)
			s.explained = without(s.explained, e.Seq, e.Seq)
		}
	}
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

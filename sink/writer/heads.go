package writer

import (
	"context"
	"sync"

	"bystander/internal/kafkax"
)

// progress tells whether everything that a partition held at some moment is
// stored. Moments are counted, not timed.
type progress struct {
	mu  sync.Mutex
	now uint64
	by  map[int]*standing
}

// standing is how one partition stands, in parts that its fetcher has sent.
type standing struct {
	sent, stored uint64
	// A fetch that began at or after moment seen found nothing behind part upTo.
	seen, upTo uint64
}

func newProgress() *progress { return &progress{by: map[int]*standing{}} }

func (p *progress) of(partition int) *standing {
	s := p.by[partition]
	if s == nil {
		s = &standing{}
		p.by[partition] = s
	}
	return s
}

// moment returns the present moment, before a fetch begins.
func (p *progress) moment() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// next begins another moment: fetches that begin from here on came later.
func (p *progress) next() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now++
	return p.now
}

// sent notes that a part of a partition goes to be stored.
func (p *progress) sent(partition int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(partition).sent++
}

// ended notes that a fetch that began at a moment found the partition's end
// behind what was sent.
func (p *progress) ended(partition int, moment uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(partition)
	s.seen, s.upTo = moment, s.sent
}

// stored notes that a part is stored.
func (p *progress) stored(partition int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(partition).stored++
}

// passed reports whether all that the partition held at a moment is stored.
func (p *progress) passed(partition int, moment uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(partition)
	return s.seen >= moment && s.stored >= s.upTo
}

// claim is an edge's word that the bus has taken its chain up to a number, heard
// at a moment.
type claim struct{ head, moment uint64 }

// heard notes an edge's head, if the edge signed it. One that still waits for
// the partition to be read is kept: the next one comes in time.
func (c *chains) heard(h *kafkax.ReplayHead) {
	pub := c.w.o.Keys(h.Chain)
	if pub == nil || h.Head == 0 || h.Verify(pub) != nil {
		c.w.m.answers.WithLabelValues("unverified").Inc()
		return
	}
	c.w.m.answers.WithLabelValues("head").Inc()
	moment := c.progress.next()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, waits := c.claims[h.Chain]; !waits {
		c.claims[h.Chain] = claim{h.Head, moment}
	}
}

// settle compares what edges have claimed with what is stored, of the chains
// whose partition has been stored to its end since. What lacks then is neither
// in the store nor on the bus, though it was: it is missing, and nothing but the
// claim shows it as long as the chain is silent.
func (c *chains) settle(ctx context.Context, where func(chain string) (partition int, mine bool)) {
	if c.w.o.deaf {
		return
	}
	c.mu.Lock()
	var ready []string
	for id, k := range c.claims {
		switch p, mine := where(id); {
		case !mine:
			delete(c.claims, id)
		case c.progress.passed(p, k.moment):
			ready = append(ready, id)
		}
	}
	c.mu.Unlock()
	for _, id := range ready {
		if !c.load(ctx, id) {
			return
		}
		c.mu.Lock()
		head, s := c.claims[id].head, c.by[id]
		delete(c.claims, id)
		if head > s.last {
			s.missing = append(s.missing, Gap{s.last + 1, head})
			s.last, s.hash = head, [32]byte{}
			s.ask.due(c.w.o.Now(), &c.w.o)
		}
		c.mu.Unlock()
	}
}

package writer

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/semaphore"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/internal/observe"
)

// session is the time during which this writer serves the same partitions. At
// its end whatever is not stored and committed is forgotten: whoever serves the
// partition next reads it again.
type session struct {
	w      *Writer
	gen    *kafka.Generation
	topic  string
	memory *semaphore.Weighted // shared by what is read and not yet stored
	parts  chan *part          // closed by run when the fetchers have ended
	chains *chains
	// watched is closed by complete when the store's condition is known: what is
	// learnt of chains from then on is compared with it.
	watched  chan struct{}
	progress *progress
	// rooms are arrays of events that are stored, for the next to be read into;
	// never closed.
	rooms chan []event.Event
	// pending watches the parts, and waiting counts the events, that were read and
	// are not stored.
	pending *observe.Queue
	waiting atomic.Int64
}

// maxRooms bounds the arrays that lie ready, of a fetch each.
const maxRooms = 16

// roomStep is what their sizes are multiples of, so that one fits the next fetch.
const roomStep = 512

// room returns an array for n events, which the caller owns.
func (s *session) room(n int) []event.Event {
	select {
	case r := <-s.rooms:
		if cap(r) >= n {
			return r[:0]
		}
	default:
	}
	return make([]event.Event, 0, (n+roomStep-1)/roomStep*roomStep)
}

func (s *session) recycle(r []event.Event) {
	if cap(r) == 0 {
		return
	}
	select {
	case s.rooms <- r:
	default:
	}
}

// batch is what is written at once.
type batch struct {
	parts    []*part
	events   []*event.Event // those of each chain in the order of arrival
	bad      []badRecord
	followed []Followed
}

func (w *Writer) session(gen *kafka.Generation) *session {
	p := newProgress()
	s := &session{
		w: w, gen: gen, topic: w.c.Name(event.TopicEvents),
		memory: semaphore.NewWeighted(w.o.Memory), parts: make(chan *part),
		chains: newChains(w, p), watched: make(chan struct{}), progress: p, rooms: make(chan []event.Event, maxRooms),
		pending: observe.NewQueue(len(gen.Assignments[w.c.Name(event.TopicEvents)]) + 1),
	}
	var mine []int
	for _, a := range gen.Assignments[s.topic] {
		mine = append(mine, a.ID)
	}
	slices.Sort(mine)
	w.mu.Lock()
	w.st.Partitions, w.chains, w.current = mine, s.chains, s
	w.mu.Unlock()
	w.o.Log.Info().Ints("partitions", mine).Int32("generation", gen.ID).Msg("partitions taken over")
	if w.o.Store.Refresh != nil {
		w.o.Store.Refresh()
	}
	return s
}

// run serves the partitions until ctx ends, and waits for all that it started.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var fetchers, others sync.WaitGroup
	for _, a := range s.gen.Assignments[s.topic] {
		f := &fetcher{s: s, partition: a.ID, offset: a.Offset}
		fetchers.Go(func() { f.run(ctx) })
	}
	batches := make(chan *batch)
	others.Go(func() { s.collect(ctx, batches) })
	others.Go(func() { s.store(ctx, batches) })
	others.Go(func() { s.complete(ctx) })
	others.Go(func() { s.chains.listen(ctx) })
	others.Go(func() { s.chains.mender(ctx) })
	fetchers.Wait()
	close(s.parts)
	others.Wait()
	cancel()
	s.w.mu.Lock()
	s.w.st.Partitions, s.w.chains, s.w.current = nil, nil, nil
	s.w.mu.Unlock()
}

// complete keeps the session's chains complete until ctx ends.
func (s *session) complete(ctx context.Context) {
	where := s.partitions(ctx)
	from, ok := s.chains.firstCondition(ctx)
	if !ok {
		return
	}
	close(s.watched)
	s.chains.recall(ctx, where)
	var both sync.WaitGroup
	both.Go(func() { s.chains.watch(ctx, from) })
	both.Go(func() { s.chains.ask(ctx, where) })
	both.Wait()
}

// partitions tells in which partition a chain lies, and whether that is this
// session's.
func (s *session) partitions(ctx context.Context) func(chain string) (partition int, mine bool) {
	n := 0
	for attempt := 1; n == 0 && ctx.Err() == nil; attempt++ {
		var err error
		if n, err = s.w.c.Partitions(ctx, s.topic); err != nil {
			s.w.trouble(theBus, err)
			pause(ctx, s.w.backoff(attempt))
		}
	}
	mine := map[int]bool{}
	for _, a := range s.gen.Assignments[s.topic] {
		mine[a.ID] = true
	}
	return func(chain string) (int, bool) {
		if n == 0 {
			return -1, false
		}
		p := kafkax.PartitionOf([]byte(chain), n)
		return p, mine[p]
	}
}

// collect makes batches of parts: by size, or by time once there is anything. A
// batch whose time has come while the one before is still being stored grows on
// meanwhile, so that a busy store gets fewer and larger ones.
func (s *session) collect(ctx context.Context, out chan<- *batch) {
	defer close(out)
	var timer <-chan time.Time
	cur, due := &batch{}, false
	for {
		in, ready := s.parts, chan<- *batch(nil)
		if due {
			ready = out
		}
		if len(cur.events) >= s.w.o.Batch {
			in, ready = nil, out
		}
		select {
		case p, ok := <-in:
			if !ok {
				return
			}
			cur.add(p)
			if timer == nil && !due {
				timer = time.After(s.w.o.Wait)
			}
		case <-timer:
			timer, due = nil, true
		case ready <- cur:
			cur, timer, due = &batch{}, nil, false
		case <-ctx.Done():
			return
		}
	}
}

// add puts a part into the batch.
func (b *batch) add(p *part) {
	b.parts = append(b.parts, p)
	b.events = append(b.events, p.events...)
	b.followed = append(b.followed, p.followed...)
	b.bad = append(b.bad, p.bad...)
	p.events, p.bad = nil, nil
}

// together puts the events of each chain together, in the order of arrival.
func together(evs []*event.Event) []*event.Event {
	type stretch struct{ from, to int }
	by := map[string][]stretch{}
	var order []string
	scattered := false
	for from := 0; from < len(evs); {
		id, to := evs[from].ChainID, from+1
		for to < len(evs) && evs[to].ChainID == id {
			to++
		}
		if by[id] == nil {
			order = append(order, id)
		} else {
			scattered = true
		}
		by[id] = append(by[id], stretch{from, to})
		from = to
	}
	if !scattered {
		return evs
	}
	out := make([]*event.Event, 0, len(evs))
	for _, id := range order {
		for _, r := range by[id] {
			out = append(out, evs[r.from:r.to]...)
		}
	}
	return out
}

// store writes batches, one at a time, and commits how far the bus was read.
func (s *session) store(ctx context.Context, batches <-chan *batch) {
	select {
	case <-s.watched:
	case <-ctx.Done():
	}
	for b := range batches {
		if ctx.Err() != nil || !s.write(ctx, b) || !s.park(ctx, b.bad) || !s.commit(ctx, b) {
			continue // the session is ending: whoever comes next reads it again
		}
		for _, p := range b.parts {
			s.pending.Out()
			s.waiting.Add(-p.count)
			s.memory.Release(p.weight)
			s.progress.stored(p.partition)
			s.recycle(p.room)
		}
	}
}

// write stores a batch's events, for as long as it takes; false means that the
// session ended first.
func (s *session) write(ctx context.Context, b *batch) bool {
	if len(b.events) == 0 {
		return true
	}
	b.events = together(b.events)
	if !s.chains.learn(ctx, b.events) {
		return false
	}
	begun := s.w.o.Now()
	stored, bad, ok := s.insert(ctx, b.events)
	if !ok {
		return false
	}
	b.bad = append(b.bad, bad...)
	s.chains.stored(stored)
	now := s.w.o.Now()
	s.w.m.inserts.Observe(now.Sub(begun).Seconds())
	s.w.m.stored.Add(float64(len(stored)))
	for _, e := range stored {
		s.w.m.delay.Observe(max(now.Sub(e.TS), 0).Seconds())
	}
	for _, f := range b.followed {
		f.Batch, f.Begun, f.Stored = len(stored), begun, now
		s.w.o.Follow(f)
	}
	s.w.mu.Lock()
	s.w.st.Stored += uint64(len(stored))
	s.w.mu.Unlock()
	return true
}

// insert stores events. What the store will never take is found by halving and
// returned with its reason.
func (s *session) insert(ctx context.Context, evs []*event.Event) (stored []*event.Event, bad []badRecord, ok bool) {
	err := s.try(ctx, evs)
	switch {
	case err == nil:
		return evs, nil, true
	case ctx.Err() != nil:
		return nil, nil, false
	case len(evs) == 1:
		return nil, []badRecord{reencode(evs[0], ReasonConflict, err)}, true
	}
	half := len(evs) / 2
	for _, e := range [][]*event.Event{evs[:half], evs[half:]} {
		st, b, ok := s.insert(ctx, e)
		if !ok {
			return nil, nil, false
		}
		stored, bad = append(stored, st...), append(bad, b...)
	}
	return stored, bad, true
}

// try appends until it succeeds, or fails because of what the events hold.
func (s *session) try(ctx context.Context, evs []*event.Event) error {
	for attempt := 1; ; attempt++ {
		call, cancel := context.WithTimeout(ctx, s.w.o.Timeout)
		err := s.w.o.Store.Append(call, evs)
		cancel()
		if err == nil {
			s.w.trouble(theStore, nil)
			s.chains.mend(nil)
			return nil
		}
		s.chains.mend(err)
		if ctx.Err() != nil || (s.w.o.Store.Conflict != nil && s.w.o.Store.Conflict(err)) {
			return err
		}
		s.w.trouble(theStore, err)
		if !pause(ctx, s.w.backoff(attempt)) {
			return err
		}
	}
}

// commit tells the bus how far it has been read. When the group has moved on
// meanwhile, nothing is lost: what is read again is stored once.
func (s *session) commit(ctx context.Context, b *batch) bool {
	next := map[int]int64{}
	for _, p := range b.parts {
		next[p.partition] = max(next[p.partition], p.next)
	}
	for attempt := 1; ; attempt++ {
		err := s.gen.CommitOffsets(map[string]map[int]int64{s.topic: next})
		if err == nil {
			s.w.trouble(theBus, nil)
			return true
		}
		s.w.trouble(theBus, s.w.c.Explain("commit offsets", err))
		if attempt == 3 || !pause(ctx, s.w.backoff(attempt)) {
			return ctx.Err() == nil // the next batch commits further on
		}
	}
}

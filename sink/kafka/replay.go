package kafka

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	lib "github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/sink"
	"bystander/sink/spool"
)

// Source gives events again; *spool.Spool is one.
type Source interface {
	// Replay calls fn with the events from number from up to number to, in
	// order, and fails with spool.ErrTrimmed at one that is no longer held.
	// Numbers that it passes over are damaged.
	Replay(ctx context.Context, from, to uint64, fn func([]event.Event) error) error
	Head() event.Head
	Oldest() uint64 // lowest number held
	// Acked is the last number that a consumer has acknowledged.
	Acked(consumer string) uint64
}

// ReplayerOptions say how a replayer works. The zero value of a field means its
// default; Chain and Key are needed.
type ReplayerOptions struct {
	Chain string             // of this edge
	Key   ed25519.PrivateKey // of this edge; signs the answers
	// Writers returns the public key of a writer, nil for one that is not known;
	// requests that no known writer signed are passed over and counted. With a nil
	// function everybody is served who may write to the topic. It must be fast.
	Writers func(name string) ed25519.PublicKey
	// Rate bounds the events sent again in a second, so that live ones are not
	// held up; 5000.
	Rate int
	// MaxEvents bounds one request, MaxWaiting those that wait: 1,000,000 and 64.
	// What is beyond is refused, at most once a second in words.
	MaxEvents  uint64
	MaxWaiting int
	// MaxAge is how old a request may be; 1 hour. Who still wants it asks again.
	MaxAge time.Duration
	// Announce is how often it is told how far the bus has taken the chain, so
	// that a lost end shows although nothing follows it; 1 minute. Consumer is
	// the cursor that says so; "kafka".
	Announce time.Duration
	Consumer string
	OnError  func(error)
	Now      func() time.Time
}

// ReplayerStats counts since the start.
type ReplayerStats struct {
	Requests uint64 // served
	Events   uint64 // sent again
	Refused  uint64 // requests not served
	Unknown  uint64 // requests passed over because no known writer signed them
}

// Replayer sends events again when the store asks for them on the replay topic,
// and explains with signed answers what it cannot send.
type Replayer struct {
	c    *kafkax.Client
	from Source
	to   sink.EventSink
	lot  *Lot
	o    ReplayerOptions

	events   *rate.Limiter
	refusals *rate.Limiter
	wake     chan struct{} // of capacity 1

	mu      sync.Mutex
	started bool // the topic's past is read
	waiting []kafkax.ReplayRequest
	st      ReplayerStats
}

// NewReplayer returns a replayer that reads from from and sends through to, and
// knows by lot what the bus refused. The caller closes all of them.
func NewReplayer(c *kafkax.Client, from Source, to sink.EventSink, lot *Lot, o ReplayerOptions) (*Replayer, error) {
	if o.Chain == "" || len(o.Key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("sink/kafka: replayer: %w: it needs the chain's id and key", kafkax.ErrConfig)
	}
	if o.Rate <= 0 {
		o.Rate = 5000
	}
	if o.MaxEvents == 0 {
		o.MaxEvents = 1_000_000
	}
	if o.MaxWaiting <= 0 {
		o.MaxWaiting = 64
	}
	if o.MaxAge <= 0 {
		o.MaxAge = time.Hour
	}
	if o.Announce <= 0 {
		o.Announce = time.Minute
	}
	if o.Consumer == "" {
		o.Consumer = "kafka"
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Replayer{
		c: c, from: from, to: to, lot: lot, o: o, wake: make(chan struct{}, 1),
		events: rate.NewLimiter(rate.Limit(o.Rate), max(o.Rate, maxEvents)), refusals: rate.NewLimiter(1, 4),
	}, nil
}

// Stats returns a snapshot.
func (r *Replayer) Stats() ReplayerStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.st
}

// Run follows the replay topic until ctx ends, which is nil. Requests that came
// while this edge was down are served too, unless they were answered. Meanwhile
// it tells how far the bus has taken the chain.
func (r *Replayer) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return r.c.Follow(ctx, event.TopicReplay, kafkax.FollowOptions{
			CaughtUp: func() {
				r.mu.Lock()
				r.started = true
				r.mu.Unlock()
				r.signal()
			},
			OnError: r.o.OnError,
		}, func(m lib.Message) error {
			r.take(ctx, m)
			return nil
		})
	})
	g.Go(func() error { r.announce(ctx); return nil })
	g.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-r.wake:
			}
			for req, ok := r.next(); ok; req, ok = r.next() {
				if err := r.serve(ctx, req); err != nil {
					if ctx.Err() != nil {
						return nil //nolint:nilerr // an orderly end; the request stays unanswered and is found again
					}
					r.o.OnError(fmt.Errorf("sink/kafka: replay %s: %w", req.ID, err))
				}
			}
		}
	})
	return g.Wait()
}

// announce tells at once and then at intervals how far the bus has taken the
// chain, until ctx ends. One that does not get through is followed by the next.
func (r *Replayer) announce(ctx context.Context) {
	t := time.NewTicker(r.o.Announce)
	defer t.Stop()
	for {
		if err := r.tell(ctx); err != nil && ctx.Err() == nil {
			r.o.OnError(fmt.Errorf("sink/kafka: tell the chain's end: %w", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (r *Replayer) tell(ctx context.Context) error {
	h := kafkax.ReplayHead{Chain: r.o.Chain, Head: r.from.Acked(r.o.Consumer), At: r.o.Now().UTC().Truncate(time.Millisecond)}
	if h.Head == 0 {
		return nil
	}
	if err := h.Sign(r.o.Key); err != nil {
		return err
	}
	m, err := h.Record()
	if err != nil {
		return err
	}
	return r.c.Publish(ctx, event.TopicReplay, m)
}

func (r *Replayer) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// take puts a request for this chain into the queue, and takes it out again when
// its last answer is met.
func (r *Replayer) take(ctx context.Context, m lib.Message) {
	if string(m.Key) != r.o.Chain {
		return
	}
	rec, err := kafkax.ReadReplay(m)
	switch req, ans := rec.Request, rec.Answer; {
	case err != nil:
		r.o.OnError(err)
	case ans != nil:
		if ans.Final && ans.Verify(r.o.Key.Public().(ed25519.PublicKey)) == nil {
			r.remove(ans.Request)
		}
	case req == nil: // what it has said itself of its end
	case req.Chain == r.o.Chain && r.o.Now().Sub(req.At) <= r.o.MaxAge:
		if !r.knows(*req) {
			return
		}
		if !r.enqueue(*req) && r.refusals.Allow() {
			a := r.answer(*req, req.From, req.To, kafkax.ReplayRefused, "too many requests wait; ask again later")
			a.Final = true
			if err := r.send(ctx, a); err != nil {
				r.o.OnError(err)
			}
		}
	}
}

// knows reports whether a writer asks that may.
func (r *Replayer) knows(req kafkax.ReplayRequest) bool {
	if r.o.Writers == nil {
		return true
	}
	err := req.Verify(r.o.Writers(req.By))
	if err == nil {
		return true
	}
	r.mu.Lock()
	r.st.Unknown++
	r.mu.Unlock()
	if r.refusals.Allow() {
		r.o.OnError(err)
	}
	return false
}

// enqueue reports whether there was room. A request that comes again waits once.
func (r *Replayer) enqueue(req kafkax.ReplayRequest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.waiting {
		if w.ID == req.ID {
			return true
		}
	}
	if len(r.waiting) >= r.o.MaxWaiting {
		r.st.Refused++
		return false
	}
	r.waiting = append(r.waiting, req)
	r.signal()
	return true
}

func (r *Replayer) remove(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, w := range r.waiting {
		if w.ID == id {
			r.waiting = append(r.waiting[:i:i], r.waiting[i+1:]...)
			return
		}
	}
}

// next takes the oldest request, once the topic's past is read.
func (r *Replayer) next() (kafkax.ReplayRequest, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started || len(r.waiting) == 0 {
		return kafkax.ReplayRequest{}, false
	}
	req := r.waiting[0]
	r.waiting = r.waiting[1:]
	return req, true
}

// serve sends what is asked for and answers.
func (r *Replayer) serve(ctx context.Context, req kafkax.ReplayRequest) error {
	t := tally{r: r, req: req, next: req.From}
	head := r.from.Head().Seq
	switch to := min(req.To, head); {
	case req.To-req.From >= r.o.MaxEvents:
		t.add(req.To, kafkax.ReplayRefused, fmt.Sprintf("more than %d events; ask for fewer", r.o.MaxEvents))
	default:
		if err := r.replay(ctx, &t, to); err != nil {
			return err
		}
		if t.next <= req.To {
			t.add(req.To, kafkax.ReplayRefused, fmt.Sprintf("the chain ends at %d", head))
		}
	}
	r.mu.Lock()
	r.st.Requests++
	r.mu.Unlock()
	for i := range t.out {
		t.out[i].Head = head
		t.out[i].Final = i == len(t.out)-1
		if err := r.send(ctx, t.out[i]); err != nil {
			return err
		}
	}
	return nil
}

// replay sends numbers t.next to to again and tallies what became of each.
func (r *Replayer) replay(ctx context.Context, t *tally, to uint64) error {
	for t.next <= to {
		err := r.from.Replay(ctx, t.next, to, func(evs []event.Event) error { return r.resend(ctx, t, evs) })
		switch {
		case errors.Is(err, spool.ErrTrimmed):
			oldest := r.from.Oldest()
			if oldest <= t.next { // it grew back meanwhile: ask again
				continue
			}
			t.add(min(to, oldest-1), kafkax.ReplayDisposed, "every consumer had acknowledged them, and the spool's bound of age or size was reached")
		case err != nil:
			return err
		default:
			t.add(to, kafkax.ReplayDamaged, "cannot be read from the disk")
		}
	}
	return nil
}

// resend sends a batch, without what the bus has refused before.
func (r *Replayer) resend(ctx context.Context, t *tally, evs []event.Event) error {
	good := make([]event.Event, 0, len(evs))
	for i := range evs {
		if _, parked := r.lot.Find(evs[i].ChainID, evs[i].Seq); !parked {
			good = append(good, evs[i])
		}
	}
	if err := r.events.WaitN(ctx, max(len(good), 1)); err != nil {
		return err
	}
	for {
		err := r.to.Append(ctx, good)
		if err == nil {
			break
		}
		r.o.OnError(err)
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.st.Events += uint64(len(good))
	r.mu.Unlock()
	for i := range evs {
		seq := evs[i].Seq
		if seq > t.next {
			t.add(seq-1, kafkax.ReplayDamaged, "cannot be read from the disk")
		}
		if p, parked := r.lot.Find(evs[i].ChainID, seq); parked {
			t.add(seq, kafkax.ReplayParked, p.Reason)
		} else {
			t.add(seq, kafkax.ReplayDone, "")
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// tally gathers what became of each number, as ranges in order.
type tally struct {
	r    *Replayer
	req  kafkax.ReplayRequest
	next uint64 // the first number not accounted for
	out  []kafkax.ReplayAnswer
}

// add accounts for t.next to to.
func (t *tally) add(to uint64, s kafkax.ReplayStatus, reason string) {
	if to < t.next {
		return
	}
	if n := len(t.out); n > 0 && t.out[n-1].Status == s && t.out[n-1].Reason == reason {
		t.out[n-1].To = to
	} else {
		t.out = append(t.out, t.r.answer(t.req, t.next, to, s, reason))
	}
	t.next = to + 1
}

// maxReason bounds the words of an answer, which has to fit its record.
const maxReason = 512

func (r *Replayer) answer(req kafkax.ReplayRequest, from, to uint64, s kafkax.ReplayStatus, reason string) kafkax.ReplayAnswer {
	if len(reason) > maxReason { // and whole characters, or the signed text would change on its way
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return kafkax.ReplayAnswer{
		Request: req.ID, Chain: r.o.Chain, From: from, To: to, Status: s, Reason: reason,
		Head: r.from.Head().Seq, At: r.o.Now().UTC().Truncate(time.Millisecond),
	}
}

// send signs and publishes an answer, and tries again while the bus is away.
func (r *Replayer) send(ctx context.Context, a kafkax.ReplayAnswer) error {
	if err := a.Sign(r.o.Key); err != nil {
		return err
	}
	m, err := a.Record()
	if err != nil {
		return err
	}
	for {
		err := r.c.Publish(ctx, event.TopicReplay, m)
		if err == nil {
			return nil
		}
		if kafkax.Permanent(err) || ctx.Err() != nil {
			return err
		}
		r.o.OnError(err)
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
}

// Package writer carries events from the bus into a store: it takes its share of
// the partitions, checks what it reads, writes large batches, and tells the bus
// how far it has come only after the store has them.
//
// Who settles duplicates. The bus delivers at least once, and offsets are
// committed after the write, so that an event may arrive again: after a crash,
// after a partition moved, or because an edge replayed it. Each event is named
// by (chain_id, seq), and the store takes the same one any number of times. The
// ClickHouse store passes over what its own process has written since a
// partition was given to it, lets the server pass over a whole batch offered
// again by its token, and lets the rest collapse. So no offset, and no
// cleverness of the client library, decides whether an event counts once.
//
// Nothing waits for a bad record: what cannot be read, is not signed by a known
// edge, may not stand on the topic, or contradicts what is stored goes to the
// parked topic with the reason, and is counted.
package writer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// ErrConfig reports options that cannot work.
var ErrConfig = errors.New("writer: wrong configuration")

// Options say how a writer works. The zero value of a field means its default;
// Keys and Store are needed.
type Options struct {
	Group string // "bystander-writer"; writers of one group share the work
	// Keys returns the public key of a chain's edge, nil when none is known. It
	// is asked for each batch and must be fast and safe for concurrent use.
	Keys  func(chain string) ed25519.PublicKey
	Store Store
	// Name and Key sign what the writer asks of edges; without a key it asks
	// unsigned, and edges that know their writers by key do not listen.
	Name string
	Key  ed25519.PrivateKey

	Batch   int           // events in one insert; 50,000
	Wait    time.Duration // at most, for a batch to fill; 500 ms
	Memory  int64         // bytes of events read and not yet stored, besides one fetch a partition; 256 MiB
	Fetch   int           // bytes asked for at once from one partition; 4 MiB
	Timeout time.Duration // of one insert; 2 minutes

	MinBackoff, MaxBackoff time.Duration // when store or bus fail; 200 ms to 10 s

	// A gap may be events still under way: it is asked for after Grace (2 s),
	// and then again and again, each time after twice as long, up to AskEvery
	// (10 minutes).
	Grace    time.Duration
	AskEvery time.Duration

	// Review is how often all chains are compared with the store, so that events
	// that it lost by itself are asked for too; 1 hour. Watch is how often it is
	// asked whether it may have lost any, in which case that is done at once and
	// then after growing waits; 5 s.
	Review time.Duration
	Watch  time.Duration

	// Session is after how long without a sign of life a writer's partitions go
	// to the others; 20 s.
	Session time.Duration

	Now      func() time.Time
	Log      zerolog.Logger
	Registry prometheus.Registerer // nil for none
	// Follow is told of stored events whose records name a trace parent, of a few of
	// each fetch at most; nil for nobody. It must not block.
	Follow func(Followed)

	deaf bool // takes no edge's word for where its chain ends; a test shows what is lost then
}

func (o *Options) fill() error {
	if o.Keys == nil || o.Store.Append == nil || o.Store.State == nil {
		return fmt.Errorf("%w: keys and a store are needed", ErrConfig)
	}
	if o.Group == "" {
		o.Group = "bystander-writer"
	}
	set(&o.Batch, 50_000)
	set(&o.Wait, 500*time.Millisecond)
	set(&o.Memory, 256<<20)
	set(&o.Fetch, 4<<20)
	set(&o.Timeout, 2*time.Minute)
	set(&o.MinBackoff, 200*time.Millisecond)
	set(&o.MaxBackoff, 10*time.Second)
	set(&o.Grace, 2*time.Second)
	set(&o.AskEvery, 10*time.Minute)
	set(&o.Review, time.Hour)
	set(&o.Watch, 5*time.Second)
	set(&o.Session, 20*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}

// sign signs a request to an edge, if the writer has a key.
func (w *Writer) sign(r *kafkax.ReplayRequest) error {
	if w.o.Key == nil {
		return nil
	}
	return r.Sign(w.o.Name, w.o.Key)
}

func set[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// Writer moves events from the bus into a store.
type Writer struct {
	c *kafkax.Client
	o Options
	m *metrics

	mu     sync.Mutex
	st     Status
	errs   [2]error // of the store, of the bus
	ail    ailing
	chains *chains // of the present session; nil between sessions

	current *session // nil between sessions
}

// Status is how a writer fares.
type Status struct {
	Partitions []int  // that it serves now
	Stored     uint64 // events, since the start
	Parked     uint64
	Err        error // of the last attempt on store or bus; nil when it succeeded
	Since      time.Time
}

// New returns a writer that reads through c, which stays the caller's to close.
// It fails with ErrConfig.
func New(c *kafkax.Client, o Options) (*Writer, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	w := &Writer{c: c, o: o, st: Status{Since: o.Now()}}
	var err error
	if w.m, err = newMetrics(w, o.Registry); err != nil {
		return nil, err
	}
	return w, nil
}

// Status returns a snapshot. A writer is healthy while Err is nil.
func (w *Writer) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := w.st
	st.Partitions = append([]int(nil), st.Partitions...)
	return st
}

// Chains tells of each chain that this writer serves how complete it is.
func (w *Writer) Chains() []ChainState {
	w.mu.Lock()
	c := w.chains
	w.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.states()
}

// pending tells how many events were read and are not stored, and since when the
// oldest of them was.
func (w *Writer) pending() (n int64, oldest time.Duration) {
	w.mu.Lock()
	s := w.current
	w.mu.Unlock()
	if s == nil {
		return 0, 0
	}
	return s.waiting.Load(), s.pending.State(w.o.Now()).Oldest
}

// Run works until ctx ends, which it returns as nil. Another error means that
// the writer's own settings cannot work; outages are waited out.
func (w *Writer) Run(ctx context.Context) error {
	balancer := &noting{GroupBalancer: kafka.RangeGroupBalancer{}}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: w.o.Group, Brokers: w.c.Brokers(), Dialer: w.c.Dialer(), Topics: []string{w.c.Name(event.TopicEvents)},
		StartOffset: kafka.FirstOffset, GroupBalancers: []kafka.GroupBalancer{balancer},
		HeartbeatInterval: w.o.Session / 6, SessionTimeout: w.o.Session, RebalanceTimeout: w.o.Session,
		JoinGroupBackoff: time.Second, Timeout: w.c.Timeout(),
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer func() {
		if err := group.Close(); err != nil {
			w.o.Log.Warn().Err(err).Msg("the consumer group did not end in good order")
		}
	}()
	for attempt := 1; ; attempt++ {
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, kafka.ErrGroupClosed):
			return nil //nolint:nilerr // an orderly end
		case err != nil:
			w.trouble(theBus, w.c.Explain("join the group "+w.o.Group, err))
			if !pause(ctx, w.backoff(attempt)) {
				return nil
			}
			continue
		}
		attempt = 0
		s := w.session(gen)
		if n, led := balancer.take(); led {
			gen.Start(func(ctx context.Context) { s.watch(ctx, n) })
		}
		gen.Start(s.run)
	}
}

// The two things that can fail independently of each other.
const (
	theStore = iota
	theBus
)

// trouble notes an error of store or bus, nil when it is well again.
func (w *Writer) trouble(of int, err error) {
	w.mu.Lock()
	was := w.st.Err != nil
	if of == theStore && err == nil && w.errs[of] != nil && w.chains != nil {
		w.chains.disturb() // it was away, and may have come back with less
	}
	w.errs[of] = err
	w.st.Err = errors.Join(w.errs[:]...)
	changed := was != (w.st.Err != nil)
	if changed {
		w.st.Since = w.o.Now()
	}
	w.mu.Unlock()
	switch {
	case err != nil:
		w.m.failures.Inc()
		if changed {
			w.o.Log.Error().Err(err).Msg("events wait on the bus")
		}
	case changed:
		w.o.Log.Info().Msg("events are stored again")
	}
}

// backoff is the pause before attempt number attempt+1.
func (w *Writer) backoff(attempt int) time.Duration {
	d := w.o.MinBackoff
	for ; attempt > 1 && d < w.o.MaxBackoff; attempt-- {
		d *= 2
	}
	return min(d, w.o.MaxBackoff)
}

// pause waits; false means that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package app

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/internal/observe"
	"bystander/internal/sqldb"
	"bystander/internal/trace"
	"bystander/policy/relay"
	"bystander/sink/kafka"
	"bystander/sink/spool"
)

// bus is the edge's side of Kafka: events out, sent again on request, and the
// policy for edges elsewhere. Without it, or while it is down, everything else
// goes on and events wait in the spool.
type bus struct {
	client    *kafkax.Client
	topics    kafkax.TopicOptions
	sink      *kafka.Sink
	pump      *spool.Pump
	replayer  *kafka.Replayer
	publisher *relay.Publisher      // of what is decided here
	follower  *relay.Follower       // or of what is decided elsewhere
	book      *sqldb.DB             // what was decided about parked records
	notes     func(context.Context) // puts that on the log
	alarms    *alarms
	log       zerolog.Logger

	replayTrouble atomic.Int64 // when requests to send again last failed, in Unix seconds
}

// busDays is how long the bus keeps events, unless their rule is shorter.
const busDays = 14 * 24 * time.Hour

func topicOptions(cfg config.Config) kafkax.TopicOptions {
	return kafkax.TopicOptions{
		Partitions: cfg.Events.Topics.Partitions, Replication: cfg.Events.Topics.Replication,
		EventsFor: min(cfg.Events.MaxAge, busDays),
	}
}

func openClient(cfg config.Config, role string) (*kafkax.Client, error) {
	k := cfg.Events.Kafka
	k.ClientID = "bystander-" + role + "-" + chainID(cfg.Events.Edge)
	return kafkax.Open(k)
}

// openBus joins the spool to Kafka when brokers are named.
func (e *edge) openBus(ctx context.Context) error {
	if len(e.cfg.Events.Kafka.Brokers) == 0 {
		return nil
	}
	client, err := openClient(e.cfg, "edge")
	if err != nil {
		return errors.Join(ErrUsage, err)
	}
	e.closing(client.Close)
	lot, err := kafka.OpenLot(filepath.Join(e.cfg.Data, "parked"))
	if err != nil {
		return err
	}
	b := &bus{client: client, topics: topicOptions(e.cfg), alarms: &e.alarms, log: e.log.With().Str("component", "kafka").Logger()}
	b.sink, err = kafka.New(client, kafka.Options{Parking: lot, OnParked: func(p kafka.Parked) {
		b.log.Error().Str("chain", p.Chain).Uint64("seq", p.Seq).Str("reason", p.Reason).Msg("an event was refused by Kafka and put aside; see parked/")
	}, Parent: e.obs.events.parent})
	if err != nil {
		return err
	}
	e.closing(b.sink.Close)
	cursor, err := e.spool.Consumer("kafka")
	if err != nil {
		return err
	}
	b.pump = spool.NewPump(cursor, b.sink, spool.PumpOptions{
		Batch: 4096, OnError: func(err error, _ int) { b.trouble("kafka", err) },
		Moved: e.obs.events.moved(observe.EventSend, trace.EventSend),
	})
	if err := e.openReplay(b, lot); err != nil {
		return err
	}
	e.openPolicyBus(b)
	book, err := busBook(ctx, e.cfg)
	if err != nil {
		return err
	}
	e.closing(book.Close)
	b.book = book
	b.notes = func(ctx context.Context) { e.takeUpBus(ctx, book) }
	e.bus = b
	return nil
}

// openReplay lets the writers that are known have events sent again.
func (e *edge) openReplay(b *bus, lot *kafka.Lot) error {
	o := kafka.ReplayerOptions{Chain: chainID(e.cfg.Events.Edge), Key: e.key, OnError: b.replayFailed}
	writers, err := writersOf(e.cfg)
	if err != nil {
		return err
	}
	if writers != nil {
		o.Writers = writers.of
	}
	if b.replayer, err = kafka.NewReplayer(b.client, e.spool, b.sink, lot, o); err != nil {
		return err
	}
	e.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "bystander_replay_requests_unknown_total", Help: "Requests to send events again that no known writer signed.",
	}, func() float64 { return float64(b.replayer.Stats().Unknown) }))
	return nil
}

func (b *bus) trouble(what string, err error) { b.alarms.set(what, err, err == nil) }

// run works until ctx ends. The topics come first; a cluster that is down is
// waited for.
func (b *bus) run(ctx context.Context) {
	if b == nil || !b.ensure(ctx) {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.pump.Run(ctx); err != nil {
			b.trouble("kafka", err)
		}
	})
	wg.Go(func() {
		if err := b.replayer.Run(ctx); err != nil {
			b.replayFailed(err)
		}
	})
	if b.publisher != nil {
		wg.Go(func() { b.publisher.Run(ctx) })
	}
	wg.Go(func() { b.notes(ctx) })
	if b.follower != nil {
		wg.Go(func() {
			if err := b.follower.Run(ctx); err != nil {
				b.trouble("kafka:policy", err)
			}
		})
	}
	wg.Go(func() { b.watch(ctx) })
	wg.Wait()
}

// ensure makes the topics that are missing, and reports whether that came about
// before ctx ended.
func (b *bus) ensure(ctx context.Context) bool {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		changes, err := b.client.EnsureTopics(ctx, b.topics)
		for _, c := range changes {
			b.log.Info().Interface("change", c).Msg("topic made or put right")
		}
		switch {
		case errors.Is(err, kafkax.ErrDenied): // whoever may make topics has made them
			b.trouble("kafka:topics", nil)
			return true
		case err == nil || errors.Is(err, kafkax.ErrDrift):
			b.trouble("kafka:topics", err)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		b.trouble("kafka:topics", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

func (b *bus) replayFailed(err error) {
	b.replayTrouble.Store(time.Now().Unix())
	b.trouble("kafka:replay", err)
}

// replayQuiet is how long requests to send again must go well for their alarm to
// end: several times the interval at which the edge tells where its chain ends,
// which would fail too.
const replayQuiet = 2 * time.Minute

// watch ends the alarms of what works again.
func (b *bus) watch(ctx context.Context) {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if b.pump.Status().Err == nil {
				b.trouble("kafka", nil)
			}
			if b.publisher != nil && b.publisher.Status().Err == nil || b.follower != nil && b.follower.Status().Err == nil {
				b.trouble("kafka:policy", nil)
			}
			if time.Now().Unix()-b.replayTrouble.Load() > int64(replayQuiet/time.Second) {
				b.trouble("kafka:replay", nil)
			}
		}
	}
}

// drain sends what the spool holds, as far as ctx lets it.
func (b *bus) drain(ctx context.Context) error {
	if b == nil {
		return nil
	}
	return b.pump.Drain(ctx)
}

var _ kafka.Source = (*spool.Spool)(nil)

// topicsOf lists the topics of an installation, for messages.
func topicsOf(c *kafkax.Client) []string {
	var names []string
	for _, t := range event.Topics() {
		names = append(names, c.Name(t))
	}
	return names
}

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/sink/kafka"
	"bystander/sink/spool"
)

// edgeKey is the key that a simulated edge signs with; the writer knows it by
// name.
func edgeKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("bystander simulate " + name)) // signs nothing that lasts
	return ed25519.NewKeyFromSeed(seed[:])
}

func edgeName(i int) string { return fmt.Sprintf("edge-%05d", i) }

// edge is one simulated edge: all of a real one but its cameras.
type edge struct {
	name    string
	rate    float64 // events a second
	cameras int
	spool   *spool.Spool
	journal *spool.Journal
	client  *kafkax.Client
	sink    *kafka.Sink
	pump    *spool.Pump
	made    atomic.Uint64
	asked   atomic.Uint64
}

// openEdge opens an edge that has no events yet.
func openEdge(dir, broker, name string, cameras int, rate float64) (_ *edge, err error) {
	e := &edge{name: name, rate: rate * float64(cameras), cameras: cameras}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("simulate: %s: %w", name, err), e.close())
		}
	}()
	at := filepath.Join(dir, name)
	if e.spool, err = spool.Open(filepath.Join(at, "spool"), spool.Options{MaxBytes: 64 << 20, SegmentBytes: 4 << 20}); err != nil {
		return nil, err
	}
	chain, err := event.NewChain(event.ChainConfig{ID: name, Key: edgeKey(name)})
	if err != nil {
		return nil, err
	}
	if e.journal, err = spool.NewJournal(chain, e.spool, spool.JournalOptions{}); err != nil {
		return nil, err
	}
	if e.client, err = kafkax.Open(busConfig(broker, name)); err != nil {
		return nil, err
	}
	lot, err := kafka.OpenLot(filepath.Join(at, "parked"))
	if err != nil {
		return nil, err
	}
	if e.sink, err = kafka.New(e.client, kafka.Options{Parking: lot}); err != nil {
		return nil, err
	}
	cursor, err := e.spool.Consumer("kafka")
	if err != nil {
		return nil, err
	}
	e.pump = spool.NewPump(cursor, e.sink, spool.PumpOptions{Batch: 4096})
	return e, nil
}

func busConfig(broker, client string) kafkax.Config {
	return kafkax.Config{Brokers: []string{broker}, TopicPrefix: "simulate", ClientID: "bystander-" + client}
}

// run makes and sends events until ctx ends.
func (e *edge) run(ctx context.Context) error {
	var both sync.WaitGroup
	var sent error
	both.Go(func() { sent = e.pump.Run(ctx) })
	err := e.generate(ctx)
	both.Wait()
	return errors.Join(err, sent)
}

// generate records events at the edge's rate, in the time since it began. What
// comes due while the disk is busy goes into its next sync, as on a real edge.
func (e *edge) generate(ctx context.Context) error {
	every := time.Duration(float64(time.Second) / e.rate)
	begun, n := time.Now(), uint64(0)
	t := time.NewTicker(min(max(every, 5*time.Millisecond), time.Second))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			due := uint64(now.Sub(begun).Seconds() * e.rate)
			if due <= n {
				continue
			}
			e.asked.Add(due - n)
			evs := make([]event.Event, min(due-n, 512))
			for i := range evs {
				evs[i] = e.event(n + uint64(i))
			}
			n = due
			if _, err := e.journal.Record(ctx, evs...); err != nil {
				if ctx.Err() != nil {
					return nil //nolint:nilerr // an orderly end
				}
				return fmt.Errorf("simulate: %s: %w", e.name, err)
			}
			e.made.Add(uint64(len(evs)))
		}
	}
}

// event is a match with all that it carries, as bystander plan measures it.
func (e *edge) event(n uint64) event.Event {
	d := event.Digest{1, byte(n), byte(n >> 8)}
	camera := fmt.Sprintf("%s-cam-%02d", e.name, n%uint64(e.cameras)) //nolint:gosec // not negative
	return event.Event{
		Kind: event.KindMatch, SiteID: "sample", CameraID: camera, SceneID: camera + "-scene", ZoneID: camera + "-zone", ZoneVersion: 1, PolicyVersion: 1,
		SubjectRef: d, ConsentRef: d, GalleryRoot: d, TemplateRef: d, SignSetHash: d, ModelDigest: d, ConsentVersion: 1, GateMode: "zone",
		Score: 0.71, Threshold: 0.55, Margin: 0.2, Quality: 0.8, GallerySize: 120,
		Detail: map[string]string{"looks": "3", "mode": "zone"},
	}
}

// close ends what openEdge opened; run must have ended.
func (e *edge) close() error {
	var errs []error
	if e.journal != nil {
		errs = append(errs, e.journal.Close())
	}
	if e.sink != nil {
		errs = append(errs, e.sink.Close())
	}
	if e.client != nil {
		errs = append(errs, e.client.Close())
	}
	if e.spool != nil {
		errs = append(errs, e.spool.Close())
	}
	return errors.Join(errs...)
}

// fleet is the edges that run now.
type fleet struct {
	ctx    context.Context //nolint:containedctx // of the whole simulation
	edges  []*edge
	run    sync.WaitGroup
	mu     sync.Mutex
	failed error
}

// grow starts edges until there are enough for so many cameras.
func (f *fleet) grow(o options, dir, broker string, cameras int) error {
	have := 0
	for _, e := range f.edges {
		have += e.cameras
	}
	for have < cameras {
		n := min(o.perEdge, cameras-have)
		e, err := openEdge(dir, broker, edgeName(len(f.edges)), n, o.rate)
		if err != nil {
			return err
		}
		have += n
		f.edges = append(f.edges, e)
		f.run.Go(func() {
			if err := e.run(f.ctx); err != nil {
				f.mu.Lock()
				f.failed = errors.Join(f.failed, err)
				f.mu.Unlock()
			}
		})
	}
	return nil
}

// end waits for the edges, whose ctx has ended, and closes them.
func (f *fleet) end() error {
	f.run.Wait()
	errs := []error{f.failed}
	for _, e := range f.edges {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

// count is what the edges did so far.
func (f *fleet) count() (c edgeCount) {
	for _, e := range f.edges {
		c.asked += e.asked.Load()
		c.made += e.made.Load()
		c.sent += e.sink.Stats().Sent
	}
	return c
}

type edgeCount struct{ asked, made, sent uint64 }

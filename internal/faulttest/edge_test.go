package faulttest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	sinkkafka "bystander/sink/kafka"
	"bystander/sink/spool"
)

// edgeConfig says which edge a child is.
type edgeConfig struct {
	Chain   string
	Seed    byte
	Dir     string // spool and parked events
	Brokers []string
	Prefix  string
	Rate    int // events a second
}

func (c edgeConfig) key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{c.Seed}, ed25519.SeedSize))
}

func (c edgeConfig) public() ed25519.PublicKey { return c.key().Public().(ed25519.PublicKey) }

// edgeState is what an edge tells its parent.
type edgeState struct {
	Head     uint64 // last number in the spool
	Acked    uint64 // last number that the bus has taken
	Failures int64  // records that were refused
	Parked   uint64
	Replayed uint64 // events sent again on request, since the process began
}

// edge is the recording side of the product without its cameras.
type edge struct {
	cfg      edgeConfig
	offset   atomic.Int64 // of the clock, in ns
	rate     atomic.Int64
	failures atomic.Int64

	mu   sync.Mutex
	last uint64   // number that Record returned,
	safe *os.File // written down for the parent

	spool   *spool.Spool
	journal *spool.Journal
	pump    *spool.Pump
	sink    *sinkkafka.Sink

	replayer *sinkkafka.Replayer
}

func safePath(dir string) string { return filepath.Join(dir, "safe") }

func edgeMain(config []byte) error {
	e := &edge{}
	if err := json.Unmarshal(config, &e.cfg); err != nil {
		return err
	}
	e.rate.Store(int64(e.cfg.Rate))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	shut, err := e.open(ctx, g)
	if err != nil {
		return err
	}
	g.Go(func() error { return e.pump.Run(ctx) })
	g.Go(func() error { e.record(ctx); return nil })
	err = answerLines(e.serve)
	cancel()
	return errors.Join(err, g.Wait(), shut())
}

func (e *edge) now() time.Time { return time.Now().Add(time.Duration(e.offset.Load())) }

// open opens what the edge consists of; shut closes it after the group's end.
func (e *edge) open(ctx context.Context, g *errgroup.Group) (shut func() error, err error) {
	if err := os.MkdirAll(e.cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	if e.safe, err = os.OpenFile(safePath(e.cfg.Dir), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	e.spool, err = spool.Open(filepath.Join(e.cfg.Dir, "spool"), spool.Options{SegmentBytes: 1 << 20, Now: e.now, Alarm: func(a spool.Alarm) {
		log.Printf("alarm %s cleared=%v: %v", a.Kind, a.Cleared, a.Err)
	}})
	if err != nil {
		return nil, err
	}
	chain, err := event.NewChain(event.ChainConfig{ID: e.cfg.Chain, Key: e.cfg.key(), Last: e.spool.Head(), Now: e.now})
	if err != nil {
		return nil, err
	}
	if e.journal, err = spool.NewJournal(chain, e.spool, spool.JournalOptions{}); err != nil {
		return nil, err
	}
	cur, err := e.spool.Consumer("kafka")
	if err != nil {
		return nil, err
	}
	client, err := kafkax.Open(kafkax.Config{Brokers: e.cfg.Brokers, TopicPrefix: e.cfg.Prefix, ClientID: e.cfg.Chain})
	if err != nil {
		return nil, err
	}
	lot, err := sinkkafka.OpenLot(filepath.Join(e.cfg.Dir, "parked"))
	if err != nil {
		return nil, err
	}
	if e.sink, err = sinkkafka.New(client, sinkkafka.Options{Parking: lot}); err != nil {
		return nil, err
	}
	e.pump = spool.NewPump(cur, e.sink, spool.PumpOptions{
		Batch: 2048, MinBackoff: 50 * time.Millisecond, MaxBackoff: time.Second, Timeout: 10 * time.Second,
		OnError: func(err error, attempt int) { log.Printf("pump: attempt %d: %v", attempt, err) },
	})
	e.replayer, err = sinkkafka.NewReplayer(client, e.spool, e.sink, lot, sinkkafka.ReplayerOptions{
		Chain: e.cfg.Chain, Key: e.cfg.key(), Announce: announce, OnError: func(err error) { log.Printf("replay: %v", err) },
	})
	if err != nil {
		return nil, err
	}
	g.Go(func() error { return e.replayer.Run(ctx) })
	return func() error {
		return errors.Join(e.journal.Close(), e.sink.Close(), client.Close(), e.spool.Close(), e.safe.Close())
	}, nil
}

// announce is how often an edge tells how far the bus has taken its chain.
const announce = 2 * time.Second

// tick is how often an edge records.
const tick = 10 * time.Millisecond

// record records events at the rate asked for, and writes down which number is
// safe.
func (e *edge) record(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	var owed float64
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		owed += float64(e.rate.Load()) * tick.Seconds()
		n := int(owed)
		if n == 0 {
			continue
		}
		owed -= float64(n)
		if err := e.write(ctx, n); err != nil && e.failures.Add(1) == 1 {
			log.Printf("record: %v", err)
		}
	}
}

// write records n events together and notes the last one's number as safe.
func (e *edge) write(ctx context.Context, n int) error {
	evs := make([]event.Event, n)
	for i := range evs {
		evs[i] = sample(e.cfg.Seed, i)
	}
	done, err := e.journal.Record(ctx, evs...)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = max(e.last, done[n-1].Seq)
	// In one place of one page: a killed process has written it whole or not.
	_, err = e.safe.WriteAt(fmt.Appendf(nil, "%020d", e.last), 0)
	return err
}

// sample is an event as an edge records it.
func sample(seed byte, i int) event.Event {
	return event.Event{
		Kind: event.KindMatch, SiteID: "station", CameraID: "cam-" + strconv.Itoa(i%8), SceneID: "hall", ZoneID: "gate-" + strconv.Itoa(i%4),
		ZoneVersion: 3, SignSetHash: event.Digest{1, seed}, PolicyVersion: 7, NoticeVersion: "2026-11", AssessmentID: "dpia-4",
		GateMode: "zone", GateBits: 0x3ff, SubjectRef: event.Digest{2, seed, byte(i)}, ConsentRef: event.Digest{3, seed, byte(i)},
		ConsentVersion: 2, GalleryRoot: event.Digest{4}, GallerySize: 120, TemplateRef: event.Digest{5, byte(i)}, ModelDigest: event.Digest{6},
		Score: 0.71, Threshold: 0.42, Margin: 0.2, Quality: 0.8, DEKID: "dek-" + strconv.Itoa(i%100), PayloadEnc: bytes.Repeat([]byte{seed}, 48),
	}
}

func (e *edge) serve(command string) (any, error) {
	name, arg, _ := strings.Cut(command, " ")
	switch name {
	case "one":
		return nil, e.write(context.Background(), 1)
	case "rate":
		n, err := strconv.Atoi(arg)
		e.rate.Store(int64(n))
		return nil, err
	case "clock":
		d, err := time.ParseDuration(arg)
		e.offset.Add(int64(d))
		return nil, err
	case "state":
		st := e.spool.Stats()
		return edgeState{st.Head.Seq, e.pump.Status().Acked, e.failures.Load(), e.sink.Stats().Parked, e.replayer.Stats().Events}, nil
	}
	return nil, fmt.Errorf("unknown command %q", command)
}

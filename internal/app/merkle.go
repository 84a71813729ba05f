package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/segmentio/kafka-go"

	"bystander/audit/mlog"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

// merkle is the Merkle log of this edge's events, fed from the spool as a
// consumer of its own.
type merkle struct {
	log  *mlog.Log
	pump *spool.Pump
}

// merkleConsumer is the log's name in the spool.
const merkleConsumer = "merkle"

// logPaths are where the Merkle log of a chain lies.
type logPaths struct{ dir, key, vkey, history, origin string }

func merklePaths(cfg config.Config, chain string) logPaths {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, chain)
	p := logPaths{
		dir:     filepath.Join(cfg.Data, "log", name),
		key:     filepath.Join(cfg.Keys, "log-"+name+".key"),
		vkey:    filepath.Join(cfg.Keys, "log-"+name+".vkey"),
		history: cfg.Merkle.History,
		origin:  cfg.Merkle.Origin,
	}
	if p.history == "" {
		p.history = p.dir + ".checkpoints"
	}
	if p.origin == "" {
		p.origin = "bystander.local/" + name
	}
	return p
}

// openMerkle opens the log. One that cannot be opened is an alarm: pictures go
// on, events wait in the spool for it, and nothing is signed over a damaged log.
func (e *edge) openMerkle(ctx context.Context) error {
	chain := chainID(e.cfg.Events.Edge)
	// The consumer first: from now on the spool keeps what the log has not.
	cursor, err := e.spool.Consumer(merkleConsumer)
	if err != nil {
		return err
	}
	m, err := e.newMerkle(ctx, chain, cursor)
	if err != nil {
		e.alarms.set(merkleConsumer, err, false)
		return nil //nolint:nilerr // told as an alarm
	}
	e.merkle = m
	e.closing(func() error { //nolint:contextcheck // closing outlives the context
		// Checkpoints that did not reach everybody are offered again at the next
		// start: no failure of this run.
		if err := m.log.Close(); err != nil {
			e.log.Warn().Err(err).Msg("the newest checkpoint has not reached everybody yet")
		}
		return nil
	})
	return nil
}

// checkpointBus hands checkpoints to the compacted topic, keyed by the log's
// name; without Kafka there is nobody to hand them to.
type checkpointBus struct{ e *edge }

// PublishCheckpoint implements mlog.Publisher.
func (b checkpointBus) PublishCheckpoint(ctx context.Context, origin string, checkpoint []byte) error {
	if b.e.bus == nil {
		return nil
	}
	return b.e.bus.client.Publish(ctx, event.TopicCheckpoints, kafka.Message{Key: []byte(origin), Value: checkpoint})
}

func (e *edge) newMerkle(ctx context.Context, chain string, cursor *spool.Cursor) (*merkle, error) {
	p := merklePaths(e.cfg, chain)
	key, err := mlog.OpenKey(p.key, p.origin)
	if err != nil {
		return nil, err
	}
	o := mlog.Options{
		Dir: p.dir, Chain: chain, Key: key, Interval: e.cfg.Merkle.Every, History: p.history,
		Missing: e.again, Publisher: checkpointBus{e}, Log: e.log.With().Str("component", "merkle").Logger(),
	}
	if w := e.cfg.Merkle.Witness; w.URL != "" {
		o.Witness = &mlog.Witness{URL: w.URL, VKey: w.Key}
	}
	log, err := mlog.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if log.Status().Size == 0 {
		err = backfill(ctx, e.store, chain, cursor.Acked(), log)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close()) //nolint:contextcheck // closing outlives the context
	}
	return &merkle{log: log, pump: spool.NewPump(cursor, entering{log, &e.alarms}, spool.PumpOptions{
		Batch: 2048,
		OnError: func(err error, _ int) {
			e.alarms.set(merkleConsumer, fmt.Errorf("events wait in the spool for the Merkle log: %w", err), false)
		},
	})}, nil
}

// entering ends the alarm when the log takes events again.
type entering struct {
	*mlog.Log
	alarms *alarms
}

func (n entering) Append(ctx context.Context, events []event.Event) error {
	err := n.Log.Append(ctx, events)
	if err == nil {
		n.alarms.set(merkleConsumer, nil, true)
	}
	return err
}

// backfill enters what the store holds from before the log was begun.
func backfill(ctx context.Context, store *sqlite.Store, chain string, to uint64, log *mlog.Log) error {
	for from := uint64(1); from <= to; {
		evs, err := store.Chain(ctx, chain, from, sqlite.MaxLimit)
		if err != nil || len(evs) == 0 {
			return err
		}
		from = evs[len(evs)-1].Seq + 1
		for len(evs) > 0 && evs[len(evs)-1].Seq > to {
			evs = evs[:len(evs)-1]
		}
		if err := log.Append(ctx, evs); err != nil {
			return err
		}
	}
	return nil
}

// again gives the log events that it was not offered, from the spool or else
// the store.
func (e *edge) again(ctx context.Context, from, to uint64, yield func(*event.Event) error) error {
	err := e.spool.Replay(ctx, from, to, func(evs []event.Event) error {
		for i := range evs {
			if err := yield(&evs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, spool.ErrTrimmed) {
		return err
	}
	chain := chainID(e.cfg.Events.Edge)
	for from <= to {
		evs, err := e.store.Chain(ctx, chain, from, sqlite.MaxLimit)
		if err != nil || len(evs) == 0 {
			return err
		}
		for i := range evs {
			if err := yield(&evs[i]); err != nil {
				return err
			}
		}
		from = evs[len(evs)-1].Seq + 1
	}
	return nil
}

// run feeds the log and publishes checkpoints until ctx ends.
func (m *merkle) run(ctx context.Context, alarms *alarms) {
	if m == nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { m.log.Run(ctx) })
	if err := m.pump.Run(ctx); err != nil {
		alarms.set(merkleConsumer, err, false)
	}
	wg.Wait()
}

// drain enters what is left and publishes it, for a soft stop.
func (m *merkle) drain(ctx context.Context) error {
	if m == nil {
		return nil
	}
	return errors.Join(m.pump.Drain(ctx), m.log.Publish(ctx))
}

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"bystander/audit/erase"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/sink/clickhouse"
	"bystander/sink/kafka"
	"bystander/sink/spool"
)

// fedStore erases from a store that somebody else fills through Kafka. Rows that
// were recorded before the keys were destroyed may still be on their way, so it
// waits until the writers have passed the end of the bus as it is then. Where
// they do not come that far in time it deletes what is there and fails: the
// erasure is taken up again, and again, until they have.
type fedStore struct {
	open func(ctx context.Context) (erase.Deleter, func() error, error)
	// sent returns once everything recorded on this machine is on the bus.
	sent func(ctx context.Context) error
	// point notes where the bus ends; behind counts what the writers still have
	// to read before it.
	point func(ctx context.Context) (behind func(ctx context.Context) (int64, error), err error)
	limit time.Duration // of one wait
	every time.Duration // between looks

	mu   sync.Mutex
	owed map[event.Digest]map[string]int64 // rows deleted by attempts that failed
}

// Delete implements erase.Deleter.
func (s *fedStore) Delete(ctx context.Context, refs []event.Digest) (map[string]int64, error) {
	if len(refs) == 0 {
		return map[string]int64{}, nil
	}
	behind := s.settle(ctx)
	rows, err := s.delete(ctx, refs)
	s.mu.Lock()
	defer s.mu.Unlock()
	key := refs[0]
	for table, n := range s.owed[key] {
		if rows == nil {
			rows = map[string]int64{}
		}
		rows[table] += n
	}
	if err := errors.Join(behind, err); err != nil {
		if s.owed == nil {
			s.owed = map[event.Digest]map[string]int64{}
		}
		s.owed[key] = maps.Clone(rows)
		return nil, err
	}
	delete(s.owed, key)
	return rows, nil
}

func (s *fedStore) delete(ctx context.Context, refs []event.Digest) (_ map[string]int64, err error) {
	d, done, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	return d.Delete(ctx, refs)
}

// settle waits until what was recorded before has reached the store.
func (s *fedStore) settle(ctx context.Context) error {
	if s.point == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	if err := s.sent(ctx); err != nil {
		return fmt.Errorf("events of this machine wait for Kafka: %w", err)
	}
	behind, err := s.point(ctx)
	if err != nil {
		return err
	}
	for {
		n, err := behind(ctx)
		if err == nil && n == 0 {
			return nil
		}
		if wait(ctx, s.every) != nil {
			return fmt.Errorf("the writers are %d events behind: %w", n, cmp.Or(err, ctx.Err()))
		}
	}
}

// fedBy is how long an erasure waits at a time for bus and writers.
const fedBy = 2 * time.Minute

// clickhouseErasing is ClickHouse as an erasure reaches it; nothing where it is
// not configured.
func clickhouseErasing(cfg config.Config, client *kafkax.Client, sent func(context.Context) error) []erase.NamedStore {
	if len(cfg.Events.ClickHouse.Addrs) == 0 {
		return nil
	}
	s := &fedStore{limit: fedBy, every: 500 * time.Millisecond, sent: sent, open: func(ctx context.Context) (erase.Deleter, func() error, error) {
		conn, v, err := dialClickHouse(cfg)
		if err != nil {
			return nil, nil, err
		}
		st, err := clickhouse.Open(ctx, conn, clickhouse.Options{Variant: v})
		if err != nil {
			return nil, nil, errors.Join(err, conn.Close())
		}
		return st, func() error { return errors.Join(st.Close(), conn.Close()) }, nil
	}}
	if client != nil {
		group := cmp.Or(cfg.Writer.Group, "bystander-writer")
		s.point = func(ctx context.Context) (func(context.Context) (int64, error), error) {
			end, err := client.PointOf(ctx, event.TopicEvents)
			return func(ctx context.Context) (int64, error) {
				return client.Behind(ctx, group, event.TopicEvents, end)
			}, err
		}
	}
	return []erase.NamedStore{{Name: "events in ClickHouse", Deleter: s}}
}

// storesPast are the stores past this machine that a running edge erases from.
func (e *edge) storesPast() []erase.NamedStore {
	if e.bus == nil {
		return clickhouseErasing(e.cfg, nil, nil)
	}
	return clickhouseErasing(e.cfg, e.bus.client, func(ctx context.Context) error {
		for to := e.spool.Head().Seq; e.bus.pump.Status().Acked < to; {
			if err := wait(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
}

// storesPast are the same where no edge runs; client is nil without Kafka.
func (h *offline) storesPast(client *kafkax.Client) []erase.NamedStore {
	return clickhouseErasing(h.cfg, client, func(ctx context.Context) error { return h.send(ctx, client) })
}

// send brings what the spool holds onto the bus.
func (h *offline) send(ctx context.Context, client *kafkax.Client) (err error) {
	if err := h.open(); err != nil {
		return err
	}
	lot, err := kafka.OpenLot(filepath.Join(h.cfg.Data, "parked"))
	if err != nil {
		return err
	}
	out, err := kafka.New(client, kafka.Options{Parking: lot})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	cursor, err := h.spool.Consumer("kafka")
	if err != nil {
		return err
	}
	return spool.NewPump(cursor, out, spool.PumpOptions{}).Drain(ctx)
}

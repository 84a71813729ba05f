package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bystander/audit/verify"
	"bystander/internal/config"
	"bystander/sink/clickhouse"
)

// The stores that a verification can be told to read.
const (
	storeLocal      = "local"
	storeClickHouse = "clickhouse"
)

// chRows are the rows of ClickHouse.
type chRows struct{ *clickhouse.Inspector }

// Walk implements verify.Source.
func (s chRows) Walk(ctx context.Context, chain string, from, to uint64, fn func(verify.Row) error) error {
	return s.Inspector.Walk(ctx, chain, from, to, func(p clickhouse.Place) error {
		return fn(verify.Row{Seq: p.Seq, Event: p.Event, Prev: p.Prev, Hash: p.Hash, TS: p.TS, Rule: p.Rule})
	})
}

// openClickHouseRows reads the store past one machine.
func openClickHouseRows(ctx context.Context, cfg config.Config) (*rowSource, error) {
	conn, v, err := dialClickHouse(cfg)
	if err != nil {
		return nil, err
	}
	in, err := clickhouse.Inspect(ctx, conn, v)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &rowSource{Source: chRows{in}, close: conn.Close, floor: in.Floor, store: true, consumer: "kafka", arrived: arrived(in)}, nil
}

// arriving is how long what Kafka has taken may be on its way to the store.
const arriving = 30 * time.Second

// arrived waits until the store holds a chain up to a number, or should.
func arrived(in *clickhouse.Inspector) func(ctx context.Context, chain string, to uint64) error {
	return func(ctx context.Context, chain string, to uint64) error {
		for end := time.Now().Add(arriving); ; {
			last, err := in.Last(ctx, chain)
			if err != nil || last >= to || time.Now().After(end) {
				return err
			}
			if err := wait(ctx, 200*time.Millisecond); err != nil {
				return err
			}
		}
	}
}

func wrongStore(name string) error {
	return fmt.Errorf("%w: --store %s: want %s or %s", ErrUsage, name, storeLocal, storeClickHouse)
}

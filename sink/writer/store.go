package writer

import (
	"context"
	"errors"

	"bystander/internal/event"
	"bystander/sink/clickhouse"
	"bystander/sink/sqlite"
)

// Gap is a run of missing numbers, both ends included.
type Gap struct{ First, Last uint64 }

// Store is where a writer writes. Append and State are needed.
type Store struct {
	// Append stores events that have been verified; see sink.EventSink.
	Append func(ctx context.Context, events []event.Event) error
	// State returns the highest number that a chain has in the store and what is
	// missing below it.
	State func(ctx context.Context, chain string) (last uint64, missing []Gap, err error)
	// Chains lists the chains that the store knows; nil when it cannot.
	Chains func(ctx context.Context) ([]string, error)
	// Refresh is called when partitions were given to this writer, so that what
	// others wrote meanwhile is seen; may be nil.
	Refresh func()
	// Conflict reports whether an error of Append speaks of an event's content
	// and not of the store's state, so that trying again is in vain.
	Conflict func(error) bool
}

func permanent(err error, more error) bool {
	return errors.Is(err, event.ErrInvalid) || errors.Is(err, event.ErrHash) || errors.Is(err, more)
}

// ClickHouse makes a Store of s, which should have been opened with Verified.
func ClickHouse(s *clickhouse.Store) Store {
	return Store{
		Append: s.Append, Chains: s.Chains, Refresh: s.Refresh,
		State: func(ctx context.Context, chain string) (uint64, []Gap, error) {
			c, err := s.Complete(ctx, chain)
			missing := make([]Gap, len(c.Gaps))
			for i, g := range c.Gaps {
				missing[i] = Gap(g)
			}
			return c.Last, missing, err
		},
		Conflict: func(err error) bool { return permanent(err, clickhouse.ErrConflict) },
	}
}

// SQLite makes a Store of s.
func SQLite(s *sqlite.Store) Store {
	return Store{
		Append: s.Append, Chains: s.Chains,
		State: func(ctx context.Context, chain string) (uint64, []Gap, error) {
			c, err := s.Complete(ctx, chain)
			missing := make([]Gap, len(c.Gaps))
			for i, g := range c.Gaps {
				missing[i] = Gap(g)
			}
			return c.Last, missing, err
		},
		Conflict: func(err error) bool { return permanent(err, sqlite.ErrConflict) },
	}
}

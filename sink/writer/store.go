package writer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bystander/internal/event"
	"bystander/sink/clickhouse"
	"bystander/sink/sqlite"
)

// Store is where a writer writes. Append and State are needed.
type Store struct {
	// Append stores events that have been verified; see sink.EventSink. It must
	// keep neither the slice nor the events that it points to: the writer uses
	// their memory again.
	Append func(ctx context.Context, events []*event.Event) error
	// State returns the highest number that a chain has in the store and what is
	// missing below it.
	State func(ctx context.Context, chain string) (last uint64, missing []Gap, err error)
	// Chains lists the chains that the store knows; nil when it cannot.
	Chains func(ctx context.Context) ([]string, error)
	// Refresh is called when partitions were given to this writer, so that what
	// others wrote meanwhile is seen, and before events are asked for that the
	// store had; what they hold is not to be passed over then. May be nil.
	Refresh func()
	// Condition tells whether rows may have gone since it was last asked; nil
	// when the store never loses any by itself.
	Condition func(ctx context.Context) (Condition, error)
	// Conflict reports whether an error of Append speaks of an event's content
	// and not of the store's state, so that trying again is in vain.
	Conflict func(error) bool
	// Ails tells what an error of the store says of its disk; nil when nothing
	// is known of such errors.
	Ails func(error) Ailment
	// Repair puts right what cannot be read of the parts made since a time, and
	// finishes what another left half-way; lost says that events went with it.
	// Needed where Ails is set.
	Repair func(ctx context.Context, since time.Time) (lost bool, err error)
}

// Condition is what a store tells of itself, whoever is the cause.
type Condition struct {
	// Epoch changes whenever stored rows may have gone: when a repair gave some
	// up, and when the server was started again.
	Epoch string
	// Unfinished says that a repair has begun and not ended.
	Unfinished bool
}

// Ailment is what an error says of a store's disk.
type Ailment int

// The ailments.
const (
	Healthy Ailment = iota // of something else, or of nothing
	Full                   // no room; what was being written meanwhile is suspect
	Damaged                // stored data cannot be read
)

func permanent(err error, more error) bool {
	return errors.Is(err, event.ErrInvalid) || errors.Is(err, event.ErrHash) || errors.Is(err, more)
}

// Copied makes a Store's Append of one that takes events by value and may keep
// them.
func Copied(store func(context.Context, []event.Event) error) func(context.Context, []*event.Event) error {
	return func(ctx context.Context, events []*event.Event) error {
		evs := make([]event.Event, len(events))
		for i, e := range events {
			evs[i] = *e
		}
		return store(ctx, evs)
	}
}

// ClickHouse makes a Store of s, which should have been opened with Verified.
func ClickHouse(s *clickhouse.Store) Store {
	return Store{
		Append: s.AppendRefs, Chains: s.Chains, Refresh: s.Refresh,
		State: func(ctx context.Context, chain string) (uint64, []Gap, error) {
			c, err := s.Complete(ctx, chain)
			missing := make([]Gap, len(c.Gaps))
			for i, g := range c.Gaps {
				missing[i] = Gap(g)
			}
			return c.Last, missing, err
		},
		Condition: func(ctx context.Context) (Condition, error) {
			c, err := s.Condition(ctx)
			return Condition(c), err
		},
		Conflict: func(err error) bool { return permanent(err, clickhouse.ErrConflict) },
		Ails: func(err error) Ailment {
			switch {
			case clickhouse.Damaged(err):
				return Damaged
			case clickhouse.NoRoom(err):
				return Full
			}
			return Healthy
		},
		Repair: func(ctx context.Context, since time.Time) (bool, error) {
			r, err := s.Repair(ctx, since)
			if err == nil && r.Left() > 0 {
				err = fmt.Errorf("writer: %d parts of the store cannot be read and cannot be derived from anything: restore them from a backup; bystander clickhouse repair lists them", r.Left())
			}
			return r.LogHit, err
		},
	}
}

// SQLite makes a Store of s.
func SQLite(s *sqlite.Store) Store {
	return Store{
		Append: Copied(s.Append), Chains: s.Chains,
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

package writer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	chserver "bystander/internal/testkit/clickhouse"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

// TestTheStoreLosesWhatItHad: a part of the log is lost, once with the writer
// away and in such a way that the store cannot read it, once under its eyes.
func TestTheStoreLosesWhatItHad(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	s := chserver.StartEngine(t, chserver.Options{})
	st := chstore(t, s)
	o := quick(writer.ClickHouse(st))
	o.Review = 300 * time.Millisecond
	evs := sinktest.Events(t, sinktest.Chain(t, "edge"), 60)
	b.send(evs...)
	_, stop := start(t, b.c, o)
	holds(t, st, "edge", evs)
	stop()

	events := fmt.Sprintf("database = '%s' AND table = 'events' AND active", s.Database())
	for path := range strings.Lines(s.Exec("SELECT path FROM system.parts WHERE " + events)) {
		files, err := filepath.Glob(filepath.Join(strings.TrimSpace(path), "*.bin"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			require.NoError(t, os.Truncate(f, 0))
		}
	}
	s.Exec("SYSTEM DROP MARK CACHE")
	s.Exec("SYSTEM DROP UNCOMPRESSED CACHE")
	requests := edge(t, b, evs, func(uint64) bool { return false })
	w, _ := start(t, b.c, o) // reads them again from the bus, or has the edge send them
	holds(t, st, "edge", evs)
	require.Eventually(t, func() bool { return w.Status().Err == nil }, time.Minute, 20*time.Millisecond)

	asked := requests.Load()
	for part := range strings.Lines(s.Exec("SELECT name FROM system.parts WHERE " + events)) {
		s.Exec(fmt.Sprintf("ALTER TABLE %s.events DROP PART '%s'", s.Database(), strings.TrimSpace(part)))
	}
	require.Eventually(t, func() bool { return requests.Load() > asked }, time.Minute, 20*time.Millisecond)
	holds(t, st, "edge", evs)
}

// TestRepairedWhenThereIsRoomAgain: a store that was full is repaired once it
// takes events again, from before the first sign on, and until that succeeds.
func TestRepairedWhenThereIsRoomAgain(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	m := sinktest.NewMemory()
	full := errors.New("no room")
	var refused, repaired atomic.Int64
	st := inMemory(m)
	take := st.Append
	st.Append = func(ctx context.Context, evs []*event.Event) error {
		if refused.Add(1) <= 3 {
			return full
		}
		return take(ctx, evs)
	}
	st.Ails = func(err error) writer.Ailment {
		if errors.Is(err, full) {
			return writer.Full
		}
		return writer.Healthy
	}
	begun := time.Now()
	st.Repair = func(_ context.Context, since time.Time) (bool, error) {
		if refused.Load() <= 3 {
			t.Error("it is still full")
		}
		if since.IsZero() || !since.Before(begun) {
			t.Errorf("since %v", since)
		}
		if repaired.Add(1) == 1 {
			return false, errors.New("not yet")
		}
		return false, nil
	}
	w, _ := start(t, b.c, quick(st))
	evs := sinktest.Events(t, sinktest.Chain(t, "edge"), 40)
	for i := range 4 {
		b.send(evs[10*i : 10*i+10]...)
		has(t, m, evs[:10*i+10])
	}
	require.Eventually(t, func() bool { return repaired.Load() == 2 && w.Status().Err == nil }, time.Minute, 20*time.Millisecond, "once more after it failed")
	more := sinktest.Events(t, sinktest.Chain(t, "edge-2"), 10)
	b.send(more...)
	has(t, m, more)
	require.EqualValues(t, 2, repaired.Load(), "and then no more")
}

// TestWhatOneRepairLosesEveryWriterAsksFor: one writer's repair gives up rows of
// the chains of both, in their middle and at their end. The other, which has
// seen no error at all, asks for what went of its own.
func TestWhatOneRepairLosesEveryWriterAsksFor(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 2)
	m := sinktest.NewMemory()
	full := errors.New("no room")
	var refuse atomic.Bool
	var epoch, repairs atomic.Int64
	st := inMemory(m)
	st.Condition = func(context.Context) (writer.Condition, error) {
		return writer.Condition{Epoch: fmt.Sprint(epoch.Load())}, nil
	}
	o := quick(st)
	healthy, _ := start(t, b.c, o)
	take := st.Append
	o.Store.Append = func(ctx context.Context, evs []*event.Event) error {
		if refuse.CompareAndSwap(true, false) {
			return full
		}
		return take(ctx, evs)
	}
	o.Store.Ails = func(err error) writer.Ailment {
		if errors.Is(err, full) {
			return writer.Full
		}
		return writer.Healthy
	}
	chains := map[string][]event.Event{}
	o.Store.Repair = func(context.Context, time.Time) (bool, error) {
		epoch.Add(1) // it is written down before anything goes
		for id := range chains {
			m.Lose(id, 5, 7)
			m.Lose(id, 15, 20)
		}
		epoch.Add(1)
		repairs.Add(1)
		return true, nil
	}
	ill, _ := start(t, b.c, o)
	require.Eventually(t, func() bool {
		return len(healthy.Status().Partitions) == 1 && len(ill.Status().Partitions) == 1
	}, time.Minute, 20*time.Millisecond)
	for i := range 8 { // some on either partition
		id := fmt.Sprintf("edge-%d", i)
		chains[id] = sinktest.Events(t, sinktest.Chain(t, id), 20)
		edge(t, b, chains[id], func(uint64) bool { return false })
		b.send(chains[id]...)
	}
	for _, evs := range chains {
		has(t, m, evs)
	}
	require.NotEmpty(t, healthy.Chains())
	require.NotEmpty(t, ill.Chains())
	refuse.Store(true)
	more := map[string][]event.Event{}
	for i := range 8 { // the one that is refused brings the repair about
		id := fmt.Sprintf("more-%d", i)
		more[id] = sinktest.Events(t, sinktest.Chain(t, id), 2)
		b.send(more[id]...)
	}
	require.Eventually(t, func() bool { return repairs.Load() > 0 }, time.Minute, 20*time.Millisecond)
	for _, evs := range chains {
		has(t, m, evs)
	}
	require.EqualValues(t, 1, repairs.Load())
}

// TestTwoWritersRepairAtOnce: the engine can read no part of the log any more,
// and both writers find out.
func TestTwoWritersRepairAtOnce(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 4)
	s := chserver.StartEngine(t, chserver.Options{})
	st := chstore(t, s)
	o := quick(writer.ClickHouse(chstore(t, s)))
	one, _ := start(t, b.c, o)
	o.Store = writer.ClickHouse(st) // another process believes other things to be stored
	two, _ := start(t, b.c, o)
	require.Eventually(t, func() bool {
		return len(one.Status().Partitions) == 2 && len(two.Status().Partitions) == 2
	}, time.Minute, 20*time.Millisecond)
	chains := map[string][]event.Event{}
	for i := range 6 {
		id := fmt.Sprintf("edge-%d", i)
		chains[id] = sinktest.Events(t, sinktest.Chain(t, id), 60)
		edge(t, b, chains[id], func(uint64) bool { return false })
		b.send(chains[id][:55]...)
	}
	for id, evs := range chains {
		holds(t, st, id, evs[:55])
	}
	for _, table := range []string{"events", "skeleton", "match_log"} {
		for path := range strings.Lines(s.Exec(fmt.Sprintf("SELECT path FROM system.parts WHERE database = '%s' AND table = '%s' AND active", s.Database(), table))) {
			files, err := filepath.Glob(filepath.Join(strings.TrimSpace(path), "*.bin"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, f := range files {
				require.NoError(t, os.Truncate(f, 0))
			}
		}
	}
	s.Exec("SYSTEM DROP MARK CACHE")
	s.Exec("SYSTEM DROP UNCOMPRESSED CACHE")
	for _, evs := range chains {
		b.send(evs[50:]...) // some of them again: the writers look at what is stored
	}
	for id, evs := range chains {
		holds(t, st, id, evs)
	}
	require.Eventually(t, func() bool { return one.Status().Err == nil && two.Status().Err == nil }, time.Minute, 20*time.Millisecond)
}

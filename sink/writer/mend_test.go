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
	st.Append = func(ctx context.Context, evs []event.Event) error {
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

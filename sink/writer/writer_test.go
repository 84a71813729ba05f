package writer_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	chserver "bystander/internal/testkit/clickhouse"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/clickhouse"
	"bystander/sink/kafka"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var pub = sinktest.Key.Public().(ed25519.PublicKey)

// bus is one broker with topics of the test's own.
type bus struct {
	t testing.TB
	b *broker.Broker
	c *kafkax.Client
	s *kafka.Sink
}

func newBus(t testing.TB, b *broker.Broker, partitions int) *bus {
	t.Helper()
	c, err := kafkax.Open(kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: fmt.Sprintf("w%d", time.Now().UnixNano())})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	_, err = c.EnsureTopics(within(t, time.Minute), kafkax.TopicOptions{Partitions: partitions})
	require.NoError(t, err)
	lot, err := kafka.OpenLot(t.TempDir())
	require.NoError(t, err)
	s, err := kafka.New(c, kafka.Options{Parking: lot})
	require.NoError(t, err)
	return &bus{t, b, c, s}
}

func (b *bus) send(evs ...event.Event) {
	b.t.Helper()
	require.NoError(b.t, b.s.Append(within(b.t, time.Minute), evs))
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// chstore is a migrated database on an engine.
func chstore(t testing.TB, s *chserver.Server) *clickhouse.Store {
	t.Helper()
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	v := clickhouse.Variant{Database: s.Database()}
	_, err = clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st, err := clickhouse.Open(t.Context(), conn, clickhouse.Options{Variant: v, Verified: true})
	require.NoError(t, err)
	return st
}

// quick are options under which tests need not wait.
func quick(st writer.Store) writer.Options {
	return writer.Options{
		Group: fmt.Sprintf("w%d", time.Now().UnixNano()), Store: st, Keys: func(string) ed25519.PublicKey { return pub },
		Wait: 50 * time.Millisecond, MinBackoff: 20 * time.Millisecond, MaxBackoff: 300 * time.Millisecond,
		Grace: 200 * time.Millisecond, AskEvery: time.Second, Watch: 100 * time.Millisecond, Session: 6 * time.Second, Timeout: 20 * time.Second,
	}
}

// start runs a writer until stop or the test's end.
func start(t testing.TB, c *kafkax.Client, o writer.Options) (w *writer.Writer, stop func()) {
	t.Helper()
	w, err := writer.New(c, o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return w, stop
}

// holds waits until the store has exactly these events of their chain.
func holds(t testing.TB, st *clickhouse.Store, chain string, want []event.Event) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := st.Complete(t.Context(), chain)
		return err == nil && len(c.Gaps) == 0 && c.Last == uint64(len(want)) && c.Events == uint64(len(want))
	}, 3*time.Minute, 100*time.Millisecond, "chain %s", chain) // a repair reads all tables, on a machine that may be busy
	var got []event.Event
	for uint64(len(got)) < uint64(len(want)) {
		part, err := st.Chain(t.Context(), chain, uint64(len(got))+1, clickhouse.MaxLimit)
		require.NoError(t, err)
		require.NotEmpty(t, part)
		got = append(got, part...)
	}
	sinktest.Equal(t, want, got)
}

func TestTwoWritersShareTheWork(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 4)
	st := chstore(t, chserver.StartEngine(t, chserver.Options{Shared: true}))
	o := quick(writer.ClickHouse(st))
	one, stopOne := start(t, b.c, o)
	chains := map[string][]event.Event{}
	for i := range 8 {
		id := fmt.Sprintf("edge-%d", i)
		chains[id] = sinktest.Events(t, sinktest.Chain(t, id), 400)
		b.send(chains[id][:100]...)
	}
	two, _ := start(t, b.c, o)
	require.Eventually(t, func() bool {
		return len(one.Status().Partitions) == 2 && len(two.Status().Partitions) == 2
	}, time.Minute, 50*time.Millisecond, "the partitions are not shared")
	for _, evs := range chains {
		b.send(evs[100:200]...)
		b.send(evs[150:250]...) // some of them again
	}
	require.Eventually(t, func() bool { return two.Status().Stored > 0 }, time.Minute, 50*time.Millisecond)
	stopOne() // the other takes over
	for _, evs := range chains {
		b.send(evs[300:]...) // and in another order
		b.send(evs[250:300]...)
	}
	for id, evs := range chains {
		holds(t, st, id, evs)
	}
}

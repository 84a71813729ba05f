package app_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	chserver "bystander/internal/testkit/clickhouse"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/clickhouse"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

// TestErasureReachesRowsThatArriveLater: half of a person's rows are on the bus
// when they are erased, and the writer is away.
//
// proves: A-49
func TestErasureReachesRowsThatArriveLater(t *testing.T) {
	b, s := broker.Start(t, broker.Options{}), chserver.StartEngine(t, chserver.Options{})
	cfg := config.Default()
	cfg.Events.ClickHouse.Addrs, cfg.Events.ClickHouse.HTTP, cfg.Events.ClickHouse.Database = []string{s.Addr()}, true, s.Database()
	cfg.Writer.Group = fmt.Sprintf("erase-%d", time.Now().UnixNano())
	client, err := kafkax.Open(kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "erase"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	_, err = client.EnsureTopics(t.Context(), kafkax.TopicOptions{Partitions: 3})
	require.NoError(t, err)
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	v := clickhouse.Variant{Database: s.Database()}
	_, err = clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)

	ref, other := event.Digest{0xaa}, event.Digest{0xbb}
	c := sinktest.Chain(t, "edge")
	send := func(n int) {
		t.Helper()
		for i := range n {
			e := event.Event{Kind: event.KindMatch, SiteID: "station", CameraID: "cam", ZoneID: "gate", SubjectRef: ref}
			if i%2 == 1 {
				e.SubjectRef = other
			}
			require.NoError(t, c.Seal(&e))
			m, err := kafkax.EventRecord(&e)
			require.NoError(t, err)
			require.NoError(t, client.Publish(t.Context(), event.TopicEvents, m))
		}
	}
	count := func(table string, ref event.Digest) string {
		return s.Exec(fmt.Sprintf("SELECT count() FROM %s.%s FINAL WHERE subject_ref = unhex('%s')", s.Database(), table, ref))
	}
	work := func() (stop func()) {
		st, err := clickhouse.Open(t.Context(), conn, clickhouse.Options{Variant: v, Verified: true})
		require.NoError(t, err)
		w, err := writer.New(client, writer.Options{
			Group: cfg.Writer.Group, Keys: func(string) ed25519.PublicKey { return sinktest.Key.Public().(ed25519.PublicKey) },
			Store: writer.ClickHouse(st), Wait: 50 * time.Millisecond, Session: 6 * time.Second, Log: zerolog.Nop(),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		return func() { cancel(); require.NoError(t, <-done); require.NoError(t, st.Close()) }
	}
	sent := func(context.Context) error { return nil }

	send(20)
	stop := work()
	require.Eventually(t, func() bool { return count("match_log", ref) == "10" && count("match_log", other) == "10" }, time.Minute, 50*time.Millisecond)
	end, err := client.PointOf(t.Context(), event.TopicEvents)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		n, err := client.Behind(t.Context(), cfg.Writer.Group, event.TopicEvents, end)
		return err == nil && n == 0
	}, time.Minute, 50*time.Millisecond, "the writer commits what it has stored")
	stop()
	send(20) // on the bus, and nobody reads it

	// In one store that is asked again, as a running edge does.
	store := app.ClickHouseErasing(cfg, client, sent, 5*time.Second)
	var rows map[string]int64
	ctx := t.Context()
	require.EventuallyWithT(t, func(t *assert.CollectT) { // a busy broker may refuse to say where a topic ends
		rows, err = store.Delete(ctx, []event.Digest{ref})
		assert.ErrorContains(t, err, "the writers are 20 events behind")
	}, time.Minute, 50*time.Millisecond)
	require.Empty(t, rows, "not finished")
	require.Equal(t, "0", count("events", ref), "what is there goes at once")
	stop = work()
	require.Eventually(t, func() bool { return count("events", ref) == "10" }, time.Minute, 50*time.Millisecond, "they arrive all the same")
	rows, err = store.Delete(t.Context(), []event.Digest{ref})
	require.NoError(t, err)
	require.EqualValues(t, 20, rows["events"], "the account has both")
	require.EqualValues(t, 20, rows["match_log"])
	stop()
	for _, table := range []string{"events", "match_log"} {
		require.Equal(t, "0", count(table, ref), table)
		require.Equal(t, "20", count(table, other), table)
	}

	// This machine's own events have to be on the bus first.
	store = app.ClickHouseErasing(cfg, client, func(context.Context) error { return errors.New("Kafka is away") }, time.Second)
	_, err = store.Delete(t.Context(), []event.Digest{ref})
	require.ErrorContains(t, err, "wait for Kafka")
}

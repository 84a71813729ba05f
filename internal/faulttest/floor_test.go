package faulttest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	kgo "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// floorKafka is what kafka-go does alone: its writer sends messages that lie
// ready in memory, its readers throw them away. It returns messages a second.
func (b *bench) floorKafka(t testing.TB, n int) float64 {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	b.floors++
	topic := fmt.Sprintf("floor-%d", b.floors)
	b.broker.CreateTopic(topic, chains)
	var ready [chains][]kgo.Message
	for c := range ready {
		for i := range b.sealed[c] {
			m, err := kafkax.EventRecord(&b.sealed[c][i])
			require.NoError(t, err)
			ready[c] = append(ready[c], m)
		}
	}
	begun := time.Now()
	var all sync.WaitGroup
	for c := range chains {
		share := n / chains
		all.Go(func() { b.discard(ctx, t, topic, c, share) })
		all.Go(func() { b.produce(ctx, t, topic, c, ready[c], share) })
	}
	all.Wait()
	took := time.Since(begun)
	b.broker.DeleteTopic(topic)
	return float64(n) / took.Seconds()
}

func (b *bench) produce(ctx context.Context, t testing.TB, topic string, partition int, msgs []kgo.Message, n int) {
	tr := &kgo.Transport{}
	defer tr.CloseIdleConnections()
	w := &kgo.Writer{
		Addr: kgo.TCP(b.broker.Addr()), Topic: topic, RequiredAcks: kgo.RequireAll, Compression: kgo.Lz4, Transport: tr,
		BatchSize: 1024, BatchBytes: 900 << 10, BatchTimeout: 5 * time.Millisecond,
		Balancer: kgo.BalancerFunc(func(kgo.Message, ...int) int { return partition }),
	}
	for sent := 0; sent < n; {
		k := min(len(msgs), n-sent, 4096)
		if err := w.WriteMessages(ctx, msgs[:k]...); err != nil {
			t.Errorf("floor: produce: %v", err)
			break
		}
		sent += k
	}
	if err := w.Close(); err != nil {
		t.Errorf("floor: produce: %v", err)
	}
}

func (b *bench) discard(ctx context.Context, t testing.TB, topic string, partition, n int) {
	r := kgo.NewReader(kgo.ReaderConfig{
		Brokers: []string{b.broker.Addr()}, Topic: topic, Partition: partition, MaxBytes: 8 << 20, QueueCapacity: 4096, MaxWait: 100 * time.Millisecond,
	})
	for range n {
		if _, err := r.ReadMessage(ctx); err != nil {
			t.Errorf("floor: consume: %v", err)
			break
		}
	}
	if err := r.Close(); err != nil {
		t.Errorf("floor: consume: %v", err)
	}
}

// floorStore is what clickhouse-go does alone: it inserts columns that lie ready
// in memory into the same schema. It returns rows a second.
func (b *bench) floorStore(t testing.TB, n int) float64 {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	o, err := ch.ParseDSN("http://" + b.engine.Addr())
	require.NoError(t, err)
	o.Compression = &ch.Compression{Method: ch.CompressionLZ4}
	conn, err := ch.Open(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()

	const batch = 50_000
	evs := make([]event.Event, 0, batch)
	for len(evs) < batch {
		evs = append(evs, b.sealed[0][:min(len(b.sealed[0]), batch-len(evs))]...)
	}
	names, cols := columnsOf(evs)
	sql := "INSERT INTO " + b.engine.Database() + "_floor.events (" + strings.Join(names, ", ") + ")"
	asTheStore := ch.Context(ctx, ch.WithSettings(ch.Settings{"optimize_on_insert": 0, "async_insert": 0}))
	var seq uint64
	numbers := make([]uint64, batch)
	begun := time.Now()
	for sent := 0; sent < n; sent += batch {
		k := min(batch, n-sent)
		for i := range numbers[:k] {
			seq++
			numbers[i] = seq
		}
		into, err := conn.PrepareBatch(asTheStore, sql)
		require.NoError(t, err)
		for i, name := range names {
			col := cols[i](k)
			if name == "seq" {
				col = numbers[:k]
			}
			require.NoError(t, into.Column(i).Append(col), name)
		}
		require.NoError(t, into.Send())
	}
	took := time.Since(begun)
	for table := range strings.Lines(b.engine.Exec("SELECT name FROM system.tables WHERE database = '" + b.engine.Database() + "_floor' AND engine LIKE '%MergeTree'")) {
		b.engine.Exec("TRUNCATE TABLE " + b.engine.Database() + "_floor." + strings.TrimSpace(table))
	}
	return float64(n) / took.Seconds()
}

// columnsOf turns events into columns; each function returns the first n values.
func columnsOf(evs []event.Event) (names []string, cols []func(n int) any) {
	for _, f := range event.Fields() {
		names = append(names, f.Name)
		switch f.Ref(&evs[0]).(type) {
		case *string:
			cols = append(cols, column(evs, f, func(v *string) string { return *v }))
		case *event.Kind:
			cols = append(cols, column(evs, f, func(v *event.Kind) string { return string(*v) }))
		case *event.TSQuality:
			cols = append(cols, column(evs, f, func(v *event.TSQuality) string { return string(*v) }))
		case *time.Time:
			cols = append(cols, column(evs, f, func(v *time.Time) time.Time { return *v }))
		case *uint32:
			cols = append(cols, column(evs, f, func(v *uint32) uint32 { return *v }))
		case *uint64:
			cols = append(cols, column(evs, f, func(v *uint64) uint64 { return *v }))
		case *float32:
			cols = append(cols, column(evs, f, func(v *float32) float32 { return *v }))
		case *event.Digest:
			cols = append(cols, column(evs, f, func(v *event.Digest) []byte { return v[:] }))
		case *[]byte:
			cols = append(cols, column(evs, f, func(v *[]byte) []byte { return *v }))
		case *map[string]string:
			cols = append(cols, column(evs, f, func(v *map[string]string) map[string]string { return *v }))
		default:
			panic("a field of a type that this test does not know: " + f.Name)
		}
	}
	names = append(names, "arrived")
	return names, append(cols, func(n int) any { return make([]int64, n) })
}

func column[F, T any](evs []event.Event, f event.Field, get func(*F) T) func(int) any {
	out := make([]T, len(evs))
	for i := range evs {
		out[i] = get(f.Ref(&evs[i]).(*F))
	}
	return func(n int) any { return out[:n] }
}

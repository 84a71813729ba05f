package kafka_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
)

func TestMain(m *testing.M) {
	opts := []goleak.Option{}
	if os.Getenv("KAFKA") == "fake" {
		opts = append(opts, goleak.IgnoreAnyFunction("github.com/twmb/franz-go/pkg/kfake.(*Cluster).run"))
	}
	goleak.VerifyTestMain(m, opts...)
}

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, ed25519.SeedSize))

func public() ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// client returns a client of b's plain listener with topics of its own.
func client(t testing.TB, b *broker.Broker) *kafkax.Client {
	t.Helper()
	name := strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", ".")
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "t." + name, Timeout: 4 * time.Second})
	_, err := c.EnsureTopics(deadline(t), kafkax.TopicOptions{Partitions: 3})
	require.NoError(t, err)
	return c
}

func open(t testing.TB, cfg kafkax.Config) *kafkax.Client {
	t.Helper()
	c, err := kafkax.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newSink returns a sink with a parking lot of its own.
func newSink(t testing.TB, c *kafkax.Client, o kafka.Options) (*kafka.Sink, *kafka.Lot) {
	t.Helper()
	lot, err := kafka.OpenLot(t.TempDir())
	require.NoError(t, err)
	o.Parking = lot
	s, err := kafka.New(c, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, lot
}

// chainOf returns a fresh chain.
func chainOf(t testing.TB, id string) *event.Chain {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: id, Key: key})
	require.NoError(t, err)
	return c
}

func seal(t testing.TB, c *event.Chain, n int) []event.Event {
	t.Helper()
	out := make([]event.Event, n)
	for i := range out {
		out[i] = event.Event{Kind: event.KindMatch, CameraID: "cam-1", ZoneID: "zone", Score: 0.7}
		require.NoError(t, c.Seal(&out[i]))
	}
	return out
}

// seen is what kcat, no code of ours, read of one record.
type seen struct {
	Topic     string
	Partition int
	Offset    int64
	Headers   []string
	Key       string
	Payload   string
}

// read returns a topic's records as kcat's JSON envelope shows them.
func read(t testing.TB, b *broker.Broker, topic string) []seen {
	t.Helper()
	out := broker.Kcat(t, "", "-C", "-b", b.Addr(), "-t", topic, "-o", "beginning", "-e", "-q", "-J")
	var list []seen
	for line := range strings.Lines(out) {
		var s seen
		require.NoError(t, json.Unmarshal([]byte(line), &s), line)
		list = append(list, s)
	}
	return list
}

func (s seen) header(name string) string {
	for i := 0; i+1 < len(s.Headers); i += 2 {
		if s.Headers[i] == name {
			return s.Headers[i+1]
		}
	}
	return ""
}

// byNumber parses what was read of a chain, checks each event, and returns how
// often each number came.
func byNumber(t testing.TB, list []seen, chain string) map[uint64]int {
	t.Helper()
	n := map[uint64]int{}
	rows := map[uint64]event.Digest{}
	for _, s := range list {
		if s.Key != chain {
			continue
		}
		e, err := event.ParseJSON([]byte(s.Payload))
		require.NoError(t, err)
		require.NoError(t, event.VerifyContent(&e, public()))
		if h, again := rows[e.Seq]; again {
			require.Equal(t, h, e.RowHash, "number %d twice with different content", e.Seq)
		}
		rows[e.Seq] = e.RowHash
		n[e.Seq]++
	}
	return n
}

// whole checks that numbers 1 to n are all there.
func whole(t testing.TB, got map[uint64]int, n uint64) {
	t.Helper()
	var lost []string
	for i := uint64(1); i <= n; i++ {
		if got[i] == 0 {
			lost = append(lost, fmt.Sprint(i))
		}
	}
	require.Empty(t, lost, "lost")
	require.Len(t, got, int(n))
}

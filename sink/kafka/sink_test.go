package kafka_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
)

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, ed25519.SeedSize))

// client returns a client of b's plain listener with topics of its own.
func client(t testing.TB, b *broker.Broker) *kafkax.Client {
	t.Helper()
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "t." + t.Name()[len("Test"):]})
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
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestSmoke(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := client(t, b)
	lot, err := kafka.OpenLot(t.TempDir())
	require.NoError(t, err)
	s, err := kafka.New(c, kafka.Options{Parking: lot})
	require.NoError(t, err)
	ch, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key})
	require.NoError(t, err)
	evs := make([]event.Event, 5)
	for i := range evs {
		evs[i] = event.Event{Kind: event.KindMatch, CameraID: "cam"}
		require.NoError(t, ch.Seal(&evs[i]))
	}
	require.NoError(t, s.Append(deadline(t), evs))
	for _, l := range b.KcatRead(c.Name(event.TopicEvents), "%k %h %s") {
		t.Log(l)
	}
}

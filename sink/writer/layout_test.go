package writer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

// TestSharedOutWhileTheTopicIsGone: writers join, and so share out no partition,
// while the topic is away; it comes back before anybody counts again.
func TestSharedOutWhileTheTopicIsGone(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 4)
	topic := b.c.Name(event.TopicEvents)
	m := sinktest.NewMemory()
	o := quick(inMemory(m))
	one, _ := start(t, b.c, o)
	serves := func(w *writer.Writer, n int) func() bool {
		return func() bool { return len(w.Status().Partitions) == n }
	}
	require.Eventually(t, serves(one, 4), time.Minute, 20*time.Millisecond)
	for round := range 3 {
		b.b.DeleteTopic(topic)
		two, stop := start(t, b.c, o) // its joining shares anew
		require.Eventually(t, serves(one, 0), time.Minute, 5*time.Millisecond, "round %d", round)
		_, err := b.c.EnsureTopics(within(t, time.Minute), kafkax.TopicOptions{Partitions: 4})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return serves(one, 2)() && serves(two, 2)() }, 30*time.Second, 20*time.Millisecond,
			"round %d: nobody serves the topic that was made anew", round)
		evs := sinktest.Events(t, sinktest.Chain(t, fmt.Sprintf("edge-%d", round)), 20)
		require.Eventually(t, func() bool { return b.s.Append(within(t, time.Minute), evs) == nil }, time.Minute, 100*time.Millisecond)
		has(t, m, evs)
		stop()
		require.Eventually(t, serves(one, 4), time.Minute, 20*time.Millisecond)
	}
}

// TestMorePartitions: the topic is given more partitions while writers serve it.
func TestMorePartitions(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 2)
	m := sinktest.NewMemory()
	w, _ := start(t, b.c, quick(inMemory(m)))
	require.Eventually(t, func() bool { return len(w.Status().Partitions) == 2 }, time.Minute, 20*time.Millisecond)
	topic := b.c.Name(event.TopicEvents)
	res, err := b.c.Kafka().CreatePartitions(within(t, time.Minute), &kafka.CreatePartitionsRequest{
		Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: 5}},
	})
	require.NoError(t, err)
	require.NoError(t, res.Errors[topic])
	require.Eventually(t, func() bool { return len(w.Status().Partitions) == 5 }, 30*time.Second, 20*time.Millisecond)
}

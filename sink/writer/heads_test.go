package writer_test

import (
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	segment "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

// tell has a chain's edge say up to where the bus has taken its events.
func (b *bus) tell(chain string, head uint64, key ed25519.PrivateKey) {
	b.t.Helper()
	h := kafkax.ReplayHead{Chain: chain, Head: head, At: time.Now().UTC()}
	require.NoError(b.t, h.Sign(key))
	m, err := h.Record()
	require.NoError(b.t, err)
	require.NoError(b.t, b.c.Publish(within(b.t, time.Minute), event.TopicReplay, m))
}

// counted is the sum of a counter over its labels.
func counted(t *testing.T, reg *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// TestTheEndIsMissing: the writers read on in the middle of a topic that was made
// anew, as they do when it is longer again than where they were before they find
// out. What lies before has the whole of one chain and the end of none that
// follows, so that nothing on the bus shows it. Its edge's word does.
func TestTheEndIsMissing(t *testing.T) {
	w, m, silent := endIsMissing(t, func(*writer.Options) {})
	has(t, m, silent)
	for _, c := range w.Chains() {
		require.EqualValues(t, 30, c.Last, "what nobody signed counts for nothing: %v", c)
		require.Zero(t, c.Missing)
	}
}

// TestTheEndIsMissedWithoutTheEdgesWord shows that the test above can fail: a
// writer that hears its edges and does not compare what they say with the store
// never finds the end.
func TestTheEndIsMissedWithoutTheEdgesWord(t *testing.T) {
	w, m, silent := endIsMissing(t, writer.Deaf)
	got, err := m.Chain(t.Context(), "silent")
	require.NoError(t, err)
	require.Less(t, len(got), len(silent), "the end was found all the same: what TestTheEndIsMissing shows is not the check's doing")
	for _, c := range w.Chains() {
		require.Zero(t, c.Missing, "and nothing says that it lacks: %v", c)
	}
}

// endIsMissing plays that and waits until the chain's end was found, or until the
// writer has heard of it often enough to have found it.
func endIsMissing(t *testing.T, change func(*writer.Options)) (*writer.Writer, *sinktest.Memory, []event.Event) {
	t.Helper()
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	m := sinktest.NewMemory()
	silent := sinktest.Events(t, sinktest.Chain(t, "silent"), 30)
	other := sinktest.Events(t, sinktest.Chain(t, "other"), 30)
	cut := sinktest.Events(t, sinktest.Chain(t, "cut"), 30)
	b.send(silent...)
	b.send(cut...)
	b.send(other...)
	o := quick(inMemory(m))
	reg := prometheus.NewRegistry()
	o.Registry = reg
	change(&o)
	require.Eventually(t, func() bool { // a new broker has no coordinator yet
		res, err := b.c.Kafka().OffsetCommit(within(t, time.Minute), &segment.OffsetCommitRequest{
			GroupID: o.Group, GenerationID: -1,
			Topics: map[string][]segment.OffsetCommit{b.c.Name(event.TopicEvents): {{Partition: 0, Offset: 50}}},
		})
		return err == nil && res.Topics[b.c.Name(event.TopicEvents)][0].Error == nil
	}, time.Minute, 100*time.Millisecond)
	w, _ := start(t, b.c, o)
	has(t, m, other)
	for _, evs := range [][]event.Event{silent, cut} {
		edge(t, b, evs, func(uint64) bool { return false })
	}
	has(t, m, cut) // its end shows what lacks before
	stranger := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for range 3 {
		b.tell("silent", 30, stranger)
		b.tell("cut", 40, stranger)
	}
	before := counted(t, reg, "bystander_writer_replay_answers_total")
	require.Eventually(t, func() bool {
		b.tell("silent", 30, sinktest.Key)
		b.tell("cut", 30, sinktest.Key)
		got, err := m.Chain(t.Context(), "silent")
		return err == nil && len(got) == len(silent) || counted(t, reg, "bystander_writer_replay_answers_total") > before+100
	}, time.Minute, 200*time.Millisecond, "%v", w.Chains())
	return w, m, silent
}

// TestAnEndThatIsOnItsWayIsNotMissing: an edge's word comes long before the
// writer has stored what it speaks of, and nobody is asked for it again.
func TestAnEndThatIsOnItsWayIsNotMissing(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	m := sinktest.NewMemory()
	evs := sinktest.Events(t, sinktest.Chain(t, "edge"), 3000)
	requests := edge(t, b, evs, func(uint64) bool { return false })
	st := inMemory(m)
	let := make(chan struct{})
	take := st.Append
	st.Append = func(ctx context.Context, evs []*event.Event) error {
		select {
		case <-let:
		case <-ctx.Done():
			return ctx.Err()
		}
		return take(ctx, evs)
	}
	o := quick(st)
	reg := prometheus.NewRegistry()
	o.Registry = reg
	o.Memory = 1 << 20 // a few hundred events: the partition is not read to its end
	for i := 0; i < len(evs); i += 250 {
		b.send(evs[i : i+250]...)
	}
	w, _ := start(t, b.c, o)
	require.Eventually(t, func() bool { return len(w.Status().Partitions) == 1 }, time.Minute, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		b.tell("edge", 3000, sinktest.Key)
		return counted(t, reg, "bystander_writer_replay_answers_total") > 2
	}, time.Minute, 20*time.Millisecond, "the writer does not listen")
	close(let)
	has(t, m, evs)
	require.Eventually(t, func() bool { c := w.Chains(); return len(c) == 1 && c[0].Last == 3000 }, time.Minute, 20*time.Millisecond)
	require.Zero(t, requests.Load())
	require.Zero(t, w.Chains()[0].Missing)
}

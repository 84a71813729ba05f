package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	kgo "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

// load is how many events a second each edge records while faults happen.
const load = 400

// fault is one kind of trouble. hurt causes it and returns what ends it; hold is
// about how long it lasts.
type fault struct {
	name  string
	hold  time.Duration
	needs string // a small file system
	hurt  func(w *world, r *rand.Rand) (heal func())
}

var faults = []fault{
	{name: "kill -9 of an edge", hurt: func(w *world, r *rand.Rand) func() {
		e := w.edges[r.IntN(edges)]
		e.kill()
		return e.start
	}, hold: 200 * time.Millisecond},
	{name: "kill -9 of a writer", hurt: func(w *world, r *rand.Rand) func() {
		c := w.writers[r.IntN(writers)]
		c.kill()
		return c.start
	}, hold: 500 * time.Millisecond},
	{name: "kill -9 of the broker", hurt: func(w *world, _ *rand.Rand) func() {
		w.broker.Kill()
		return w.broker.Restart
	}, hold: 300 * time.Millisecond},
	{name: "kill -9 of ClickHouse", hurt: func(w *world, _ *rand.Rand) func() {
		w.ch.Kill()
		return w.ch.Restart
	}, hold: 300 * time.Millisecond},
	{name: "broker paused", hurt: func(w *world, _ *rand.Rand) func() {
		w.broker.Pause()
		return w.broker.Resume
	}, hold: 2 * time.Second},
	{name: "ClickHouse paused", hurt: func(w *world, _ *rand.Rand) func() {
		w.ch.Pause()
		return w.ch.Resume
	}, hold: 2 * time.Second},
	{name: "network cut, edges to bus", hurt: through(func(w *world) *proxy { return w.toBus }, cut), hold: time.Second},
	{name: "network cut, bus to writers", hurt: through(func(w *world) *proxy { return w.fromBus }, cut), hold: time.Second},
	{name: "network cut, writers to store", hurt: through(func(w *world) *proxy { return w.toStore }, cut), hold: time.Second},
	{name: "network stalled, edges to bus", hurt: through(func(w *world) *proxy { return w.toBus }, stalled), hold: time.Second},
	{name: "network stalled, bus to writers", hurt: through(func(w *world) *proxy { return w.fromBus }, stalled), hold: time.Second},
	{name: "network stalled, writers to store", hurt: through(func(w *world) *proxy { return w.toStore }, stalled), hold: time.Second},
	{name: "disk full under a spool", needs: "spool", hurt: func(w *world, _ *rand.Rand) func() {
		return w.fill("spool")
	}, hold: time.Second},
	{name: "disk full under the broker", needs: "broker", hurt: func(w *world, _ *rand.Rand) func() {
		free := w.fill("broker")
		return func() {
			free()
			// A broker that cannot write a log takes the disk for broken and, having no
			// other, ends; whoever watches over it starts it again.
			w.broker.Restart()
		}
	}, hold: 2 * time.Second},
	{name: "disk full under the store", needs: "store", hurt: func(w *world, _ *rand.Rand) func() {
		return w.fill("store")
	}, hold: time.Second},
	{name: "clock set back an hour", hurt: func(w *world, r *rand.Rand) func() {
		e := w.edges[r.IntN(edges)]
		e.must("clock -1h", nil)
		return func() { e.must("clock 1h", nil) }
	}, hold: 500 * time.Millisecond},
	{name: "delivered twice and out of order", hurt: func(w *world, r *rand.Rand) func() {
		w.redeliver(r)
		return func() {}
	}},
	{name: "topic re-created empty", hurt: func(w *world, _ *rand.Rand) func() {
		w.broker.DeleteTopic(w.client.Name(event.TopicEvents))
		return w.ensureTopics
	}, hold: 200 * time.Millisecond},
}

func through(which func(*world) *proxy, s link) func(*world, *rand.Rand) func() {
	return func(w *world, _ *rand.Rand) func() {
		p := which(w)
		p.set(s)
		return func() { p.set(open) }
	}
}

// result is what the rounds of one fault gave.
type result struct {
	fault          string
	rounds         int
	recorded, lost uint64
	doubled, again uint64
	catchUp        []time.Duration
}

// rounds is how often each fault happens: a few times in a plain test run.
func rounds(t *testing.T) int {
	t.Helper()
	s := os.Getenv("FAULT_ROUNDS")
	if s == "" {
		return 2
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("FAULT_ROUNDS=%s: want a number of rounds", s)
	}
	return n
}

// TestNothingIsLostOrDoubled runs rounds of all faults in random order, each at a
// random moment under load, and compares edges and store after each. FAULT_ONLY
// picks those whose name holds it.
func TestNothingIsLostOrDoubled(t *testing.T) {
	if os.Getenv("KAFKA") == "fake" {
		t.Skip("KAFKA=fake: faults need a real broker")
	}
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any number
	r := rand.New(rand.NewPCG(seed, 0))   //nolint:gosec // not for secrets
	t.Logf("seed %d", seed)
	w := newWorld(t, load)
	_, ok := w.settleAll(t)
	require.True(t, ok, "events do not reach the store")
	results := make([]result, len(faults))
	for round := range rounds(t) {
		for _, i := range r.Perm(len(faults)) {
			f := faults[i]
			if only := os.Getenv("FAULT_ONLY"); only != "" && !strings.Contains(f.name, only) {
				continue
			}
			results[i].fault = f.name
			ok := t.Run(fmt.Sprintf("%d-%s", round+1, strings.NewReplacer(" ", "-", ",", "").Replace(f.name)), func(t *testing.T) {
				if f.needs != "" && w.small[f.needs] == "" {
					t.Skipf("%s: needs root, to mount a small file system", f.name)
				}
				w.scope(t, func() { w.round(t, f, r, &results[i]) })
			})
			if !ok {
				break // what follows would only repeat it
			}
		}
		if t.Failed() {
			break
		}
		t.Logf("after %d rounds, load of the machine %s\n%s", round+1, loadAverage(), table(results))
	}
	for _, c := range w.children() {
		if err := c.stop(); err != nil && !t.Failed() {
			t.Errorf("%s does not end in good order: %v\n%s", c.name, err, c.logTail())
		}
	}
}

// scope makes failures count for a subtest while do runs.
func (w *world) scope(t testing.TB, do func()) {
	was := w.t
	w.t = t
	defer func() { w.t = was }()
	do()
}

// round has the fault happen once and adds what came of it to res.
func (w *world) round(t *testing.T, f fault, r *rand.Rand, res *result) {
	before := w.recorded()
	w.load(load)
	time.Sleep(time.Duration(100+r.IntN(500)) * time.Millisecond) // the random moment
	heal := f.hurt(w, r)
	time.Sleep(time.Duration(float64(f.hold) * (0.5 + r.Float64())))
	heal()
	took, ok := w.settleAll(t)
	sum := w.compare(w.heads())
	res.rounds++
	res.recorded += sum.recorded - before
	res.lost, res.doubled, res.again = res.lost+sum.lost, res.doubled+sum.doubled, res.again+w.replayed()
	res.catchUp = append(res.catchUp, took)
	require.True(t, ok, "%s: the store does not catch up", f.name)
	require.Zero(t, sum.lost, "%s: events are lost", f.name)
	require.Zero(t, sum.doubled, "%s: events count twice", f.name)
}

// recorded is how many events the last comparison saw.
func (w *world) recorded() uint64 {
	var n uint64
	for _, h := range w.verified {
		n += h.Seq
	}
	return n
}

// settleAll stops the load, has each edge record one more event, so that what is
// missing before it shows, and waits until the store has all.
func (w *world) settleAll(t testing.TB) (time.Duration, bool) {
	t.Helper()
	w.load(0)
	for _, e := range w.edges {
		e.must("one", nil)
	}
	begun := time.Now()
	_, ok := w.settle(w.heads())
	return time.Since(begun), ok
}

// replayed counts the events that the store asked for and the edges sent again
// since the last call.
func (w *world) replayed() uint64 {
	w.t.Helper()
	var n uint64
	for i, e := range w.edges {
		var st edgeState
		e.must("state", &st)
		n += st.Replayed - min(st.Replayed, w.again[i])
		w.again[i] = st.Replayed
	}
	return n
}

// redeliver sends what the bus holds of late again, shuffled, as a client that
// lost its acknowledgements might.
func (w *world) redeliver(r *rand.Rand) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	topic := w.client.Name(event.TopicEvents)
	n, err := w.client.Partitions(ctx, topic)
	require.NoError(w.t, err)
	var all []kgo.Message
	for p := range n {
		all = append(all, w.recent(ctx, topic, p, 500)...)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	tr := &kgo.Transport{}
	defer tr.CloseIdleConnections()
	out := &kgo.Writer{
		Addr: kgo.TCP(w.broker.Addr()), Topic: topic, RequiredAcks: kgo.RequireAll, BatchTimeout: time.Millisecond,
		Balancer:  kgo.BalancerFunc(func(m kgo.Message, ps ...int) int { return kafkax.PartitionOf(m.Key, len(ps)) }),
		Transport: tr,
	}
	defer func() { require.NoError(w.t, out.Close()) }()
	for i := range all {
		all[i] = kgo.Message{Key: all[i].Key, Value: all[i].Value, Headers: all[i].Headers, Time: all[i].Time}
	}
	require.NoError(w.t, out.WriteMessages(ctx, all...))
}

// recent reads the last messages of a partition.
func (w *world) recent(ctx context.Context, topic string, partition int, most int64) []kgo.Message {
	w.t.Helper()
	conn, err := kgo.DialLeader(ctx, "tcp", w.broker.Addr(), topic, partition)
	require.NoError(w.t, err)
	defer conn.Close()
	first, last, err := conn.ReadOffsets()
	require.NoError(w.t, err)
	from := max(first, last-most)
	if from >= last {
		return nil
	}
	_, err = conn.Seek(from, kgo.SeekAbsolute)
	require.NoError(w.t, err)
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	b := conn.ReadBatch(1, 8<<20)
	defer b.Close() //nolint:errcheck // what was read counts
	var out []kgo.Message
	for {
		m, err := b.ReadMessage()
		if err != nil || m.Offset >= last {
			return out
		}
		out = append(out, m)
	}
}

func table(results []result) string {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "fault\trounds\tevents\tlost\tdoubled\treplayed\tcatch-up median\tlongest")
	for _, r := range results {
		if r.rounds == 0 {
			continue
		}
		slices.Sort(r.catchUp)
		median, longest := r.catchUp[len(r.catchUp)/2], r.catchUp[len(r.catchUp)-1]
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%v\t%v\n", r.fault, r.rounds, r.recorded, r.lost, r.doubled, r.again,
			median.Round(10*time.Millisecond), longest.Round(10*time.Millisecond))
	}
	_ = tw.Flush()
	return b.String()
}

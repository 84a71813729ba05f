package faulttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/internal/testkit/clickhouse"
	"bystander/internal/testkit/kafka"
	sinkch "bystander/sink/clickhouse"
)

const (
	edges   = 3
	writers = 2
	prefix  = "faults"

	// sessionTimeout is after how long without a sign of life a writer's share
	// goes to the other. The broker's lowest is set accordingly.
	sessionTimeout = 3 * time.Second
)

// world is the whole way of an event, each part a process of its own:
//
//	edges → proxy → broker → proxy → writers → proxy → ClickHouse
type world struct {
	t       testing.TB
	dir     string
	broker  *kafka.Broker
	ch      *clickhouse.Server
	edges   []*child
	writers []*child
	client  *kafkax.Client // of the test, past the proxies
	store   *sinkch.Store  // likewise

	toBus, fromBus, toStore *proxy
	// small are the folders on file systems that can be filled, empty where
	// they cannot be made.
	small map[string]string

	verified map[string]event.Head // up to where each chain has been verified
	again    [edges]uint64         // replayed by each edge when last asked
	patience time.Duration         // see settle
}

func newWorld(t testing.TB, rate int) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), verified: map[string]event.Head{}, small: map[string]string{}, patience: settleWithin}
	w.toBus, w.fromBus, w.toStore = newProxy(t), newProxy(t), newProxy(t)
	w.mountSmall("spool", 64<<20)
	w.mountSmall("store", 2<<30)
	w.mountSmall("broker", 1<<30)
	w.broker = kafka.Start(t, kafka.Options{
		Dir:        w.small["broker"],
		Advertised: map[string]string{"edge": w.toBus.addr(), "writer": w.fromBus.addr()},
		Properties: map[string]string{
			"group.min.session.timeout.ms": "1000",
			// A killed broker may come back when its old session is over.
			"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "300",
		},
	})
	w.toBus.aim(w.broker.ListenerAddr("edge"))
	w.fromBus.aim(w.broker.ListenerAddr("writer"))
	w.ch = clickhouse.StartEngine(t, clickhouse.Options{Dir: w.small["store"]})
	w.toStore.aim(w.ch.Addr())
	w.openStore()
	w.makeTopics()
	w.startChildren(rate)
	return w
}

func (w *world) openStore() {
	w.t.Helper()
	conn, err := sinkch.Dial(sinkch.Config{Addrs: []string{w.ch.Addr()}, HTTP: true})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, conn.Close()) })
	v := sinkch.Variant{Database: w.ch.Database()}
	_, err = sinkch.Migrate(w.t.Context(), conn, v)
	require.NoError(w.t, err)
	w.store, err = sinkch.Open(w.t.Context(), conn, sinkch.Options{Variant: v})
	require.NoError(w.t, err)
}

func (w *world) makeTopics() {
	w.t.Helper()
	w.client = w.dial()
	w.t.Cleanup(func() { require.NoError(w.t, w.client.Close()) })
	w.ensureTopics()
}

func (w *world) dial() *kafkax.Client {
	w.t.Helper()
	c, err := kafkax.Open(kafkax.Config{Brokers: []string{w.broker.Addr()}, TopicPrefix: prefix})
	require.NoError(w.t, err)
	return c
}

// ensureTopics makes the topics that are missing, as an operator would: with a
// client that remembers none.
func (w *world) ensureTopics() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	c := w.dial()
	defer func() { require.NoError(w.t, c.Close()) }()
	_, err := c.EnsureTopics(ctx, kafkax.TopicOptions{Partitions: 2 * writers})
	require.NoError(w.t, err)
}

func (w *world) edgeConfig(i int) edgeConfig {
	dir := filepath.Join(w.dir, fmt.Sprintf("edge-%d", i))
	if i == 0 && w.small["spool"] != "" {
		dir = filepath.Join(w.small["spool"], "edge-0")
	}
	return edgeConfig{
		Chain: fmt.Sprintf("edge-%d", i), Seed: byte(i + 1), Dir: dir, //nolint:gosec // a few
		Brokers: []string{w.toBus.addr()}, Prefix: prefix,
	}
}

func (w *world) startChildren(rate int) {
	w.t.Helper()
	keys := map[string][]byte{}
	for i := range edges {
		c := w.edgeConfig(i)
		c.Rate = rate
		keys[c.Chain] = c.public()
		w.edges = append(w.edges, &child{t: w.t, name: c.Chain, role: "edge", dir: w.dir, cfg: c})
	}
	for i := range writers {
		id := fmt.Sprintf("writer-%d", i)
		w.writers = append(w.writers, &child{t: w.t, name: id, role: "writer", dir: w.dir, cfg: writerConfig{
			ID: id, Brokers: []string{w.fromBus.addr()}, Prefix: prefix,
			ClickHouse: w.toStore.addr(), Database: w.ch.Database(), Keys: keys, Wait: 200 * time.Millisecond,
		}})
	}
	for _, c := range w.children() {
		c.start()
	}
	w.t.Cleanup(func() {
		for _, c := range w.children() {
			c.kill()
			if w.t.Failed() {
				w.t.Log(c.logTail())
			}
		}
	})
}

func (w *world) children() []*child { return append(append([]*child(nil), w.edges...), w.writers...) }

// load sets the rate at which each edge records, in events a second.
func (w *world) load(rate int) {
	w.t.Helper()
	for _, e := range w.edges {
		e.must("rate "+strconv.Itoa(rate), nil)
	}
}

// heads returns the last number that each edge's spool holds. The edges must be
// idle. None may be lower than the last one that the edge called safe.
func (w *world) heads() map[string]uint64 {
	w.t.Helper()
	out := map[string]uint64{}
	for i, e := range w.edges {
		c := w.edgeConfig(i)
		var st edgeState
		e.must("state", &st)
		b, err := os.ReadFile(safePath(c.Dir))
		require.NoError(w.t, err)
		if len(b) > 0 {
			safe, err := strconv.ParseUint(string(b), 10, 64)
			require.NoError(w.t, err)
			require.GreaterOrEqual(w.t, st.Head, safe, "%s recorded what its spool does not hold", c.Chain)
		}
		require.Zero(w.t, st.Parked, "%s parked events", c.Chain)
		out[c.Chain] = st.Head
	}
	return out
}

// stored counts the different numbers of each chain in the store. It asks the
// engine in plain SQL, not through the product.
func (w *world) stored() (map[string]uint64, error) {
	out, err := w.ch.TryExec(w.t.Context(), "SELECT chain_id, uniqExact(seq) FROM "+w.ch.Database()+".events GROUP BY chain_id")
	if err != nil {
		return nil, err
	}
	counts := map[string]uint64{}
	for line := range strings.Lines(out) {
		chain, n, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if counts[chain], err = strconv.ParseUint(n, 10, 64); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	return counts, nil
}

// settleWithin is how long the way may take to carry what a short fault leaves.
const settleWithin = 3 * time.Minute

// settle waits until the store holds as many numbers as the edges recorded, and
// its derived counts as well: an insert shows in the table before it has reached
// them. It returns how long that took; on a timeout false.
func (w *world) settle(want map[string]uint64) (time.Duration, bool) {
	w.t.Helper()
	begun := time.Now()
	for {
		have, err := w.stored()
		if err == nil && covers(have, want) {
			var n uint64
			if n, err = w.hourly(); err == nil && n >= total(want) {
				return time.Since(begun), true
			}
			err = errors.Join(fmt.Errorf("the hours count %d of %d", n, total(want)), err)
		}
		if time.Since(begun) > w.patience {
			w.t.Logf("after %v the store holds %v of %v (%v)", w.patience, have, want, err)
			return time.Since(begun), false
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// hourly sums the counts by hour, which the store derives from its events.
func (w *world) hourly() (uint64, error) {
	hours, err := w.store.Hours(w.t.Context(), time.Now().Add(-48*time.Hour), time.Now().Add(time.Hour), "")
	var n uint64
	for _, h := range hours {
		n += uint64(h.N) //nolint:gosec // not negative
	}
	return n, err
}

func total(heads map[string]uint64) uint64 {
	var n uint64
	for _, h := range heads {
		n += h
	}
	return n
}

func covers(have, want map[string]uint64) bool {
	for chain, n := range want {
		if have[chain] < n {
			return false
		}
	}
	return true
}

// tally is what a comparison of edges and store gave.
type tally struct {
	recorded uint64
	lost     uint64
	doubled  uint64 // counted more than once by anything that reads the store
}

// compare counts what is lost and doubled, and verifies each chain from where
// the last comparison left off.
func (w *world) compare(want map[string]uint64) tally {
	w.t.Helper()
	var sum tally
	db := w.ch.Database()
	for chain, head := range want {
		sum.recorded += head
		f := strings.Split(w.ch.Exec(fmt.Sprintf("SELECT count(), uniqExact(seq), countIf(seq > %d) FROM %s.events FINAL WHERE chain_id = '%s'",
			head, db, chain)), "\t")
		n := make([]uint64, len(f))
		for i := range f {
			var err error
			n[i], err = strconv.ParseUint(f[i], 10, 64)
			require.NoError(w.t, err)
		}
		require.Zero(w.t, n[2], "%s: the store holds numbers that the edge never gave out", chain)
		sum.lost += head - n[1]
		sum.doubled += n[0] - n[1]
		w.verify(chain, head)
	}
	count, err := w.store.Count(w.t.Context())
	require.NoError(w.t, err)
	sum.doubled += excess(uint64(count), sum.recorded) //nolint:gosec // not negative
	hourly, err := w.hourly()
	require.NoError(w.t, err)
	sum.doubled += excess(hourly, sum.recorded)
	sum.lost += excess(sum.recorded, hourly)
	return sum
}

func excess(a, b uint64) uint64 {
	if a > b {
		return a - b
	}
	return 0
}

// verify checks links, hashes and signatures of the chain up to head.
func (w *world) verify(chain string, head uint64) {
	w.t.Helper()
	i, err := strconv.Atoi(strings.TrimPrefix(chain, "edge-"))
	require.NoError(w.t, err)
	pub := w.edgeConfig(i).public()
	at := w.verified[chain]
	for at.Seq < head {
		evs, err := w.store.Chain(w.t.Context(), chain, at.Seq+1, 10_000)
		require.NoError(w.t, err)
		if len(evs) == 0 {
			w.t.Errorf("%s ends at %d in the store, at %d on the edge", chain, at.Seq, head)
			return
		}
		for j := range evs {
			if err := event.Verify(at, &evs[j], pub); err != nil {
				w.t.Errorf("chain does not verify: %v", err)
				return
			}
			at = event.HeadOf(&evs[j])
		}
	}
	w.verified[chain] = at
}

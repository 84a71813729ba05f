package faulttest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/internal/testkit/clickhouse"
	"bystander/internal/testkit/kafka"
	sinkch "bystander/sink/clickhouse"
	sinkkafka "bystander/sink/kafka"
	"bystander/sink/spool"
	"bystander/sink/writer"
)

// chains is how many edges send at once in the benchmark.
const chains = 2

// The aims of the sink.
const (
	wantRate    = 60_000
	wantLatency = 2 * time.Second
)

// bench is the whole way with edge and writer in this process, so that one
// profile shows both. Broker and engine are processes of their own.
type bench struct {
	broker *kafka.Broker
	engine *clickhouse.Server
	client *kafkax.Client
	store  *sinkch.Store
	w      *writer.Writer

	sealed [chains][]event.Event // some, for the floors
	floors int
	runs   int
}

// TestSinkSpeed measures, in one run: kafka-go alone, clickhouse-go alone, the
// way from spool to stored and verified rows, and how long one event takes to be
// seen by a query. It compares medians of several rounds, since the machine may
// have other work.
func TestSinkSpeed(t *testing.T) {
	if os.Getenv("BENCH_SINK") == "" {
		t.Skip("set BENCH_SINK=1, or run make bench-sink")
	}
	n, rounds := number(t, "BENCH_EVENTS", 600_000), number(t, "BENCH_ROUNDS", 3)
	b := newBench(t)
	t.Logf("to warm the broker and the engine up, not counted: kafka-go alone %.0f/s, clickhouse-go alone %.0f/s, spool to stored row %.0f/s",
		b.floorKafka(t, n/4), b.floorStore(t, n/4), b.endToEnd(t, n/4))
	var bus, store, whole []float64
	for range rounds {
		bus = append(bus, b.floorKafka(t, n))
		store = append(store, b.floorStore(t, n))
		whole = append(whole, b.endToEnd(t, n))
		t.Logf("kafka-go alone %.0f/s, clickhouse-go alone %.0f/s, spool to stored row %.0f/s", last(bus), last(store), last(whole))
	}
	k, c, e := median(bus), median(store), median(whole)
	both := 1 / (1/k + 1/c)
	p50, p99 := b.latency(t, 1000, 15*time.Second)
	t.Logf("\nkafka-go to a discarding consumer   %8.0f events/s   ratio %.2f\n"+
		"clickhouse-go from memory           %8.0f events/s   ratio %.2f\n"+
		"one after the other                 %8.0f events/s   ratio %.2f\n"+
		"spool to stored, verified row       %8.0f events/s   aim %d\n"+
		"event to query at 1,000/s           p50 %v  p99 %v   aim %v\nload of the machine %s",
		k, e/k, c, e/c, both, e/both, e, wantRate, p50.Round(time.Millisecond), p99.Round(time.Millisecond), wantLatency, loadAverage())
	if os.Getenv("BENCH_STRICT") != "" {
		require.GreaterOrEqual(t, e, float64(wantRate))
		require.LessOrEqual(t, p99, wantLatency)
	}
}

func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	require.NoError(t, err, name)
	return n
}

func last(v []float64) float64 { return v[len(v)-1] }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}

func benchConfig(i int) edgeConfig {
	return edgeConfig{Chain: fmt.Sprintf("bench-%d", i), Seed: byte(100 + i)} //nolint:gosec // a few
}

func newBench(t testing.TB) *bench {
	b := &bench{
		broker: kafka.Start(t, kafka.Options{Properties: map[string]string{"group.min.session.timeout.ms": "1000"}}),
		engine: clickhouse.StartEngine(t, clickhouse.Options{}),
	}
	var err error
	b.client, err = kafkax.Open(kafkax.Config{Brokers: []string{b.broker.Addr()}, TopicPrefix: "bench"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.client.Close()) })
	_, err = b.client.EnsureTopics(t.Context(), kafkax.TopicOptions{Partitions: 6})
	require.NoError(t, err)
	conn, err := sinkch.Dial(sinkch.Config{Addrs: []string{b.engine.Addr()}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	b.engine.Exec("CREATE DATABASE " + b.engine.Database() + "_floor")
	for _, db := range []string{b.engine.Database(), b.engine.Database() + "_floor"} {
		_, err = sinkch.Migrate(t.Context(), conn, sinkch.Variant{Database: db})
		require.NoError(t, err)
	}
	b.store, err = sinkch.Open(t.Context(), conn, sinkch.Options{Variant: sinkch.Variant{Database: b.engine.Database()}, Verified: true})
	require.NoError(t, err)
	for i := range b.sealed {
		c, err := event.NewChain(event.ChainConfig{ID: benchConfig(i).Chain, Key: benchConfig(i).key()})
		require.NoError(t, err)
		b.sealed[i] = make([]event.Event, 20_000)
		for k := range b.sealed[i] {
			b.sealed[i][k] = sample(benchConfig(i).Seed, k)
			require.NoError(t, c.Seal(&b.sealed[i][k]))
		}
	}
	b.startWriter(t)
	return b
}

func (b *bench) startWriter(t testing.TB) {
	var err error
	b.w, err = writer.New(b.client, writer.Options{
		Keys: func(chain string) ed25519.PublicKey {
			_, i, _ := strings.Cut(chain, "-")
			n, err := strconv.Atoi(strings.SplitN(i, ".", 2)[0])
			if err != nil {
				return nil
			}
			return benchConfig(n).public()
		},
		Store: writer.ClickHouse(b.store), Log: zerolog.New(os.Stderr).Level(zerolog.ErrorLevel),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.w.Run(ctx) }() // taken by the cleanup
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	require.Eventually(t, func() bool { return len(b.w.Status().Partitions) > 0 }, time.Minute, 20*time.Millisecond)
}

// station is one edge of the benchmark.
type station struct {
	spool   *spool.Spool
	journal *spool.Journal
	pump    *spool.Pump
}

func (b *bench) newStation(t testing.TB, chain string, i int) *station {
	s := &station{}
	dir := t.TempDir()
	var err error
	s.spool, err = spool.Open(dir, spool.Options{MaxBytes: 8 << 30})
	require.NoError(t, err)
	c, err := event.NewChain(event.ChainConfig{ID: chain, Key: benchConfig(i).key()})
	require.NoError(t, err)
	s.journal, err = spool.NewJournal(c, s.spool, spool.JournalOptions{})
	require.NoError(t, err)
	lot, err := sinkkafka.OpenLot(filepath.Join(dir, "parked"))
	require.NoError(t, err)
	out, err := sinkkafka.New(b.client, sinkkafka.Options{Parking: lot})
	require.NoError(t, err)
	cur, err := s.spool.Consumer("kafka")
	require.NoError(t, err)
	s.pump = spool.NewPump(cur, out, spool.PumpOptions{Batch: 4096})
	t.Cleanup(func() {
		require.NoError(t, s.journal.Close())
		require.NoError(t, out.Close())
		require.NoError(t, s.spool.Close())
	})
	return s
}

// endToEnd fills a spool for each chain and measures from the start of the pumps
// until the store holds all. It returns events a second.
func (b *bench) endToEnd(t testing.TB, n int) float64 {
	b.runs++
	var all []*station
	for i := range chains {
		s := b.newStation(t, fmt.Sprintf("bench-%d.%d", i, b.runs), i)
		evs := make([]event.Event, 2000)
		for k := range evs {
			evs[k] = sample(benchConfig(i).Seed, k)
		}
		for done := 0; done < n/chains; done += len(evs) {
			_, err := s.journal.Record(t.Context(), evs[:min(len(evs), n/chains-done)]...)
			require.NoError(t, err)
		}
		all = append(all, s)
	}
	before, cpu := b.w.Status().Stored, b.cpu(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	stop := b.profile(t)
	begun := time.Now()
	var pumps sync.WaitGroup
	for _, s := range all {
		pumps.Go(func() {
			if err := s.pump.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	for b.w.Status().Stored-before < uint64(n) { //nolint:gosec // not negative
		require.NoError(t, ctx.Err(), "stored %d of %d", b.w.Status().Stored-before, n)
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(begun)
	stop()
	cancel()
	pumps.Wait()
	t.Logf("spool to row: %v; processor seconds for 100,000 events: %s", took.Round(time.Millisecond), cpu.since(b.cpu(t), n))
	for i := range chains {
		chain := fmt.Sprintf("bench-%d.%d", i, b.runs)
		require.Equal(t, strconv.Itoa(n/chains), b.engine.Exec(fmt.Sprintf("SELECT uniqExact(seq) FROM %s.events WHERE chain_id = '%s'", b.engine.Database(), chain)))
	}
	return float64(n) / took.Seconds()
}

// latency records events at a rate and looks when a query sees each.
func (b *bench) latency(t testing.TB, rate int, during time.Duration) (p50, p99 time.Duration) {
	b.runs++
	chain := fmt.Sprintf("bench-0.%d", b.runs)
	s := b.newStation(t, chain, 0)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.pump.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	recorded := make(chan struct{})
	all.Go(func() {
		defer close(recorded)
		tk := time.NewTicker(tick)
		defer tk.Stop()
		for end := time.Now().Add(during); time.Now().Before(end); <-tk.C {
			evs := make([]event.Event, max(1, rate*int(tick)/int(time.Second)))
			for i := range evs {
				evs[i] = sample(1, i)
			}
			if _, err := s.journal.Record(ctx, evs...); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var waits []time.Duration
	total, over := uint64(0), false
	for end := time.Now().Add(during + 20*time.Second); ; {
		out := b.engine.Exec(fmt.Sprintf("SELECT seq, toUnixTimestamp64Milli(ts) FROM %s.events WHERE chain_id = '%s' AND seq > %d ORDER BY seq",
			b.engine.Database(), chain, total))
		now := time.Now()
		for line := range strings.Lines(out) {
			var seq uint64
			var ms int64
			_, err := fmt.Sscan(line, &seq, &ms)
			require.NoError(t, err)
			waits, total = append(waits, now.Sub(time.UnixMilli(ms))), max(total, seq)
		}
		if over && total == s.spool.Head().Seq {
			break
		}
		require.True(t, time.Now().Before(end), "the store saw %d of %d", total, s.spool.Head().Seq)
		select {
		case <-recorded:
			over = true
		default:
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	all.Wait()
	slices.Sort(waits)
	return waits[len(waits)/2], waits[len(waits)*99/100]
}

// cpu is the processor time of each part so far.
type cpuTime struct{ self, broker, engine time.Duration }

func (b *bench) cpu(t testing.TB) cpuTime {
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return cpuTime{
		self:   time.Duration(u.Utime.Nano() + u.Stime.Nano()),
		broker: cpuOf(t, b.broker.PID()), engine: cpuOf(t, b.engine.PID()),
	}
}

// cpuOf reads a process's time from the kernel, which counts in hundredths.
func cpuOf(t testing.TB, pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, err := strconv.ParseInt(f[11], 10, 64)
	require.NoError(t, err)
	system, err := strconv.ParseInt(f[12], 10, 64)
	require.NoError(t, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (c cpuTime) since(now cpuTime, n int) string {
	per := func(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*100_000/float64(n)) }
	return fmt.Sprintf("edge and writer %s, broker %s, ClickHouse %s", per(now.self-c.self), per(now.broker-c.broker), per(now.engine-c.engine))
}

// profile writes a profile of the way from spool to row, of the last round, to
// the file that BENCH_PROFILE names.
func (b *bench) profile(t testing.TB) (stop func()) {
	path := os.Getenv("BENCH_PROFILE")
	if path == "" {
		return func() {}
	}
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, pprof.StartCPUProfile(f))
	return func() {
		pprof.StopCPUProfile()
		require.NoError(t, f.Close())
	}
}

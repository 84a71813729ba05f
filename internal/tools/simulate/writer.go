package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/sink/clickhouse"
	"bystander/sink/writer"
)

// writerEnv makes the program the writer; it holds its orders.
const writerEnv = "BYSTANDER_SIMULATE_WRITER"

type writerOrders struct{ Broker, Store, Database string }

// writerState is what the writer tells, a line of JSON at a time.
type writerState struct {
	Stored  uint64
	Parked  uint64
	Inserts float64 // batches stored
	Busy    float64 // seconds in which the store was waited for
	Err     string
	Serves  int // partitions
}

// writerMain is the writer's process.
func writerMain() int {
	var o writerOrders
	if err := json.Unmarshal([]byte(os.Getenv(writerEnv)), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := writes(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func writes(ctx context.Context, o writerOrders, out io.Writer) (err error) {
	client, err := kafkax.Open(busConfig(o.Broker, "writer"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{o.Store}, HTTP: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	store, err := clickhouse.Open(ctx, conn, clickhouse.Options{Variant: clickhouse.Variant{Database: o.Database}, Verified: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	reg := prometheus.NewRegistry()
	meter := &busyMeter{}
	known := &publicKeys{by: map[string]ed25519.PublicKey{}}
	w, err := writer.New(client, writer.Options{
		Keys: known.of, Store: meter.of(writer.ClickHouse(store)), Registry: reg, Log: zerolog.New(os.Stderr).Level(zerolog.ErrorLevel),
	})
	if err != nil {
		return err
	}
	var telling sync.WaitGroup
	telling.Go(func() { tell(ctx, w, meter, reg, out) })
	err = w.Run(ctx)
	telling.Wait()
	return err
}

// tell writes the state several times a second until ctx ends.
func tell(ctx context.Context, w *writer.Writer, meter *busyMeter, reg *prometheus.Registry, out io.Writer) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		st := w.Status()
		s := writerState{Stored: st.Stored, Parked: st.Parked, Serves: len(st.Partitions), Busy: meter.total().Seconds()}
		if st.Err != nil {
			s.Err = st.Err.Error()
		}
		families, err := reg.Gather()
		if err != nil {
			s.Err = err.Error()
		}
		for _, f := range families {
			if f.GetName() == "bystander_writer_insert_seconds" {
				s.Inserts = float64(f.GetMetric()[0].GetHistogram().GetSampleCount())
			}
		}
		if json.NewEncoder(out).Encode(s) != nil {
			return // nobody reads
		}
	}
}

// busyMeter adds up the time in which at least one call of the store is under
// way, one that has not come back yet included.
type busyMeter struct {
	mu    sync.Mutex
	under int
	since time.Time
	sum   time.Duration
}

func (b *busyMeter) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.under++; b.under == 1 {
		b.since = time.Now()
	}
}

func (b *busyMeter) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.under--; b.under == 0 {
		b.sum += time.Since(b.since)
	}
}

func (b *busyMeter) total() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.under > 0 {
		return b.sum + time.Since(b.since)
	}
	return b.sum
}

// of measures the calls that events wait for: writing, and learning what the store
// has of a chain that is new.
func (b *busyMeter) of(s writer.Store) writer.Store {
	write, state := s.Append, s.State
	s.Append = func(ctx context.Context, evs []*event.Event) error {
		b.begin()
		defer b.end()
		return write(ctx, evs)
	}
	s.State = func(ctx context.Context, chain string) (uint64, []writer.Gap, error) {
		b.begin()
		defer b.end()
		return state(ctx, chain)
	}
	return s
}

// publicKeys are the simulated edges'.
type publicKeys struct {
	mu sync.Mutex
	by map[string]ed25519.PublicKey
}

func (k *publicKeys) of(chain string) ed25519.PublicKey {
	if !strings.HasPrefix(chain, "edge-") {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	pub, ok := k.by[chain]
	if !ok {
		pub, _ = edgeKey(chain).Public().(ed25519.PublicKey)
		k.by[chain] = pub
	}
	return pub
}

// writerProcess is the writer as the simulation sees it.
type writerProcess struct {
	cmd  *exec.Cmd
	read sync.WaitGroup

	mu   sync.Mutex
	last writerState
}

func startWriter(ctx context.Context, o writerOrders, log io.Writer) (*writerProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("simulate: writer: %w", err)
	}
	b, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("simulate: writer: %w", err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), writerEnv+"="+string(b))
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("simulate: writer: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("simulate: writer: %w", err)
	}
	w := &writerProcess{cmd: cmd}
	w.read.Go(func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			var st writerState
			if json.Unmarshal(s.Bytes(), &st) == nil {
				w.mu.Lock()
				w.last = st
				w.mu.Unlock()
			}
		}
	})
	return w, nil
}

func (w *writerProcess) state() writerState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// ready waits until the writer has taken the bus's partitions over.
func (w *writerProcess) ready(ctx context.Context) error {
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for w.state().Serves == 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("simulate: the writer does not begin: %w; it last said: %q", ctx.Err(), w.state().Err)
		case <-t.C:
		}
	}
	return nil
}

// end stops the writer and waits for it.
func (w *writerProcess) end() error {
	err := w.cmd.Process.Signal(syscall.SIGTERM)
	w.read.Wait()
	werr := w.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(werr, &exit) && exit.ExitCode() == -1 || errors.Is(werr, context.Canceled) {
		werr = nil // it was told to end, here or before it listened for that
	}
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return errors.Join(err, werr)
}

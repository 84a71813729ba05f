package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/backends"
	"bystander/internal/kafkax"
	"bystander/sink/clickhouse"
)

// world is everything that runs.
type world struct {
	o      options
	broker *backends.Kafka
	engine *backends.Engine
	conn   driver.Conn
	writer *writerProcess
	plane  *plane
	fleet  *fleet
	spools string
}

// database of the store.
const database = "simulate"

// simulate runs all steps. What it returns holds those that were measured, also
// when a later one failed.
func simulate(ctx context.Context, o options) (r report, err error) {
	r = report{Cores: runtime.NumCPU(), Rate: o.rate, PerEdge: o.perEdge, Hold: o.hold.String()}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "bystander-simulate-"); err != nil {
			return r, fmt.Errorf("simulate: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := begin(ctx, o)
	defer func() {
		cancel()
		err = errors.Join(err, w.end())
	}()
	if err != nil {
		return r, err
	}
	for _, n := range o.steps {
		s, err := w.step(ctx, n)
		if err != nil {
			return r, fmt.Errorf("simulate: %d cameras: %w", n, err)
		}
		r.Steps = append(r.Steps, s)
		fmt.Fprintf(o.log, "%d cameras: %.0f of %.0f events/s stored\n", n, s.Reached, s.Asked)
		for _, b := range s.Bends {
			fmt.Fprintf(o.log, "  bends: %s\n", b)
		}
	}
	return r, nil
}

// begin starts what does not grow. What was started before a failure is for end.
func begin(ctx context.Context, o options) (w *world, err error) {
	w = &world{o: o, fleet: &fleet{ctx: ctx}}
	starting, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if w.spools = o.spools; w.spools == "" {
		if w.spools, err = os.MkdirTemp(memory(o.dir), "bystander-spools-"); err != nil {
			return w, fmt.Errorf("simulate: %w", err)
		}
	}
	if w.broker, err = backends.StartKafka(starting, backends.KafkaOptions{Dir: filepath.Join(o.dir, "kafka")}); err != nil {
		return w, err
	}
	binary, err := backends.BuildEngine(starting, o.root)
	if err != nil {
		return w, err
	}
	store := filepath.Join(o.dir, "clickhouse")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return w, fmt.Errorf("simulate: %w", err)
	}
	if w.engine, err = backends.StartEngine(starting, backends.EngineOptions{Dir: store, Binary: binary}); err != nil {
		return w, err
	}
	if w.conn, err = clickhouse.Dial(clickhouse.Config{Addrs: []string{w.engine.Addr()}, HTTP: true, Conns: mostProbes}); err != nil {
		return w, err
	}
	if _, err = clickhouse.Migrate(starting, w.conn, clickhouse.Variant{Database: database}); err != nil {
		return w, err
	}
	if err = topics(starting, w.broker.Addr()); err != nil {
		return w, err
	}
	if w.writer, err = startWriter(ctx, writerOrders{w.broker.Addr(), w.engine.Addr(), database}, o.log); err != nil {
		return w, err
	}
	if err = w.writer.ready(starting); err != nil {
		return w, err
	}
	w.plane, err = startPlane(ctx, w.broker.Addr(), o.followers)
	return w, err
}

// memory is where files lie in memory, if there is such a place.
func memory(other string) string {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		return "/dev/shm"
	}
	return other
}

func topics(ctx context.Context, broker string) (err error) {
	c, err := kafkax.Open(busConfig(broker, "topics"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	_, err = c.EnsureTopics(ctx, kafkax.TopicOptions{Replication: 1})
	return err
}

// end stops everything; the ctx that it was begun with has ended.
func (w *world) end() error {
	errs := []error{w.fleet.end()}
	if w.plane != nil {
		errs = append(errs, w.plane.close())
	}
	if w.writer != nil {
		errs = append(errs, w.writer.end())
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	if w.engine != nil {
		errs = append(errs, w.engine.Kill())
	}
	if w.broker != nil {
		errs = append(errs, w.broker.Kill())
	}
	if w.o.spools == "" && w.spools != "" {
		errs = append(errs, os.RemoveAll(w.spools))
	}
	return errors.Join(errs...)
}

// spreadPatience is how long a new policy may take to reach every follower.
const spreadPatience = 2 * time.Minute

// step grows the house to so many cameras and measures it.
func (w *world) step(ctx context.Context, cameras int) (s step, err error) {
	s = step{Cameras: cameras, Asked: float64(cameras) * w.o.rate, People: int(w.o.people * float64(cameras))}
	if s.Checked, err = w.plane.control.decide(cameras, s.People); err != nil {
		return s, err
	}
	if s.Spread, err = w.plane.spread(ctx, cameras, spreadPatience); err != nil {
		if ctx.Err() != nil {
			return s, err
		}
		s.Bends = append(s.Bends, fmt.Sprintf("policy: %v within %v", err, spreadPatience))
	}
	if err := w.fleet.grow(w.o, w.spools, w.broker.Addr(), cameras); err != nil {
		return s, err
	}
	s.Edges = len(w.fleet.edges)
	if err := pause(ctx, w.o.settle); err != nil {
		return s, err
	}
	err = w.measure(ctx, &s)
	return s, err
}

// measure fills in what a step shows in the time of its hold.
func (w *world) measure(ctx context.Context, s *step) error {
	for _, f := range w.plane.followers {
		f.measure() // forgets what the change itself did
	}
	p := &prober{conn: w.conn, database: database}
	window, cancel := context.WithTimeout(ctx, w.o.hold)
	defer cancel()
	pids := map[string]int{"edges, control": os.Getpid(), "writer": w.writer.cmd.Process.Pid, "broker": w.broker.PID(), "store": w.engine.PID()}
	from := map[string]usage{}
	for name, pid := range pids {
		from[name] = usageOf(pid)
	}
	begun, edges, stored := time.Now(), w.fleet.count(), w.writer.state()
	p.run(window, w.fleet.edges)
	took := time.Since(begun).Seconds()
	if err := ctx.Err(); err != nil {
		return err
	}
	now, after := w.fleet.count(), w.writer.state()
	s.Parts = map[string]part{}
	for name, pid := range pids {
		u := usageOf(pid)
		s.Parts[name] = part{Cores: (u.cpu - from[name].cpu).Seconds() / took, MiB: float64(u.memory) / (1 << 20)}
	}
	s.seconds = took
	s.Made = float64(now.made-edges.made) / took
	s.Sent = float64(now.sent-edges.sent) / took
	s.Reached = float64(after.Stored-stored.Stored) / took
	s.Spooled = int64(now.made) - int64(now.sent)                 //nolint:gosec // counts of a simulation
	s.OnBus = int64(now.sent) - int64(after.Stored)               //nolint:gosec // counts of a simulation
	s.spooled = s.Spooled - int64(edges.made) + int64(edges.sent) //nolint:gosec // counts of a simulation
	s.onBus = s.OnBus - int64(edges.sent) + int64(stored.Stored)  //nolint:gosec // counts of a simulation
	s.Parked = after.Parked
	s.Inserting = (after.Busy - stored.Busy) / took
	if n := after.Inserts - stored.Inserts; n > 0 {
		s.Batch = float64(after.Stored-stored.Stored) / n
	}
	s.Probes, s.Late = len(p.took), p.lost
	s.Median, s.P99 = quantile(p.took, 0.5), quantile(p.took, 0.99)
	s.Lease, s.Snapshot = w.plane.control.state()
	for _, f := range w.plane.followers {
		ages, lapsed, looks := f.measure()
		s.Age = max(s.Age, quantile(ages, 0.99))
		s.lapsed, s.looks = s.lapsed+lapsed, s.looks+looks
		if n := f.knows(); n != s.Cameras {
			s.Bends = append(s.Bends, fmt.Sprintf("policy: a follower knows %d cameras", n))
		}
	}
	s.judge(runtime.NumCPU())
	return errors.Join(p.failed, w.fleet.trouble())
}

// trouble is why edges ended, nil while all run.
func (f *fleet) trouble() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Package sourcetest is the suite that every way of bringing in a camera has to
// pass, and the synthetic picture by which it knows that what came out is what
// went in.
package sourcetest

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bystander/ingest"
	"bystander/ingest/worker"
	"bystander/internal/frame"
)

// Camera is what the suite needs to know of a camera and the driver under test.
type Camera struct {
	Spec    ingest.Spec
	Options worker.Options
	// Size and Codec of its pictures.
	Size  frame.Size
	Codec string
	// Pattern tells that the pictures show Pattern, so that their content is
	// checked.
	Pattern bool
	// Clock is where the pictures' wall-clock time must come from, sooner or
	// later.
	Clock frame.Clock
	// Publish is called for each source after it has been started, for cameras
	// that come to us; nil otherwise.
	Publish func(t *testing.T, s ingest.Source)
	// Interrupt breaks the connection, and mends it so that the camera can come
	// back; nil when that cannot happen (files: the suite loops them instead).
	Interrupt func(t *testing.T)
}

const patience = 30 * time.Second

// Run runs the suite against cam.
func Run(t *testing.T, cam Camera) {
	t.Run("delivers pictures in order", func(t *testing.T) { delivers(t, cam) })
	t.Run("next honours its context", func(t *testing.T) { nextHonoursContext(t, cam) })
	t.Run("close leaves nothing behind", func(t *testing.T) { closesClean(t, cam) })
	t.Run("a dead worker is replaced", func(t *testing.T) { survivesDeath(t, cam) })
	if cam.Interrupt != nil {
		t.Run("reconnects as a new epoch", func(t *testing.T) { reconnects(t, cam) })
	}
	if cam.Publish == nil {
		t.Run("offers are refused", func(t *testing.T) { refusesOffers(t, cam) })
	}
}

// Start starts the camera's source and closes it with the test.
func (c Camera) Start(t *testing.T) *worker.Source {
	t.Helper()
	s, err := worker.Start(t.Context(), c.Spec, c.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if c.Publish != nil {
		c.Publish(t, s)
	}
	return s
}

// Next waits for the next picture, at most as long as a test may wait.
func Next(t *testing.T, s ingest.Source) *frame.Raw {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("no picture: %v; health %+v", err, s.Health())
	}
	return r
}

// Order checks that pictures follow each other as the contract says.
type Order struct {
	last frame.Meta
	any  bool
	// Epochs counts the epochs seen.
	Epochs int
}

// Check reports what is wrong with m after what came before.
func (o *Order) Check(t *testing.T, m frame.Meta) {
	t.Helper()
	switch {
	case !m.TimeBase.Valid():
		t.Errorf("picture %d: no time base", m.Seq)
	case m.Arrived.IsZero() || m.Captured.IsZero():
		t.Errorf("picture %d: no wall-clock time: %+v", m.Seq, m)
	case time.Since(m.Arrived) > time.Minute || time.Until(m.Arrived) > time.Second:
		t.Errorf("picture %d: arrived %v", m.Seq, m.Arrived)
	}
	if !o.any || m.Epoch != o.last.Epoch {
		o.Epochs++
	}
	if o.any {
		switch {
		case m.Seq <= o.last.Seq:
			t.Errorf("sequence %d after %d", m.Seq, o.last.Seq)
		case m.Epoch < o.last.Epoch:
			t.Errorf("epoch %d after %d", m.Epoch, o.last.Epoch)
		case m.Epoch == o.last.Epoch && m.PTS <= o.last.PTS:
			t.Errorf("picture %d: time %v after %v", m.Seq, m.PTS, o.last.PTS)
		case m.Epoch == o.last.Epoch && m.Ticks <= o.last.Ticks:
			t.Errorf("picture %d: tick %d after %d", m.Seq, m.Ticks, o.last.Ticks)
		}
	}
	o.last, o.any = m, true
}

func delivers(t *testing.T, cam Camera) {
	s := cam.Start(t)
	var order Order
	clock := false
	deadline := time.Now().Add(patience)
	for n := 0; n < 40 || (cam.Clock == frame.ClockCamera && !clock); n++ {
		r := Next(t, s)
		m := r.Meta
		order.Check(t, m)
		if m.Camera != cam.Spec.ID {
			t.Errorf("picture of camera %q", m.Camera)
		}
		if r.Size() != cam.Size {
			t.Fatalf("picture of %v, want %v", r.Size(), cam.Size)
		}
		if cam.Pattern {
			CheckPattern(t, r.Planes())
		}
		if m.Clock == frame.ClockCamera {
			clock = true
			if d := m.Arrived.Sub(m.Captured).Abs(); d > 30*time.Second {
				t.Errorf("camera's clock is %v off on the same machine", d)
			}
		}
		r.Release()
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %d pictures, camera clock seen: %v", patience, n, clock)
		}
	}
	h := s.Health()
	if h.State != ingest.StateConnected || h.Codec != cam.Codec || h.Size != cam.Size || h.Frames < 40 || h.Err != "" {
		t.Errorf("health %+v", h)
	}
	if h.FPS <= 0 {
		t.Errorf("rate %v", h.FPS)
	}
}

func nextHonoursContext(t *testing.T, cam Camera) {
	s := cam.Start(t)
	Next(t, s).Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // pictures that wait are still handed over
		r, err := s.Next(ctx)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			return
		}
		r.Release()
	}
	t.Error("a cancelled Next never failed")
}

func closesClean(t *testing.T, cam Camera) {
	before := descriptors(t)
	s, err := worker.Start(t.Context(), cam.Spec, cam.Options)
	if err != nil {
		t.Fatal(err)
	}
	if cam.Publish != nil {
		cam.Publish(t, s)
	}
	kept := Next(t, s)
	pids := Workers(t)
	if len(pids) == 0 {
		t.Error("no worker process is there")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("worker %d is still there", pid)
		}
	}
	if cam.Publish == nil {
		if after := descriptors(t); after > before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
	}
	if cam.Pattern {
		CheckPattern(t, kept.Planes()) // still the holder's
	}
	kept.Release()
	if h := s.Health(); h.State != ingest.StateClosed {
		t.Errorf("state %q after Close", h.State)
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, ingest.ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func survivesDeath(t *testing.T, cam Camera) {
	s := cam.Start(t)
	first := Next(t, s)
	order := Order{}
	order.Check(t, first.Meta)
	epoch := first.Epoch
	first.Release()
	pids := Workers(t)
	if len(pids) != 1 {
		t.Fatalf("%d workers, want 1", len(pids))
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !cam.Spec.Live {
		for {
			r, err := s.Next(t.Context())
			if err == nil {
				r.Release()
				continue
			}
			if ingest.CodeOf(err, "") != ingest.CodeWorkerDied {
				t.Errorf("got %v", err)
			}
			return
		}
	}
	if cam.Publish != nil {
		WaitRestart(t, s)
		cam.Publish(t, s)
	}
	for {
		r := Next(t, s)
		order.Check(t, r.Meta)
		e := r.Epoch
		r.Release()
		if e != epoch {
			break
		}
	}
	if h := s.Health(); h.Restarts != 1 || h.State != ingest.StateConnected {
		t.Errorf("health %+v", h)
	}
}

// WaitRestart waits until a worker has been started again.
func WaitRestart(t *testing.T, s ingest.Source) {
	t.Helper()
	Await(t, "the worker's restart", func() bool {
		h := s.Health()
		return h.Restarts > 0 && h.State != ingest.StateStarting && h.State != ingest.StateRetrying
	})
}

func reconnects(t *testing.T, cam Camera) {
	s := cam.Start(t)
	first := Next(t, s)
	order := Order{}
	order.Check(t, first.Meta)
	epoch := first.Epoch
	first.Release()
	cam.Interrupt(t)
	if cam.Publish != nil {
		cam.Publish(t, s)
	}
	for {
		r := Next(t, s)
		order.Check(t, r.Meta)
		e := r.Epoch
		r.Release()
		if e != epoch {
			break
		}
	}
	Await(t, "the count of reconnections", func() bool { return s.Health().Reconnect > 0 })
	if h := s.Health(); h.Restarts != 0 {
		t.Errorf("the worker was restarted for a lost connection: %+v", h)
	}
}

func refusesOffers(t *testing.T, cam Camera) {
	s := cam.Start(t)
	if _, err := s.Negotiate(t.Context(), "v=0"); !errors.Is(err, ingest.ErrNotSupported) {
		t.Errorf("got %v", err)
	}
}

// Await waits until ok holds.
func Await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-tick.C
	}
}

// Drain reads the source to its end and returns how many pictures there were
// and the error that ended it, nil for io.EOF.
func Drain(t *testing.T, s ingest.Source, each func(*frame.Raw)) (int, error) {
	t.Helper()
	for n := 0; ; n++ {
		r, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if each != nil {
			each(r)
		}
		r.Release()
	}
}

// Workers lists the worker processes of this test process.
func Workers(t *testing.T) []int {
	t.Helper()
	var pids []int
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tasks {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has just ended
		}
		for _, w := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(w)
			if err != nil {
				t.Fatal(err)
			}
			cmd, err := os.ReadFile(filepath.Join("/proc", w, "cmdline"))
			if err == nil && strings.HasSuffix(string(cmd), "\x00"+worker.Subcommand+"\x00") {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

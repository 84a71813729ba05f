package spool_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/sink/spool"
)

// writeUntilKilled is the other process of TestKilled: it records events and
// says after each which number is safe.
func writeUntilKilled(dir string) {
	s, err := spool.Open(dir, spool.Options{SegmentBytes: 8 << 10})
	if err != nil {
		panic(err)
	}
	c, err := event.NewChain(event.ChainConfig{ID: "edge", Key: key, Last: s.Head()})
	if err != nil {
		panic(err)
	}
	j, err := spool.NewJournal(c, s, spool.JournalOptions{})
	if err != nil {
		panic(err)
	}
	for {
		evs, err := j.Record(context.Background(), event.Event{Kind: event.KindMatch}, event.Event{Kind: event.KindMatch})
		if err != nil {
			panic(err)
		}
		fmt.Println(evs[1].Seq)
	}
}

// TestKilled kills a writer with SIGKILL again and again: every number that it
// called safe must be there, and the chain goes on without gap or reuse.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SPOOL_TEST_WRITER="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		var safe uint64
		sc := bufio.NewScanner(out)
		for n := 0; sc.Scan(); n++ {
			_, err := fmt.Sscan(sc.Text(), &safe)
			require.NoError(t, err)
			if n == 20+7*round {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait(), "it was killed")
		s, err := spool.Open(dir, spool.Options{SegmentBytes: 8 << 10})
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Head().Seq, safe)
		require.Len(t, readAll(t, s), int(s.Head().Seq))
		require.NoError(t, s.Close())
	}
}

// flaky is a sink that fails as told and remembers what it stored.
type flaky struct {
	fail   []error
	stored []event.Event
	times  []time.Time
}

func (f *flaky) Append(_ context.Context, evs []event.Event) error {
	f.times = append(f.times, time.Now())
	if len(f.fail) > 0 {
		err := f.fail[0]
		f.fail = f.fail[1:]
		return err
	}
	f.stored = append(f.stored, evs...)
	return nil
}
func (f *flaky) Close() error { return nil }

func TestPumpTriesUntilItIsStored(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := spool.Open(dir, spool.Options{})
		require.NoError(t, err)
		evs := seal(t, newChain(t, event.Head{}), 10)
		require.NoError(t, s.Append(ctx, evs))
		cur, err := s.Consumer("store")
		require.NoError(t, err)
		down := errors.New("down")
		to := &flaky{fail: []error{down, down, down, down, down, down}}
		var seen []int
		p := spool.NewPump(cur, to, spool.PumpOptions{
			Batch: 4, MinBackoff: 100 * time.Millisecond, MaxBackoff: 400 * time.Millisecond,
			OnError: func(err error, attempt int) {
				require.ErrorIs(t, err, down)
				seen = append(seen, attempt)
			},
		})
		run, stop := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- p.Run(run) }()
		time.Sleep(time.Minute) // the bubble's clock
		synctest.Wait()
		require.Equal(t, evs, to.stored)
		require.Equal(t, []int{1, 2, 3, 4, 5, 6}, seen)
		for i, max := range []time.Duration{100, 200, 400, 400, 400, 400} {
			gap := to.times[i+1].Sub(to.times[i])
			require.LessOrEqual(t, gap, max*time.Millisecond)
			require.GreaterOrEqual(t, gap, max*time.Millisecond/2)
		}
		require.Equal(t, uint64(10), cur.Acked())
		require.Equal(t, spool.PumpStatus{Acked: 10, Moved: 10, Failures: 6, Since: p.Status().Since}, p.Status())
		stop()
		require.NoError(t, <-done)
		require.NoError(t, s.Close())
	})
}

// TestPumpStopped checks that stopping in the midst of a failure loses nothing.
func TestPumpStopped(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	evs := seal(t, newChain(t, event.Head{}), 3)
	require.NoError(t, s.Append(ctx, evs))
	cur, err := s.Consumer("store")
	require.NoError(t, err)
	run, stop := context.WithCancel(ctx)
	to := &flaky{fail: []error{errors.New("down")}}
	p := spool.NewPump(cur, to, spool.PumpOptions{OnError: func(error, int) { stop() }})
	require.NoError(t, p.Run(run))
	require.Zero(t, cur.Acked())
	require.NoError(t, p.Drain(ctx))
	require.Equal(t, evs, to.stored)
	require.Equal(t, uint64(3), cur.Acked())
}

func FuzzScan(f *testing.F) {
	c, err := event.NewChain(event.ChainConfig{ID: "edge", Key: key})
	if err != nil {
		f.Fatal(err)
	}
	var b []byte
	for i := range 3 {
		e := event.Event{Kind: event.KindMatch, ZoneVersion: uint32(i)}
		if err := c.Seal(&e); err != nil {
			f.Fatal(err)
		}
		if b, err = spool.AppendFrame(b, &e, 1); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b, []byte{}, 0)
	f.Add(b[:len(b)-1], []byte("junk"), 10)
	f.Add(b[3:], b[:20], 40)
	f.Fuzz(func(t *testing.T, b, junk []byte, at int) {
		if _, _, err := spool.ScanAll(b); err != nil {
			t.Fatal(err)
		}
		// A whole frame behind any damage is found again.
		e := event.Event{Kind: event.KindUseEnd, ID: "x", Seq: 77}
		whole, err := spool.AppendFrame(nil, &e, 77)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(junk, whole[:4]) {
			return
		}
		seqs, _, err := spool.ScanAll(append(append([]byte(nil), junk...), whole...))
		if err != nil || len(seqs) != 1 || seqs[0] != 77 {
			t.Fatalf("frame behind %d bytes of junk: %v %v", len(junk), seqs, err)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	for _, workers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", workers), func(b *testing.B) {
			s := open(b, b.TempDir(), spool.Options{MaxBytes: 1 << 40})
			j, err := spool.NewJournal(newChain(b, event.Head{}), s, spool.JournalOptions{})
			require.NoError(b, err)
			defer j.Close()
			b.SetParallelism(max(workers/2, 1))
			b.ReportAllocs()
			b.ResetTimer()
			if workers == 1 {
				for range b.N {
					if _, err := j.Record(ctx, event.Event{Kind: event.KindMatch, CameraID: "cam"}); err != nil {
						b.Fatal(err)
					}
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := j.Record(ctx, event.Event{Kind: event.KindMatch, CameraID: "cam"}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	s := open(b, b.TempDir(), spool.Options{MaxBytes: 1 << 40})
	evs := seal(b, newChain(b, event.Head{}), 100*b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if err := s.Append(ctx, evs[100*i:100*i+100]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "events/s")
}

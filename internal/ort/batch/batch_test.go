package batch_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"bystander/internal/ort/batch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func model(t *testing.T, devices ...batch.Device) *batch.Model {
	t.Helper()
	m, err := batch.NewModel("test", devices, batch.ModelOptions{})
	require.NoError(t, err)
	return m
}

// Cameras that ask at about the same time share runs, and each gets the answer to
// its own question.
func TestCamerasShareRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: 10 * time.Millisecond}
		m := model(t, device("gpu", f, batch.Options{Batch: 8, Wait: 2 * time.Millisecond}))
		var wg sync.WaitGroup
		for c := range 12 {
			l := m.Lane("camera", batch.LaneOptions{})
			wg.Go(func() {
				for k := range 10 {
					v := float32(100*c + k)
					got, err := ask(t.Context(), l, v, 4)
					if err != nil || got != 2*v {
						t.Errorf("%v, %v; want %v", got, err, 2*v)
					}
				}
			})
		}
		wg.Wait()
		require.NoError(t, m.Close())
		runs, _ := f.history()
		st := m.Status()[0].Stats
		require.Equal(t, uint64(120), st.Requests)
		require.LessOrEqual(t, len(runs), 40, "12 cameras in runs of up to 8")
		for _, n := range runs {
			require.Contains(t, []int{1, 2, 4, 8}, n)
		}
		require.Zero(t, f.lent, "tensors are given back")
		require.True(t, f.closed)
		require.Zero(t, f.closing, "the session is closed last")
	})
}

// Nobody waits for cameras that have asked already, nor longer than Wait for
// those that have not.
func TestTheWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		m := model(t, device("gpu", f, batch.Options{Batch: 8, Wait: 5 * time.Millisecond}))
		a := m.Lane("a", batch.LaneOptions{})
		begun := time.Now()
		_, err := ask(t.Context(), a, 1, 2)
		require.NoError(t, err)
		require.Zero(t, time.Since(begun), "the only camera waits for nobody")
		b := m.Lane("b", batch.LaneOptions{})
		_, err = ask(t.Context(), b, 1, 2)
		require.NoError(t, err)
		_, err = ask(t.Context(), a, 1, 2)
		require.NoError(t, err)
		begun = time.Now()
		_, err = ask(t.Context(), b, 1, 2)
		require.NoError(t, err)
		require.Equal(t, 5*time.Millisecond, time.Since(begun), "a silent neighbour is waited for")
		a.Close()
		begun = time.Now()
		_, err = ask(t.Context(), b, 1, 2)
		require.NoError(t, err)
		require.Zero(t, time.Since(begun), "one that has gone is not")
		require.NoError(t, m.Close())
	})
}

// A camera that asks ten times as much as the others, and has ten goroutines at
// it, gets what it can without taking from them.
func TestABusyCameraStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: 10 * time.Millisecond} // 100 runs a second
		m := model(t, device("cpu", f, batch.Options{}))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		var slowest [3]time.Duration
		var calm [3]int
		for c := range 3 {
			l := m.Lane("calm", batch.LaneOptions{Patience: time.Second})
			wg.Go(func() {
				// 10 a second each: 30 of the 100 there are.
				for tick := time.NewTicker(100 * time.Millisecond); ; {
					begun := time.Now()
					if _, err := ask(ctx, l, 1, 2); err != nil {
						tick.Stop()
						return
					}
					slowest[c] = max(slowest[c], time.Since(begun))
					calm[c]++
					select {
					case <-tick.C:
					case <-ctx.Done():
						tick.Stop()
						return
					}
				}
			})
		}
		busy := m.Lane("busy", batch.LaneOptions{})
		var mu sync.Mutex
		n := 0
		for range 10 {
			wg.Go(func() {
				for {
					if _, err := ask(ctx, busy, 2, 2); err != nil {
						return
					}
					mu.Lock()
					n++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.NoError(t, m.Close())
		for c := range calm {
			require.InDelta(t, 200, calm[c], 2, "camera %d got what it asked for", c)
			// A run under way, and one each of the two others.
			require.LessOrEqual(t, slowest[c], 50*time.Millisecond, "camera %d", c)
		}
		require.InDelta(t, 1400, n, 30, "the busy one got the rest")
	})
}

// Large pictures cost more of a camera's share than small ones.
func TestSharesGoByCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: time.Millisecond}
		m := model(t, device("cpu", f, batch.Options{}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		var n [2]int
		for c, side := range []int64{2, 4} {
			l := m.Lane("camera", batch.LaneOptions{})
			for range 2 { // always one in the line
				var mine int
				wg.Go(func() {
					for {
						if _, err := ask(ctx, l, 1, side); err != nil {
							break
						}
						mine++
					}
					f.mu.Lock()
					n[c] += mine
					f.mu.Unlock()
				})
			}
		}
		wg.Wait()
		require.NoError(t, m.Close())
		require.InDelta(t, 4, float64(n[0])/float64(n[1]), 0.1, "%v", n)
	})
}

// Late requests are told so, whether they wait or run, and the camera goes on.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: 300 * time.Millisecond}
		m := model(t, device("gpu", f, batch.Options{Stall: time.Minute}))
		patient := m.Lane("recording", batch.LaneOptions{})
		var wg sync.WaitGroup
		wg.Go(func() {
			got, err := ask(t.Context(), patient, 7, 2)
			if err != nil || got != 14 {
				t.Errorf("who waits as long as it takes: %v, %v", got, err)
			}
		})
		synctest.Wait()
		live := m.Lane("live", batch.LaneOptions{Patience: 100 * time.Millisecond})
		begun := time.Now()
		_, err := ask(t.Context(), live, 1, 2) // waits behind the recording
		require.ErrorIs(t, err, batch.ErrLate)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 100*time.Millisecond, time.Since(begun))
		wg.Wait()
		_, err = ask(t.Context(), live, 1, 2) // runs, too slowly
		require.ErrorIs(t, err, batch.ErrLate)
		begun = time.Now()
		_, err = ask(t.Context(), live, 1, 2) // its last one still runs
		require.ErrorIs(t, err, batch.ErrLate)
		require.LessOrEqual(t, time.Since(begun), 100*time.Millisecond)
		time.Sleep(time.Second)
		f.quicken(10 * time.Millisecond)
		got, err := ask(t.Context(), live, 3, 2)
		require.NoError(t, err)
		require.InDelta(t, 6, got, 0)
		require.NoError(t, m.Close())
		require.Zero(t, f.lent)
		st := m.Status()[0].Stats
		require.Equal(t, uint64(3), st.Late)
	})
}

// Who gives up is let go at once; what ran for it is cleaned up later.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{hangs: make(chan struct{})}
		m := model(t, device("gpu", f, batch.Options{}))
		l := m.Lane("camera", batch.LaneOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 2)
		for range 2 { // one runs, one waits
			go func() {
				_, err := ask(ctx, l, 1, 2)
				failed <- err
			}()
		}
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled)
		require.ErrorIs(t, <-failed, context.Canceled)
		close(f.hangs)
		require.NoError(t, m.Close())
		require.Zero(t, f.lent)
		runs, _ := f.history()
		require.Len(t, runs, 1, "who gave up waiting was never run")
	})
}

// A picture that makes no numbers spoils no neighbour's answer.
func TestOneBadPictureSpoilsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: time.Millisecond}
		m := model(t, device("gpu", f, batch.Options{Batch: 4, Wait: time.Millisecond}))
		var wg sync.WaitGroup
		for c := range 4 {
			l := m.Lane("camera", batch.LaneOptions{})
			wg.Go(func() {
				v := float32(c)
				if c == 2 {
					v = float32(math.NaN())
				}
				got, err := ask(t.Context(), l, v, 2)
				switch {
				case c == 2 && !errors.Is(err, errNaN):
					t.Errorf("the bad one: %v", err)
				case c != 2 && (err != nil || got != 2*v):
					t.Errorf("a good one: %v, %v", got, err)
				}
			})
		}
		wg.Wait()
		require.True(t, m.Status()[0].Up, "one bad picture is no lost device")
		require.NoError(t, m.Close())
	})
}

// Whatever comes in whatever order: answers are the asker's own, runs hold at most
// Batch requests, cameras have at most Depth under way, and nothing is left.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := batch.Options{
			Batch:   rapid.IntRange(1, 9).Draw(rt, "batch"),
			Workers: rapid.IntRange(1, 3).Draw(rt, "workers"),
			Depth:   rapid.IntRange(1, 3).Draw(rt, "depth"),
			Wait:    time.Duration(rapid.IntRange(0, 3).Draw(rt, "wait")) * time.Millisecond,
		}
		type question struct {
			after time.Duration
			side  int64
		}
		gen := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) question {
			return question{
				time.Duration(rapid.IntRange(0, 5).Draw(rt, "after")) * time.Millisecond,
				rapid.SampledFrom([]int64{1, 2, 3}).Draw(rt, "side"),
			}
		}), 0, 12)
		cameras := rapid.SliceOfN(gen, 1, 6).Draw(rt, "cameras")
		patience := time.Duration(rapid.SampledFrom([]int{0, 4, 1000}).Draw(rt, "patience")) * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			f := &fake{takes: 2 * time.Millisecond}
			m := model(t, device("any", f, o))
			var wg sync.WaitGroup
			asked := 0
			var late sync.Map
			for c, list := range cameras {
				l := m.Lane("camera", batch.LaneOptions{Patience: patience})
				asked += len(list)
				wg.Go(func() {
					for k, q := range list {
						time.Sleep(q.after)
						v := float32(100*c + k + 1)
						got, err := ask(t.Context(), l, v, q.side)
						switch {
						case errors.Is(err, batch.ErrLate) && patience == 4*time.Millisecond:
							late.Store(v, true)
						case err != nil || got != 2*v:
							t.Errorf("%v, %v; want %v", got, err, 2*v)
						}
					}
				})
			}
			wg.Wait()
			require.NoError(t, m.Close())
			n := 0
			late.Range(func(any, any) bool { n++; return true })
			st := m.Status()[0].Stats
			require.Equal(t, asked, n+int(st.Requests))
			require.Zero(t, st.Failed)
			require.Zero(t, f.lent)
			require.LessOrEqual(t, f.most, o.Workers)
			runs, _ := f.history()
			for _, r := range runs {
				require.LessOrEqual(t, r, o.Batch)
			}
		})
	})
}

func TestNothingIsAllocated(t *testing.T) {
	f := &reuse{}
	m, err := batch.NewModel("test", []batch.Device{{Name: "cpu", Open: func() (batch.Session, error) { return f, nil }}}, batch.ModelOptions{})
	require.NoError(t, err)
	l := m.Lane("camera", batch.LaneOptions{Patience: time.Minute})
	ctx := t.Context()
	n := testing.AllocsPerRun(200, func() {
		r, err := l.Acquire(ctx, [4]int64{1, 3, 4, 4})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
		r.Release()
	})
	require.Zero(t, n)
	require.NoError(t, m.Close())
}

// reuse always lends the same tensors.
type reuse struct{ binding }

func (r *reuse) Acquire(context.Context, ...int64) (batch.Binding, error) { return r, nil }
func (r *reuse) Run(context.Context) error                                { return nil }
func (r *reuse) Release()                                                 {}
func (r *reuse) Close() error                                             { return nil }

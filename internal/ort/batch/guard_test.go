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

	"bystander/internal/ort/batch"
)

var errUnguarded = errors.New("a run outside the guard")

// watched fails a run that the guard does not surround, and notes what a run's
// tensors are used for meanwhile.
type watched struct {
	*fake
	guarded bool // by the only worker
	within  []string
}

type watchedBinding struct {
	batch.Binding
	w    *watched
	many bool
}

func (w *watched) guard(run func()) {
	w.guarded = true
	run()
	w.guarded = false
}

func (w *watched) Acquire(ctx context.Context, shape ...int64) (batch.Binding, error) {
	b, err := w.fake.Acquire(ctx, shape...)
	return &watchedBinding{b, w, shape[0] > 1}, err
}

func (b *watchedBinding) Run(ctx context.Context) error {
	if !b.w.guarded {
		return errUnguarded
	}
	return b.Binding.Run(ctx)
}

func (b *watchedBinding) Output(i int) []float32 {
	if b.many { // read by the worker alone
		b.note("copied")
	}
	return b.Binding.Output(i)
}

func (b *watchedBinding) Release() {
	if b.many {
		b.note("released")
	}
	b.Binding.Release()
}

func (b *watchedBinding) note(what string) {
	if !b.w.guarded {
		what += " outside"
	}
	b.w.within = append(b.w.within, what)
}

// The guard surrounds a run with all that is copied for it, and a run that is
// made again for one request.
func TestGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{fake: &fake{takes: 10 * time.Millisecond}}
		m := model(t, batch.Device{
			Name: "cpu", Open: func() (batch.Session, error) { return w, nil },
			Options: batch.Options{Batch: 2, Wait: time.Millisecond, Guard: w.guard, Faulty: faulty},
		})
		lanes := []*batch.Lane{m.Lane("one", batch.LaneOptions{}), m.Lane("two", batch.LaneOptions{})}
		for _, l := range lanes { // so that each is waited for afterwards
			_, err := ask(t.Context(), l, 1, 4)
			require.NoError(t, err)
		}
		var wg sync.WaitGroup
		for i, l := range lanes {
			wg.Go(func() {
				v := float32(i + 1)
				if got, err := ask(t.Context(), l, v, 4); err != nil || got != 2*v {
					t.Errorf("%v, %v; want %v", got, err, 2*v)
				}
				if _, err := ask(t.Context(), l, float32(math.NaN()), 4); !errors.Is(err, errNaN) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.NoError(t, m.Close())
		require.Contains(t, w.within, "copied")
		require.Contains(t, w.within, "released")
		for _, what := range w.within {
			require.NotContains(t, what, "outside")
		}
		runs, _ := w.history()
		require.Equal(t, []int{1, 1, 2, 2, 1, 1}, runs, "each alone after a run of two had no numbers")
	})
}

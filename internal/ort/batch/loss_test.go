package batch_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/ort/batch"
)

// news records what a model tells of its devices.
type news struct {
	mu   sync.Mutex
	list []string
}

func (n *news) changed(device string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	what := " serves"
	if err != nil {
		what = " lost"
	}
	n.list = append(n.list, device+what)
}

// A GPU that fails costs the pictures it had. Then the processor serves, until the
// GPU can be had again.
func TestALostDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gpu, cpu, told := &fake{}, &fake{}, &news{}
		last := device("cpu", cpu, batch.Options{})
		last.LastResort = true
		m, err := batch.NewModel("faces", []batch.Device{device("gpu", gpu, batch.Options{Batch: 4}), last}, batch.ModelOptions{Changed: told.changed})
		require.NoError(t, err)
		l := m.Lane("camera", batch.LaneOptions{Patience: time.Second})
		require.Equal(t, "gpu", l.Home())
		got, err := ask(t.Context(), l, 1, 2)
		require.NoError(t, err)
		require.InDelta(t, 2, got, 0)

		gpu.broken.Store(true)
		_, err = ask(t.Context(), l, 2, 2)
		require.ErrorIs(t, err, errDevice, "this picture is masked")
		for range 20 {
			got, err = ask(t.Context(), l, 3, 2)
			require.NoError(t, err, "the processor serves")
			require.InDelta(t, 6, got, 0)
			time.Sleep(time.Second)
		}
		st := m.Status()
		require.False(t, st[0].Up)
		require.NotEmpty(t, st[0].Err)
		require.False(t, st[0].Retry.IsZero())
		require.Equal(t, uint64(1), st[0].Losses)
		require.Equal(t, uint64(20), st[1].Stats.Requests)

		gpu.broken.Store(false)
		time.Sleep(32 * time.Second) // the longest pause by now
		_, before := cpu.history()
		got, err = ask(t.Context(), l, 4, 2)
		require.NoError(t, err)
		require.InDelta(t, 8, got, 0)
		_, after := cpu.history()
		require.Len(t, after, len(before), "the camera went home")
		require.True(t, m.Status()[0].Up)
		require.Equal(t, "gpu lost", told.list[0])
		require.Equal(t, "gpu serves", told.list[len(told.list)-1])
		require.Greater(t, len(told.list), 4, "each failed attempt is told: %v", told.list)
		require.Less(t, len(told.list), 10, "and they grow rarer: %v", told.list)
		require.NoError(t, m.Close())
	})
}

// A device that neither answers nor fails is taken for lost: cameras are told
// late, then served elsewhere, and it is left alone until it comes back.
func TestAHangingDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gpu, cpu := &fake{hangs: make(chan struct{})}, &fake{}
		last := device("cpu", cpu, batch.Options{})
		last.LastResort = true
		m := model(t, device("gpu", gpu, batch.Options{Stall: 3 * time.Second}), last)
		l := m.Lane("camera", batch.LaneOptions{Patience: time.Second})
		film := m.Lane("recording", batch.LaneOptions{})
		waiting := make(chan error, 1)
		go func() {
			_, err := ask(t.Context(), film, 1, 2)
			waiting <- err
		}()
		synctest.Wait() // it runs, and hangs
		late, served := 0, 0
		for range 12 {
			switch _, err := ask(t.Context(), l, 5, 2); {
			case errors.Is(err, batch.ErrLate):
				late++
			case errors.Is(err, batch.ErrLost):
			case err != nil:
				t.Error(err)
			default:
				served++
			}
			time.Sleep(500 * time.Millisecond)
		}
		require.NotZero(t, late)
		require.GreaterOrEqual(t, served, 8, "%d late", late)
		require.Contains(t, m.Status()[0].Err, "hangs")
		close(gpu.hangs)
		require.NoError(t, <-waiting, "the recording got its answer after all")
		time.Sleep(2 * time.Minute)
		require.True(t, m.Status()[0].Up)
		require.NoError(t, m.Close())
		require.Zero(t, gpu.lent)
	})
}

// Closing does not wait for a device that hangs for ever.
func TestCloseLeavesAHangingDeviceBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gpu := &fake{hangs: make(chan struct{})}
		m := model(t, device("gpu", gpu, batch.Options{Stall: time.Hour}))
		l := m.Lane("camera", batch.LaneOptions{Patience: time.Second})
		_, err := ask(t.Context(), l, 1, 2)
		require.ErrorIs(t, err, batch.ErrLate)
		begun := time.Now()
		require.ErrorIs(t, m.Close(), batch.ErrHung)
		require.LessOrEqual(t, time.Since(begun), 6*time.Second)
		_, err = ask(t.Context(), l, 1, 2)
		require.ErrorIs(t, err, batch.ErrClosed)
		close(gpu.hangs)
	})
}

// Cameras are spread over the GPUs; those of a lost one go to the others before
// the processor is asked.
func TestSeveralDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, cpu := &fake{}, &fake{}, &fake{}
		last := device("cpu", cpu, batch.Options{})
		last.LastResort = true
		m := model(t, device("gpu0", a, batch.Options{Batch: 4}), device("gpu1", b, batch.Options{Batch: 4}), last)
		var lanes []*batch.Lane
		homes := map[string]int{}
		for range 6 {
			l := m.Lane("camera", batch.LaneOptions{})
			homes[l.Home()]++
			lanes = append(lanes, l)
		}
		require.Equal(t, map[string]int{"gpu0": 3, "gpu1": 3}, homes)
		a.broken.Store(true)
		_, err := ask(t.Context(), lanes[0], 1, 2)
		require.ErrorIs(t, err, errDevice)
		for _, l := range lanes {
			_, err := ask(t.Context(), l, 1, 2)
			require.NoError(t, err)
		}
		runs, _ := cpu.history()
		require.Empty(t, runs, "another GPU goes before the processor")
		b.broken.Store(true)
		_, err = ask(t.Context(), lanes[0], 1, 2)
		require.ErrorIs(t, err, errDevice)
		_, err = ask(t.Context(), lanes[0], 1, 2)
		require.NoError(t, err)
		for _, l := range lanes {
			l.Close()
		}
		require.Zero(t, m.Status()[0].Lanes)
		require.NoError(t, m.Close())
	})
}

// Without any device there is no answer, and the error says why.
func TestNoDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.broken.Store(true)
		_, err := batch.NewModel("faces", []batch.Device{device("gpu", f, batch.Options{})}, batch.ModelOptions{})
		require.ErrorIs(t, err, batch.ErrNoDevice)
		require.ErrorIs(t, err, errDevice)
		f.broken.Store(false)
		m := model(t, device("gpu", f, batch.Options{}))
		l := m.Lane("camera", batch.LaneOptions{Patience: time.Second})
		f.broken.Store(true)
		_, err = ask(t.Context(), l, 1, 2)
		require.ErrorIs(t, err, errDevice)
		_, err = ask(t.Context(), l, 1, 2)
		require.ErrorIs(t, err, batch.ErrNoDevice)
		require.ErrorIs(t, err, errDevice)
		require.NoError(t, m.Close())
		_, err = ask(t.Context(), l, 1, 2)
		require.ErrorIs(t, err, batch.ErrClosed)
		require.NoError(t, m.Close())
	})
}

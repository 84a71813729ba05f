package app

import (
	"bytes"
	"context"
	"image/jpeg"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/zones"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/redact"
)

// redacted makes one finished picture by the stage that alone can.
func redacted(t *testing.T, pool *frame.Pool) redact.Out {
	t.Helper()
	c := redact.DefaultConfig()
	c.Hold = 0
	r, err := redact.New(c, redact.Nobody{})
	require.NoError(t, err)
	defer r.Close()
	raw, err := pool.Get(frame.Size{W: 160, H: 120})
	require.NoError(t, err)
	raw.Arrived = time.Now()
	require.NoError(t, r.Push(raw, redact.Sighting{Faces: true, Persons: true, Guard: true}))
	r.Flush()
	o, ok := r.Pop()
	require.True(t, ok)
	return o
}

func TestStillsAreOnlyOfWhatShowsNobody(t *testing.T) {
	pool := frame.NewPool(4)
	defer pool.Close()
	o := redacted(t, pool)
	require.False(t, o.Record.FullMask())
	clear := o
	clear.Stats.Clear = 1
	recorded := o
	recorded.Stats.ClearRecord = 1
	(*stillDesk)(nil).offer(o) // none is handed out

	synctest.Test(t, func(t *testing.T) {
		d := new(stillDesk)
		f := newFleet(nil)
		f.put(&camera{cfg: config.Camera{ID: "gate"}, out: &liveOutlet{stills: d}})
		s := stills{cameras: f}
		_, err := s.Still(t.Context(), "yard")
		require.ErrorIs(t, err, zones.ErrNoCamera)

		got := make(chan []byte, 1)
		go func() {
			b, err := s.Still(context.Background(), "gate")
			if err == nil {
				got <- b
			}
		}()
		synctest.Wait()
		d.offer(clear)
		d.offer(recorded)
		synctest.Wait()
		require.Empty(t, got, "somebody is clear on it")
		d.offer(o)
		synctest.Wait()
		img, err := jpeg.Decode(bytes.NewReader(<-got))
		require.NoError(t, err)
		require.Equal(t, 160, img.Bounds().Dx())
		require.Zero(t, d.asked.Load())

		begin := time.Now()
		_, err = s.Still(t.Context(), "gate")
		require.ErrorIs(t, err, zones.ErrNoStill)
		require.Equal(t, stillWait, time.Since(begin))
		require.Zero(t, d.asked.Load(), "whoever gave up is no longer waited for")
	})
	o.Release()
	require.Zero(t, pool.Lent(), "every picture was given back")
}

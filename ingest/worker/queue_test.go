package worker_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"bystander/ingest/worker"
	"bystander/internal/frame"
)

// A picture is late when it comes while nobody waits for one: neither when it is
// awaited, nor after somebody has stopped waiting does the queue get that wrong.
func TestLatePictures(t *testing.T) {
	pool := frame.NewPool(8)
	put := func(q worker.Queue) {
		raw, err := pool.Get(frame.Size{W: 16, H: 16})
		require.NoError(t, err)
		require.False(t, q.Put(raw))
	}
	synctest.Test(t, func(t *testing.T) {
		q := worker.NewQueue(4)
		late := func() bool {
			select {
			case <-q.Late():
				return true
			default:
				return false
			}
		}
		got := make(chan *frame.Raw)
		take := func(ctx context.Context) { // waited for through got
			raw, _ := q.Get(ctx) // nil when ctx is done
			got <- raw
		}

		go take(t.Context())
		synctest.Wait()
		put(q)
		(<-got).Release()
		require.False(t, late(), "it was awaited")
		require.Zero(t, q.Waiting())

		put(q)
		require.True(t, late(), "nobody waits")
		require.Equal(t, 1, q.Waiting())
		put(q)
		require.True(t, late())
		require.Equal(t, 2, q.Waiting())
		for range 2 {
			go take(t.Context())
			(<-got).Release()
		}
		require.Zero(t, q.Waiting())

		ctx, cancel := context.WithCancel(t.Context())
		go take(ctx)
		synctest.Wait()
		cancel()
		require.Nil(t, <-got)
		put(q)
		require.True(t, late(), "who waited has gone")
		go take(t.Context())
		(<-got).Release()
	})
	require.Zero(t, pool.Lent())
}

package app

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/frame"
	"bystander/redact"
)

// TestAfterACutPicturesLeaveAsTheyAreDue plays epochs of 12, 3 and 12 pictures:
// one picture leaves for each that comes, also where the hold holds pictures of
// two epochs; only a third one makes the first leave at once.
func TestAfterACutPicturesLeaveAsTheyAreDue(t *testing.T) {
	const first, second, all, hold = 12, 3, 27, 5
	epoch := func(i int) uint32 {
		switch {
		case i < first:
			return 1
		case i < first+second:
			return 2
		}
		return 3
	}
	src := &scripted{pool: frame.NewPool(64), make: func(i int) (frame.Size, frame.Meta, bool) {
		size, meta, _ := steady(all)(i)
		meta.Epoch = epoch(i)
		return size, meta, i < all
	}}
	cfg := redact.DefaultConfig()
	cfg.Hold = hold
	p := &pipeline{id: "test", src: src, redact: cfg, may: redact.Nobody{}, stats: &cameraStats{}, looker: &looker{}, free: make(chan *seen, 4)}
	synctest.Test(t, func(t *testing.T) {
		in, out := make(chan *seen), delivery{make(chan redact.Out, all), make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- p.coverAll(in, out) }() // waited for below
		for i := range all {
			raw, err := src.Next(t.Context())
			require.NoError(t, err)
			in <- &seen{raw: raw}
			synctest.Wait()
			want := max(i+1-hold, 0)
			if i == first+second {
				want = max(want, first) // the third epoch waits for none of the first
			}
			require.Len(t, out.out, want, "after picture %d", i)
		}
		close(in)
		require.NoError(t, <-ended)
		require.Len(t, out.out, all)
		close(out.out)
		last := time.Duration(-1)
		for o := range out.out {
			require.Greater(t, o.Meta.PTS, last)
			last = o.Meta.PTS
			o.Release()
		}
	})
	require.Zero(t, src.pool.Lent(), "a picture was not given back")
}

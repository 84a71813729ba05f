package app

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/internal/config"
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

// paced is a live camera of n pictures at 25 a second, in a bubble of its own time.
// What nobody takes in time waits.
type paced struct {
	scripted
	begun time.Time
	late  chan struct{}
}

const pacedPeriod = 40 * time.Millisecond

func newPaced(n int) *paced {
	return &paced{
		scripted: scripted{pool: frame.NewPool(64), make: steady(n)}, begun: time.Now(), late: make(chan struct{}, 1),
	}
}

func (p *paced) due(i int) time.Time { return p.begun.Add(time.Duration(i) * pacedPeriod) }

func (p *paced) Next(ctx context.Context) (*frame.Raw, error) {
	time.Sleep(time.Until(p.due(p.n)))
	raw, err := p.scripted.Next(ctx)
	if err == nil {
		raw.Arrived = p.due(p.n - 1)
	}
	return raw, err
}

func (p *paced) Waiting() int { return max(int(time.Since(p.begun)/pacedPeriod)+1-p.n, 0) }

func (p *paced) Late() <-chan struct{} { return p.late }

// come tells of each of n pictures as it comes.
func (p *paced) come(n int) {
	for i := range n {
		time.Sleep(time.Until(p.due(i)))
		select {
		case p.late <- struct{}{}:
		default:
		}
	}
}

// slowNow is a detector that takes long for some looks.
type slowNow struct{ takes map[byte]time.Duration }

func (s slowNow) DetectFaces(_ context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	time.Sleep(s.takes[p.Y[0]])
	return dst, nil
}
func (slowNow) Info() detect.Info { return detect.Info{Name: "slow", Provider: "test"} }
func (slowNow) Close() error      { return nil }

// underWay notes how long each picture was under way.
type underWay struct {
	by   []time.Duration
	held []int // pictures that had come when it left, after it
	src  *paced
}

func (d *underWay) take(o redact.Out) error {
	d.by = append(d.by, time.Since(o.Meta.Arrived))
	d.held = append(d.held, d.src.n+d.src.Waiting()-1-int(o.Meta.Seq))
	o.Release()
	return nil
}

// TestALateLookDelaysLittle looks for 100 ms at picture 30: pictures leave a
// picture's time later at most, each after six that were looked at, and everything
// is as before once the looks have caught up. With a hold no longer than the pace
// of looks nothing leaves before its time, however late.
func TestALateLookDelaysLittle(t *testing.T) {
	for hold, late := range map[int]time.Duration{8: pacedPeriod, 6: 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const all = 80
			src := newPaced(all)
			go src.come(all) // ends with the last picture
			e := &eyes{faces: slowNow{map[byte]time.Duration{30: 100 * time.Millisecond}}, log: zerolog.Nop()}
			e.trusted.Store(true)
			cfg := redact.DefaultConfig()
			cfg.Hold = hold
			cadence := config.Default().Detect
			out := &underWay{src: src}
			p := &pipeline{
				id: "camera", src: src, redact: cfg, may: redact.Nobody{}, out: out, stats: &cameraStats{},
				looker: &looker{eyes: e, cadence: cadence, live: true, now: time.Now},
			}
			require.NoError(t, p.run(t.Context()))
			require.Len(t, out.by, all)
			due := time.Duration(hold) * pacedPeriod
			for i, d := range out.by[:all-hold] {
				require.GreaterOrEqual(t, out.held[i], hold, "picture %d", i)
				require.LessOrEqual(t, d, due+late, "picture %d", i)
				if i < 30-hold || i > 40 {
					require.Equal(t, due, d, "picture %d", i)
				}
			}
			require.Equal(t, due+late, slices.Max(out.by[:all-hold]))
		})
	}
}

// crowded is a source's queue.
type crowded struct {
	n    int
	late chan struct{}
}

func (l *crowded) Waiting() int          { return l.n }
func (l *crowded) Late() <-chan struct{} { return l.late }

// TestALateLookLeavesEnoughHeld has ever more pictures wait to be looked at: no
// picture leaves before as many have been seen after it as lie between two looks.
func TestALateLookLeavesEnoughHeld(t *testing.T) {
	const all, hold, spare = 20, 8, 2
	src := &scripted{pool: frame.NewPool(64), make: steady(all)}
	cfg := redact.DefaultConfig()
	cfg.Hold = hold
	p := &pipeline{
		id: "test", src: src, redact: cfg, may: redact.Nobody{}, stats: &cameraStats{}, looker: &looker{},
		free: make(chan *seen, 4), spare: spare,
	}
	synctest.Test(t, func(t *testing.T) {
		crowd := &crowded{late: make(chan struct{})}
		p.queue = crowd
		in, out := make(chan *seen), delivery{make(chan redact.Out, all), make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- p.coverAll(in, out) }() // waited for below
		for i := range all {
			raw, err := src.Next(t.Context())
			require.NoError(t, err)
			p.under.Store(1)
			crowd.n = 0
			in <- &seen{raw: raw}
			synctest.Wait()
			// Picture i+1 is being looked at.
			p.under.Store(1)
			for waiting, keep := range map[int]int{0: hold, 1: hold - 1, 2: hold - 2, 8: hold - 2} {
				if i == hold+waiting {
					crowd.n = waiting
					crowd.late <- struct{}{}
					synctest.Wait()
					require.Len(t, out.out, max(i+1-keep, 0), "%d wait", waiting)
				}
			}
			require.GreaterOrEqual(t, i+1-len(out.out), min(i+1, hold-spare))
		}
		p.under.Store(1)
		close(in)
		require.NoError(t, <-ended)
		require.Len(t, out.out, all)
		close(out.out)
		for o := range out.out {
			o.Release()
		}
	})
}

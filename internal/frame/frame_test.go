package frame_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/frame"
)

func TestPoolLendsItsBudgetAndNoMore(t *testing.T) {
	p := frame.NewPool(2)
	defer p.Close()
	a, err := p.Get(frame.Size{W: 5, H: 3})
	require.NoError(t, err)
	b, err := p.Get(frame.Size{W: 5, H: 3})
	require.NoError(t, err)
	_, err = p.Get(frame.Size{W: 5, H: 3})
	require.ErrorIs(t, err, frame.ErrExhausted)
	a.Release()
	c, err := b.Clone()
	require.NoError(t, err)
	b.Release()
	c.Release()
	require.Zero(t, p.Lent())
}

func TestPoolRefuses(t *testing.T) {
	p := frame.NewPool(1)
	for _, s := range []frame.Size{{}, {-1, 5}, {1 << 30, 1 << 30}, {4097, 2304}} {
		_, err := p.Get(s)
		require.ErrorIs(t, err, frame.ErrSize, s)
	}
	p.Close()
	_, err := p.Get(frame.Size{W: 2, H: 2})
	require.ErrorIs(t, err, frame.ErrClosed)
}

func TestPoolOutlivesCloseUntilTheLastRelease(t *testing.T) {
	p := frame.NewPool(1)
	r, err := p.Get(frame.Size{W: 64, H: 64})
	require.NoError(t, err)
	p.Close()
	r.Planes().Y[0] = 1
	r.Release()
	require.Zero(t, p.Lent())
}

func TestPoolReusesMemoryOfOneSize(t *testing.T) {
	p := frame.NewPool(4)
	defer p.Close()
	get := func(s frame.Size) {
		r, err := p.Get(s)
		require.NoError(t, err)
		r.Release()
	}
	get(frame.Size{W: 640, H: 480})
	require.Zero(t, testing.AllocsPerRun(100, func() { get(frame.Size{W: 640, H: 480}) }))
	get(frame.Size{W: 320, H: 240})
}

func TestPlanes(t *testing.T) {
	s := frame.Size{W: 5, H: 3}
	require.Equal(t, 15+2*6, s.Bytes())
	p := frame.NewPool(2)
	defer p.Close()
	a, err := p.Get(s)
	require.NoError(t, err)
	pl := a.Planes()
	require.Len(t, pl.Y, 15)
	require.Len(t, pl.V, 6)
	for i := range pl.Y {
		pl.Y[i] = byte(i)
	}
	pl.U[5], pl.V[5] = 7, 8
	a.Seq = 9
	b, err := a.Clone()
	require.NoError(t, err)
	require.Equal(t, pl.Y, b.Planes().Y)
	require.Equal(t, byte(7), b.Planes().U[5])
	require.Equal(t, byte(8), b.Planes().V[5])
	require.Equal(t, uint64(9), b.Seq)
	a.Release()
	b.Release()
}

func TestMisuseOfAPicturePanics(t *testing.T) {
	p := frame.NewPool(1)
	defer p.Close()
	r, err := p.Get(frame.Size{W: 2, H: 2})
	require.NoError(t, err)
	r.Retain()
	require.True(t, r.Shared())
	r.Release()
	r.Release()
	require.Panics(t, func() { r.Planes() })
	require.Panics(t, func() { r.Retain() })
	require.Panics(t, func() { r.Release() })
}

// The sealer is given out once: this test binary does not hold package redact,
// so the first taker here is genuine and the second is refused.
//
// proves: B-57, INV-1
func TestOnlyOneSealer(t *testing.T) {
	s := frame.TakeSealer()
	require.Panics(t, func() { frame.TakeSealer() })

	p := frame.NewPool(1)
	defer p.Close()
	r, err := p.Get(frame.Size{W: 2, H: 2})
	require.NoError(t, err)
	require.Panics(t, func() { new(frame.Sealer).Seal(r, true) })
	require.Panics(t, func() { (*frame.Sealer)(nil).Seal(r, true) })
	r.Retain()
	require.Panics(t, func() { s.Seal(r, true) }, "somebody else holds the picture")
	r.Release()
	red := s.Seal(r, true)
	require.True(t, red.FullMask())
	red.Retain()
	red.Release()
	red.Release()
	require.Zero(t, p.Lent())
}

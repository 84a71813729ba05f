package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/ingest/worker"
	"bystander/internal/frame"
)

func planes(s frame.Size) frame.Planes { return frame.PlanesOver(make([]byte, s.Bytes()), s) }

// numbered fills every plane so that neighbours differ.
func numbered(p frame.Planes) {
	c := p.Chroma()
	for i, b := range []struct {
		b            []byte
		stride, w, h int
	}{{p.Y, p.StrideY, p.W, p.H}, {p.U, p.StrideC, c.W, c.H}, {p.V, p.StrideC, c.W, c.H}} {
		for y := range b.h {
			for x := range b.w {
				b.b[y*b.stride+x] = byte(31*i + 7*x + 13*y + x*y)
			}
		}
	}
}

// A camera that hangs on its side: the upper left corner comes to the upper right.
func TestAQuarterTurnIsClockwise(t *testing.T) {
	src := planes(frame.Size{W: 4, H: 2})
	copy(src.Y, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	dst := planes(frame.Size{W: 2, H: 4})
	worker.CopyTurned(dst, src, 90)
	require.Equal(t, []byte{5, 1, 6, 2, 7, 3, 8, 4}, dst.Y[:8])
	worker.CopyTurned(dst, src, 270)
	require.Equal(t, []byte{4, 8, 3, 7, 2, 6, 1, 5}, dst.Y[:8])
	half := planes(src.Size)
	worker.CopyTurned(half, src, 180)
	require.Equal(t, []byte{8, 7, 6, 5, 4, 3, 2, 1}, half.Y[:8])
}

// Four quarter turns, and a quarter there and back, leave every sample in place,
// at whatever size.
func TestTurnsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := frame.Size{W: rapid.IntRange(1, 90).Draw(rt, "w"), H: rapid.IntRange(1, 90).Draw(rt, "h")}
		src := planes(size)
		numbered(src)
		for _, turns := range [][]int{{90, 90, 90, 90}, {90, 270}, {180, 180}, {90, 180, 90}, {270, 180, 270}, {0}} {
			now := src
			for _, turn := range turns {
				next := planes(worker.TurnedSize(now.Size, turn))
				worker.CopyTurned(next, now, turn)
				now = next
			}
			require.Equal(rt, src, now, "%v of %v", turns, size)
		}
	})
}

func TestPixelsTurnWithTheirPicture(t *testing.T) {
	r := frame.Rational{Num: 4, Den: 3}
	require.Equal(t, frame.Rational{Num: 3, Den: 4}, worker.TurnedAspect(r, 270))
	require.Equal(t, r, worker.TurnedAspect(r, 180))
}

package encode_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/frame"
	"bystander/sink/encode"
)

func TestFitKeepsTheShape(t *testing.T) {
	box := frame.Size{W: 480, H: 270}
	for in, want := range map[frame.Size]frame.Size{
		{W: 1280, H: 720}:  {W: 480, H: 270},
		{W: 1920, H: 1080}: {W: 480, H: 270},
		{W: 640, H: 480}:   {W: 360, H: 270},
		{W: 720, H: 1280}:  {W: 150, H: 270},
		{W: 480, H: 270}:   {W: 480, H: 270},
		{W: 320, H: 240}:   {W: 320, H: 240},
		{W: 3840, H: 240}:  {W: 480, H: 30},
	} {
		require.Equal(t, want, encode.FitInto(in, box), in.String())
	}
	require.Equal(t, frame.Size{W: 1280, H: 720}, encode.FitInto(frame.Size{W: 1280, H: 720}, frame.Size{}))
}

// Each pixel is the rounded mean of what it covers, against a plain reading of
// that sentence; and a picture costs no allocation.
func TestFitIsTheMean(t *testing.T) {
	from, to := frame.Size{W: 128, H: 72}, frame.Size{W: 48, H: 26}
	src := frame.PlanesOver(make([]byte, from.Bytes()), from)
	for _, plane := range [][]byte{src.Y, src.U, src.V} {
		for i := range plane {
			plane[i] = byte(i*i + 31*i)
		}
	}
	do := encode.Fitter()
	out := do(src, to)
	mean := func(p []byte, stride int, s, d frame.Size, x, y int) byte {
		sum, n := 0, 0
		for j := y * s.H / d.H; j < (y+1)*s.H/d.H; j++ {
			for i := x * s.W / d.W; i < (x+1)*s.W/d.W; i++ {
				sum, n = sum+int(p[j*stride+i]), n+1
			}
		}
		return byte((sum + n/2) / n)
	}
	for y := range to.H {
		for x := range to.W {
			require.Equal(t, mean(src.Y, src.StrideY, from, to, x, y), out.Y[y*out.StrideY+x])
		}
	}
	c := to.Chroma()
	for y := range c.H {
		for x := range c.W {
			require.Equal(t, mean(src.V, src.StrideC, from.Chroma(), c, x, y), out.V[y*out.StrideC+x])
		}
	}
	require.Zero(t, testing.AllocsPerRun(20, func() { do(src, to) }))
}

// The small rendition is made of redacted pictures: Encode takes nothing else.
func TestStreamFits(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{Fit: frame.Size{W: 480, H: 270}, KeyEvery: time.Second})
	defer s.Close()
	for i := range 5 {
		f := src.next(frame.Size{W: 1280, H: 720}, meta(i, 1), false)
		p, err := s.Encode(f)
		f.Release()
		require.NoError(t, err)
		require.Equal(t, frame.Size{W: 480, H: 270}, p.Size)
		require.Equal(t, i == 0, p.Key)
	}
}

func BenchmarkFit720p(b *testing.B) {
	from := frame.Size{W: 1280, H: 720}
	src := frame.PlanesOver(make([]byte, from.Bytes()), from)
	do := encode.Fitter()
	for b.Loop() {
		do(src, frame.Size{W: 480, H: 270})
	}
}

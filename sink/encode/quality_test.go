package encode_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink/encode"
)

// Whatever is known of the rate, pictures must stay what they are: an encoder
// that reckons with the wrong rate starves them of bits until they are grey.
func TestPicturesKeepTheirQuality(t *testing.T) {
	for name, c := range map[string]struct {
		hint frame.Rational
		step time.Duration
	}{
		"rate known":     {frame.Rational{Num: 25, Den: 1}, 40 * time.Millisecond},
		"rate unknown":   {frame.Rational{}, 40 * time.Millisecond},
		"slow, unknown":  {frame.Rational{}, 200 * time.Millisecond},
		"quick, unknown": {frame.Rational{}, 16 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			require.Greater(t, lastPSNR(t, c.hint, c.step, 300), 30.0)
		})
	}
}

func TestAWrongRateIsPutRightAtTheNextKeyPicture(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{FrameRate: frame.Rational{Num: 25, Den: 1}})
	defer s.Close()
	for i := range 100 { // ten pictures a second
		pts := time.Duration(i) * 100 * time.Millisecond
		f := src.next(vga, frame.Meta{PTS: pts, Captured: start.Add(pts), Arrived: start.Add(pts)}, false)
		p, err := s.Encode(f)
		f.Release()
		require.NoError(t, err)
		require.Equal(t, pts, p.PTS)
		require.Equal(t, i%20 == 0, p.Key, "picture %d", i)
	}
	require.Equal(t, uint64(2), s.Stats().Encoders, "one for the guess, one for what was measured")
}

// lastPSNR encodes n pictures and returns the luma PSNR of the last one in dB.
func lastPSNR(t *testing.T, hint frame.Rational, step time.Duration, n int) float64 {
	t.Helper()
	src := newSource(t)
	s := encode.New(encode.Config{FrameRate: hint})
	defer s.Close()
	dec, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true})
	require.NoError(t, err)
	defer dec.Close()
	psnr := 0.0
	for i := range n {
		pts := time.Duration(i) * step
		f := src.next(vga, frame.Meta{PTS: pts, Captured: start.Add(pts), Arrived: start.Add(pts)}, false)
		p, err := s.Encode(f)
		require.NoError(t, err)
		require.NoError(t, dec.Send(av.Packet{Data: p.Data, PTS: int64(i), Key: p.Key}))
		if pic, err := dec.Receive(); err == nil {
			got, err := src.pool.Get(vga)
			require.NoError(t, err)
			require.NoError(t, pic.CopyTo(got.Planes()))
			psnr = psnrOf(got.Planes().Y, f.Planes().Y)
			got.Release()
		}
		f.Release()
	}
	return psnr
}

func psnrOf(a, b []byte) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/max(sum, 1))
}

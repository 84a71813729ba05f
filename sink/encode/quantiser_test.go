package encode

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// A picture's bits as H.264 gives them, about: they halve with six quantisers.
func bitsOf(quantiser0 float64, q int) int { return int(quantiser0 * math.Exp2(-float64(q)/6)) }

// Whatever the scene does, no stretch of pictures takes more than the cap lets
// through in it and a second besides, and what fits is never made coarser.
func TestBudgetKeepsTheCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fps := rapid.Float64Range(2, 60).Draw(t, "fps")
		limit := rapid.IntRange(300_000, 10_000_000).Draw(t, "limit")
		b := newBudget(24, limit)
		share := float64(limit) / fps
		// What a picture would take at the quantiser of constant quality, in shares.
		scene := rapid.SliceOfN(rapid.Float64Range(0.01, 10), 1, 6).Draw(t, "scene")
		noise := rand.New(rand.NewPCG(1, 2))
		var poured, held, most float64
		for i := range 60 * int(fps) {
			key := i%int(2*fps) == 0
			costs := share * scene[i*len(scene)/(60*int(fps))] * math.Exp2(26.0/6) * (0.8 + 0.4*noise.Float64())
			if key {
				costs *= 4
			}
			q := b.quantiser(key, 1/fps)
			n := bitsOf(costs, q)
			b.took(n, q, key)
			poured += float64(n)
			held = max(held-share, 0) + float64(n)
			most = max(most, held)
		}
		// A scene that changes at once costs what it costs, once for each kind.
		spare := 3 * 10 * 1.2 * 4 * share
		require.LessOrEqual(t, most, float64(limit)+spare)
		require.LessOrEqual(t, poured, 60*float64(limit)*1.02+float64(limit)+spare)
	})
}

func TestBudgetLeavesAloneWhatFits(t *testing.T) {
	for _, limit := range []int{0, 3_500_000} {
		b := newBudget(24, limit)
		for i := range 500 {
			key := i%50 == 0
			q := b.quantiser(key, 0.04)
			want := 26
			if key {
				want = 23
			}
			require.Equal(t, want, q, "picture %d", i)
			bits := 60_000
			if key {
				bits = 400_000
			}
			b.took(bits, q, key)
		}
	}
}

// After a rest of any length a picture may take no more than the bucket's room.
func TestBudgetAfterARest(t *testing.T) {
	b := newBudget(24, 1_000_000)
	b.quantiser(true, 0)
	b.took(900_000, 23, true)
	b.took(900_000, 26, false)
	q := b.quantiser(false, 3600)
	require.LessOrEqual(t, bitsOf(float64(b.other), q), 1_000_000)
	require.Equal(t, av.MostQuantiser, (&budget{finest: 26, limit: 1, held: 5}).quantiser(false, 0.04), "a full bucket")
	require.NotPanics(t, func() { b.quantiser(false, -5) })
	require.NotPanics(t, func() { b.quantiser(false, math.Inf(1)) })
}

// Noise is the dearest picture there is. Through the real encoder it stays
// beneath the cap, and the scene after it is as fine again as ever.
func TestCapOnNoise(t *testing.T) {
	const w, h, fps, limit = 320, 240, 25, 400_000
	size := frame.Size{W: w, H: h}
	x, err := Software(av.EncoderConfig{
		Codec: av.CodecH264, Size: size, TimeBase: frame.Rational{Num: 1, Den: timeBase},
		FrameRate: frame.Rational{Num: fps, Den: 1}, CRF: 24, MaxRate: limit, Profile: "baseline", KeyInterval: 600,
	})
	require.NoError(t, err)
	defer x.Close()
	s, ok := x.(*steady)
	require.True(t, ok, "no encoder by quantiser: run make setup, which installs libx264-dev")
	p := frame.PlanesOver(make([]byte, size.Bytes()), size)
	noise := rand.New(rand.NewPCG(3, 4))
	total, held, most := 0, 0.0, 0.0
	for i := range 20 * fps {
		for k := range p.Y {
			p.Y[k] = byte(k%w/4 + k/w/4)
			if i < 10*fps {
				p.Y[k] = byte(108 + noise.Uint32N(40))
			}
		}
		out, err := x.Encode(p, int64(i)*timeBase/fps, i%(2*fps) == 0)
		require.NoError(t, err)
		bits := 8 * len(out[0].Data)
		if i == 0 {
			// Nothing is known of the first picture: it takes what it takes.
			require.Greater(t, bits, limit/2)
			held = float64(bits)
			continue
		}
		held = max(held-limit/fps, 0) + float64(bits)
		if i < 10*fps {
			total += bits
		}
		if i > 5*fps {
			most = max(most, held)
		}
	}
	require.Less(t, float64(total), 10.0*limit*1.05, "bits in ten seconds of noise")
	require.Less(t, most, 1.05*limit, "held at once, later")
	require.InDelta(t, 26, s.budget.coarse, 0, "the calm scene's quantiser")
}

// A size that cannot be coded by quantiser is coded all the same.
func TestSoftwareFallsBack(t *testing.T) {
	x, err := Software(av.EncoderConfig{
		Size: frame.Size{W: 63, H: 45}, TimeBase: frame.Rational{Num: 1, Den: timeBase}, CRF: 24, Profile: "baseline",
	})
	require.NoError(t, err)
	defer x.Close()
	require.Equal(t, frame.Size{W: 64, H: 46}, x.Size())
	_, err = Software(av.EncoderConfig{Size: frame.Size{W: 64, H: 48}, CRF: 24})
	require.ErrorIs(t, err, av.ErrConfig, "no time base")
}

package match_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/match"
	"bystander/policy"
)

// TestThresholdOfAGallery draws galleries and rates: the threshold rises with
// the gallery and with strictness, and goes no further than was validated.
func TestThresholdOfAGallery(t *testing.T) {
	c := match.Calibration0095()
	rapid.Check(t, func(t *rapid.T) {
		fpir := math.Pow(10, rapid.Float64Range(-5, -1).Draw(t, "log FPIR"))
		most := c.Most(fpir)
		if most < 1 {
			_, err := c.Threshold(1, fpir)
			require.ErrorIs(t, err, match.ErrConfig)
			return
		}
		n := rapid.IntRange(1, most).Draw(t, "n")
		th, err := c.Threshold(n, fpir)
		require.NoError(t, err)
		more, err := c.Threshold(min(n+n/2+1, most), fpir)
		require.NoError(t, err)
		require.GreaterOrEqual(t, more, th)
		strict, err := c.Threshold(n, fpir/1.5)
		if err == nil {
			require.GreaterOrEqual(t, strict, th)
		}
		require.LessOrEqual(t, c.Measured(fpir), most)
		_, err = c.Threshold(most+most/100+2, fpir)
		require.ErrorIs(t, err, match.ErrConfig)
		require.ErrorContains(t, err, "at most")
	})
}

func TestThresholdBeyondTheMeasuredTail(t *testing.T) {
	c := match.Calibration0095()
	at, err := c.Threshold(1, 1e-6)
	require.NoError(t, err)
	require.InDelta(t, 0.607, at, 1e-6)
	// Two decades span 0.449 to 0.607, so one more is 0.079 further.
	far, err := c.Threshold(1, 1e-7)
	require.NoError(t, err)
	require.InDelta(t, 0.686, far, 1e-5)
	require.Equal(t, 100, c.Measured(1e-4))
	require.Equal(t, 1000, c.Most(1e-4))
	c.Floor = 0
	_, err = c.Threshold(1, 1e-7)
	require.ErrorIs(t, err, match.ErrConfig, "without a floor nothing is continued")
	// From decade to decade the tail falls more steeply, which is why the line
	// is strict.
	var decades []float32
	for _, p := range c.Points {
		if l := math.Log10(p.FMR); math.Abs(l-math.Round(l)) < 1e-9 {
			decades = append(decades, p.Cosine)
		}
	}
	require.Len(t, decades, 5)
	for i := 2; i < len(decades); i++ {
		require.Less(t, decades[i]-decades[i-1], decades[i-1]-decades[i-2])
	}
}

// TestTail draws the line as if one decade less had been measured, and holds it
// to what was: on real faces it gave too high a threshold each time, not too low
// a one.
func TestTail(t *testing.T) {
	c := match.Calibration0095()
	for _, least := range []float64{1e-4, 1e-5} {
		short := c
		short.Points = nil
		for _, p := range c.Points {
			if p.FMR >= least*(1-1e-9) {
				short.Points = append(short.Points, p)
			}
		}
		short.Floor = least / 10
		for _, fmr := range []float64{least / 3, least / 10} {
			guess, err := short.Threshold(1, fmr)
			require.NoError(t, err)
			measured, err := c.Threshold(1, fmr)
			require.NoError(t, err)
			require.GreaterOrEqual(t, guess, measured, "FMR %.0e by a line from %.0e", fmr, least)
			require.Less(t, guess-measured, float32(0.03))
		}
	}
}

func TestFMR(t *testing.T) {
	require.InDelta(t, 1e-4, match.FMR(1, 1e-4), 1e-15)
	require.InDelta(t, 1e-6, match.FMR(100, 1e-4), 1e-9)
	require.InDelta(t, 0.1, 1-math.Pow(1-match.FMR(158, 0.1), 158), 1e-12)
}

// TestLaxThresholdsAreRefused names the key of whatever a site asks for below
// what was validated.
func TestLaxThresholdsAreRefused(t *testing.T) {
	c, r := match.Calibration0095(), match.DefaultRules()
	site := policy.SampleSite(epoch, policy.SampleCamera{ID: "a", PlaceType: "hall", Match: true}, policy.SampleCamera{ID: "b", PlaceType: "hall", Match: true})
	require.NoError(t, match.CheckThresholds(site, c, r, nil), "none is asked for")
	require.Len(t, site.Scenes, 2)
	site.Scenes[1].Thresholds = policy.Thresholds{Score: 0.5, Margin: 0.1, Quality: 0.9}
	require.NoError(t, match.CheckThresholds(site, c, r, nil))
	ten := func(string) int { return 10 }
	err := match.CheckThresholds(site, c, r, ten)
	require.ErrorIs(t, err, match.ErrBelowValidated, "0.5 will do for one candidate, not for ten")
	require.ErrorContains(t, err, "scenes[1].thresholds.score")
	require.ErrorContains(t, err, "0.532")
	site.Scenes[0].Thresholds = policy.Thresholds{Score: 0.2, Margin: 0.01, Quality: 0.1}
	err = match.CheckThresholds(site, c, r, nil)
	for _, key := range []string{"score", "margin", "quality"} {
		require.ErrorContains(t, err, "scenes[0].thresholds."+key)
	}
	require.NotContains(t, err.Error(), "scenes[1]")
	require.ErrorIs(t, match.CheckThresholds(site, c, r, func(string) int { return 5000 }), match.ErrConfig, "more people than was validated")
	r.Agree = 1
	require.ErrorIs(t, match.CheckThresholds(site, c, r, nil), match.ErrConfig)
}

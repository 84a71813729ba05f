package match

import (
	"fmt"
	"math"
)

// Calibration is what was measured of a model: how often faces of different
// people reach a cosine.
type Calibration struct {
	Model string // SHA-256 of the model file in hex
	Set   string // what it was measured on
	Pairs int    // comparisons of different people
	// Pair is the best threshold for telling one pair from another; on a track
	// already matched, a look below it counts as contradiction.
	Pair float32
	// Points give the cosine that a part FMR of impostor comparisons reaches
	// or exceeds, FMR falling.
	Points []CalibrationPoint
}

// CalibrationPoint is one row of a calibration.
type CalibrationPoint struct {
	FMR    float64
	Cosine float32
}

// Threshold returns the cosine from which on a stranger, searched against n
// candidates, is taken for one of them at most with probability fpir a look:
// FPIR = 1 − (1 − FMR)ⁿ, taking comparisons as independent, which errs on the
// strict side. Between points it interpolates over log FMR. It fails when the
// gallery is too large for what was measured: unvalidated is not allowed.
func (c Calibration) Threshold(n int, fpir float64) (float32, error) {
	if n < 1 {
		n = 1
	}
	if !(fpir > 0 && fpir < 1) || len(c.Points) == 0 {
		return 0, fmt.Errorf("%w: no calibration for a false positive rate of %v", ErrConfig, fpir)
	}
	fmr := -math.Expm1(math.Log1p(-fpir) / float64(n))
	last := c.Points[len(c.Points)-1]
	if fmr < last.FMR {
		return 0, fmt.Errorf("%w: %d candidates at a false positive rate of %.1e need a false match rate of %.1e; %.1e is the least that was validated",
			ErrConfig, n, fpir, fmr, last.FMR)
	}
	if fmr >= c.Points[0].FMR {
		return c.Points[0].Cosine, nil
	}
	for i := 1; i < len(c.Points); i++ {
		a, b := c.Points[i-1], c.Points[i]
		if fmr >= b.FMR {
			t := (math.Log(a.FMR) - math.Log(fmr)) / (math.Log(a.FMR) - math.Log(b.FMR))
			return a.Cosine + float32(t)*(b.Cosine-a.Cosine), nil
		}
	}
	return last.Cosine, nil
}

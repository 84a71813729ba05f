package match

import (
	"errors"
	"fmt"
	"math"

	"bystander/policy"
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
	// Floor is the least false match rate that a threshold is given for. Below
	// the last point the cosine is continued on a straight line over log FMR
	// (see Threshold); 0 allows nothing beyond what was measured.
	Floor float64
}

// CalibrationPoint is one row of a calibration.
type CalibrationPoint struct {
	FMR    float64
	Cosine float32
}

// decades is how much of the measured tail the line beyond it is drawn through.
const decades = 2

// FMR is the false match rate of one comparison that keeps the probability of
// taking a stranger for any of n candidates at fpir: FPIR = 1 − (1 − FMR)ⁿ,
// taking comparisons as independent, which errs on the strict side.
func FMR(n int, fpir float64) float64 {
	return -math.Expm1(math.Log1p(-fpir) / float64(max(n, 1)))
}

// Threshold returns the cosine from which on a stranger, searched against n
// candidates, is taken for one of them at most with probability fpir a look.
//
// Between points it interpolates over log FMR. Below the last point it goes on
// along the line through the last two decades, down to Floor. The tail of a
// cosine falls ever more steeply, so the line gives too high a threshold rather
// than too low a one. It fails when the gallery is too large even for that:
// unvalidated is not allowed.
func (c Calibration) Threshold(n int, fpir float64) (float32, error) {
	if !(fpir > 0 && fpir < 1) || len(c.Points) == 0 {
		return 0, fmt.Errorf("%w: no calibration for a false positive rate of %v", ErrConfig, fpir)
	}
	fmr := FMR(n, fpir)
	last := c.Points[len(c.Points)-1]
	if fmr < last.FMR {
		return c.beyond(n, fpir, fmr)
	}
	if fmr >= c.Points[0].FMR {
		return c.Points[0].Cosine, nil
	}
	for i := 1; i < len(c.Points); i++ {
		if a, b := c.Points[i-1], c.Points[i]; fmr >= b.FMR {
			return line(a, b, fmr), nil
		}
	}
	return last.Cosine, nil
}

func (c Calibration) beyond(n int, fpir, fmr float64) (float32, error) {
	last := c.Points[len(c.Points)-1]
	if least := c.least(); fmr < least*(1-1e-9) {
		return 0, fmt.Errorf("%w: %d candidates at a false positive rate of %.1e need a false match rate of %.1e; %.1e is the least that was validated, so at most %d candidates may be searched at once",
			ErrConfig, n, fpir, fmr, least, c.Most(fpir))
	}
	from := c.Points[0]
	for _, p := range c.Points {
		if p.FMR >= last.FMR*math.Pow(10, decades)*(1-1e-9) {
			from = p
		}
	}
	return line(from, last, fmr), nil
}

// line is the cosine at fmr on the line through two points over log FMR.
func line(a, b CalibrationPoint, fmr float64) float32 {
	t := (math.Log(a.FMR) - math.Log(fmr)) / (math.Log(a.FMR) - math.Log(b.FMR))
	return a.Cosine + float32(t)*(b.Cosine-a.Cosine)
}

func (c Calibration) least() float64 {
	last := c.Points[len(c.Points)-1].FMR
	if c.Floor > 0 {
		return min(c.Floor, last)
	}
	return last
}

// Most is the largest number of candidates that there is a threshold for at a
// false positive rate; Measured is how many of them need no line beyond the
// measured points.
func (c Calibration) Most(fpir float64) int { return most(c.least(), fpir) }

// Measured is explained at Most.
func (c Calibration) Measured(fpir float64) int {
	return most(c.Points[len(c.Points)-1].FMR, fpir)
}

func most(fmr, fpir float64) int {
	return int(math.Log1p(-fpir) / math.Log1p(-fmr) * (1 + 1e-9))
}

// duplicateFPIR is the rate at which an enrolment is held up for nothing, for
// an officer to look at: one in a hundred.
const duplicateFPIR = 0.01

// Duplicate is the cosine from which on two templates among n are taken for one
// person's. Where the gallery is larger than was validated it is the strictest
// threshold there is; more enrolments are then held up, and none fewer.
func (c Calibration) Duplicate(n int) float32 {
	t, err := c.Threshold(min(max(n, 1), max(c.Most(duplicateFPIR), 1)), duplicateFPIR)
	if err != nil { // only for a calibration without points, which no judge takes
		return 1
	}
	return t
}

// CheckScene refuses thresholds of a scene that are laxer than what was
// validated for so many candidates; zero takes the validated one. key is where
// they stand, such as "scenes[0].thresholds", and every error names it. It fails
// with ErrBelowValidated, and with ErrConfig for a gallery that is too large.
//
// A live judge never uses a lower threshold than the validated one anyway; this
// is so that nobody believes that it does (REQUIREMENTS C-30).
func (c Calibration) CheckScene(key string, t policy.Thresholds, candidates int, r Rules) error {
	tau, err := c.Threshold(candidates, r.FPIR)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	var errs []error
	for _, k := range []struct {
		name        string
		live, least float32
	}{{"score", t.Score, tau}, {"margin", t.Margin, r.Margin}, {"quality", t.Quality, r.Quality}} {
		if k.live != 0 && !(k.live >= k.least) {
			errs = append(errs, fmt.Errorf("%w: %s.%s is %.3f; validated for %d candidates on %s is %.3f: raise it, or leave it out",
				ErrBelowValidated, key, k.name, k.live, max(candidates, 1), c.Set, k.least))
		}
	}
	return errors.Join(errs...)
}

// CheckThresholds is CheckScene for every scene of a site file. enrolled says
// how many people could be candidates of a scene; nil means one each, which
// gives the least bound.
func CheckThresholds(site *policy.Site, c Calibration, r Rules, enrolled func(scene string) int) error {
	if err := r.check(); err != nil {
		return err
	}
	var errs []error
	for i, sc := range site.Scenes {
		n := 1
		if enrolled != nil {
			n = max(enrolled(sc.ID), 1)
		}
		errs = append(errs, c.CheckScene(fmt.Sprintf("scenes[%d].thresholds", i), sc.Thresholds, n, r))
	}
	return errors.Join(errs...)
}

package match

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Rate is a measured proportion with its 95 % bounds.
type Rate struct {
	Errors int     `json:"errors"`
	Trials int     `json:"n"`
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// NewRate gives k of n with the bounds of Clopper and Pearson (1934), which are
// never too narrow. With no error in n trials the upper bound is 3/n (rule of
// three, one-sided), with nothing but errors the lower one is 1 − 3/n. Without
// trials nothing is known: 0 to 1.
func NewRate(k, n int) Rate {
	r := Rate{Errors: k, Trials: n, High: 1}
	if n == 0 {
		r.Value = math.NaN()
		return r
	}
	r.Value = float64(k) / float64(n)
	three := min(3/float64(n), 1)
	switch k {
	case 0:
		r.High = three
	case n:
		r.Low = 1 - three
	default:
		const tail = 0.025
		r.Low = mathext.InvRegIncBeta(float64(k), float64(n-k+1), tail)
		r.High = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-tail)
	}
	return r
}

// MarshalJSON writes a rate without trials with a value of null.
func (r Rate) MarshalJSON() ([]byte, error) {
	return marshalRate(r)
}

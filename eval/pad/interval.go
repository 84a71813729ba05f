package pad

import "math"

// Rate is k events among n tries, with the exact two-sided 95 % bounds of
// Clopper and Pearson (1934). With none among n the upper bound is about 3.7/n,
// and the one-sided "rule of three" would say 3/n.
type Rate struct {
	K     int     `json:"k"`
	N     int     `json:"n"`
	Value float64 `json:"value"`
	Low   float64 `json:"low95"`
	High  float64 `json:"high95"`
}

// RateOf returns the rate of k among n; with n = 0 nothing is known, and the
// bounds say so.
func RateOf(k, n int) Rate {
	if n <= 0 || k < 0 || k > n {
		return Rate{K: k, N: n, High: 1}
	}
	r := Rate{K: k, N: n, Value: float64(k) / float64(n), High: 1}
	const tail = 0.025
	if k > 0 {
		r.Low = solve(func(p float64) bool { return 1-below(k-1, n, p) >= tail })
	}
	if k < n {
		r.High = solve(func(p float64) bool { return below(k, n, p) <= tail })
	}
	return r
}

// solve finds the least p in 0–1 for which ok, which is false before it and
// true after.
func solve(ok func(p float64) bool) float64 {
	lo, hi := 0.0, 1.0
	for range 60 {
		if mid := (lo + hi) / 2; ok(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return (lo + hi) / 2
}

// below is the probability of at most k events among n, each of probability p.
func below(k, n int, p float64) float64 {
	if p <= 0 {
		return 1
	}
	if p >= 1 {
		return 0
	}
	sum := 0.0
	ln, _ := math.Lgamma(float64(n) + 1)
	for i := 0; i <= k; i++ {
		a, _ := math.Lgamma(float64(i) + 1)
		b, _ := math.Lgamma(float64(n-i) + 1)
		sum += math.Exp(ln - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}

package match

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"bystander/match"
)

// next is the least value above v.
func next(v float32) float32 { return math.Nextafter32(v, 2) }

// fmrs are the rates that a calibration has points for.
var fmrs = []float64{1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6}

// Fit makes calibration points from the scores of different people: for each
// rate the cosine that no more than that part reaches. Rates that rest on fewer
// than four comparisons are left out. It sorts scores.
func Fit(scores []float32) []match.CalibrationPoint {
	slices.SortFunc(scores, func(a, b float32) int { return cmp.Compare(b, a) })
	var out []match.CalibrationPoint
	for _, fmr := range fmrs {
		k := int(fmr * float64(len(scores)))
		if k < 4 {
			break
		}
		out = append(out, match.CalibrationPoint{FMR: fmr, Cosine: scores[k]})
	}
	return out
}

// impostors are the scores of all pairs of different people of one half.
func (b *bench) impostors(of int) []float32 {
	var list []int
	for i, p := range b.pictures {
		if half(p.Person) == of && b.f.found[i] {
			list = append(list, i)
		}
	}
	var out []float32
	for n, i := range list {
		for _, j := range list[:n] {
			if b.pictures[i].Person != b.pictures[j].Person {
				out = append(out, b.f.cosine(i, j))
			}
		}
	}
	return out
}

// crossed fits thresholds to the pairs of one half of the people and measures
// them on the other half, both ways, and adds up. It tells what the report on
// the whole set cannot: whether a threshold holds for people that it was not
// fitted to, also where it lies beyond the measured tail.
func (b *bench) crossed() []Cross {
	out := make([]Cross, len(b.o.FPIR))
	type counts struct{ fp, fpN, fn, fnN int }
	sum := make([]counts, len(b.o.FPIR))
	for of := range 2 {
		scores := b.impostors(of)
		c := b.o.Calibration
		c.Points = Fit(scores)
		if len(c.Points) == 0 {
			continue
		}
		c.Floor = c.Points[len(c.Points)-1].FMR / 10
		probes, strangers, n := b.other(of)
		for i, fpir := range b.o.FPIR {
			x := &out[i]
			x.Stated = fpir
			x.Enrolled, x.FitPairs = max(x.Enrolled, n), x.FitPairs+len(scores)
			tau, err := c.Threshold(n, fpir)
			if err != nil {
				x.Reason = err.Error()
				continue
			}
			x.Threshold = max(x.Threshold, tau)
			a := b.at(tau, probes, strangers)
			sum[i].fp += a.FPIR.Errors
			sum[i].fpN += a.FPIR.Trials
			sum[i].fn += a.FNIR.Errors
			sum[i].fnN += a.FNIR.Trials
		}
	}
	for i, s := range sum {
		out[i].Stated = b.o.FPIR[i]
		out[i].FPIR, out[i].FNIR = NewRate(s.fp, s.fpN), NewRate(s.fn, s.fnN)
	}
	return out
}

// other gives the searches of the half that is not of, against its own enrolled
// alone.
func (b *bench) other(of int) (probes, strangers []search, enrolled int) {
	keep := make([]bool, len(b.s.people))
	for k, n := range b.s.people {
		if keep[k] = half(n) != of; keep[k] {
			enrolled++
		}
	}
	for i, s := range b.searches {
		if half(b.pictures[s.picture].Person) == of {
			continue
		}
		row := slices.Clone(b.table[i])
		for k := range row {
			if !keep[k] {
				row[k] = -1
			}
		}
		j := judge(row, s.picture, s.mate, s.missing)
		if s.mate >= 0 {
			probes = append(probes, j)
		} else {
			strangers = append(strangers, j)
		}
	}
	return probes, strangers, enrolled
}

// strata measures every value of every label apart, at the last calibrated
// threshold; the quality that the live rule looks at is always one.
func (b *bench) strata(points []Point) []Layer {
	tau := float32(-2)
	for _, p := range points {
		if p.Calibrated != nil {
			tau = p.Calibrated.Threshold
			break
		}
	}
	if tau < -1 {
		return nil
	}
	type key struct{ label, value string }
	probes, strangers := map[key][]search{}, map[key][]search{}
	add := func(m map[key][]search, s search) {
		for l, v := range b.pictures[s.picture].Labels {
			m[key{l, v}] = append(m[key{l, v}], s)
		}
		q := key{"quality", b.quality(s)}
		m[q] = append(m[q], s)
	}
	for _, s := range b.probes() {
		add(probes, s)
	}
	for _, s := range b.strangers() {
		add(strangers, s)
	}
	keys := make([]key, 0, len(probes))
	for k := range probes {
		keys = append(keys, k)
	}
	for k := range strangers {
		if _, ok := probes[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y key) int { return cmp.Or(cmp.Compare(x.label, y.label), cmp.Compare(x.value, y.value)) })
	var out []Layer
	for _, k := range keys {
		a := b.at(tau, probes[k], strangers[k])
		out = append(out, Layer{Label: k.label, Value: k.value, Threshold: tau, FNIR: a.FNIR, FPIR: a.FPIR})
	}
	return out
}

// quality is a stratum by the measure that the live rule asks for.
func (b *bench) quality(s search) string {
	q, least := b.f.quality[s.picture], b.o.Rules.Quality
	word := strconv.FormatFloat(float64(least), 'f', 2, 32)
	switch {
	case s.missing:
		return "no face"
	case q < least:
		return fmt.Sprintf("below %s: not embedded live", word)
	}
	return fmt.Sprintf("from %s: embedded live", word)
}

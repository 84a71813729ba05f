package match

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
)

// search is the outcome of looking for one picture among the enrolled. It holds
// scores only.
type search struct {
	picture int
	mate    int     // index of the right person; −1 for a stranger
	first   int     // nearest person
	score   float32 // of the nearest person
	second  float32 // of the next
	mated   float32 // of the right person
	rank    int     // how many people were nearer than the right one
	missing bool    // no face
}

// bench holds the searches of one set.
type bench struct {
	pictures []Picture
	f        *Faces
	s        split
	o        Options
	// row of scores by person for each probe and stranger, so that smaller
	// galleries can be drawn without comparing again.
	table    [][]float32
	searches []search
	failed   int // people of whom no picture could be enrolled
}

func newBench(pictures []Picture, f *Faces, s split, o Options) *bench {
	b := &bench{pictures: pictures, f: f, s: s, o: o}
	person := map[string]int{}
	for i, n := range s.people {
		person[n] = i
	}
	enrolled := make([]bool, len(s.people))
	for _, e := range s.enrolled {
		if f.found[e] {
			enrolled[person[pictures[e].Person]] = true
		}
	}
	for _, ok := range enrolled {
		if !ok {
			b.failed++
		}
	}
	add := func(i, mate int) {
		row := make([]float32, len(s.people))
		for k := range row {
			row[k] = -1
		}
		for _, e := range s.enrolled {
			if k := person[pictures[e].Person]; f.found[e] && f.found[i] {
				row[k] = max(row[k], f.cosine(i, e))
			}
		}
		b.table = append(b.table, row)
		b.searches = append(b.searches, judge(row, i, mate, !f.found[i]))
	}
	for _, i := range s.probes {
		add(i, person[pictures[i].Person])
	}
	for _, i := range s.strangers {
		add(i, -1)
	}
	return b
}

func judge(row []float32, picture, mate int, missing bool) search {
	s := search{picture: picture, mate: mate, first: -1, score: -1, second: -1, mated: -1, missing: missing}
	for k, v := range row {
		if v > s.score {
			s.first, s.score, s.second = k, v, s.score
		} else if v > s.second {
			s.second = v
		}
	}
	if mate >= 0 {
		s.mated = row[mate]
		for k, v := range row {
			if k != mate && v >= s.mated {
				s.rank++
			}
		}
	}
	return s
}

// probes are the searches of people who are enrolled.
func (b *bench) probes() []search { return b.searches[:len(b.s.probes)] }

// strangers are the others.
func (b *bench) strangers() []search { return b.searches[len(b.s.probes):] }

func (b *bench) closed() *Closed {
	c := &Closed{Enrolled: len(b.s.people)}
	r1, r5 := 0, 0
	for _, s := range b.probes() {
		if s.missing || s.rank > 0 {
			r1++
		}
		if s.missing || s.rank > 4 {
			r5++
		}
	}
	c.Rank1, c.Rank5 = NewRate(r1, len(b.probes())), NewRate(r5, len(b.probes()))
	return c
}

// ahead is the lead that the live rule looks at: over the second best, or over
// 0 when that is lower.
func (s search) ahead() float32 { return s.score - max(s.second, 0) }

// at counts what a threshold gives over some searches.
func (b *bench) at(tau float32, probes, strangers []search) At {
	a := At{Threshold: tau}
	margin := b.o.Rules.Margin
	var fn, fnLive, mis, misLive, fp, fpLive int
	for _, s := range probes {
		hit := !s.missing && s.score >= tau
		right := hit && s.rank == 0
		if !right {
			fn++
		}
		if !right || s.ahead() < margin {
			fnLive++
		}
		if hit && s.first != s.mate {
			mis++
			if s.ahead() >= margin {
				misLive++
			}
		}
	}
	for _, s := range strangers {
		if !s.missing && s.score >= tau {
			fp++
			if s.ahead() >= margin {
				fpLive++
			}
		}
	}
	n, m := len(probes), len(strangers)
	a.FNIR, a.FNIRLive = NewRate(fn, n), NewRate(fnLive, n)
	a.Mistaken, a.MistakenLive = NewRate(mis, n), NewRate(misLive, n)
	a.FPIR, a.FPIRLive = NewRate(fp, m), NewRate(fpLive, m)
	return a
}

func (b *bench) open() *Open {
	names := map[string]bool{}
	for _, i := range b.s.strangers {
		names[b.pictures[i].Person] = true
	}
	o := &Open{
		Enrolled: len(b.s.people) - b.failed, Failed: b.failed, Probes: len(b.s.probes),
		Strangers: len(names), Searches: len(b.s.strangers), Margin: b.o.Rules.Margin,
	}
	for _, e := range b.s.enrolled {
		if b.f.found[e] {
			o.Templates++
		}
	}
	for _, fpir := range b.o.FPIR {
		o.Points = append(o.Points, b.point(fpir))
	}
	o.DET = b.det()
	o.Sizes = b.sizes()
	o.Cross = b.crossed()
	o.Strata = b.strata(o.Points)
	return o
}

func (b *bench) point(fpir float64) Point {
	p := Point{FPIR: fpir, Measured: b.at(b.hindsight(fpir), b.probes(), b.strangers())}
	n := len(b.s.people)
	tau, err := b.o.Calibration.Threshold(n, fpir)
	if err != nil {
		p.Reason = err.Error()
		return p
	}
	a := b.at(tau, b.probes(), b.strangers())
	a.Extrapolated = n > b.o.Calibration.Measured(fpir)
	p.Calibrated = &a
	return p
}

// hindsight is the least threshold at which the strangers of this set are taken
// for somebody no more often than stated.
func (b *bench) hindsight(fpir float64) float32 {
	scores := scoresOf(b.strangers())
	slices.SortFunc(scores, func(x, y float32) int { return cmp.Compare(y, x) })
	k := int(fpir * float64(len(scores)))
	if k >= len(scores) {
		return -1
	}
	return next(scores[k])
}

func scoresOf(list []search) []float32 {
	out := make([]float32, 0, len(list))
	for _, s := range list {
		if s.missing {
			out = append(out, -1)
			continue
		}
		out = append(out, s.score)
	}
	return out
}

// det is the curve: one step for every score at which something changes, thinned
// to what a plot can show.
func (b *bench) det() []Step {
	scores := append(scoresOf(b.strangers()), scoresOf(b.probes())...)
	slices.Sort(scores)
	scores = slices.Compact(scores)
	const most = 400
	var out []Step
	last := [2]int{-1, -1}
	for i, tau := range scores {
		if len(scores) > most && i%(len(scores)/most+1) != 0 && i < len(scores)-60 {
			continue // but the tail, where rates are small, in full
		}
		a := b.at(tau, b.probes(), b.strangers())
		if now := [2]int{a.FPIR.Errors, a.FNIR.Errors}; now != last {
			out, last = append(out, Step{tau, a.FPIR, a.FNIR}), now
		}
	}
	return out
}

// draws is how many galleries of one size are drawn.
const draws = 20

// sizes checks the promise of the calibrated thresholds on galleries drawn from
// the enrolled, always in the same way.
func (b *bench) sizes() []Size {
	var out []Size
	r := rand.New(rand.NewPCG(1, 158)) //nolint:gosec // a repeatable draw
	for _, n := range []int{1, 10, 50, len(b.s.people)} {
		for _, fpir := range b.o.FPIR {
			tau, err := b.o.Calibration.Threshold(n, fpir)
			if err != nil || n > len(b.s.people) {
				continue
			}
			s := Size{People: n, Stated: fpir, Threshold: tau, Galleries: draws}
			if n == len(b.s.people) {
				s.Galleries = 1
			}
			hits, trials := 0, 0
			for range s.Galleries {
				people := r.Perm(len(b.s.people))[:n]
				for i := range b.strangers() {
					row := b.table[len(b.s.probes)+i]
					trials++
					if slices.ContainsFunc(people, func(k int) bool { return row[k] >= tau }) {
						hits++
					}
				}
			}
			s.FPIR = NewRate(hits, trials)
			out = append(out, s)
		}
	}
	return out
}

// half puts a person into one of two halves, for good.
func half(person string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(person))
	return int(h.Sum32()>>7) & 1
}

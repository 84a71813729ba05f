package search

import "slices"

// block is how many rows the first pass takes at a time: 256 KiB of them, which
// stay in the second-level cache for all queries of a batch.
const block = 1024

// few is the number of rows up to which a plain loop is as fast.
const few = 64

// slack covers what float32 arithmetic may lose: the exact score's own rounding
// is at most 36·2⁻²⁴ for rows of length 1, that of the coarse one less.
const slack = 2e-5

// Best looks at the rows of the spans and at no others. groups[i] says whose
// row i is; rows of one group must be consecutive. It returns the best row, the
// first of equal ones, and the best score of any other group.
func (x *Index) Best(q *Query, groups []int32, spans []Span) Result {
	var r [1]Result
	x.BestOf([]*Query{q}, groups, spans, r[:])
	return r[0]
}

// BestOf is Best for many queries, reading each row once for all of them. out
// has one result for each query.
func (x *Index) BestOf(qs []*Query, groups []int32, spans []Span, out []Result) {
	_, _ = groups[:x.Len()], out[:len(qs)]
	n := 0
	for _, s := range spans {
		n += s.To - s.From
	}
	if n <= few {
		for i, q := range qs {
			out[i] = x.plain(&q.V, groups, spans)
		}
		return
	}
	for len(qs) > 0 {
		k := min(len(qs), batch)
		x.many(qs[:k], groups, spans, n, out[:k])
		qs, out = qs[k:], out[k:]
	}
}

// batch is how many queries go through the rows together.
const batch = 16

// finalist is a row that may still be among the best.
type finalist struct {
	row   int32
	upper float32
}

// sieve keeps one query's finalists. lower is a score that at least two groups
// are known to reach, so that whatever cannot reach it is of no account.
type sieve struct {
	first, lower float32 // of the best group, and of the best other one
	group        int32
	list         []finalist
}

func (x *Index) many(qs []*Query, groups []int32, spans []Span, n int, out []Result) {
	var (
		scores [lanes * block]int32
		sieves [batch]sieve
	)
	for i, q := range qs {
		q.prepare()
		sieves[i] = sieve{first: -2, lower: -2, group: -1, list: make([]finalist, 0, 256)}
	}
	for _, s := range spans {
		for from := s.From; from < s.To; from += block {
			m := min(block, s.To-from)
			for k := 0; k < len(qs); k += lanes {
				l := min(lanes, len(qs)-k)
				coarse(x.coarse[from*Dim:], m, qs[k:k+l], scores[:])
				for j := range l {
					x.sift(&sieves[k+j], qs[k+j], groups, from, scores[j*m:(j+1)*m])
				}
			}
		}
	}
	for i, q := range qs {
		out[i] = x.finish(&sieves[i], q, groups)
		out[i].Compared = n
	}
}

// sift takes the coarse scores of the rows from from on.
func (x *Index) sift(s *sieve, q *Query, groups []int32, from int, scores []int32) {
	// |score − coarse| ≤ |q|·|row's miss| + |q's miss|·|coarse row|.
	rest := q.miss*x.whole*(1+1e-5) + slack
	scale, miss := x.scale[from:from+len(scores)], x.miss[from:from+len(scores)]
	for i, v := range scores {
		near := float32(v) * scale[i] * q.scale
		e := q.length*miss[i] + rest
		if near+e < s.lower {
			continue
		}
		row := from + i
		if len(s.list) == cap(s.list) {
			s.prune()
		}
		s.list = append(s.list, finalist{int32(row), near + e}) //nolint:gosec // a gallery is far smaller
		switch low, g := near-e, groups[row]; {
		case low > s.first:
			if g != s.group {
				s.lower, s.group = s.first, g
			}
			s.first = low
		case low > s.lower && g != s.group:
			s.lower = low
		}
	}
}

// prune drops what has been ruled out since.
func (s *sieve) prune() {
	keep := s.list[:0]
	for _, f := range s.list {
		if f.upper >= s.lower {
			keep = append(keep, f)
		}
	}
	s.list = keep
	if 2*len(keep) > cap(keep) { // lest it be pruned again at every row
		s.list = slices.Grow(keep, cap(keep))
	}
}

// finish scores the finalists in full. They are in order of rows.
func (x *Index) finish(s *sieve, q *Query, groups []int32) Result {
	s.prune()
	f := fold{Result: none()}
	for _, c := range s.list {
		i := int(c.row)
		f.add(i, groups[i], Dot(q.V[:], x.Row(i)))
	}
	return f.done()
}

// Among scores the given rows in full and no others. They must be in order, each
// once; every row of a group whose score may matter must be among them.
func (x *Index) Among(q *Query, groups []int32, rows []int32) Result {
	f := fold{Result: none()}
	for _, r := range rows {
		i := int(r)
		f.add(i, groups[i], Dot(q.V[:], x.Row(i)))
	}
	r := f.done()
	r.Compared = x.Len()
	return r
}

// plain is the loop that everything else is measured by.
func (x *Index) plain(v *[Dim]float32, groups []int32, spans []Span) Result {
	f := fold{Result: none()}
	n := 0
	for _, s := range spans {
		for i := s.From; i < s.To; i++ {
			f.add(i, groups[i], Dot(v[:], x.Row(i)))
		}
		n += s.To - s.From
	}
	r := f.done()
	r.Compared = n
	return r
}

func none() Result { return Result{Row: -1, Score: -1, Second: -1} }

// fold gathers scores, rows of one group after the other.
type fold struct {
	Result
	open   bool // a group is being gathered
	now    int32
	row    int
	best   float32
	scored int
}

func (f *fold) add(row int, group int32, score float32) {
	f.scored++
	if f.open && group == f.now {
		if score > f.best {
			f.best, f.row = score, row
		}
		return
	}
	f.close()
	f.open, f.now, f.row, f.best = true, group, row, score
}

// close takes the group that was gathered into the result.
func (f *fold) close() {
	switch {
	case !f.open:
	case f.best > f.Score || f.Row < 0:
		f.Second, f.Score, f.Row = f.Score, f.best, f.row
	case f.best > f.Second:
		f.Second = f.best
	}
}

func (f *fold) done() Result {
	f.close()
	f.open = false
	f.Rescored = f.scored
	return f.Result
}

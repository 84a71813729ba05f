package writer

import (
	"cmp"
	"slices"
)

// Gap is a run of missing numbers, both ends included. Lists of them are
// ascending and apart.
type Gap struct{ First, Last uint64 }

// without takes the numbers first to last out of a list of gaps.
func without(gaps []Gap, first, last uint64) []Gap {
	i, _ := slices.BinarySearchFunc(gaps, first, func(g Gap, n uint64) int { return cmp.Compare(g.Last, n) })
	if i == len(gaps) || gaps[i].First > last {
		return gaps
	}
	out := slices.Clone(gaps[:i])
	for _, g := range gaps[i:] {
		if g.First < first && g.First <= g.Last {
			out = append(out, Gap{g.First, min(g.Last, first-1)})
		}
		if g.Last > last {
			out = append(out, Gap{max(g.First, last+1), g.Last})
		}
	}
	return out
}

// both returns the numbers that are in a and in b.
func both(a, b []Gap) []Gap {
	var out []Gap
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if lo, hi := max(a[i].First, b[j].First), min(a[i].Last, b[j].Last); lo <= hi {
			out = append(out, Gap{lo, hi})
		}
		if a[i].Last < b[j].Last {
			i++
		} else {
			j++
		}
	}
	return out
}

// join returns the numbers that are in a or in b.
func join(a, b []Gap) []Gap {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y Gap) int { return cmp.Compare(x.First, y.First) })
	var out []Gap
	for _, g := range all {
		if k := len(out); k > 0 && g.First <= out[k-1].Last+1 {
			out[k-1].Last = max(out[k-1].Last, g.Last)
			continue
		}
		out = append(out, g)
	}
	return out
}

func size(gaps []Gap) uint64 {
	var n uint64
	for _, g := range gaps {
		n += g.Last - g.First + 1
	}
	return n
}

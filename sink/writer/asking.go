package writer

import "time"

// asking is which of a chain's gaps have been asked for, and when that is to be
// done next.
type asking struct {
	asked []Gap         // of these, what is still missing is under way
	open  uint64        // how many numbers that was when last looked
	fresh time.Time     // when to ask for what was not asked for yet; zero: there is none
	again time.Time     // when to ask again for what does not come
	wait  time.Duration // from then to the next time
}

const (
	// perRequest bounds the requests of one chain that are under way, so that an
	// edge that comes back after long is not flooded.
	perRequest = 16
	// perGap bounds the numbers of one request. Edges refuse more than a million.
	perGap = 100_000
)

// due notes that there is a gap that was not there before. Its events may still
// be under way, so it is asked for after a while.
func (a *asking) due(now time.Time, o *Options) {
	if a.fresh.IsZero() {
		a.fresh = now.Add(o.Grace)
	}
}

// requests returns what to ask for now of what is missing: gaps that are new,
// as many as may be under way at once, and those again that were asked for and
// do not come. While anything comes, nothing is asked for twice.
func (a *asking) requests(now time.Time, missing []Gap, o *Options) []Gap {
	under := both(a.asked, missing)
	if n := size(under); n < a.open || a.wait == 0 {
		a.open, a.wait = n, max(o.Grace, time.Second)
		a.again = now.Add(a.wait)
	}
	var out []Gap
	if len(under) > 0 && !now.Before(a.again) {
		out = append(out, pieces(under, perRequest)...)
		a.wait = min(2*a.wait, o.AskEvery)
		a.again = now.Add(a.wait)
	}
	a.asked = under
	if len(missing) == 0 {
		a.fresh = time.Time{}
	}
	if a.fresh.IsZero() || now.Before(a.fresh) {
		return out
	}
	rest := missing
	for _, g := range under {
		rest = without(rest, g.First, g.Last)
	}
	fresh := pieces(rest, perRequest-len(pieces(under, perRequest)))
	if len(under) == 0 && len(fresh) > 0 {
		a.wait = max(o.Grace, time.Second)
		a.again = now.Add(a.wait)
	}
	a.asked = join(a.asked, fresh)
	a.open = size(a.asked)
	if size(fresh) == size(rest) {
		a.fresh = time.Time{}
	}
	return append(out, fresh...)
}

// pieces cuts the first gaps into at most n requests.
func pieces(gaps []Gap, n int) []Gap {
	var out []Gap
	for _, g := range gaps {
		for ; len(out) < n && g.First <= g.Last; g.First += perGap {
			out = append(out, Gap{g.First, min(g.Last, g.First+perGap-1)})
		}
	}
	return out
}

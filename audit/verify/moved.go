package verify

import "bystander/internal/event"

// maxMoved bounds the rows that are remembered to find where they belong.
const maxMoved = 256

// moves are rows with a genuine hash and signature whose content does not fit:
// altered in place, or standing at another number.
type moves struct {
	runs []movedRun
	rows []*event.Event // that belong nowhere near
	more uint64         // such rows beyond maxMoved
	last uint64
}

// movedRun is rows that stand side by side, each by numbers from its place.
type movedRun struct {
	from, to uint64
	by       int64
}

// add takes a row whose hash was signed by the edge but does not fit its
// content.
func (m *moves) add(e *event.Event) {
	for _, by := range []int64{1, -1, 2, -2, 3, -3, 4, -4} {
		home := int64(e.Seq) + by //nolint:gosec // numbers stay below 1<<63
		if home <= 0 || !belongs(e, uint64(home)) {
			continue
		}
		if n := len(m.runs); n > 0 && m.runs[n-1].by == by && m.runs[n-1].to+1 == e.Seq {
			m.runs[n-1].to = e.Seq
		} else {
			m.runs = append(m.runs, movedRun{e.Seq, e.Seq, by})
		}
		return
	}
	if m.last = e.Seq; len(m.rows) == maxMoved {
		m.more++
		return
	}
	m.rows = append(m.rows, e)
}

// in tells whether a row between from and to was moved or altered.
func (m *moves) in(from, to uint64) bool {
	for _, r := range m.runs {
		if r.from <= to && r.to >= from {
			return true
		}
	}
	for _, e := range m.rows {
		if e.Seq >= from && e.Seq <= to {
			return true
		}
	}
	return false
}

// belongs tells whether e's hash is right at another number.
func belongs(e *event.Event, seq uint64) bool {
	c := *e
	c.Seq = seq
	h, err := c.Hash()
	return err == nil && h == e.RowHash
}

// settleMoves says where each such row belongs.
func (k *check) settleMoves() {
	at := map[uint64]uint64{} // from where a row stands to where it belongs
	for _, r := range k.moved.runs {
		if r.from == r.to {
			at[r.from] = uint64(int64(r.from) + r.by) //nolint:gosec // positive, as add found
		}
	}
	for i, e := range k.moved.rows {
		for j, other := range k.moved.rows {
			if i != j && belongs(e, other.Seq) {
				at[e.Seq] = other.Seq
			}
		}
	}
	for _, r := range k.moved.runs {
		switch home := at[r.from]; {
		case home != 0 && at[home] == r.from:
			k.swapped(r.from, home)
		case r.by > 0:
			k.find(Dropped, r.from, r.to, "%d rows are gone here, and what follows was numbered anew, %d lower", r.by, r.by)
		default:
			k.find(Swapped, r.from, r.to, "rows stand here that belong %d numbers before", -r.by)
		}
	}
	for _, e := range k.moved.rows {
		switch home := at[e.Seq]; {
		case home == 0:
			k.find(Altered, e.Seq, e.Seq, "the content was changed: it no longer gives the hash that this edge signed")
		case at[home] == e.Seq:
			k.swapped(e.Seq, home)
		default:
			k.find(Swapped, e.Seq, e.Seq, "the row of number %d stands here", home)
		}
	}
	if k.moved.more > 0 {
		k.find(Altered, k.moved.last, k.moved.last, "and %d more rows before it do not give the hash that this edge signed", k.moved.more-1)
	}
}

func (k *check) swapped(seq, home uint64) {
	k.find(Swapped, seq, seq, "it and number %d stand in each other's place", home)
}

package spool

import (
	"fmt"
	"sort"
	"time"
)

// marks remember when which number was stored, coarsely, to tell how long the
// oldest unacknowledged event has waited.
type marks []mark

type mark struct {
	seq uint64 // stored at at or later
	at  time.Time
}

// markEvery and maxMarks bound them: one a second, and when there are too many
// every other one is given up.
const (
	markEvery = time.Second
	maxMarks  = 4096
)

func (m *marks) add(seq uint64, at time.Time) {
	if n := len(*m); n > 0 && at.Sub((*m)[n-1].at) < markEvery && !at.Before((*m)[n-1].at) {
		return
	}
	if len(*m) >= maxMarks {
		half := (*m)[:0]
		for i := 0; i < len(*m); i += 2 {
			half = append(half, (*m)[i])
		}
		*m = half
	}
	*m = append(*m, mark{seq, at})
}

// stored returns when number seq was stored, or a little before that.
func (m marks) stored(seq uint64) (time.Time, bool) {
	i := sort.Search(len(m), func(i int) bool { return m[i].seq > seq })
	if i == 0 {
		return time.Time{}, false
	}
	return m[i-1].at, true
}

// waiting returns how long the event behind number acked has waited, 0 when
// there is none.
func (s *Spool) waiting(acked uint64) time.Duration {
	if acked >= s.head.Seq {
		return 0
	}
	at, ok := s.marks.stored(acked + 1)
	if !ok { // stored before this process began: its segment's age is the most it can be
		i := s.find(acked + 1)
		if i == len(s.segs) {
			return 0
		}
		at = time.UnixMilli(s.segs[i].created)
	}
	return max(0, s.o.Now().Sub(at))
}

// watchLag raises or clears AlarmLag.
func (s *Spool) watchLag() {
	var worst time.Duration
	name := ""
	for n, c := range s.cursors {
		if w := s.waiting(c.acked); w > worst || w == worst && w > 0 && n < name {
			worst, name = w, n
		}
	}
	if worst > s.o.MaxWait {
		s.raise(AlarmLag, fmt.Errorf("%w: %s has not taken events for %v; see why it does not keep up",
			ErrLag, name, worst.Round(time.Second)))
		return
	}
	s.clear(AlarmLag)
	if all := s.settled(); all >= s.head.Seq && len(s.cursors) > 0 {
		s.marks = s.marks[:0]
	}
}

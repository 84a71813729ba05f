package track

import "math"

// never marks a pair that must not be joined. It outweighs any sum of real
// costs, so that an assignment uses it only where nothing else is left.
const never = 1e6

// solver finds the cheapest one-to-one assignment by shortest augmenting paths
// (Jonker and Volgenant, 1987; here without its start heuristics). It keeps its
// memory from call to call.
type solver struct {
	rows, cols int
	cost       []float64 // rows×cols, set by the caller between size and solve
	toCol      []int     // by row, -1 for none
	toRow      []int     // by column, -1 for none

	u, v, least []float64
	match, way  []int
	done        []bool
}

// size prepares for a problem; every cost is never.
func (s *solver) size(rows, cols int) {
	s.rows, s.cols = rows, cols
	s.cost = grow(s.cost, rows*cols)
	for i := range s.cost {
		s.cost[i] = never
	}
	s.toCol, s.toRow = grow(s.toCol, rows), grow(s.toRow, cols)
	for i := range s.toCol {
		s.toCol[i] = -1
	}
	for i := range s.toRow {
		s.toRow[i] = -1
	}
}

func (s *solver) set(r, c int, cost float64) { s.cost[r*s.cols+c] = cost }
func (s *solver) get(r, c int) float64       { return s.cost[r*s.cols+c] }
func (s *solver) allowed(r, c int) bool      { return s.get(r, c) < never }
func (s *solver) at(i, j int, flip bool) float64 {
	if flip {
		i, j = j, i
	}
	return s.cost[i*s.cols+j]
}

// solve fills toCol and toRow.
func (s *solver) solve() {
	n, m, flip := s.rows, s.cols, s.rows > s.cols
	if flip {
		n, m = m, n
	}
	if n == 0 {
		return
	}
	// One more than needed: index 0 stands for "none yet".
	s.u, s.v, s.least = zero(grow(s.u, n+1)), zero(grow(s.v, m+1)), grow(s.least, m+1)
	s.match, s.way, s.done = zero(grow(s.match, m+1)), zero(grow(s.way, m+1)), grow(s.done, m+1)
	for i := 1; i <= n; i++ {
		s.augment(i, m, flip)
	}
	for j := 1; j <= m; j++ {
		r, c := s.match[j]-1, j-1
		if r < 0 {
			continue
		}
		if flip {
			r, c = c, r
		}
		if s.allowed(r, c) {
			s.toCol[r], s.toRow[c] = c, r
		}
	}
}

// augment gives line i a partner by the shortest alternating path.
func (s *solver) augment(i, m int, flip bool) {
	s.match[0] = i
	for j := range s.least[:m+1] {
		s.least[j], s.done[j] = math.Inf(1), false
	}
	j0 := 0
	for {
		s.done[j0] = true
		i0, j1, delta := s.match[j0], 0, math.Inf(1)
		for j := 1; j <= m; j++ {
			if s.done[j] {
				continue
			}
			if c := s.at(i0-1, j-1, flip) - s.u[i0] - s.v[j]; c < s.least[j] {
				s.least[j], s.way[j] = c, j0
			}
			if s.least[j] < delta {
				delta, j1 = s.least[j], j
			}
		}
		for j := 0; j <= m; j++ {
			if s.done[j] {
				s.u[s.match[j]] += delta
				s.v[j] -= delta
			} else {
				s.least[j] -= delta
			}
		}
		if j0 = j1; s.match[j0] == 0 {
			break
		}
	}
	for j0 != 0 {
		j1 := s.way[j0]
		s.match[j0] = s.match[j1]
		j0 = j1
	}
}

// grow returns a slice of n elements with unspecified content.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2+8)
	}
	return s[:n]
}

func zero[T any](s []T) []T {
	clear(s)
	return s
}

package policy

import (
	"fmt"
	"math"
)

// leastArea is the least part of its frame that an outline may enclose.
const leastArea = 1e-6

// CheckOutline reports whether the corners are a simple outline inside a frame
// of w×h: 3 to 256 corners, each inside, no edge that touches another than its
// neighbours at their common corner, and some area. The error says which corner
// or edge is at fault.
func CheckOutline(pts [][2]float32, w, h float32) error {
	if len(pts) < 3 || len(pts) > maxCorners {
		return fmt.Errorf("%d corners; an outline has 3 to %d", len(pts), maxCorners)
	}
	var area float64
	for i, p := range pts {
		if !(p[0] >= 0 && p[0] <= w && p[1] >= 0 && p[1] <= h) {
			return fmt.Errorf("corner %d (%v, %v) lies outside the frame of %v×%v", i, p[0], p[1], w, h)
		}
		q := pts[(i+1)%len(pts)]
		if p == q {
			return fmt.Errorf("corner %d is the same as the next", i)
		}
		area += float64(p[0])*float64(q[1]) - float64(q[0])*float64(p[1])
	}
	if i, j, ok := crossing(pts); ok {
		return fmt.Errorf("the outline crosses itself: the edges after corners %d and %d touch", i, j)
	}
	if math.Abs(area)/2 < leastArea*float64(w)*float64(h) {
		return fmt.Errorf("the outline encloses no area")
	}
	return nil
}

// crossing returns two edges that touch although they may not.
func crossing(pts [][2]float32) (i, j int, ok bool) {
	n := len(pts)
	for i := range n {
		a, b := pts[i], pts[(i+1)%n]
		for j := i + 1; j < n; j++ {
			c, d := pts[j], pts[(j+1)%n]
			switch {
			case j == i+1: // b is c: they may meet there only
				if folds(a, b, d) {
					return i, j, true
				}
			case (j+1)%n == i: // d is a
				if folds(c, a, b) {
					return i, j, true
				}
			case touch(a, b, c, d):
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// folds reports whether the edge b–c runs back along the edge a–b.
func folds(a, b, c [2]float32) bool {
	return turn(a, b, c) == 0 &&
		(float64(a[0])-float64(b[0]))*(float64(c[0])-float64(b[0]))+(float64(a[1])-float64(b[1]))*(float64(c[1])-float64(b[1])) > 0
}

// turn is the sign of the turn at b on the way from a to c, 0 when straight.
func turn(a, b, c [2]float32) int {
	v := (float64(b[0])-float64(a[0]))*(float64(c[1])-float64(a[1])) - (float64(b[1])-float64(a[1]))*(float64(c[0])-float64(a[0]))
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// touch reports whether the segments a–b and c–d share a point.
func touch(a, b, c, d [2]float32) bool {
	abc, abd, cda, cdb := turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
	if abc != abd && cda != cdb {
		return true
	}
	return abc == 0 && between(a, b, c) || abd == 0 && between(a, b, d) ||
		cda == 0 && between(c, d, a) || cdb == 0 && between(c, d, b)
}

// between reports whether p, on the line through a and b, lies between them.
func between(a, b, p [2]float32) bool {
	return min(a[0], b[0]) <= p[0] && p[0] <= max(a[0], b[0]) && min(a[1], b[1]) <= p[1] && p[1] <= max(a[1], b[1])
}

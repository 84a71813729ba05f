package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/policy"
)

func TestOutlines(t *testing.T) {
	for _, c := range []struct {
		name string
		pts  [][2]float32
		want string // empty: a good outline
	}{
		{"triangle", [][2]float32{{0, 0}, {1, 0}, {0, 1}}, ""},
		{"concave", [][2]float32{{0, 0}, {1, 0}, {1, 1}, {0.5, 0.5}, {0, 1}}, ""},
		{"a corner on a straight edge", [][2]float32{{0, 0}, {0.5, 0}, {1, 0}, {1, 1}, {0, 1}}, ""},
		{"two corners", [][2]float32{{0, 0}, {1, 1}}, "2 corners"},
		{"outside", [][2]float32{{0, 0}, {1.1, 0}, {0, 1}}, "corner 1 (1.1, 0) lies outside"},
		{"doubled corner", [][2]float32{{0, 0}, {0, 0}, {1, 0}, {0, 1}}, "corner 0 is the same"},
		{"line", [][2]float32{{0, 0}, {0.5, 0.5}, {1, 1}}, "crosses itself"},
		{"bow tie", [][2]float32{{0, 0}, {1, 1}, {1, 0}, {0, 1}}, "crosses itself"},
		{"spike", [][2]float32{{0, 0}, {1, 0}, {0.5, 0}, {0.5, 1}}, "crosses itself"},
		{"a corner touches an edge", [][2]float32{{0, 0}, {1, 0}, {1, 1}, {0.5, 0}, {0, 1}}, "crosses itself"},
		{"sliver", [][2]float32{{0, 0}, {1, 0}, {1, 1e-7}}, "no area"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := policy.CheckOutline(c.pts, 1, 1)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Whatever the corners, the verdict does not depend on where the list begins or
// which way round it runs.
func TestOutlineVerdictIsOfTheShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		corner := rapid.Custom(func(t *rapid.T) [2]float32 {
			return [2]float32{float32(rapid.IntRange(0, 6).Draw(t, "x")) / 6, float32(rapid.IntRange(0, 6).Draw(t, "y")) / 6}
		})
		pts := rapid.SliceOfN(corner, 3, 7).Draw(t, "pts")
		want := policy.CheckOutline(pts, 1, 1) == nil
		turned := append(append([][2]float32{}, pts[1:]...), pts[0])
		back := make([][2]float32, 0, len(pts))
		for i := range pts {
			back = append(back, pts[len(pts)-1-i])
		}
		if (policy.CheckOutline(turned, 1, 1) == nil) != want || (policy.CheckOutline(back, 1, 1) == nil) != want {
			t.Fatalf("%v", pts)
		}
	})
}

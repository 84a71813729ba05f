package geom_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/geom"
)

func TestBox(t *testing.T) {
	b := geom.Box{X0: 0, Y0: 0, X1: 4, Y1: 2}
	c := geom.Box{X0: 2, Y0: 0, X1: 6, Y1: 2}
	require.InDelta(t, 4.0/12, b.IoU(c), 1e-6)
	require.InDelta(t, 0.5, b.Covers(c), 1e-6)
	require.Equal(t, geom.Box{X0: 0, Y0: 0, X1: 6, Y1: 2}, b.Union(c))
	require.Equal(t, b, b.Union(geom.Box{}))
	require.Equal(t, geom.Box{X0: 1, Y0: 0, X1: 5, Y1: 2}, b.Lerp(c, 0.5))
	require.True(t, geom.Box{X0: 3, X1: 1, Y1: 1}.Empty())
	nan := float32(math.NaN())
	require.True(t, geom.Box{X0: nan, X1: 1, Y1: 1}.Empty())
	require.False(t, geom.Box{X0: nan}.Finite())
	require.False(t, geom.Box{X1: float32(math.Inf(1))}.Finite())
}

func TestPolygon(t *testing.T) {
	// A square with a notch cut in from the top.
	g := geom.Polygon{{X: 0, Y: 0}, {X: 4, Y: 0}, {X: 5, Y: 6}, {X: 6, Y: 0}, {X: 10, Y: 0}, {X: 10, Y: 10}, {X: 0, Y: 10}}
	require.True(t, g.Contains(geom.Point{X: 1, Y: 1}))
	require.False(t, g.Contains(geom.Point{X: 5, Y: 1}))
	require.True(t, g.ContainsBox(geom.Box{X0: 1, Y0: 7, X1: 9, Y1: 9}))
	require.False(t, g.ContainsBox(geom.Box{X0: 1, Y0: 1, X1: 9, Y1: 9}), "the notch enters the box")
	require.False(t, g.ContainsBox(geom.Box{}), "an empty box lies nowhere")
	require.True(t, g.TouchesBox(geom.Box{X0: 9, Y0: 9, X1: 12, Y1: 12}))
	require.False(t, g.TouchesBox(geom.Box{X0: 11, Y0: 9, X1: 12, Y1: 12}))
	require.True(t, g.TouchesBox(geom.Box{X0: -5, Y0: -5, X1: 15, Y1: 15}))
	require.Equal(t, geom.Box{X0: 0, Y0: 0, X1: 10, Y1: 10}, g.Bounds())
	require.False(t, geom.Polygon{{X: 0, Y: 0}, {X: 1, Y: 1}}.ContainsBox(geom.Box{X1: 1, Y1: 1}))
}

func TestBoxInPolygonAgreesWithSampling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pt := rapid.Custom(func(t *rapid.T) geom.Point {
			return geom.Point{X: float32(rapid.IntRange(0, 40).Draw(t, "x")), Y: float32(rapid.IntRange(0, 40).Draw(t, "y"))}
		})
		g := geom.Polygon(rapid.SliceOfN(pt, 3, 6).Draw(t, "polygon"))
		p, q := pt.Draw(t, "p"), pt.Draw(t, "q")
		b := geom.Box{X0: min(p.X, q.X), Y0: min(p.Y, q.Y), X1: max(p.X, q.X), Y1: max(p.Y, q.Y)}
		if b.Empty() || !g.ContainsBox(b) {
			return
		}
		for i := range 9 {
			for j := range 9 {
				s := geom.Point{X: b.X0 + b.W()*(float32(i)+0.37)/9, Y: b.Y0 + b.H()*(float32(j)+0.41)/9}
				if !g.Contains(s) {
					t.Fatalf("%v is in %v, which %v claims to contain", s, b, g)
				}
			}
		}
	})
}

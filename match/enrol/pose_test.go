package enrol_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/geom"
	"bystander/match/enrol"
)

// solid is the head of the landmarks in space; see enrol.AnglesOf.
var solid = [5][3]float64{
	{0.31557, 0.46157, 0},
	{0.68262, 0.46157, 0},
	{0.50026, 0.672, 0.16},
	{0.34947, 0.82469, 0.02},
	{0.65344, 0.82469, 0.02},
}

// turned projects the head turned by yaw, then pitch, then roll, in degrees.
func turned(yaw, pitch, roll, scale float64) (out [5]geom.Point) {
	sin := func(d float64) float64 { return math.Sin(d * math.Pi / 180) }
	cos := func(d float64) float64 { return math.Cos(d * math.Pi / 180) }
	for i, p := range solid {
		x, y, z := p[0]-0.5, p[1]-0.6, p[2]
		x, z = x*cos(yaw)+z*sin(yaw), z*cos(yaw)-x*sin(yaw)
		y, z = y*cos(pitch)+z*sin(pitch), z*cos(pitch)-y*sin(pitch)
		x, y = x*cos(roll)-y*sin(roll), x*sin(roll)+y*cos(roll)
		_ = z
		out[i] = geom.Point{X: float32(200 + scale*x), Y: float32(150 + scale*y)}
	}
	return out
}

// proves: B-34
func TestAnglesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		yaw := rapid.Float64Range(-40, 40).Draw(t, "yaw")
		pitch := rapid.Float64Range(-35, 35).Draw(t, "pitch")
		scale := rapid.Float64Range(60, 800).Draw(t, "scale")
		a, ok := enrol.AnglesOf(turned(yaw, 0, 0, scale))
		require.True(t, ok)
		require.InDelta(t, yaw, a.Yaw, 1)
		require.InDelta(t, 0, a.Pitch, 1)
		a, ok = enrol.AnglesOf(turned(0, pitch, 0, scale))
		require.True(t, ok)
		require.InDelta(t, pitch, a.Pitch, 1)
		require.InDelta(t, 0, a.Yaw, 1)
		roll := rapid.Float64Range(-60, 60).Draw(t, "roll")
		a, ok = enrol.AnglesOf(turned(0, 0, roll, scale))
		require.True(t, ok)
		require.InDelta(t, roll, a.Roll, 1)
		// A mirrored face is turned the other way.
		lm := turned(yaw, pitch, 0, scale)
		mirrored := [5]geom.Point{lm[1], lm[0], lm[2], lm[4], lm[3]}
		for i := range mirrored {
			mirrored[i].X = 400 - mirrored[i].X
		}
		a, _ = enrol.AnglesOf(lm)
		b, _ := enrol.AnglesOf(mirrored)
		require.InDelta(t, -a.Yaw, b.Yaw, 1.5)
		require.InDelta(t, a.Pitch, b.Pitch, 1.5)
	})
}

func TestNoHead(t *testing.T) {
	nan := float32(math.NaN())
	for name, lm := range map[string][5]geom.Point{
		"one point": {},
		"a line":    {{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 2, Y: 0}, {X: 3, Y: 0}, {X: 4, Y: 0}},
		"NaN":       {{X: nan}, {X: 1}, {X: 2}, {X: 3}, {X: 4}},
	} {
		_, ok := enrol.AnglesOf(lm)
		require.False(t, ok, name)
	}
}

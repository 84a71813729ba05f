package enrol

import (
	"math"

	"bystander/internal/geom"
)

// Angles is how a head is turned, in degrees: Yaw to the right of the picture,
// Pitch down, Roll clockwise.
type Angles struct{ Yaw, Pitch, Roll float64 }

// Limits of an enrolment photograph. They are wider than ISO/IEC 39794-5 asks
// of passports, since five landmarks place an angle to some degrees only.
const (
	maxYaw   = 25
	maxPitch = 25
	maxRoll  = 25
)

// head holds the five landmarks of a frontal face in space, in parts of an
// aligned face's side: x to the right, y down, z towards the camera. In the
// plane they are those of match's template, but for the nose, which lies lower
// by what brings the median pitch of LFW's portraits to 0 with YuNet's
// landmarks. The depths are those of an average adult: nose tip some 28 mm and
// mouth corners some 4 mm before the eyes, which lie 63 mm apart.
var head = [5][3]float64{
	{0.31557, 0.46157, 0},
	{0.68262, 0.46157, 0},
	{0.50026, 0.672, 0.16},
	{0.34947, 0.82469, 0.02},
	{0.65344, 0.82469, 0.02},
}

// AnglesOf estimates how the head is turned from the five landmarks: the scaled
// orthographic projection of head that fits them best in the least-squares
// sense (DeMenthon and Davis, 1995, without the perspective step). It reports
// false for landmarks that no head can have.
func AnglesOf(lm [5]geom.Point) (Angles, bool) {
	var x [5][3]float64
	for i, p := range lm {
		x[i] = [3]float64{float64(p.X), float64(p.Y)}
	}
	model, image := centred(head), centred(x)
	var xx [3][3]float64 // model' · model
	var xy [2][3]float64 // image' · model
	for i := range model {
		for a := range 3 {
			for b := range 3 {
				xx[a][b] += model[i][a] * model[i][b]
			}
			xy[0][a] += image[i][0] * model[i][a]
			xy[1][a] += image[i][1] * model[i][a]
		}
	}
	r1, r2 := times(xy[0], inverse(xx)), times(xy[1], inverse(xx))
	n1, n2 := length(r1), length(r2)
	if !(n1 > 1e-9 && n2 > 1e-9) || math.IsInf(n1*n2, 0) {
		return Angles{}, false
	}
	for i := range 3 {
		r1[i], r2[i] = r1[i]/n1, r2[i]/n2
	}
	r3 := [3]float64{r1[1]*r2[2] - r1[2]*r2[1], r1[2]*r2[0] - r1[0]*r2[2], r1[0]*r2[1] - r1[1]*r2[0]}
	deg := func(y, x float64) float64 { return math.Atan2(y, x) * 180 / math.Pi }
	a := Angles{Yaw: deg(r1[2], r3[2]), Pitch: deg(r2[2], r3[2]), Roll: deg(r2[0], r1[0])}
	return a, !math.IsNaN(a.Yaw + a.Pitch + a.Roll)
}

func (a Angles) frontal() bool {
	return math.Abs(a.Yaw) <= maxYaw && math.Abs(a.Pitch) <= maxPitch && math.Abs(a.Roll) <= maxRoll
}

// centred moves points about their mean.
func centred(p [5][3]float64) [5][3]float64 {
	var mean [3]float64
	for i := range p {
		for a := range 3 {
			mean[a] += p[i][a] / 5
		}
	}
	for i := range p {
		for a := range 3 {
			p[i][a] -= mean[a]
		}
	}
	return p
}

func times(v [3]float64, m [3][3]float64) (out [3]float64) {
	for a := range 3 {
		for b := range 3 {
			out[a] += v[b] * m[b][a]
		}
	}
	return out
}

func length(v [3]float64) float64 { return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]) }

// inverse is by the adjugate; head's matrix is well conditioned.
func inverse(m [3][3]float64) (out [3][3]float64) {
	c := func(a, b int) float64 {
		i, j, k, l := (a+1)%3, (a+2)%3, (b+1)%3, (b+2)%3
		return m[i][k]*m[j][l] - m[i][l]*m[j][k]
	}
	det := m[0][0]*c(0, 0) + m[0][1]*c(0, 1) + m[0][2]*c(0, 2)
	for a := range 3 {
		for b := range 3 {
			out[b][a] = c(a, b) / det
		}
	}
	return out
}

package track

import (
	"math"

	"bystander/internal/geom"
)

// axis is a Kalman filter of one coordinate that moves with nearly constant
// velocity (white-noise acceleration). Units: pixels and seconds.
type axis struct {
	x, v          float64
	pxx, pxv, pvv float64
}

func newAxis(x, r, v0 float64) axis { return axis{x: x, pxx: r, pvv: v0 * v0} }

// advance moves the estimate by dt, with q the acceleration's spectral density.
// dx and keep are the displacement and the part of the velocity that remains.
func (a *axis) advance(dt, q, dx, keep float64) {
	a.x += dx
	a.v *= keep
	a.pxx += 2*dt*a.pxv + dt*dt*a.pvv + q*dt*dt*dt/3
	a.pxv += dt*a.pvv + q*dt*dt/2
	a.pvv += q * dt
}

// correct takes a measurement z with variance r.
func (a *axis) correct(z, r float64) {
	k := a.pxx + r
	kx, kv, d := a.pxx/k, a.pxv/k, z-a.x
	a.x += kx * d
	a.v += kv * d
	a.pvv -= kv * a.pxv
	a.pxv *= 1 - kx
	a.pxx *= 1 - kx
}

// motion estimates a box: centre, height and width-to-height ratio. It holds
// the state as of the last correction, and is extrapolated from there, so that
// looking ahead any number of times changes nothing.
type motion struct {
	cx, cy, h axis
	aspect    float64
	at        float64 // seconds
}

const (
	// A box's centre and height jitter by about this part of its height.
	measureNoise = 0.06
	// Heights a second that somebody's velocity may be at first sight.
	firstSpeed = 2.5
	// Spectral density of acceleration, in heights²/s³: somebody walking may
	// change their velocity by about two head-heights a second within a second.
	accelNoise = 4.0
	// Velocity is trusted in full for so long after the last correction, then
	// fades with this time constant: people stop and turn.
	trust = 0.25
	fade  = 0.5
)

func newMotion(b geom.Box, at float64) motion {
	c, h := b.Centre(), float64(b.H())
	r := sq(measureNoise * h)
	return motion{
		cx: newAxis(float64(c.X), r, firstSpeed*h), cy: newAxis(float64(c.Y), r, firstSpeed*h),
		h: newAxis(h, r, 0.5*h), aspect: float64(b.W()) / h, at: at,
	}
}

// travel is how far a unit velocity carries in dt and how much of it remains.
func travel(dt float64) (dx, keep float64) {
	if dt <= trust {
		return dt, 1
	}
	keep = math.Exp(-(dt - trust) / fade)
	return trust + fade*(1-keep), keep
}

// box extrapolates to a time, also one before the last correction.
func (m *motion) box(at float64) geom.Box {
	dx, _ := travel(at - m.at)
	h := m.h.x + m.h.v*dx
	// A size never more than doubles or halves while nobody looks.
	h = min(max(h, m.h.x/2, 1), max(m.h.x*2, 1))
	return geom.BoxAt(float32(m.cx.x+m.cx.v*dx), float32(m.cy.x+m.cy.v*dx), float32(h*m.aspect), float32(h))
}

// correct takes a measured box; noise multiplies the usual measurement noise.
func (m *motion) correct(b geom.Box, at, noise float64) {
	dt := max(at-m.at, 0)
	dx, keep := travel(dt)
	h := max(m.h.x, 1)
	q := accelNoise * h * h
	m.cx.advance(dt, q, m.cx.v*dx, keep)
	m.cy.advance(dt, q, m.cy.v*dx, keep)
	m.h.advance(dt, q/16, m.h.v*dx, keep)
	c, r := b.Centre(), sq(measureNoise*noise*float64(b.H()))
	m.cx.correct(float64(c.X), r)
	m.cy.correct(float64(c.Y), r)
	m.h.correct(float64(b.H()), r)
	m.h.x = max(m.h.x, 1)
	m.aspect += 0.3 / noise * (float64(b.W())/float64(b.H()) - m.aspect)
	m.at = at
}

func (m *motion) finite() bool {
	s := m.cx.x + m.cx.v + m.cy.x + m.cy.v + m.h.x + m.h.v + m.aspect
	return s-s == 0
}

func sq(x float64) float64 { return x * x }

// Package frame holds pictures and says who may touch them. A picture is
// planar YUV 4:2:0, eight bits, from decoder to encoder.
//
// Two types keep the boundary of the house. Raw is a picture as the camera saw
// it; it lives in memory outside the Go heap, excluded from core dumps, and
// belongs to one owner at a time. Redacted is a picture that everyone may see;
// only package redact holds the Sealer that turns the one into the other.
package frame

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// MaxPixels bounds a picture's area; larger ones are refused at the source.
const MaxPixels = 4096 * 2304

// ErrSize reports a picture size that is not positive or above MaxPixels.
var ErrSize = errors.New("frame: unusable picture size")

// Size is a picture's size in luma pixels. Odd sides are allowed.
type Size struct {
	W int `json:"w"`
	H int `json:"h"`
}

func (s Size) String() string { return fmt.Sprintf("%d×%d", s.W, s.H) }

// Check returns ErrSize unless the size can be held.
func (s Size) Check() error {
	if s.W <= 0 || s.H <= 0 || s.W > MaxPixels || s.H > MaxPixels || s.W*s.H > MaxPixels {
		return fmt.Errorf("%w: %v (at most %d pixels)", ErrSize, s, MaxPixels)
	}
	return nil
}

// Chroma is the size of each of the two chroma planes.
func (s Size) Chroma() Size { return Size{(s.W + 1) / 2, (s.H + 1) / 2} }

// Bytes is the room a picture takes with rows packed without padding.
func (s Size) Bytes() int { c := s.Chroma(); return s.W*s.H + 2*c.W*c.H }

// Planes is a view of one picture's samples. It owns nothing: it is valid for
// as long as the owner of the picture says.
type Planes struct {
	Size
	Y, U, V []byte
	StrideY int // bytes from one luma row to the next
	StrideC int // bytes from one chroma row to the next
}

// PlanesOver lays the planes of a picture of the given size over b, rows packed.
// b must hold at least s.Bytes() bytes.
func PlanesOver(b []byte, s Size) Planes {
	c := s.Chroma()
	ny, nc := s.W*s.H, c.W*c.H
	return Planes{
		Size: s, StrideY: s.W, StrideC: c.W,
		Y: b[:ny:ny], U: b[ny : ny+nc : ny+nc], V: b[ny+nc : ny+2*nc : ny+2*nc],
	}
}

// CopyFrom copies src into p; the sizes must be equal.
func (p Planes) CopyFrom(src Planes) {
	if p.Size != src.Size {
		panic("frame: copy between sizes")
	}
	c := p.Chroma()
	copyPlane(p.Y, p.StrideY, src.Y, src.StrideY, p.W, p.H)
	copyPlane(p.U, p.StrideC, src.U, src.StrideC, c.W, c.H)
	copyPlane(p.V, p.StrideC, src.V, src.StrideC, c.W, c.H)
}

// Window is the w×h part of p at (x, y), which must be even and inside. It
// shares p's pixels.
func (p Planes) Window(x, y, w, h int) Planes {
	c := y/2*p.StrideC + x/2
	return Planes{
		Size: Size{W: w, H: h},
		Y:    p.Y[y*p.StrideY+x:], U: p.U[c:], V: p.V[c:],
		StrideY: p.StrideY, StrideC: p.StrideC,
	}
}

func copyPlane(dst []byte, ds int, src []byte, ss, w, h int) {
	if ds == ss && ds == w {
		copy(dst[:w*h], src[:w*h])
		return
	}
	for y := range h {
		copy(dst[y*ds:y*ds+w], src[y*ss:y*ss+w])
	}
}

// Rational is a fraction of seconds or of a rate.
type Rational struct {
	Num int `json:"num"`
	Den int `json:"den"`
}

// Valid reports whether both parts are positive.
func (r Rational) Valid() bool { return r.Num > 0 && r.Den > 0 }

// Float returns the value, 0 when invalid.
func (r Rational) Float() float64 {
	if !r.Valid() {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// Clock says where a picture's wall-clock time comes from.
type Clock uint8

// The sources of wall-clock time, worst first.
const (
	ClockArrival Clock = iota // when the packet reached this machine
	ClockCamera               // the camera's own NTP time (RTCP sender report)
)

// Colour describes how samples map to light, with the code points of
// ISO/IEC 23091-2 (as in H.264 and H.265); 2 means unspecified.
type Colour struct {
	FullRange                   bool
	Primaries, Transfer, Matrix uint8
}

// Meta is what is known of a picture besides its samples.
type Meta struct {
	Camera string
	// Seq counts the pictures that the source offered, from 0; a step of more
	// than one tells that pictures were dropped on the way.
	Seq uint64
	// Epoch changes whenever continuity is broken: connection, size or codec
	// change, clock jump, worker restart. Nothing carries over between epochs.
	Epoch uint32
	// PTS is the presentation time since the epoch began; strictly increasing
	// within an epoch.
	PTS time.Duration
	// Ticks in units of TimeBase is the source's own time stamp, kept so that
	// a file can be written with the very same one.
	Ticks    int64
	TimeBase Rational
	Captured time.Time // wall-clock time of capture, as good as Clock says
	Arrived  time.Time // when this machine had the picture's last byte
	Clock    Clock
	Colour   Colour
	Aspect   Rational // sample aspect ratio; invalid means square
	Passage  Passage
}

// Passage is when a picture came through the doors inside this machine. It is
// for measuring: nothing is decided by it. Zero times are not known.
type Passage struct {
	Handed time.Time // its worker handed it over
	Taken  time.Time // it lay in the edge's own memory
	Looked time.Time // it had been looked at
	Held   time.Time // the redactor had it
	Left   time.Time // it was covered
	Trace  Trace
}

// Trace names the trace that a picture is followed by, as the W3C's trace context
// does; the zero value is of a picture that nobody follows.
type Trace struct {
	ID   [16]byte
	Span [8]byte
}

// Raw is a picture as the camera saw it. It has one owner; passing it on hands
// ownership over. Retain serves read-only fan-out within the raw side.
type Raw struct {
	Meta
	planes Planes
	mem    *memory
	pool   *Pool
	refs   atomic.Int32
}

// Size returns the picture's size.
func (r *Raw) Size() Size { return r.planes.Size }

// Planes returns the samples, valid until Release.
func (r *Raw) Planes() Planes {
	if r.refs.Load() <= 0 {
		panic("frame: use after release")
	}
	return r.planes
}

// Retain adds a holder, which must Release in its turn. While more than one
// holds the picture nobody may write to it.
func (r *Raw) Retain() *Raw {
	for {
		n := r.refs.Load()
		if n <= 0 {
			panic("frame: retain after release")
		}
		if r.refs.CompareAndSwap(n, n+1) {
			return r
		}
	}
}

// Shared reports whether somebody else holds the picture too.
func (r *Raw) Shared() bool { return r.refs.Load() > 1 }

// Release gives the holder's share back; the last one returns the memory to
// the pool.
func (r *Raw) Release() {
	switch n := r.refs.Add(-1); {
	case n == 0:
		r.pool.put(r)
	case n < 0:
		panic("frame: released twice")
	}
}

// Clone copies the picture into fresh memory of the same pool. The caller owns
// the copy. It fails like Pool.Get.
func (r *Raw) Clone() (*Raw, error) {
	c, err := r.pool.Get(r.Size())
	if err != nil {
		return nil, err
	}
	c.Meta = r.Meta
	c.planes.CopyFrom(r.planes)
	return c, nil
}

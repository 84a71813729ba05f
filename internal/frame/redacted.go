package frame

import "sync/atomic"

// Redacted is a picture that may leave the process. No package but redact can
// make one: the fields are hidden and the only Sealer is given out once.
// Holders share it read-only; each Release gives one share back.
type Redacted struct {
	raw  *Raw
	full bool
}

// Meta returns what is known of the picture.
func (r *Redacted) Meta() Meta { return r.raw.Meta }

// Size returns the picture's size.
func (r *Redacted) Size() Size { return r.raw.Size() }

// Planes returns the samples, to be read only, valid until Release.
func (r *Redacted) Planes() Planes { return r.raw.Planes() }

// FullMask reports whether the whole picture was covered.
func (r *Redacted) FullMask() bool { return r.full }

// Retain adds a holder.
func (r *Redacted) Retain() *Redacted { r.raw.Retain(); return r }

// Release gives the holder's share back.
func (r *Redacted) Release() { r.raw.Release() }

// Sealer declares a raw picture redacted.
type Sealer struct{ genuine bool }

var sealerTaken atomic.Bool

// TakeSealer hands out the process's only Sealer. Package redact takes it as
// it is initialised; a second call panics, so nobody else can hold one.
func TakeSealer() *Sealer {
	if sealerTaken.Swap(true) {
		panic("frame: the sealer is taken; only package redact may seal pictures")
	}
	return &Sealer{genuine: true}
}

// Seal takes ownership of r, whose masks have been painted, and returns it as
// redacted. full tells that the whole picture is covered. It panics if anyone
// else still holds r, since they could see or change it.
func (s *Sealer) Seal(r *Raw, full bool) *Redacted {
	if s == nil || !s.genuine {
		panic("frame: not a genuine sealer")
	}
	if r.Shared() {
		panic("frame: seal of a shared picture")
	}
	return &Redacted{raw: r, full: full}
}

package redact

import (
	"fmt"

	"bystander/internal/frame"
)

// Redactor covers the pictures of one camera. It is used by one goroutine at a
// time: Push a picture, then Pop until it says false.
type Redactor struct {
	cfg    Config
	cut    Ablation
	perm   Permission
	cur    *stretch // of the epoch that pictures are pushed to
	old    *stretch // of the epoch before, until it has been taken
	flush  bool     // let everything held leave
	closed bool
}

// New returns a Redactor. perm may be nil: nobody may be seen.
func New(cfg Config, perm Permission) (*Redactor, error) {
	return newRedactor(cfg, perm, Ablation{})
}

// NewForEvaluation returns a Redactor with parts of the union switched off. Its
// masks are too small by intent: only the evaluation may use it, on footage
// made for that, which a test of the house guards.
func NewForEvaluation(cfg Config, perm Permission, cut Ablation) (*Redactor, error) {
	return newRedactor(cfg, perm, cut)
}

func newRedactor(cfg Config, perm Permission, cut Ablation) (*Redactor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if perm == nil {
		perm = Nobody{}
	}
	r := &Redactor{cfg: cfg, cut: cut, perm: perm}
	r.cur, r.old = newStretch(cfg.Hold), newStretch(cfg.Hold)
	return r, nil
}

// Push takes a picture and what was seen on it. It takes ownership of raw
// always, also when it fails; a picture whose Push failed does not leave.
func (r *Redactor) Push(raw *frame.Raw, s Sighting) error {
	switch {
	case raw == nil:
		return ErrNoPicture
	case r.closed:
		raw.Release()
		return ErrClosed
	}
	raw, err := sole(raw)
	if err != nil {
		return err
	}
	if r.flush || !r.cur.continues(raw) {
		if err := r.turn(raw); err != nil {
			raw.Release()
			return err
		}
	}
	if r.cur.count == len(r.cur.ring) {
		raw.Release()
		return ErrBacklog
	}
	r.cur.add(raw, s)
	return nil
}

// turn begins a new epoch: what is held of the old one leaves first.
func (r *Redactor) turn(raw *frame.Raw) error {
	if r.old.count > 0 {
		return ErrBacklog
	}
	r.cur, r.old = r.old, r.cur
	r.flush = false
	r.cur.reset(raw)
	return nil
}

// sole makes sure that nobody else holds the picture.
func sole(raw *frame.Raw) (*frame.Raw, error) {
	if !raw.Shared() {
		return raw, nil
	}
	c, err := raw.Clone()
	raw.Release()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShared, err)
	}
	return c, nil
}

// Pop returns the next finished picture, if the hold is full or what is held
// belongs to an epoch that is over.
func (r *Redactor) Pop() (Out, bool) {
	switch {
	case r.old.count > 0:
		return r.finish(r.old), true
	case r.cur.count > r.cfg.Hold, r.flush && r.cur.count > 0:
		return r.finish(r.cur), true
	}
	return Out{}, false
}

// Held is the number of pictures not yet taken.
func (r *Redactor) Held() int { return r.old.count + r.cur.count }

// Flush lets everything held leave by Pop, at the end of a stream. The next
// Push begins anew, as after a change of epoch.
func (r *Redactor) Flush() { r.flush = true }

// Close gives back what is still held. It may be called twice.
func (r *Redactor) Close() {
	r.closed = true
	for _, s := range [2]*stretch{r.old, r.cur} {
		for s.count > 0 {
			s.take().raw.Release()
		}
	}
}

// finish covers the oldest picture of s and seals it.
func (r *Redactor) finish(s *stretch) Out {
	e := s.take()
	out := Out{Meta: e.raw.Meta}
	paintUniform(e.raw.Planes())
	out.Live = sealer.Seal(e.raw, true)
	out.Record = out.Live.Retain()
	out.Stats = Stats{FullMask: true, Reason: ReasonStart, Area: 1, AreaRecord: 1}
	return out
}

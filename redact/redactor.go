package redact

import (
	"fmt"

	"bystander/internal/frame"
)

// Redactor covers the pictures of one camera. It is used by one goroutine at a
// time: Push a picture, then Pop until it says false.
type Redactor struct {
	cfg    Config
	perm   Permission
	cur    *stretch // of the epoch that pictures are pushed to
	old    *stretch // of the epoch before, until it has been taken
	flush  bool     // let everything held leave
	closed bool

	plan    plan
	paint   *painter
	privacy cover // of the polygons, for the size it was made for
	size    frame.Size
	union   cover
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
	return &Redactor{
		cfg: cfg, perm: perm,
		cur: newStretch(cfg, cut), old: newStretch(cfg, cut),
		plan: plan{cfg: cfg, cut: cut}, paint: newPainter(cfg.Style),
	}, nil
}

// Push takes a picture and what was seen on it. It takes ownership of raw
// always, also when it fails; a picture whose Push failed does not leave. It
// keeps nothing of s. A picture of another epoch or size, or whose time does
// not go forward, begins anew.
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
	if r.Anew(raw) {
		if r.old.count > 0 {
			raw.Release()
			return ErrBacklog
		}
		r.cur, r.old, r.flush = r.old, r.cur, false
		r.cur.reset(raw)
	}
	if r.cur.count == len(r.cur.ring) {
		raw.Release()
		return ErrBacklog
	}
	r.cur.add(raw, s, r.perm)
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

// Anew tells whether Push would begin anew with raw. Whoever takes pictures only
// as they become due takes all that is left of older epochs before that.
func (r *Redactor) Anew(raw *frame.Raw) bool { return r.flush || !r.cur.continues(raw) }

// Pop returns the next finished picture, if the hold is full or what is held
// belongs to an epoch that is over.
func (r *Redactor) Pop() (Out, bool) { return r.PopAbove(r.cfg.Hold) }

// PopAbove is Pop for a hold that is full already with most pictures, for whoever
// cannot wait for more. A most above Config.Hold counts as that.
func (r *Redactor) PopAbove(most int) (Out, bool) {
	switch {
	case r.old.count > 0:
		return r.finish(r.old), true
	case r.cur.count > min(max(most, 0), r.cfg.Hold), r.flush && r.cur.count > 0:
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
			e, _ := s.take()
			e.raw.Release()
			e.raw = nil
		}
	}
}

// finish covers the oldest picture of s and seals it. Whatever goes wrong
// inside, the picture leaves as one colour.
func (r *Redactor) finish(s *stretch) Out {
	e, slot := s.take()
	raw := e.raw
	e.raw = nil
	out := Out{Meta: raw.Meta}
	second, full, why := (*frame.Raw)(nil), [ruleCount]bool{}, s.vouched(e)
	if why == ReasonNone {
		second, full, why = r.mask(s, e, slot, raw, &out.Stats)
	}
	s.left(e)
	if why != ReasonNone {
		paintUniform(raw.Planes())
		full = [ruleCount]bool{true, true}
		out.Stats.FullMask, out.Stats.Reason, out.Stats.Detail = true, why, e.detail
		out.Stats.Clear, out.Stats.ClearRecord, out.Stats.Masked = 0, 0, out.Stats.Faces
		out.Stats.Area, out.Stats.AreaRecord = 1, 1
	}
	if out.Stats.Clear > 0 {
		out.Shown = r.plan.shown(RuleLive)
	}
	out.Live = sealer.Seal(raw, full[RuleLive])
	if second == nil {
		out.Record = out.Live.Retain()
	} else {
		out.Record = sealer.Seal(second, full[RuleRecord])
	}
	return out
}

// mask plans and paints one picture: raw for the live rule and, where the rules
// differ, a second one for the record. When it gives a reason the picture must
// be covered whole; then there is no second.
func (r *Redactor) mask(
	s *stretch, e *entry, slot int, raw *frame.Raw, st *Stats,
) (second *frame.Raw, full [ruleCount]bool, why Reason) {
	defer func() {
		if recover() != nil { // a fault of ours must not show anybody
			if second != nil {
				second.Release()
			}
			second, why = nil, ReasonInternal
		}
	}()
	p := &r.plan
	p.build(s.tracks, e.pts, s.bounds())
	if r.cfg.Guard && !s.cut.NoGuard {
		p.moving = s.movement(e, p.moving[:0])
		p.restless = s.restless(e)
		p.maskMoving(s.size.W, s.size.H)
	}
	p.decide(r.perm, s, slot, e.pts)
	if p.differ() {
		var err error
		if second, err = raw.Clone(); err != nil {
			p.stricter() // no room for two pictures
		}
	}
	p.count(st)
	st.Area, full[RuleLive] = r.cover(raw, RuleLive)
	st.AreaRecord, full[RuleRecord] = st.Area, full[RuleLive]
	if second == nil {
		if full[RuleLive] {
			return nil, full, ReasonCovered
		}
		return nil, full, ReasonNone
	}
	st.AreaRecord, full[RuleRecord] = r.cover(second, RuleRecord)
	return second, full, ReasonNone
}

// cover paints the union for one rule. It reports the part of the picture that
// is covered, and whether that is all of it.
func (r *Redactor) cover(raw *frame.Raw, rule Rule) (area float32, full bool) {
	size, c := raw.Size(), &r.union
	if size != r.size {
		r.privacy.resize(size)
		for _, g := range r.cfg.Privacy {
			r.privacy.addPolygon(g, size)
		}
		r.size = size
	}
	c.resize(size)
	c.or(&r.privacy)
	for i := range r.plan.masks {
		m := &r.plan.masks[i]
		if m.drawn = m.spared&(1<<rule) == 0; m.drawn {
			c.add(r.paint.shapes, m.shape, m.box)
		}
	}
	n := c.count()
	if n == c.w*c.h {
		paintUniform(raw.Planes())
		return 1, true
	}
	if n > 0 {
		r.paint.paint(raw.Planes(), raw.Seq, c, r.plan.masks)
	}
	return float32(n) / float32(c.w*c.h), false
}

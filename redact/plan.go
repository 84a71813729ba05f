package redact

import (
	"time"

	"bystander/internal/geom"
)

// maskKind says why a mask is there.
type maskKind uint8

const (
	maskFace  maskKind = iota
	maskHead           // of a person without a face
	maskBody           // coverage person
	maskGuard          // motion that nothing explains
)

// mask is one part of the union.
type mask struct {
	kind   maskKind
	shape  outline
	box    geom.Box // the shape is inscribed in it
	target geom.Box // what it must hold
	owner  int      // index of the face it goes with, -1 if none
	spared uint8    // rules under which it is left out, one bit each
	drawn  bool     // in the cover that is being painted
	rib    int      // index of its ribs' period, while it is painted
}

// facePlan is one face on the picture that is being planned.
type facePlan struct {
	t     *track
	at    place
	head  geom.Box // widened, with slack: the mask's box
	core  geom.Box // widened, likeliest place
	clear uint8    // rules under which it is seen
}

// personPlan is one person on the picture that is being planned.
type personPlan struct {
	at   place
	head personHead
	face int     // index of the face that is this person's, -1 if none
	miss float32 // how far that face is from where the head should be
}

// plan is the union for one picture. It is used again for each.
type plan struct {
	cfg     Config
	cut     Ablation
	faces   []facePlan
	persons []personPlan
	masks   []mask
	moving  []geom.Box
	// restless tells that so much moves that the guard cannot be believed.
	restless bool
}

// build works out the union for the picture with time stamp at.
func (p *plan) build(tracks []*track, at time.Duration, b bounds) {
	p.faces, p.persons, p.masks = p.faces[:0], p.persons[:0], p.masks[:0]
	for _, t := range tracks {
		w := t.where(at, b)
		if w.sure == gone || w.box.Clip(b.w, b.h).Empty() {
			continue
		}
		if t.kind == TargetFace && !p.cut.NoFaces {
			p.faces = append(p.faces, facePlan{
				t: t, at: w,
				head: headOfPlace(w, p.cfg.Margin),
				core: headOfFace(w.core, p.cfg.Margin),
			})
		}
		if t.kind == TargetPerson && !p.cut.NoPersons {
			p.persons = append(p.persons, personPlan{
				at: w, head: headOfPerson(w.box, b.w, b.h), face: -1,
			})
		}
	}
	p.dropGuesses()
	p.pair()
	p.maskFaces()
	p.maskPersons()
}

// dropGuesses leaves out persons that are only inferred where one is seen, and
// faces likewise: each is the same under another number, or hidden behind. Only a face that no
// permission can be given to explains another, so that none is left uncovered.
func (p *plan) dropGuesses() {
	k := 0
	for i := range p.faces {
		if f := &p.faces[i]; f.at.sure == guessed && p.seenAt(f) {
			continue
		}
		p.faces[k] = p.faces[i]
		k++
	}
	p.faces = p.faces[:k]
	k = 0
	for i := range p.persons {
		if q := &p.persons[i]; q.at.sure == guessed && p.standsAt(q) {
			continue
		}
		p.persons[k] = p.persons[i]
		k++
	}
	p.persons = p.persons[:k]
}

// standsAt reports whether a person who is only inferred is one who is seen, or
// two who were seen as one until they parted.
func (p *plan) standsAt(q *personPlan) bool {
	parted := 0
	for i := range p.persons {
		g := &p.persons[i]
		if g.at.sure < between {
			continue
		}
		if q.at.core.IoU(g.at.core) >= 0.4 {
			return true
		}
		if q.at.core.Covers(g.at.core) >= 0.7 && g.at.core.H() >= 0.6*q.at.core.H() {
			parted++
		}
	}
	return parted >= 2
}

func (p *plan) seenAt(f *facePlan) bool {
	for i := range p.faces {
		g := &p.faces[i]
		if g.at.sure >= between && !g.t.weak && !g.t.granted() && g.head.Covers(f.at.core) >= 0.6 && g.core.Area() < 4*f.core.Area() {
			return true
		}
	}
	return false
}

// pair finds for each person the face that explains its head. A face that is
// only guessed explains nobody, and no face explains two people: the nearer
// one keeps it.
func (p *plan) pair() {
	for range p.persons { // each round settles at least one person
		changed := false
		for i := range p.persons {
			changed = p.pairOne(i) || changed
		}
		if !changed {
			return
		}
	}
}

// explainScore is how good a face must have been at least once to stand for a
// person's head. A doubtful one is often the side or the back of a head, and
// lies beside its middle: then the head's own region is masked as well.
const explainScore = 0.75

// pairOne gives person i the best face that nobody has a better claim to, and
// reports whether that changed anything.
func (p *plan) pairOne(i int) bool {
	q := &p.persons[i]
	best, miss := -1, float32(0)
	for j := range p.faces {
		f := &p.faces[j]
		if f.at.sure < between || f.t.weak || f.t.best < explainScore || !q.head.explains(f.at.core, f.core, q.at.core, q.at.sure) {
			continue
		}
		d := distance(f.core.Centre(), q.head.tight.Centre()) / f.core.H()
		if k := p.holder(j); k >= 0 && k != i && p.persons[k].miss <= d {
			continue
		}
		if best < 0 || d < miss {
			best, miss = j, d
		}
	}
	if best < 0 || best == q.face {
		return false
	}
	if k := p.holder(best); k >= 0 {
		p.persons[k].face = -1
	}
	q.face, q.miss = best, miss
	return true
}

// holder is the person that face j belongs to so far, -1 if none.
func (p *plan) holder(j int) int {
	for k := range p.persons {
		if p.persons[k].face == j {
			return k
		}
	}
	return -1
}

func distance(a, b geom.Point) float32 {
	dx, dy := max(a.X-b.X, b.X-a.X), max(a.Y-b.Y, b.Y-a.Y)
	return dx + dy
}

func (p *plan) maskFaces() {
	for i := range p.faces {
		f := &p.faces[i]
		p.masks = append(p.masks, mask{
			kind: maskFace, shape: outlineFace, box: f.head, target: f.at.box, owner: i,
		})
		if p.cfg.Coverage == CoverPerson && p.holder(i) < 0 {
			p.block(maskBody, bodyOfFace(f.at.box), i)
		}
	}
}

func (p *plan) maskPersons() {
	for i := range p.persons {
		q := &p.persons[i]
		switch {
		case p.cfg.Coverage == CoverPerson:
			p.block(maskBody, q.at.box, q.face)
		case q.face >= 0:
			// The face's own mask is this person's head.
		default:
			p.masks = append(p.masks, mask{
				kind: maskHead, shape: outlineHead, owner: -1,
				box: outlineHead.hold(q.head.region), target: q.head.region,
			})
		}
	}
}

// block masks a whole region.
func (p *plan) block(k maskKind, b geom.Box, owner int) {
	p.masks = append(p.masks, mask{
		kind: k, shape: outlineBlock, owner: owner,
		box: outlineBlock.hold(b), target: b,
	})
}

// count sums up what the union holds.
func (p *plan) count(s *Stats) {
	for i := range p.faces {
		if p.faces[i].t.weak {
			continue
		}
		s.Faces++
		if p.faces[i].clear&(1<<RuleLive) != 0 {
			s.Clear++
		}
		if p.faces[i].clear&(1<<RuleRecord) != 0 {
			s.ClearRecord++
		}
	}
	s.Masked = s.Faces - s.Clear
	for i := range p.persons {
		if p.persons[i].face < 0 {
			s.Heads++
		}
	}
	for i := range p.masks {
		if p.masks[i].kind == maskGuard {
			s.Guard++
		}
	}
}

// shown are the heads that are clear under a rule.
func (p *plan) shown(rule Rule) []geom.Box {
	var out []geom.Box
	for i := range p.faces {
		if p.faces[i].clear&(1<<rule) != 0 {
			out = append(out, p.faces[i].head)
		}
	}
	return out
}

// differ reports whether the rules leave out different masks.
func (p *plan) differ() bool {
	for i := range p.masks {
		if g := p.masks[i].spared; g != 0 && g != grantAll {
			return true
		}
	}
	return false
}

// stricter leaves clear only what is clear under every rule.
func (p *plan) stricter() {
	for i := range p.faces {
		if p.faces[i].clear != grantAll {
			p.faces[i].clear = 0
		}
	}
	for i := range p.masks {
		if p.masks[i].spared != grantAll {
			p.masks[i].spared = 0
		}
	}
}

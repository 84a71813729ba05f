package match

import (
	"sync"
	"time"

	"bystander/internal/event"
	"bystander/match/search"
)

// Shelf holds the galleries in use, by scene. Replacing one waits for the
// comparisons under way and wipes the old one. It is safe for concurrent use.
type Shelf struct {
	mu sync.RWMutex
	by map[string]*Gallery
}

// NewShelf returns an empty shelf, with which nobody is ever matched.
func NewShelf() *Shelf { return &Shelf{by: map[string]*Gallery{}} }

// Put takes ownership of a gallery, in place of its scene's earlier one.
func (s *Shelf) Put(g *Gallery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.by[g.scene]; old != nil {
		old.Close()
	}
	s.by[g.scene] = g
}

// Close wipes every gallery.
func (s *Shelf) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, g := range s.by {
		g.Close()
		delete(s.by, id)
	}
}

// Size is how many templates of a scene are held in memory.
func (s *Shelf) Size(scene string) (n int) {
	s.with(scene, func(g *Gallery) {
		if g != nil {
			n = g.Size()
		}
	})
	return n
}

// with calls f with the scene's gallery, nil when there is none, which stays
// as it is until f returns.
func (s *Shelf) with(scene string, f func(*Gallery)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.by[scene])
}

// Claimed is the outcome of comparing somebody with the one template, or few,
// of the person they claim to be.
type Claimed struct {
	Score    float32
	Template event.Digest // ref of the best one
	Subject  event.Digest // pseudonym of the day
	Root     event.Digest // of the gallery
	Size     int
}

// CompareClaim compares a probe with the templates of one enrollee and nobody
// else. ok is false when the scene's gallery, which must be of the given model,
// has none. Who calls it has asked the gate.
func (s *Shelf) CompareClaim(scene, model, enrollee string, p *Probe, at time.Time) (c Claimed, ok bool) {
	s.with(scene, func(g *Gallery) {
		if g == nil || g.model != model || !p.ok {
			return
		}
		from, to := g.span(enrollee)
		if ok = to > from; !ok {
			return
		}
		h := g.search(p, []search.Span{{From: from, To: to}}, new(scratch))
		c = Claimed{Score: h.score, Template: h.ref, Subject: g.SubjectRef(enrollee, at), Root: g.root, Size: g.Size()}
	})
	return c, ok
}

// Has reports whether an enrollee has a template of the model in a scene.
func (s *Shelf) Has(scene, model, enrollee string) (ok bool) {
	s.with(scene, func(g *Gallery) { ok = g != nil && g.model == model && g.Has(enrollee) })
	return ok
}

// Duplicates is Gallery.Duplicates of a scene, with the threshold that c gives
// for its size. A search of all takes as long as there are templates times one
// search; others may use the shelf meanwhile, but not replace a gallery.
func (s *Shelf) Duplicates(scene string, c Calibration) (out []Duplicate) {
	s.with(scene, func(g *Gallery) {
		if g != nil {
			out = g.Duplicates(nil, c.Duplicate(g.Size()))
		}
	})
	return out
}

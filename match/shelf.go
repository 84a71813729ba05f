package match

import "sync"

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

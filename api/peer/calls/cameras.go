package calls

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"bystander/api/peer/line"
)

// Camera is a camera of an edge.
type Camera struct {
	line.CameraState
	Edge  string
	Heard time.Time // when the edge was last heard of
	Away  bool      // it is not heard of now
	Twice []string  // further edges that say they have it
}

// Cameras returns the cameras of all edges, by id. Of one that two edges say they
// have, the one that is there is told of.
func (b *Board) Cameras() []Camera {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	var all []Camera
	for id, e := range b.edges {
		for _, c := range e.cameras {
			all = append(all, Camera{CameraState: c, Edge: id, Heard: e.heard, Away: e.away(now)})
		}
	}
	slices.SortFunc(all, func(x, y Camera) int {
		if x.ID == y.ID && x.Away != y.Away {
			if y.Away {
				return -1
			}
			return 1
		}
		return strings.Compare(x.ID+"\x00"+x.Edge, y.ID+"\x00"+y.Edge)
	})
	var out []Camera
	for _, c := range all {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].ID != c.ID:
			out = append(out, c)
		case !c.Away && c.Edge != out[last].Edge:
			out[last].Twice = append(out[last].Twice, c.Edge)
		}
	}
	return out
}

// find returns the one edge that has a camera; the board's lock is held. An edge
// that is gone gives way to one that is there.
func (b *Board) find(camera string) (*edge, error) {
	now := b.now()
	var here, gone []*edge
	for _, e := range b.edges {
		if !e.has(camera) {
			continue
		}
		if e.away(now) {
			gone = append(gone, e)
		} else {
			here = append(here, e)
		}
	}
	switch {
	case len(here) > 1:
		return nil, ErrTwice
	case len(here) == 1:
		return here[0], nil
	case len(gone) > 0:
		return nil, ErrAway
	}
	return nil, ErrCamera
}

func (e *edge) has(camera string) bool {
	return slices.ContainsFunc(e.cameras, func(c line.CameraState) bool { return c.ID == camera })
}

var cameraForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// validCamera tells whether a name may be a camera's, as in configurations.
func validCamera(id string) bool { return cameraForm.MatchString(id) }

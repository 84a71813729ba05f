package capacity

import (
	"errors"
	"fmt"
	"sync"
)

// ErrNoRoom reports a camera that the machine has no processor time for.
var ErrNoRoom = errors.New("capacity: no room")

// mostFull is the part of the cores that cameras may use together; the rest is
// for viewers, stores and the system.
const mostFull = 0.9

// Room knows what the cameras of a machine cost, and whether one more fits. It
// is safe for concurrent use.
type Room struct {
	cores float64
	least float64 // what a camera costs on the ladder's last rung, of its full cost

	mu sync.Mutex
	by map[string]float64 // cores, measured at full quality or expected
}

// NewRoom is the room of a machine with so many cores. least is the part of its
// cost that remains of a camera on the last rung of the ladder; 1 without one.
func NewRoom(cores, least float64) *Room {
	return &Room{cores: cores, least: least, by: map[string]float64{}}
}

// Admit takes a camera in that is expected to cost so many cores. It fails with
// ErrNoRoom when the cameras would not fit even at the least quality.
func (r *Room) Admit(camera string, expected float64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := expected
	for id, c := range r.by {
		if id != camera {
			sum += c
		}
	}
	if sum*r.least > r.cores*mostFull {
		return fmt.Errorf("%w: %d cameras and this one take %.2f cores at the least quality, and %.2f of %.2f are for cameras: "+
			"end a camera, move one to another machine, or raise capacity.cores if there are more", ErrNoRoom,
			len(r.by), sum*r.least, r.cores*mostFull, r.cores)
	}
	r.by[camera] = expected
	return nil
}

// Measured replaces what is known of a camera's cost at full quality.
func (r *Room) Measured(camera string, cores float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.by[camera]; ok && cores > 0 {
		r.by[camera] = cores
	}
}

// Leave gives a camera's part back.
func (r *Room) Leave(camera string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.by, camera)
}

// Sum is what the cameras cost together at full quality, in cores, and what
// there is for cameras.
func (r *Room) Sum() (used, most float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.by {
		used += c
	}
	return used, r.cores * mostFull
}

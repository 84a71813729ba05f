package capacity

import (
	"errors"
	"fmt"
)

// ErrMemory reports a camera whose pictures need more memory than a camera may
// have.
var ErrMemory = errors.New("capacity: memory")

// Between bounds what a camera holds besides its hold: pictures between worker
// and look, between look and cover, and at the encoder.
const Between = 20

// slots is how many pictures lie in the memory shared with the worker, and work
// is how many more the encoder keeps for itself.
const slots, work = 8, 6

// PictureBytes is a picture in YUV 4:2:0.
func PictureBytes(w, h int) int64 {
	cw, ch := (int64(w)+1)/2, (int64(h)+1)/2
	return int64(w)*int64(h) + 2*cw*ch
}

// CameraBytes is the most that one camera's pictures take, by its size and hold.
func CameraBytes(w, h, hold int) int64 {
	return PictureBytes(w, h) * int64(hold+Between+slots+work)
}

// FitMemory checks a camera's size against the most that one may take. It fails
// with ErrMemory, naming the keys and the figures.
func FitMemory(w, h, hold int, most int64) error {
	need := CameraBytes(w, h, hold)
	if need <= most {
		return nil
	}
	longest := most/PictureBytes(w, h) - Between - slots - work
	out := "have the camera send a smaller picture"
	if longest >= 0 {
		out = fmt.Sprintf("lower redact.hold to %d, have the camera send a smaller picture", longest)
	}
	return fmt.Errorf("%w: a picture of %d×%d with redact.hold %d needs %d MiB, more than capacity.camera_memory (%d MiB) allows: %s, or raise capacity.camera_memory",
		ErrMemory, w, h, hold, (need+1<<20-1)>>20, most>>20, out)
}

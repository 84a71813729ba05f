package match

import (
	"fmt"

	"bystander/internal/frame"
	"bystander/internal/yuv"
)

// chipArea is the number of pixels of a chip.
const chipArea = ChipSide * ChipSide

// Chip is an aligned face: planes B, G, R of ChipSide×ChipSide values, 0–255.
// Like a Probe it is never written anywhere, and wiped after use.
type Chip struct{ bgr [3 * chipArea]float32 }

// Planar returns the samples for an embedder's input, valid until the chip is
// wiped; whoever copies them wipes the copy.
func (c *Chip) Planar() []float32 { return c.bgr[:] }

// Wipe overwrites the face with zeros.
func (c *Chip) Wipe() { clear(c.bgr[:]) }

// Format implements fmt.Formatter.
func (c *Chip) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("match.Chip(***)")) }

// MarshalJSON refuses.
func (c *Chip) MarshalJSON() ([]byte, error) { return nil, ErrSecret }

// GobEncode refuses.
func (c *Chip) GobEncode() ([]byte, error) { return nil, ErrSecret }

// Warp samples the face that s places in the picture. What lies outside the
// picture is black. Where the face is larger than the chip, each chip pixel is
// the mean of several samples, so that detail does not alias.
func (c *Chip) Warp(p frame.Planes, col frame.Colour, s Similarity) error {
	// Similarity speaks of places, in which a pixel's centre lies at one half;
	// yuv counts centres.
	tx, ty := s.Map(0.5, 0.5)
	err := yuv.Warp(c.bgr[:], p, col, yuv.Chip{
		Side: ChipSide, Order: yuv.BGR, Norm: yuv.Identity(),
		Inverse: yuv.Affine{
			float32(s.A), float32(-s.B), float32(tx - 0.5),
			float32(s.B), float32(s.A), float32(ty - 0.5),
		},
	})
	if err != nil {
		return fmt.Errorf("match: chip: %w", err)
	}
	return nil
}

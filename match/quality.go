package match

import (
	"math"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Quality says how well a face can be compared, each part in 0–1; 1 is as good
// as the embedder needs. All of it is computed from landmarks and the aligned
// chip, and nothing of it says who the face is.
type Quality struct {
	Size  float32 // distance between the eyes
	Pose  float32 // how frontal
	Sharp float32 // fine detail in the aligned face
	Light float32 // contrast and exposure
}

// Value is the worst part.
func (q Quality) Value() float32 { return min(q.Size, q.Pose, q.Sharp, q.Light) }

// eyeSpan is the distance between the eyes, in picture pixels, from which on
// size limits nothing: at the chip's own scale the template's eyes lie 47
// pixels apart, and half of that still holds what the embedder uses.
const eyeSpan = 24

// measure judges landmarks alone: size and pose.
func measure(lm [5]geom.Point) Quality {
	return Quality{Size: sizeOf(lm), Pose: poseOf(lm), Sharp: 1, Light: 1}
}

func sizeOf(lm [5]geom.Point) float32 {
	return unit(span(lm[0], lm[1]) / eyeSpan)
}

func span(a, b geom.Point) float32 {
	return float32(math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)))
}

// poseOf is 1 for a frontal face and falls towards 0 for a profile. Yaw moves
// the nose away from the middle between eyes and mouth corners, and pitch moves
// it along the line from eyes to mouth; both are measured in the face's own
// upright axes, so that roll, which alignment undoes, does not count.
func poseOf(lm [5]geom.Point) float32 {
	eyes := geom.Point{X: (lm[0].X + lm[1].X) / 2, Y: (lm[0].Y + lm[1].Y) / 2}
	mouth := geom.Point{X: (lm[3].X + lm[4].X) / 2, Y: (lm[3].Y + lm[4].Y) / 2}
	ax, ay := mouth.X-eyes.X, mouth.Y-eyes.Y // down the face
	length := span(eyes, mouth)
	width := (span(lm[0], lm[1]) + span(lm[3], lm[4])) / 2
	if !(length > 0) || !(width > 0) {
		return 0
	}
	nx, ny := lm[2].X-eyes.X, lm[2].Y-eyes.Y
	along := (nx*ax + ny*ay) / (length * length)
	aside := float32(math.Abs(float64(nx*ay-ny*ax))) / length
	// A profile brings the eyes together while the face keeps its length; the
	// template's ratio is 0.92.
	narrow := unit(width / length / 0.55)
	yaw := unit(1.6 - 2*aside/width*1.6)
	pitch := unit(1.7 - 4*float32(math.Abs(float64(along-0.5))))
	return min(narrow, yaw, pitch)
}

// judgeChip adds what only the pixels tell.
func (q *Quality) judgeChip(c *Chip) {
	const lo, hi = ChipSide / 4, ChipSide - ChipSide/8 // eyes to chin
	var sum, sq, lap float64
	n := 0.0
	g := c.bgr[chipArea : 2*chipArea] // green is nearest to luma
	for y := lo; y < hi; y++ {
		for x := lo; x < hi; x++ {
			i := y*ChipSide + x
			v := float64(g[i])
			l := float64(g[i-2]+g[i+2]+g[i-2*ChipSide]+g[i+2*ChipSide]) - 4*v
			sum, sq, lap, n = sum+v, sq+v*v, lap+l*l, n+1
		}
	}
	mean := sum / n
	dev := math.Sqrt(max(sq/n-mean*mean, 0))
	// Detail relative to contrast, so that a dim picture does not pass for a
	// blurred one.
	q.Sharp = unit(float32(math.Sqrt(lap/n) / (dev + 4) / sharpFull))
	q.Light = min(unit(float32(dev/16)), unit(float32(mean/40)), unit(float32((250-mean)/30)))
}

// sharpFull is the ratio of the Laplacian's deviation (two pixels apart) to
// the picture's own from which on sharpness limits nothing.
const sharpFull = 0.35

func unit(v float32) float32 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

// Cut aligns a face, samples it into c and tells how well it can be compared.
// It fails with ErrLandmarks, and with the errors of Chip.Warp.
func (c *Chip) Cut(p frame.Planes, col frame.Colour, lm [5]geom.Point) (Quality, error) {
	q := measure(lm)
	s, err := Align(lm)
	if err != nil {
		return Quality{}, err
	}
	if err := c.Warp(p, col, s); err != nil {
		return Quality{}, err
	}
	q.judgeChip(c)
	return q, nil
}

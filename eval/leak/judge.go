package leak

import (
	"context"

	"bystander/detect"
	"bystander/detect/tile"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
)

// LeastSide is the shorter side of a face, in pixels, from which on it is
// judged.
const LeastSide = 16

// Scores from which on a judge's finding counts. A doubtful face in a redacted
// picture is one too.
const (
	OriginalScore = 0.7
	RedactedScore = 0.5
)

// Finder looks for faces near some places of a picture; anything that it finds
// besides does no harm.
type Finder interface {
	DetectNear(ctx context.Context, p frame.Planes, near []geom.Box, dst []detect.Face) ([]detect.Face, error)
}

// Again is one judge of redacted pictures.
type Again struct {
	Name string
	Finder
}

// Judge holds the judge's models. Faces is needed; without Persons every face
// counts, without Again nobody is found again, without Marks and Embedder nobody
// is re-identified. It is used by one goroutine and closes nothing.
type Judge struct {
	// Faces finds the faces of the original, scored OriginalScore and more. The
	// pipeline must not use it.
	Faces detect.FaceDetector
	// Again look for faces in the redacted pictures, scored RedactedScore and
	// more. One that finds a face is enough.
	Again   []Again
	Persons detect.PersonDetector
	// PersonEvery is how often people are looked for, in pictures; 0 means 3.
	// The pictures between take the people of the looks on either side.
	PersonEvery int
	// Marks finds the landmarks by which a face of the original is aligned.
	Marks    detect.FaceDetector
	Embedder match.Embedder
	// Threshold is the cosine from which on the matcher takes two faces for one
	// person.
	Threshold float32
	// Margin is the lead that it must have over anybody else.
	Margin float32
	// EmbedEvery is which of a track's sightings are embedded; 0 means 1, all.
	// Exposed ones always are.
	EmbedEvery int
}

// Small is how RFB-640 looks at a picture: the whole, and tiles of the shape of
// its input that show the smallest faces enlarged by a third, so that 16 pixels
// are well within what the model was trained for.
func Small(d detect.FaceDetector) (*tile.Detector, error) {
	return tile.New(d, tile.Options{Side: 480, Height: 360, Overlap: 120, DropCut: true})
}

// Large is how a detector of free input looks: the whole, and tiles of 640.
func Large(d detect.FaceDetector) (*tile.Detector, error) {
	return tile.New(d, tile.Options{Side: 640, Overlap: 160, DropCut: true})
}

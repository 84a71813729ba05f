// Package detect finds faces and people in raw pictures. Detectors see the
// planes of a picture and return boxes in its own pixels; nothing is kept.
package detect

import (
	"context"
	"errors"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Face is one face found in a picture.
type Face struct {
	Box   geom.Box
	Score float32 // 0–1
	// Landmarks are the left eye, right eye, nose, left and right mouth corner
	// as seen in the picture, so "left" is the side with the smaller x on an
	// upright face. Valid only when HasLandmarks.
	Landmarks    [5]geom.Point
	HasLandmarks bool
}

// Person is one whole person found in a picture.
type Person struct {
	Box   geom.Box
	Score float32
}

// Info describes a loaded detector for logs, receipts and the page.
type Info struct {
	Name     string // e.g. "yunet"
	Digest   string // SHA-256 of the model file in hex
	Provider string // "tensorrt", "cuda", "cpu"; "go" for pure Go
}

// ErrNotFinite reports that a model gave NaN or infinite values.
var ErrNotFinite = errors.New("detect: model output is not finite")

// FaceDetector finds faces. Implementations are safe for concurrent use unless
// they say otherwise, append to dst, and never return a box that is empty or
// not finite. An error means that nothing can be said about the picture.
type FaceDetector interface {
	DetectFaces(ctx context.Context, p frame.Planes, dst []Face) ([]Face, error)
	Info() Info
	Close() error
}

// PartDetector is a FaceDetector that can look at a part of a picture as closely
// as it would look at the whole, for less.
type PartDetector interface {
	FaceDetector
	// DetectFacesIn finds the faces of a part of the picture. Where the part is no
	// cheaper than the picture it looks at the whole, and says so. A face that the
	// edge of what is looked at cuts is not found.
	DetectFacesIn(ctx context.Context, p frame.Planes, part geom.Box, dst []Face) (faces []Face, whole bool, err error)
}

// PersonDetector finds people, under the same rules.
type PersonDetector interface {
	DetectPersons(ctx context.Context, p frame.Planes, dst []Person) ([]Person, error)
	Info() Info
	Close() error
}

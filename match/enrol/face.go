package enrol

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
)

// Face is a face found on a photograph.
type Face struct {
	Box          geom.Box
	Landmarks    [5]geom.Point // left eye, right eye, nose, left and right mouth corner, as seen
	HasLandmarks bool
	Score        float32
}

// Detector finds the faces of a photograph.
type Detector interface {
	Faces(ctx context.Context, p frame.Planes) ([]Face, error)
}

// Code says why a photograph will not do.
type Code string

// The codes.
const (
	NoFace         Code = "NO_FACE"
	TwoFaces       Code = "TWO_FACES"
	TooSmall       Code = "TOO_SMALL"
	Blur           Code = "BLUR"
	Pose           Code = "POSE"
	Light          Code = "LIGHT"
	LivenessFailed Code = "LIVENESS_FAILED"
)

var advice = map[Code]string{
	NoFace:         "no face was found; take a photograph of the face from the front",
	TwoFaces:       "more than one face is on it; crop it to the one person",
	TooSmall:       "the face is too small; the eyes should be at least 24 pixels apart",
	Blur:           "the face is blurred; take a sharper photograph",
	Pose:           "the face looks to the side, up or down; take it from the front",
	Light:          "the face is too dark, too bright or without contrast",
	LivenessFailed: "the face looks like a print or a screen",
}

// Refusal reports a photograph that cannot be enrolled from.
type Refusal struct{ Code Code }

func (r *Refusal) Error() string { return fmt.Sprintf("enrol: %s: %s", r.Code, advice[r.Code]) }

// What an enrolment asks of a photograph, stricter than a live look: the
// template is compared for as long as the consent lasts.
const (
	minScore     = 0.6  // of the detector, for the face itself
	otherScore   = 0.5  // for a second face to count
	otherSize    = 0.25 // of the main face's height, likewise
	enrolQuality = 0.5
)

// Reader turns a photograph of one person into a probe.
type Reader struct {
	Detector Detector
	Embedder match.Embedder
	Liveness match.Liveness // nil: not asked
}

// Read finds the one clear face of the photograph and embeds it. It fails with
// *Refusal; the caller wipes probe and photo.
func (r Reader) Read(ctx context.Context, photo *Photo, probe *match.Probe) (match.Quality, error) {
	faces, err := r.Detector.Faces(ctx, photo.Planes)
	if err != nil {
		return match.Quality{}, fmt.Errorf("enrol: find the face: %w", err)
	}
	f, err := onlyFace(faces)
	if err != nil {
		return match.Quality{}, err
	}
	var chip match.Chip
	defer chip.Wipe()
	q, err := chip.Cut(photo.Planes, photo.Colour, f.Landmarks)
	if errors.Is(err, match.ErrLandmarks) {
		return q, &Refusal{Pose}
	}
	if err != nil {
		return q, fmt.Errorf("enrol: %w", err)
	}
	if err := judge(q); err != nil {
		return q, err
	}
	if r.Liveness != nil {
		live, err := r.Liveness.Live(ctx, photo.Planes, frame.Meta{Colour: photo.Colour}, f.Box)
		if err != nil {
			return q, fmt.Errorf("enrol: liveness: %w", err)
		}
		if !live {
			return q, &Refusal{LivenessFailed}
		}
	}
	if err := r.Embedder.Embed(ctx, &chip, probe); err != nil {
		return q, fmt.Errorf("enrol: %w", err)
	}
	return q, nil
}

func onlyFace(faces []Face) (Face, error) {
	faces = slices.DeleteFunc(slices.Clone(faces), func(f Face) bool { return f.Score < otherScore || f.Box.Empty() })
	slices.SortFunc(faces, func(a, b Face) int {
		switch {
		case a.Box.Area() > b.Box.Area():
			return -1
		case a.Box.Area() < b.Box.Area():
			return 1
		}
		return 0
	})
	switch {
	case len(faces) == 0 || faces[0].Score < minScore || !faces[0].HasLandmarks:
		return Face{}, &Refusal{NoFace}
	case len(faces) > 1 && faces[1].Box.H() >= otherSize*faces[0].Box.H():
		return Face{}, &Refusal{TwoFaces}
	}
	return faces[0], nil
}

func judge(q match.Quality) error {
	switch {
	case q.Size < 1:
		return &Refusal{TooSmall}
	case q.Pose < enrolQuality:
		return &Refusal{Pose}
	case q.Sharp < enrolQuality:
		return &Refusal{Blur}
	case q.Light < enrolQuality:
		return &Refusal{Light}
	}
	return nil
}

package enrol

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	Dark           Code = "DARK"
	Bright         Code = "BRIGHT"
	Light          Code = "LIGHT"
	Pose           Code = "POSE"
	LivenessFailed Code = "LIVENESS_FAILED"
	Duplicate      Code = "DUPLICATE"
)

var advice = map[Code]string{
	NoFace:         "no face was found; take a photograph of the face from the front",
	TwoFaces:       "more than one face is on it; crop it to the one person",
	TooSmall:       "the face is too small; the eyes should be at least 24 pixels apart",
	Blur:           "the face is blurred; take a sharper photograph",
	Dark:           "the face is too dark; turn it to the light",
	Bright:         "the face is too bright; turn it away from the light",
	Light:          "the face is without contrast; light it from the front",
	Pose:           "the face looks to the side, up or down, or is tilted; take it from the front",
	LivenessFailed: "the face looks like a print or a screen",
	Duplicate:      "somebody who looks the same is enrolled already; an officer must look into it",
}

// Reason is one thing that is wrong with a photograph.
type Reason struct {
	Code Code
	Text string
}

// Refusal reports a photograph that cannot be enrolled from, with everything
// that could be found wrong with it at once. Code is the first reason's.
type Refusal struct {
	Code    Code
	Reasons []Reason
}

// refuse returns a refusal for the codes, nil for none.
func refuse(codes ...Code) error {
	if len(codes) == 0 {
		return nil
	}
	r := &Refusal{Code: codes[0]}
	for _, c := range codes {
		r.Reasons = append(r.Reasons, Reason{c, advice[c]})
	}
	return r
}

func (r *Refusal) Error() string {
	parts := make([]string, len(r.Reasons))
	for i, x := range r.Reasons {
		parts[i] = fmt.Sprintf("%s: %s", x.Code, x.Text)
	}
	return "enrol: " + strings.Join(parts, "; ")
}

// What an enrolment asks of a photograph, stricter than a live look: the
// template is compared for as long as the consent lasts.
const (
	minScore     = 0.6  // of the detector, for the face itself
	otherScore   = 0.5  // for a second face to count
	otherSize    = 0.25 // of the main face's height, likewise
	enrolQuality = 0.5
	// Mean brightness of a face. The bounds are wide: dark skin in good light
	// must not be taken for darkness (see TestBrightnessOfRealFaces).
	darkest   = 35
	brightest = 222
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
	q, codes, err := look(&chip, photo, f)
	if err != nil {
		return q, err
	}
	if r.Liveness != nil && !slices.Contains(codes, TooSmall) {
		live, err := r.Liveness.Live(ctx, photo.Planes, frame.Meta{Colour: photo.Colour}, f.Box)
		if err != nil {
			return q, fmt.Errorf("enrol: liveness: %w", err)
		}
		if !live {
			codes = append(codes, LivenessFailed)
		}
	}
	if err := refuse(codes...); err != nil {
		return q, err
	}
	if err := r.Embedder.Embed(ctx, &chip, probe); err != nil {
		return q, fmt.Errorf("enrol: %w", err)
	}
	return q, nil
}

// look aligns the face and lists what is wrong with it.
func look(chip *match.Chip, photo *Photo, f Face) (match.Quality, []Code, error) {
	var codes []Code
	if f.Landmarks[1].X-f.Landmarks[0].X < 0 {
		codes = append(codes, Pose) // upside down
	} else if a, ok := AnglesOf(f.Landmarks); !ok || !a.frontal() {
		codes = append(codes, Pose)
	}
	q, err := chip.Cut(photo.Planes, photo.Colour, f.Landmarks)
	if errors.Is(err, match.ErrLandmarks) {
		return q, []Code{Pose}, nil
	}
	if err != nil {
		return q, nil, fmt.Errorf("enrol: %w", err)
	}
	if q.Size < 1 {
		codes = append(codes, TooSmall)
	}
	if q.Pose < enrolQuality && !slices.Contains(codes, Pose) {
		codes = append(codes, Pose)
	}
	if q.Sharp < enrolQuality {
		codes = append(codes, Blur)
	}
	switch mean := brightness(chip); {
	case mean < darkest:
		codes = append(codes, Dark)
	case mean > brightest:
		codes = append(codes, Bright)
	case q.Light < enrolQuality:
		codes = append(codes, Light)
	}
	return q, codes, nil
}

// brightness is the mean of the green samples of the face itself, 0–255; green
// is nearest to luma.
func brightness(c *match.Chip) float64 {
	const side = match.ChipSide
	green := c.Planar()[side*side : 2*side*side]
	sum, n := 0.0, 0.0
	for y := side / 4; y < side-side/8; y++ {
		for x := side / 4; x < side-side/4; x++ {
			sum, n = sum+float64(green[y*side+x]), n+1
		}
	}
	return sum / n
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
		return Face{}, refuse(NoFace)
	case len(faces) > 1 && faces[1].Box.H() >= otherSize*faces[0].Box.H():
		return Face{}, refuse(TwoFaces)
	}
	return faces[0], nil
}

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"bystander/detect"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/match"
	"bystander/match/enrol"
)

// photoDetector lets enrolment look at photographs with the pipeline's own
// detector.
type photoDetector struct{ d detect.FaceDetector }

// Faces implements enrol.Detector.
func (p photoDetector) Faces(ctx context.Context, planes frame.Planes) ([]enrol.Face, error) {
	found, err := p.d.DetectFaces(ctx, planes, nil)
	if err != nil {
		return nil, err
	}
	faces := make([]enrol.Face, len(found))
	for i, f := range found {
		faces[i] = enrol.Face{Box: f.Box, Landmarks: f.Landmarks, HasLandmarks: f.HasLandmarks, Score: f.Score}
	}
	return faces, nil
}

// canEnrol says why photographs cannot be read, nil when they can.
func (e *eyes) canEnrol() error {
	if e.builtIn() || e.embedder == nil {
		return errors.New("the face models are missing; run: bystander models pull")
	}
	return nil
}

// kept are the people left clear in a recording.
type kept struct {
	keep *enrol.Keep
	who  *who
}

func (k *kept) close() { k.keep.Close() }

// openKept reads the photographs of --keep. It returns nil when there are none.
func openKept(ctx context.Context, specs []string, eyes *eyes, log zerolog.Logger) (*kept, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	if err := eyes.canEnrol(); err != nil {
		return nil, fmt.Errorf("--keep: %w", err)
	}
	var people []enrol.KeepPhoto
	for _, s := range specs {
		name, path, ok := strings.Cut(s, "=")
		if !ok || name == "" || path == "" {
			return nil, fmt.Errorf("%w: --keep: %q should be NAME=PHOTO", ErrUsage, s)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%w: --keep: %w", ErrUsage, err)
		}
		defer f.Close()
		people = append(people, enrol.KeepPhoto{Name: name, Photo: io.Reader(f)})
	}
	r := enrol.Reader{Detector: photoDetector{eyes.faces}, Embedder: eyes.embedder}
	k, err := enrol.NewKeep(ctx, r, recordingID, people, time.Now)
	if err != nil {
		return nil, fmt.Errorf("--keep: %w", err)
	}
	j, err := match.NewJudge(match.JudgeConfig{
		Camera: recordingID, Leases: k, Shelf: k.Shelf(), Embedder: eyes.embedder,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
	})
	if err != nil {
		k.Close()
		return nil, err
	}
	// A recording's matches are not logged: there is no installation whose log
	// they belong to.
	w := newWho(j, k, func() string { return "" }, func(event.Event) {}, log)
	w.keepLost = true
	return &kept{k, w}, nil
}

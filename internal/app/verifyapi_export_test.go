package app

import (
	"context"

	"github.com/rs/zerolog"

	"bystander/api/verify"
	"bystander/match"
	"bystander/match/pair"
)

// OpenFaces gives the 1:1 interface's comparer with the models of this
// installation, and what closes it.
func OpenFaces(ctx context.Context) (verify.Faces, func(), error) {
	l, err := openLabelled(ctx, zerolog.Nop())
	if err != nil {
		return nil, nil, err
	}
	c, err := pair.New(pair.Config{
		Detector: photoDetector{l.eyes.faces}, Embedder: l.eyes.embedder,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
	})
	if err != nil {
		l.close()
		return nil, nil, err
	}
	return pairFaces{c}, l.close, nil
}

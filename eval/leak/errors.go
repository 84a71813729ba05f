package leak

import "errors"

// Errors that callers tell apart.
var (
	// ErrPair reports two recordings that cannot be of the same scene: other
	// size, or another number of pictures.
	ErrPair = errors.New("leak: original and redacted do not belong together")
	// ErrTruth reports labels that cannot be read.
	ErrTruth = errors.New("leak: unusable labels")
)

package leak

import "errors"

// Errors that callers tell apart.
var (
	// ErrPair reports two recordings that cannot be of the same scene: other
	// size, or another number of pictures.
	ErrPair = errors.New("leak: original and redacted do not belong together")
	// ErrModel reports a judge's model whose inputs or outputs are not as
	// expected.
	ErrModel = errors.New("leak: not the judge's model")
	// ErrTruth reports labels that cannot be read.
	ErrTruth = errors.New("leak: unusable labels")
)

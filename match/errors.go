package match

import "errors"

// Sentinels that callers tell apart with errors.Is.
var (
	// ErrSecret refuses to write an embedding anywhere.
	ErrSecret = errors.New("match: an embedding is never written, printed or sent")
	// ErrEmbedding reports a vector that no face gives: wrong length, not
	// finite, or zero.
	ErrEmbedding = errors.New("match: unusable embedding")
	// ErrLandmarks reports landmarks that no upright face can have.
	ErrLandmarks = errors.New("match: landmarks do not fit a face")
	// ErrLocked reports that memory could not be locked.
	ErrLocked = errors.New("match: templates must stay in locked memory; raise the limit on locked memory (ulimit -l, LimitMEMLOCK=) or enrol fewer people")
	// ErrBelowValidated reports a site that asks for a threshold laxer than the
	// one validated.
	ErrBelowValidated = errors.New("match: below what was validated")
	// ErrConfig reports a judge that cannot work as configured.
	ErrConfig = errors.New("match: configuration")
)

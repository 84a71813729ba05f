package event

import "errors"

// The ways in which an event or a chain of them can be wrong. Verify and the
// decoder wrap them; test with errors.Is.
var (
	ErrInvalid   = errors.New("event: invalid")               // cannot be put on the chain as it is
	ErrEncoding  = errors.New("event: malformed encoding")    // bytes that no event gives
	ErrGap       = errors.New("event: numbers do not follow") // seq is not the previous one plus one
	ErrChain     = errors.New("event: belongs to another chain")
	ErrLink      = errors.New("event: does not link to the one before")
	ErrHash      = errors.New("event: content does not match its hash")
	ErrSignature = errors.New("event: signature does not verify")
)

package encode

import "errors"

var (
	// ErrClosed reports the use of a closed stream.
	ErrClosed = errors.New("encode: closed")
	// ErrStopped reports a picture that was not encoded because the encoder
	// failed a moment ago and is not due to be rebuilt yet.
	ErrStopped = errors.New("encode: stopped after a failure")
	// ErrOutput reports an encoder that gave something other than one packet
	// for one picture.
	ErrOutput = errors.New("encode: unexpected output")
)

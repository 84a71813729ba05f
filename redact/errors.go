package redact

import "errors"

var (
	// ErrConfig reports a setting outside its range; the text names the key.
	ErrConfig = errors.New("redact: bad configuration")
	// ErrNoPicture reports a Push without a picture.
	ErrNoPicture = errors.New("redact: no picture")
	// ErrShared reports a picture that somebody else still holds and that could
	// not be copied.
	ErrShared = errors.New("redact: picture is held by somebody else")
	// ErrBacklog reports a Push while finished pictures wait: Pop until it
	// says false after each Push.
	ErrBacklog = errors.New("redact: finished pictures were not taken")
	// ErrClosed reports the use of a closed Redactor.
	ErrClosed = errors.New("redact: closed")
)

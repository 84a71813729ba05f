package av

// #include "av.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// What may go wrong. Errors of this package wrap one of these, io.EOF,
// frame.ErrSize or a syscall.Errno (syscall.ENOSPC for a full disk).
var (
	// ErrAgain says that a Decoder needs more packets first.
	ErrAgain = errors.New("av: more input needed")
	// ErrCorrupt says that libav refused the bytes. The caller counts it and
	// goes on with the next packet.
	ErrCorrupt = errors.New("av: corrupt data")
	// ErrUnsupported says that this build of libav cannot do what is asked.
	ErrUnsupported = errors.New("av: not supported")
	// ErrPlanes says that planes do not fit the picture.
	ErrPlanes = errors.New("av: planes do not fit")
	// ErrClosed says that the value is closed.
	ErrClosed = errors.New("av: closed")
	// ErrConfig says that a configuration makes no sense.
	ErrConfig = errors.New("av: wrong configuration")

	// ErrNotFound: there is no such file.
	ErrNotFound = errors.New("av: no such file")
	// ErrNotFile: a directory, a pipe or a device.
	ErrNotFile = errors.New("av: not a regular file")
	// ErrEmpty: zero bytes.
	ErrEmpty = errors.New("av: empty file")
	// ErrNotVideo: not a container that is read here.
	ErrNotVideo = errors.New("av: not a video file")
	// ErrTruncated: the file ends before its index.
	ErrTruncated = errors.New("av: truncated file")
	// ErrNoVideoStream: a recording of sound alone.
	ErrNoVideoStream = errors.New("av: no video stream")
)

// errHeld would mean that an encoder kept a view of the caller's planes.
var errHeld = errors.New("av: encoder kept the planes")

// failure gives the error for a negative return value of the C side.
func failure(rc C.int) error {
	switch rc {
	case C.BY_EOF:
		return io.EOF
	case C.BY_AGAIN:
		return ErrAgain
	case C.BY_INVALID:
		return ErrCorrupt
	case C.BY_TOO_LARGE:
		return errTooLarge
	case C.BY_NO_DECODER, C.BY_NO_ENCODER, C.BY_NO_PIXFMT:
		return ErrUnsupported
	case C.BY_HELD:
		return errHeld
	}
	if n := -int(rc); n > 0 && n < 4096 {
		return syscall.Errno(n)
	}
	return ErrCorrupt
}

// explain adds what was being done and libav's own words, if it had any.
func explain(what string, rc C.int, e *C.by_err) error {
	if text := C.GoString(&e.text[0]); text != "" {
		return fmt.Errorf("av: %s: %w (%s)", what, failure(rc), text)
	}
	return fmt.Errorf("av: %s: %w", what, failure(rc))
}

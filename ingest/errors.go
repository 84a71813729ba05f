package ingest

import (
	"errors"
	"fmt"
)

// ErrNotSupported reports something that a driver cannot do, such as answering
// a WebRTC offer for an RTSP camera.
var ErrNotSupported = errors.New("ingest: not supported by this driver")

// ErrClosed reports the use of a closed source.
var ErrClosed = errors.New("ingest: source closed")

// Code is the stable name of a kind of trouble, for metrics and programs.
type Code string

// The codes. They are part of the interface and never change their meaning.
const (
	CodeUnreachable      Code = "UNREACHABLE"       // no connection to the camera's address
	CodeUnauthorized     Code = "UNAUTHORIZED"      // user name or password refused
	CodeNotFound         Code = "NOT_FOUND"         // no such file or path
	CodeNoVideo          Code = "NO_VIDEO"          // reached, but there is no video in it
	CodeUnsupportedCodec Code = "UNSUPPORTED_CODEC" // video in a form we do not decode
	CodeTimeout          Code = "TIMEOUT"           // the other side fell silent
	CodeDecode           Code = "DECODE"            // packets arrive, but no whole picture
	CodeNotAVideo        Code = "NOT_A_VIDEO"       // the file is something else
	CodeTruncated        Code = "TRUNCATED"         // the file ends in the middle
	CodeWorkerDied       Code = "WORKER_DIED"       // the camera's worker crashed, hung or misbehaved
	CodeLost             Code = "LOST"              // an established connection ended
	CodeConfig           Code = "CONFIG"            // the camera's settings make no sense
)

// Error is trouble with one camera, told so that a person can act on it. Text
// names the thing and the way out and holds no credentials.
type Error struct {
	Code Code
	Text string
	// Permanent tells that trying again cannot help: the file or the
	// configuration must change.
	Permanent bool
	Err       error // the cause, may be nil; not shown to people
}

func (e *Error) Error() string { return "ingest: " + e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, &ingest.Error{Code: ingest.CodeTimeout}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Text == "" || t.Text == e.Text)
}

// Errorf makes an Error that may pass by itself. The last argument is its cause
// when it is an error.
func Errorf(code Code, format string, args ...any) *Error {
	e := &Error{Code: code, Text: fmt.Sprintf(format, args...)}
	if len(args) > 0 {
		if cause, ok := args[len(args)-1].(error); ok {
			e.Err = cause
		}
	}
	return e
}

// Permanentf is Errorf for trouble that stays until somebody changes something.
func Permanentf(code Code, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Permanent = true
	return e
}

// CodeOf returns the code of the first Error in err's chain, or fallback.
func CodeOf(err error, fallback Code) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fallback
}

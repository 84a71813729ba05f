package api

import "errors"

// What a backend may answer besides an unexpected error.
var (
	// ErrNotFound: there is no such thing, or it may not be seen.
	ErrNotFound = errors.New("api: not found")
	// ErrGone: it was there and its time of keeping is over.
	ErrGone = errors.New("api: no longer kept")
	// ErrCursor: the log holds no such place; read it anew.
	ErrCursor = errors.New("api: unknown place in the log")
	// ErrBackend: New was given a Backend or Config that lacks something.
	ErrBackend = errors.New("api: incomplete")
	// ErrExposed: the address would let strangers in.
	ErrExposed = errors.New("api: refusing to listen beyond this machine")
)

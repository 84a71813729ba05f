package mlog

import "errors"

// The ways in which the Merkle log can refuse.
var (
	// ErrFork reports an event whose number is in the log with another content:
	// two histories of one chain. The log keeps what it has.
	ErrFork = errors.New("mlog: this number is in the log with another content")
	// ErrChain reports an event of another chain than the log's.
	ErrChain = errors.New("mlog: event of another chain")
	// ErrKey reports a key file that is missing, damaged, open to others, or of
	// another log.
	ErrKey = errors.New("mlog: key")
	// ErrLeaf reports bytes that are no leaf of an event.
	ErrLeaf = errors.New("mlog: malformed leaf")
	// ErrDamaged reports a log whose files contradict each other.
	ErrDamaged = errors.New("mlog: damaged log")
	// ErrNotFound reports a number or size that the log does not hold (yet).
	ErrNotFound = errors.New("mlog: not in the log")
	// ErrProof reports a proof that does not hold.
	ErrProof = errors.New("mlog: proof does not hold")
	// ErrWitness reports a checkpoint that the witness has not signed.
	ErrWitness = errors.New("mlog: not witnessed")
	// ErrClosed reports the use of a closed log.
	ErrClosed = errors.New("mlog: closed")
)

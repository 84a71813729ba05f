package spool

import "errors"

// The ways in which the spool can refuse.
var (
	// ErrFull reports that the spool has reached its bound and everything in it
	// still waits for a consumer. Nothing was stored; the caller keeps its events.
	ErrFull = errors.New("spool: full of unacknowledged events")
	// ErrOrder reports events that do not follow the last stored one.
	ErrOrder = errors.New("spool: events out of order")
	// ErrTrimmed reports that events asked for have been disposed of.
	ErrTrimmed = errors.New("spool: events no longer held")
	// ErrCorrupt reports stored bytes that are not what was written.
	ErrCorrupt = errors.New("spool: damaged segment")
	// ErrBroken reports that the disk refused to give back a failed write; the
	// spool can be read, and must be opened anew before it takes more.
	ErrBroken = errors.New("spool: storage failed")
	// ErrLag reports a consumer that has not acknowledged events for too long.
	ErrLag = errors.New("spool: events wait for too long")
	// ErrLocked reports that another process has the spool open.
	ErrLocked = errors.New("spool: in use by another process")
	// ErrClosed reports the use of a closed spool or journal.
	ErrClosed = errors.New("spool: closed")
)

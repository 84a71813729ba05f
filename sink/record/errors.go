package record

import "errors"

// The ways in which the recorder can refuse.
var (
	// ErrUnknown reports an id without a recording.
	ErrUnknown = errors.New("record: no such recording")
	// ErrOpen reports a recording that is still being written.
	ErrOpen = errors.New("record: still being written")
	// ErrCamera reports a camera id that cannot be a folder's name.
	ErrCamera = errors.New("record: unusable camera id")
	// ErrClosed reports the use of a closed recorder or stream.
	ErrClosed = errors.New("record: closed")
	// ErrBehind reports a packet dropped because the disk does not keep up.
	ErrBehind = errors.New("record: disk does not keep up, packet dropped")
	// ErrBusy reports a second stream of one camera and rule.
	ErrBusy = errors.New("record: camera is being recorded already")
	// ErrNoRoom reports a disk that others have filled: disposing of recordings
	// would not make the room that is wanted.
	ErrNoRoom = errors.New("record: not enough room")
	// ErrNotSegment reports a file that this recorder did not write, or whose
	// beginning is lost.
	ErrNotSegment = errors.New("record: not a segment of this recorder")

	errTorn = errors.New("record: file is cut short or damaged")
)

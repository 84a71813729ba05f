package record

import (
	"bytes"
	"errors"
	"os"
)

// ErrTorn is what scanning a damaged file gives.
var ErrTorn = errTorn

// Sample converts an access unit as the recorder does.
func Sample(au []byte) []byte { return appendSample(nil, au) }

// ScanBytes scans bytes as a segment file.
func ScanBytes(b []byte) (frames int64, synced int64, err error) {
	g, err := scanFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return 0, 0, err
	}
	return g.frames, g.synced, nil
}

// IsTorn reports whether err tells of a damaged file.
func IsTorn(err error) bool { return errors.Is(err, errTorn) || errors.Is(err, os.ErrNotExist) }

// TicksOf and the rest show the arithmetic of time.
var (
	TicksOf   = ticks
	FromTicks = fromTicks
)

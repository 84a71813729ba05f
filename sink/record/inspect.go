package record

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Inspection is what a segment file tells by itself.
type Inspection struct {
	Frames   int64 // pictures, counted in the sample tables
	Noted    int64 // pictures, as the recorder's own notes say
	FullMask int64 // by the notes
	Tally    Tally // by the notes
	Start    time.Time
	Length   time.Duration
	// Whole is false when something follows the last whole fragment: the file
	// is cut short, damaged, or more than one file.
	Whole bool
}

// Inspect reads a finished segment, without an index and without decoding. What
// is no segment of this recorder fails with ErrNotSegment.
func Inspect(r io.ReaderAt, size int64) (Inspection, error) {
	g, err := scanFile(r, size)
	if errors.Is(err, errTorn) {
		return Inspection{}, fmt.Errorf("%w: %w", ErrNotSegment, err)
	}
	if err != nil {
		return Inspection{}, err
	}
	in := Inspection{
		Noted: g.frames, FullMask: g.full, Tally: g.tally, Start: g.wall,
		Length: fromTicks(g.total), Whole: g.synced == size,
	}
	in.Frames, err = countSamples(r, g.roomAt+int64(g.room), g.synced)
	if errors.Is(err, errTorn) {
		in.Whole, err = false, nil
	}
	return in, err
}

// countSamples adds up the sample tables of the movie fragments between two
// offsets.
func countSamples(r io.ReaderAt, at, end int64) (int64, error) {
	var n int64
	for at < end {
		b, err := readBox(r, at, end)
		if err != nil {
			return n, err
		}
		if b.kind == "moof" {
			k, err := samplesIn(r, b)
			if err != nil {
				return n, err
			}
			n += k
		}
		at += b.size
	}
	return n, nil
}

// maxMoof bounds what is read of one fragment's tables: some thousand samples.
const maxMoof = 1 << 20

func samplesIn(r io.ReaderAt, b box) (int64, error) {
	if b.size > maxMoof {
		return 0, fmt.Errorf("%w: fragment tables of %d bytes", errTorn, b.size)
	}
	moof := make([]byte, b.size)
	if _, err := r.ReadAt(moof, b.at); err != nil {
		return 0, err
	}
	traf, err := findBox(moof, 8, len(moof), "traf")
	if err != nil {
		return 0, err
	}
	end := traf + int(be.Uint32(moof[traf:]))
	var n int64
	for at := traf + 8; ; {
		trun, err := findBox(moof, at, end, "trun")
		if err != nil {
			return n, nil //nolint:nilerr // there is no further one
		}
		size := int(be.Uint32(moof[trun:]))
		if size < 16 {
			return n, fmt.Errorf("%w: sample table of %d bytes", errTorn, size)
		}
		k := int64(be.Uint32(moof[trun+12:]))
		if k > int64(size) { // each sample takes more than a byte here
			return n, fmt.Errorf("%w: %d samples in a table of %d bytes", errTorn, k, size)
		}
		n += k
		at = trun + size
	}
}

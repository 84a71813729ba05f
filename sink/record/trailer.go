package record

import (
	"fmt"
	"io"
)

// Trailer finds a box of kind "uuid" and the given user type (16 bytes) that ends
// a segment's file: at is where it begins, so how long the segment itself is, and
// payload what it holds, at most most bytes. Without one, at is size. It fails
// with ErrNotSegment for what is no sequence of boxes.
func Trailer(r io.ReaderAt, size int64, kind string, most int64) (at int64, payload []byte, err error) {
	for next := int64(0); next < size; {
		b, err := readBox(r, next, size)
		if err != nil {
			return size, nil, fmt.Errorf("%w: %w", ErrNotSegment, err)
		}
		next += b.size
		if next < size || b.kind != "uuid" {
			continue
		}
		head := int64(8 + len(kind))
		if b.size < head || b.size > head+most {
			continue
		}
		whole := make([]byte, b.size)
		if _, err := r.ReadAt(whole, b.at); err != nil {
			return size, nil, err
		}
		if string(whole[8:head]) == kind {
			return b.at, whole[head:], nil
		}
	}
	return size, nil, nil
}

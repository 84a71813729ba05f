package match

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// locked is memory outside the Go heap that is never swapped out and left out
// of core dumps. Its owner frees it, which wipes it.
type locked struct{ b []byte }

func newLocked(n int) (*locked, error) {
	if n == 0 {
		return &locked{}, nil
	}
	page := unix.Getpagesize()
	b, err := unix.Mmap(-1, 0, (n+page-1)/page*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("match: map %d bytes: %w", n, err)
	}
	if err := unix.Mlock(b); err != nil {
		_ = unix.Munmap(b)
		return nil, fmt.Errorf("%w: %d bytes: %w", ErrLocked, n, err)
	}
	if err := unix.Madvise(b, unix.MADV_DONTDUMP); err != nil {
		_ = unix.Munmap(b)
		return nil, fmt.Errorf("match: keep templates out of core dumps: %w", err)
	}
	return &locked{b}, nil
}

// free wipes and gives back; a second call does nothing.
func (l *locked) free() {
	if l.b == nil {
		return
	}
	clear(l.b)
	_ = unix.Munmap(l.b)
	l.b = nil
}

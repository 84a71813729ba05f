// Package shm is the memory in which a camera's worker leaves pictures for the
// edge: one anonymous file of equal slots, sealed so that neither side can
// resize it under the other's feet (which would end the reader with SIGBUS).
// Pages come into being only when a slot is first written.
package shm

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"bystander/internal/frame"
)

// ErrSlot reports a slot that does not exist or cannot hold a picture.
var ErrSlot = errors.New("shm: no such slot, or it is too small")

const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// Create makes the file for n slots of at least size bytes each, and seals it.
func Create(n, size int) (*os.File, error) {
	fd, err := unix.MemfdCreate("bystander-pictures", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("shm: create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "pictures")
	if err := f.Truncate(int64(n) * int64(roundUp(size))); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("shm: size: %w", err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("shm: seal: %w", err)
	}
	return f, nil
}

// Slots is one process's view of the file.
type Slots struct {
	mem  []byte
	n    int
	step int
}

// Map maps n slots of size bytes out of f, for reading or also for writing. It
// refuses a file that is not sealed or has another length. f may be closed
// afterwards.
func Map(f *os.File, n, size int, write bool) (*Slots, error) {
	got, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
	if err != nil {
		return nil, fmt.Errorf("shm: read the seals: %w", err)
	}
	if got&seals != seals {
		return nil, fmt.Errorf("shm: the file is not sealed (%#x)", got)
	}
	step := roundUp(size)
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("shm: %w", err)
	}
	if n <= 0 || size <= 0 || st.Size() != int64(n)*int64(step) {
		return nil, fmt.Errorf("shm: file of %d bytes for %d slots of %d", st.Size(), n, step)
	}
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, n*step, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("shm: map: %w", err)
	}
	if err := unix.Madvise(mem, unix.MADV_DONTDUMP); err != nil {
		_ = unix.Munmap(mem)
		return nil, fmt.Errorf("shm: keep pixels out of core dumps: %w", err)
	}
	return &Slots{mem: mem, n: n, step: step}, nil
}

// Len is the number of slots.
func (s *Slots) Len() int { return s.n }

// Planes lays a picture of the given size over slot i. It fails with ErrSlot or
// frame.ErrSize and never returns bytes outside the slot.
func (s *Slots) Planes(i int, size frame.Size) (frame.Planes, error) {
	if err := size.Check(); err != nil {
		return frame.Planes{}, err
	}
	if i < 0 || i >= s.n || size.Bytes() > s.step {
		return frame.Planes{}, fmt.Errorf("%w: slot %d of %d, picture %v", ErrSlot, i, s.n, size)
	}
	b := s.mem[i*s.step : (i+1)*s.step : (i+1)*s.step]
	return frame.PlanesOver(b, size), nil
}

// Close unmaps the memory; planes from it must no longer be used.
func (s *Slots) Close() error {
	if s.mem == nil {
		return nil
	}
	m := s.mem
	s.mem = nil
	if err := unix.Munmap(m); err != nil {
		return fmt.Errorf("shm: unmap: %w", err)
	}
	return nil
}

func roundUp(n int) int {
	page := os.Getpagesize()
	return (n + page - 1) / page * page
}

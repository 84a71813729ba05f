package spool

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// settled returns the number up to which every consumer has acknowledged. With
// no consumer at all nothing is settled: events wait for their first one.
func (s *Spool) settled() uint64 {
	if len(s.cursors) == 0 {
		return 0
	}
	n := uint64(math.MaxUint64)
	for _, c := range s.cursors {
		n = min(n, c.acked)
	}
	return n
}

// makeRoom sees that n more bytes stay within the bound, disposing of
// acknowledged segments, or fails with ErrFull.
func (s *Spool) makeRoom(n int64) error {
	if err := s.retireFor(n); err != nil {
		return err
	}
	if have := s.bytes(); have+n > s.o.MaxBytes {
		err := fmt.Errorf("%w: %d of %d bytes; see why its consumers do not keep up, or raise the bound", ErrFull, have, s.o.MaxBytes)
		s.raise(AlarmFull, err)
		return err
	}
	s.clear(AlarmFull)
	return nil
}

// retire disposes of acknowledged segments beyond age or size.
func (s *Spool) retire() error { return s.retireFor(0) }

// retireFor removes the oldest segments while they are acknowledged by all and
// either too old or in the way of n more bytes. The segment with the last event
// always stays: the chain goes on from it.
func (s *Spool) retireFor(n int64) error {
	settled := s.settled()
	oldest := s.o.Now().Add(-s.o.MaxAge).UnixMilli()
	for len(s.segs) > 1 {
		seg, next := s.segs[0], s.segs[1]
		aged := next.created < oldest // its last event came before the next began
		if seg.last > settled || seg.last >= s.head.Seq || !aged && s.bytes()+n <= s.o.MaxBytes {
			return nil
		}
		if err := s.disposeFirst(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spool) disposeFirst() error {
	if err := os.Remove(s.segs[0].path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("spool: dispose: %w", err)
	}
	s.segs = s.segs[1:]
	return nil
}

// disposeOldest gives the oldest segment up although it is neither too old nor
// beyond the bound, if every consumer has acknowledged it: room for new events
// matters more than a copy kept for replay. It reports whether it did.
func (s *Spool) disposeOldest() (bool, error) {
	if len(s.segs) < 2 || s.segs[0].last > s.settled() || s.segs[0].last >= s.head.Seq {
		return false, nil
	}
	if err := s.disposeFirst(); err != nil {
		return false, err
	}
	s.early++
	return true, nil
}

// noRoom tells a full disk from other trouble.
func noRoom(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// Enforce applies the bounds on age now, and looks for consumers that lag; call
// it every minute or so, since a quiet spool has no other occasion to.
func (s *Spool) Enforce() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.watchLag()
	return errors.Join(s.retire(), s.saveLate())
}

// DefaultMaxAge is how long acknowledged events are kept for replay unless
// Options say otherwise.
const DefaultMaxAge = 7 * 24 * time.Hour

package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"bystander/internal/event"
)

// recover brings the directory into the state that Append left it in: it reads
// the segments' headers, cuts a torn tail off, finds where the chain goes on,
// and reads the cursors.
func (s *Spool) recover() error {
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.seg"))
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	slices.Sort(paths)
	for i, path := range paths {
		if err := s.recoverSegment(path, i == len(paths)-1); err != nil {
			return fmt.Errorf("spool: recover %s: %w", path, err)
		}
	}
	if n := len(s.segs); n > 0 {
		if s.file, err = os.OpenFile(s.segs[n-1].path, os.O_RDWR, 0); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
	}
	return s.loadCursors()
}

// recoverSegment reads one segment. The last one may end in a torn write.
func (s *Spool) recoverSegment(path string, last bool) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, headerSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	h, err := parseHeader(b[:n])
	if err != nil {
		return s.headless(f, path, st.Size(), last, err)
	}
	seg := &segment{path: path, first: h.first, last: h.first - 1, created: h.created, size: headerSize}
	if err := s.scanSegment(f, seg, st.Size()); err != nil {
		return err
	}
	if seg.size < st.Size() {
		if err := s.cut(f, seg, st.Size(), last); err != nil {
			return err
		}
	}
	s.segs = append(s.segs, seg)
	return nil
}

// headless deals with a segment whose header is not whole. If it holds no frame
// it was being begun when the power went, and goes away. Otherwise its frames
// are kept under the file's own name.
func (s *Spool) headless(f *os.File, path string, size int64, last bool, cause error) error {
	sc := &scanner{r: f, at: 0, limit: size}
	found, err := sc.resync()
	if err != nil {
		return err
	}
	if !found {
		if !last {
			s.damaged++
			s.raise(AlarmDamaged, fmt.Errorf("%s: %w", path, cause))
			return os.Rename(path, path+".damaged")
		}
		return errors.Join(os.Remove(path), syncDir(s.dir))
	}
	fr, err := sc.next()
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	s.raise(AlarmDamaged, fmt.Errorf("%s: %w", path, cause))
	seg := &segment{path: path, first: fr.seq, last: fr.seq - 1, created: st.ModTime().UnixMilli(), size: fr.at}
	if _, err := f.WriteAt(header{seg.first, seg.created}.encode(), 0); err != nil {
		return err
	}
	if err := s.scanSegment(f, seg, size); err != nil {
		return err
	}
	s.segs = append(s.segs, seg)
	return nil
}

// scanSegment walks the frames from seg.size on and sets seg.last, seg.size and
// s.head to the last whole one that must be kept.
func (s *Spool) scanSegment(f io.ReaderAt, seg *segment, size int64) error {
	sc := &scanner{r: f, at: seg.size, limit: size}
	var tail []byte
	var batch uint64 // of the last whole frame
	hurt := false
	for {
		fr, err := sc.next()
		switch {
		case errors.Is(err, io.EOF):
			return s.setHead(tail)
		case errors.Is(err, ErrCorrupt):
			at := sc.at
			found, rerr := sc.resync()
			if rerr != nil {
				return rerr
			}
			if !found {
				return s.setHead(tail)
			}
			next, rerr := sc.next()
			if rerr != nil {
				return rerr
			}
			if !hurt && next.batch <= max(seg.last+1, batch) && s.oneBatch(f, next, size) {
				// All that follows was written together with what is broken and
				// was never acknowledged: a torn write, pages out of order.
				return s.setHead(tail)
			}
			hurt = true
			lost := next.seq - min(next.seq, seg.last+1)
			s.damaged += lost
			s.raise(AlarmDamaged, fmt.Errorf("%w: %s: %d events from number %d on (offset %d) cannot be read; the store will show a gap",
				ErrCorrupt, seg.path, lost, seg.last+1, at))
			fr = next
		case err != nil:
			return err
		}
		seg.last, seg.size, batch = fr.seq, fr.end, fr.batch
		tail = append(tail[:0], fr.payload...)
	}
}

// oneBatch reports whether fr and every whole frame behind it are of one batch.
func (s *Spool) oneBatch(f io.ReaderAt, fr frame, size int64) bool {
	sc := &scanner{r: f, at: fr.end, limit: size}
	for {
		n, err := sc.next()
		if errors.Is(err, ErrCorrupt) {
			found, rerr := sc.resync()
			if rerr != nil || !found {
				return rerr == nil
			}
			continue
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if n.batch != fr.batch {
			return false
		}
	}
}

func (s *Spool) setHead(payload []byte) error {
	if payload == nil {
		return nil
	}
	var e event.Event
	if err := e.UnmarshalBinary(payload); err != nil {
		return err
	}
	s.head = event.HeadOf(&e)
	return nil
}

// cut removes what lies behind the last frame to keep.
func (s *Spool) cut(f *os.File, seg *segment, size int64, last bool) error {
	if !last {
		// A closed segment was synced whole; its damaged end stays for a person
		// to look at, unread.
		s.damaged++
		s.raise(AlarmDamaged, fmt.Errorf("%w: %s: %d bytes behind number %d", ErrCorrupt, seg.path, size-seg.size, seg.last))
		return nil
	}
	if err := f.Truncate(seg.size); err != nil {
		return err
	}
	return f.Sync()
}

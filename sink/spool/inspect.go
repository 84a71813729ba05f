package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bystander/internal/event"
)

// Inspection is what a spool on the disk holds.
type Inspection struct {
	Oldest  uint64            // 0 when empty
	Head    event.Head        // of the last whole event
	Acked   map[string]uint64 // by consumer
	Damaged int               // places that could not be read, a torn end aside
}

// Inspect reads the spool in dir without changing or locking it, also while an
// edge writes there, and calls fn with each event in order; fn may be nil and
// may keep what it is given. It fails with fn's error and the system's.
func Inspect(dir string, fn func(*event.Event) error) (Inspection, error) {
	in := Inspection{Acked: map[string]uint64{}}
	cursors, err := os.ReadDir(filepath.Join(dir, cursorDir))
	if err != nil {
		return in, fmt.Errorf("spool: inspect: %w", err)
	}
	for _, d := range cursors {
		b, err := os.ReadFile(filepath.Join(dir, cursorDir, d.Name()))
		if errors.Is(err, os.ErrNotExist) || strings.HasSuffix(d.Name(), ".tmp") {
			continue // replaced meanwhile
		}
		if err != nil {
			return in, fmt.Errorf("spool: inspect: %w", err)
		}
		if seq, ok := parseCursor(b); ok {
			in.Acked[d.Name()] = seq
		}
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return in, fmt.Errorf("spool: inspect: %w", err)
	}
	slices.Sort(paths)
	for i, path := range paths {
		err := in.segment(path, i == len(paths)-1, fn)
		if errors.Is(err, os.ErrNotExist) {
			continue // disposed of meanwhile
		}
		if err != nil {
			return in, fmt.Errorf("spool: inspect: %w", err)
		}
	}
	return in, nil
}

func (in *Inspection) segment(path string, last bool, fn func(*event.Event) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	sc := &scanner{r: f, at: min(headerSize, st.Size()), limit: st.Size()}
	for {
		fr, err := sc.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, ErrCorrupt) {
			found, rerr := sc.resync()
			if rerr != nil {
				return rerr
			}
			if !found {
				if !last { // the last one may be in the middle of a write
					in.Damaged++
				}
				return nil
			}
			in.Damaged++
			continue
		}
		if err != nil {
			return err
		}
		e := new(event.Event)
		if err := e.UnmarshalBinary(fr.payload); err != nil {
			in.Damaged++
			continue
		}
		if in.Oldest == 0 {
			in.Oldest = e.Seq
		}
		in.Head = event.HeadOf(e)
		if fn != nil {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
}

package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"bystander/internal/event"
)

const cursorDir = "cursors"

var cursorName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Cursor is how far one consumer has got. Events stay in the spool until every
// consumer that ever asked for a cursor has acknowledged them; Forget gives
// that claim up.
type Cursor struct {
	s     *Spool
	name  string
	acked uint64 // guarded by s.mu, like the rest
	late  bool   // acked is not on the disk yet, which was full
	// Where the last read began and ended: the next one goes on at the end, or
	// begins again when nothing was acknowledged.
	begin, end place
}

// place tells that the frame behind number seq lies at offset at of the segment
// that begins with number seg. The zero value is nowhere.
type place struct {
	seg, seq uint64
	at       int64
}

// Consumer returns the cursor of the named consumer, making one that begins
// with the oldest event held. Names are of a–z, 0–9, _ and -.
func (s *Spool) Consumer(name string) (*Cursor, error) {
	if !cursorName.MatchString(name) {
		return nil, fmt.Errorf("spool: consumer name %q: use up to 64 of a-z, 0-9, _ and -", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if c := s.cursors[name]; c != nil {
		return c, nil
	}
	c := &Cursor{s: s, name: name}
	if len(s.segs) > 0 {
		c.acked = s.segs[0].first - 1
	}
	if err := s.saveCursor(name, c.acked); err != nil {
		return nil, err
	}
	s.cursors[name] = c
	return c, nil
}

// Forget removes a consumer, so that it holds nothing back any more.
func (s *Spool) Forget(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cursors[name] == nil {
		return nil
	}
	dir := filepath.Join(s.dir, cursorDir)
	if err := errors.Join(os.Remove(filepath.Join(dir, name)), syncDir(dir)); err != nil {
		return fmt.Errorf("spool: forget consumer: %w", err)
	}
	delete(s.cursors, name)
	return nil
}

// Acked returns the last acknowledged number.
func (c *Cursor) Acked() uint64 {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.acked
}

// Acked returns the last number that the named consumer has acknowledged, 0 when
// there is no such consumer.
func (s *Spool) Acked(consumer string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.cursors[consumer]; c != nil {
		return c.acked
	}
	return 0
}

// Read waits for events behind the acknowledged ones and returns up to limit of
// them in order; reading again without Ack gives the same. Events that are
// damaged on the disk are passed over, so numbers may skip. It fails with ctx's
// error and ErrClosed.
func (c *Cursor) Read(ctx context.Context, limit int) ([]event.Event, error) {
	return c.read(ctx, limit, new(room))
}

// room is the memory of a reader that takes one batch after another. The events
// read into it are valid until the next read.
type room struct {
	events []event.Event
	dec    event.BinaryDecoder
	ahead  []byte // of the scanner
}

func (c *Cursor) read(ctx context.Context, limit int, in *room) ([]event.Event, error) {
	for {
		c.s.mu.Lock()
		changed, closed := c.s.changed, c.s.closed
		from := c.acked + 1
		ready := from <= c.s.head.Seq
		c.s.mu.Unlock()
		switch {
		case closed:
			return nil, ErrClosed
		case ready:
			evs, err := c.s.read(from, limit, c, in)
			if err != nil || len(evs) > 0 {
				return evs, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// Ack records durably that the consumer is done with everything up to seq.
// Going back is refused; acknowledging again is harmless. On a disk without any
// room it is remembered until there is some: after a crash the consumer may see
// events again, which it has to be prepared for in any case.
func (c *Cursor) Ack(seq uint64) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	switch {
	case c.s.closed:
		return ErrClosed
	case seq > c.s.head.Seq:
		return fmt.Errorf("%w: acknowledged %d, stored up to %d", ErrOrder, seq, c.s.head.Seq)
	case seq <= c.acked:
		return nil
	}
	if err := c.save(seq); err != nil {
		return err
	}
	c.s.watchLag()
	return c.s.retire()
}

// save acknowledges up to seq. On a full disk it makes room by segments that
// this very acknowledgement settles: whether the cursor's file or they are
// written off first does not matter, since a cursor is never taken to stand
// before the oldest event held. Where it settles none it holds all the same:
// were it refused, the consumer would be given the same events for ever, and a
// disk that the spool itself has filled would never be emptied.
func (c *Cursor) save(seq uint64) error {
	before := c.acked
	for {
		err := c.s.saveCursor(c.name, seq)
		if err == nil {
			c.acked, c.late = seq, false
			return nil
		}
		if !noRoom(err) {
			return err
		}
		c.acked, c.late = seq, true
		gone, derr := c.s.disposeOldest()
		if derr != nil {
			if c.acked = before; len(c.s.segs) > 0 {
				c.acked = max(before, c.s.segs[0].first-1)
			}
			return errors.Join(err, derr)
		}
		if !gone {
			return nil
		}
	}
}

// saveLate writes the acknowledgements that the disk had no room for, as far as
// it has some now.
func (s *Spool) saveLate() error {
	var errs []error
	for _, c := range s.cursors {
		if !c.late {
			continue
		}
		err := s.saveCursor(c.name, c.acked)
		c.late = err != nil
		if err != nil && !noRoom(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Replay calls fn with the events from number from on up to number to, in
// order, in batches that fn must not keep. Numbers that are damaged on the disk
// are passed over. It fails with ErrTrimmed as soon as it meets a number that is
// no longer held, and with fn's error.
func (s *Spool) Replay(ctx context.Context, from, to uint64, fn func([]event.Event) error) error {
	from, to = max(from, 1), min(to, s.Head().Seq)
	pos, in := new(Cursor), new(room)
	for from <= to {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.trimmed(from); err != nil {
			return err
		}
		evs, err := s.read(from, int(min(to-from+1, 256)), pos, in)
		if err != nil {
			return err
		}
		for len(evs) > 0 && evs[len(evs)-1].Seq > to {
			evs = evs[:len(evs)-1] // numbers skipped over damage
		}
		// A segment may have gone between two that were read.
		var gone error
		for i := range evs {
			if evs[i].Seq != from {
				if gone = s.trimmed(from); gone != nil {
					evs = evs[:i]
					break
				}
			}
			from = evs[i].Seq + 1
		}
		if len(evs) == 0 {
			return gone
		}
		if err := errors.Join(fn(evs), gone); err != nil {
			return err
		}
	}
	return nil
}

// trimmed fails with ErrTrimmed when number seq is no longer held.
func (s *Spool) trimmed(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segs) == 0 || seq >= s.segs[0].first {
		return nil
	}
	return fmt.Errorf("%w: %d asked for, %d is the oldest", ErrTrimmed, seq, s.segs[0].first)
}

// read returns up to limit events from number from on. pos remembers where the
// last read began and ended, so that a consumer who keeps up never scans.
func (s *Spool) read(from uint64, limit int, pos *Cursor, in *room) ([]event.Event, error) {
	limit = max(limit, 1)
	out := in.events[:0]
	for len(out) < limit {
		s.mu.Lock()
		i := s.find(from)
		if i == len(s.segs) {
			s.mu.Unlock()
			return out, nil
		}
		if n := min(limit, int(min(s.head.Seq-from, 1<<30))+1); len(out) == 0 && cap(out) < n { //nolint:gosec // bounded
			out = make([]event.Event, 0, n)
		}
		seg := *s.segs[i]
		at := int64(headerSize)
		for _, p := range []place{pos.begin, pos.end} {
			if p.at > at && p.seg == seg.first && p.seq < from {
				at = p.at
			}
		}
		s.mu.Unlock()
		var err error
		if out, from, err = s.readSegment(seg, at, from, out, limit, in, pos); err != nil {
			return nil, err
		}
		in.events = out
	}
	return out, nil
}

// readSegment appends to out the events of a segment from number from on, which
// stands at offset at or behind it, and returns the number to go on with.
func (s *Spool) readSegment(seg segment, at int64, from uint64, out []event.Event, limit int, in *room, pos *Cursor) ([]event.Event, uint64, error) {
	f, err := os.Open(seg.path)
	if errors.Is(err, os.ErrNotExist) { // disposed of a moment ago
		return out, from, fmt.Errorf("%w: number %d", ErrTrimmed, from)
	}
	if err != nil {
		return out, from, fmt.Errorf("spool: read: %w", err)
	}
	defer f.Close()
	sc := &scanner{r: f, at: at, limit: seg.size, buf: in.ahead[:0]}
	defer func() { in.ahead = sc.buf }()
	begun := len(out)
	for len(out) < limit {
		fr, err := sc.next()
		if errors.Is(err, ErrCorrupt) {
			s.noteDamage(fmt.Errorf("%s: %w", seg.path, err))
			found, rerr := sc.resync()
			if rerr != nil {
				return out, from, rerr
			}
			if !found {
				return out, seg.last + 1, nil
			}
			continue
		}
		if errors.Is(err, io.EOF) {
			return out, seg.last + 1, nil
		}
		if err != nil {
			return out, from, err
		}
		if fr.seq < from {
			continue
		}
		if len(out) == begun {
			s.mu.Lock()
			pos.begin = place{seg.first, fr.seq - 1, fr.at}
			s.mu.Unlock()
		}
		if len(out) == cap(out) {
			out = slices.Grow(out, 1)
		}
		out = out[:len(out)+1] // what lies there is overwritten
		if err := in.dec.Decode(fr.payload, &out[len(out)-1]); err != nil {
			return out, from, fmt.Errorf("%w: number %d: %w", ErrCorrupt, fr.seq, err)
		}
		from = fr.seq + 1
	}
	s.mu.Lock()
	pos.end = place{seg.first, from - 1, sc.at}
	s.mu.Unlock()
	return out, from, nil
}

func (s *Spool) noteDamage(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.damaged++
	s.raise(AlarmDamaged, err)
}

// saveCursor writes a cursor so that a crash leaves the old or the new one.
func (s *Spool) saveCursor(name string, seq uint64) error {
	dir := filepath.Join(s.dir, cursorDir)
	body := fmt.Appendf(nil, "%d\n", seq)
	body = fmt.Appendf(body, "%08x\n", crc32.Checksum(body, castagnoli))
	if err := replaceFile(dir, name, body); err != nil {
		return fmt.Errorf("spool: save cursor of %s: %w", name, err)
	}
	return nil
}

func replaceFile(dir, name string, body []byte) error {
	tmp := filepath.Join(dir, name+".tmp")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return errors.Join(os.Rename(tmp, filepath.Join(dir, name)), syncDir(dir))
}

func (s *Spool) loadCursors() error {
	dir := filepath.Join(s.dir, cursorDir)
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	for _, d := range list {
		path := filepath.Join(dir, d.Name())
		if strings.HasSuffix(d.Name(), ".tmp") {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("spool: %w", err)
			}
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		seq, ok := parseCursor(b)
		if !ok {
			// Reading again is harmless, so a broken cursor begins anew.
			s.raise(AlarmDamaged, fmt.Errorf("%w: cursor of %s; its consumer starts over", ErrCorrupt, d.Name()))
			seq = 0
		}
		if len(s.segs) > 0 {
			seq = max(seq, s.segs[0].first-1)
		}
		s.cursors[d.Name()] = &Cursor{s: s, name: d.Name(), acked: min(seq, s.head.Seq)}
	}
	return nil
}

func parseCursor(b []byte) (uint64, bool) {
	line, sum, ok := bytes.Cut(b, []byte("\n"))
	if !ok {
		return 0, false
	}
	var seq uint64
	if _, err := fmt.Sscanf(string(line), "%d", &seq); err != nil {
		return 0, false
	}
	want := fmt.Sprintf("%08x\n", crc32.Checksum(b[:len(line)+1], castagnoli))
	return seq, string(sum) == want
}

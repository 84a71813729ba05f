// Package spool keeps an edge's events on its own disk until every consumer
// has acknowledged them.
//
// When data are on the disk: Append returns after fdatasync of the segment, once
// for all the events it was given (the journal puts together what comes at the
// same time). A new segment is synced with its folder before anything is written
// to it. A cursor is written to a new file, synced, renamed over the old one, and
// the folder synced, before what it acknowledges may be disposed of. So what was
// accepted survives a crash and a power cut, if the disk keeps its word. What a
// crash tore off in the middle of a write is cut away at the next opening;
// nothing acknowledged is.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bystander/internal/event"
)

// Options say how a spool works. The zero value of a field means its default.
type Options struct {
	SegmentBytes int64         // a new segment file is begun beyond it; 8 MiB
	MaxBytes     int64         // of all segments together; 1 GiB
	MaxAge       time.Duration // of acknowledged events, kept for replay; 7 days
	// MaxWait is how old the oldest event may get that a consumer has not
	// acknowledged before AlarmLag; 10 minutes.
	MaxWait time.Duration
	Now     func() time.Time
	// Alarm is told of trouble that a person should know of: once when a state
	// begins and once, with Cleared set, when it is over (damage each time it is
	// met, never cleared). It is called with the spool's lock held and must
	// neither block nor call the spool.
	Alarm func(Alarm)
}

// AlarmKind names what an alarm is about.
type AlarmKind string

// The alarms.
const (
	AlarmFull    AlarmKind = "full"    // the bound is reached with unacknowledged events
	AlarmDisk    AlarmKind = "disk"    // the disk refused a write
	AlarmDamaged AlarmKind = "damaged" // stored events cannot be read any more
	AlarmLag     AlarmKind = "lag"     // a consumer has not taken events for too long
)

// Alarm is one piece of news for the operator.
type Alarm struct {
	Kind    AlarmKind
	Cleared bool
	Err     error // what happened; nil when cleared
}

func (o *Options) defaults() {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 8 << 20
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 30
	}
	if o.MaxAge <= 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 10 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Alarm == nil {
		o.Alarm = func(Alarm) {}
	}
}

// Spool is a durable queue of one chain's sealed events. It is safe for
// concurrent use and implements sink.EventSink.
type Spool struct {
	dir  string
	o    Options
	lock *os.File

	mu       sync.Mutex
	segs     []*segment // in order; the last one is written to
	file     *os.File   // of the last segment
	head     event.Head // last stored event
	cursors  map[string]*Cursor
	changed  chan struct{} // closed and replaced when events arrive or the spool closes
	buf      []byte
	raised   map[AlarmKind]bool
	broken   error
	closed   bool
	damaged  uint64
	appended uint64
	marks    marks
	early    uint64 // segments disposed of before their time, for want of room
}

// segment is one file. Fields are guarded by Spool.mu.
type segment struct {
	path    string
	first   uint64
	last    uint64 // last number held, first-1 when empty
	created int64  // ms since 1970
	size    int64  // bytes that are whole and synced
}

// Open opens or makes the spool in dir and recovers it from a crash. It fails
// with ErrLocked while another process has it, and with the system's error.
func Open(dir string, o Options) (*Spool, error) {
	o.defaults()
	if err := os.MkdirAll(filepath.Join(dir, cursorDir), 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Spool{
		dir: dir, o: o, lock: lock,
		cursors: map[string]*Cursor{}, changed: make(chan struct{}), raised: map[AlarmKind]bool{},
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.shut())
	}
	return s, nil
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s: stop the other process or choose another directory", ErrLocked, dir)
	}
	return f, nil
}

// Head returns the last stored event's number and hash, where the chain goes on.
func (s *Spool) Head() event.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head
}

// Oldest returns the lowest number that is held, 0 when none is.
func (s *Spool) Oldest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segs) == 0 || s.head.Seq == 0 {
		return 0
	}
	return s.segs[0].first
}

// Append stores sealed events and returns once they are on the disk. They must
// follow the last stored one; those already stored are passed over. On error
// none of the new ones is stored: ErrOrder, ErrFull, ErrBroken, ErrClosed,
// event.ErrInvalid, or the system's error (ENOSPC among them).
func (s *Spool) Append(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.broken != nil:
		return s.broken
	}
	events, err := s.fresh(events)
	if err != nil || len(events) == 0 {
		return err
	}
	if s.buf, err = encodeBatch(s.buf[:0], events); err != nil {
		return err
	}
	if err := s.makeRoom(int64(len(s.buf))); err != nil {
		return err
	}
	if err := s.writeSomehow(events); err != nil {
		s.raise(AlarmDisk, err)
		return err
	}
	s.clear(AlarmDisk)
	s.appended += uint64(len(events))
	s.marks.add(events[0].Seq, s.o.Now())
	s.watchLag()
	s.wake()
	return nil
}

// fresh drops what is stored already and checks that the rest follows.
func (s *Spool) fresh(events []event.Event) ([]event.Event, error) {
	for len(events) > 0 && events[0].Seq <= s.head.Seq && events[0].ChainID == s.head.ChainID {
		e := &events[0]
		if e.Seq == s.head.Seq && e.RowHash != s.head.Hash {
			return nil, fmt.Errorf("%w: %s/%d is stored with another content", ErrOrder, e.ChainID, e.Seq)
		}
		events = events[1:]
	}
	at := s.head
	for i := range events {
		e := &events[i]
		if at.Seq > 0 && e.ChainID != at.ChainID || e.Seq != at.Seq+1 || e.PrevHash != at.Hash {
			return nil, fmt.Errorf("%w: %s/%d after %s/%d", ErrOrder, e.ChainID, e.Seq, at.ChainID, at.Seq)
		}
		at = event.HeadOf(e)
	}
	return events, nil
}

func encodeBatch(buf []byte, events []event.Event) ([]byte, error) {
	var err error
	for i := range events {
		if buf, err = appendFrame(buf, &events[i], events[0].Seq); err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// writeSomehow writes, and where the disk is full gives up segments that every
// consumer has acknowledged, oldest first, until it can.
func (s *Spool) writeSomehow(events []event.Event) error {
	for {
		err := s.write(events)
		if err == nil || s.broken != nil || !noRoom(err) {
			return err
		}
		gone, derr := s.disposeOldest()
		if derr != nil || !gone {
			return errors.Join(err, derr)
		}
	}
}

// write puts s.buf behind the last segment and syncs it, or leaves the segment
// as it was.
func (s *Spool) write(events []event.Event) error {
	if n := len(s.segs); n == 0 || s.segs[n-1].size > headerSize && s.segs[n-1].size+int64(len(s.buf)) > s.o.SegmentBytes {
		if err := s.rotate(events[0].Seq); err != nil {
			return err
		}
	}
	seg := s.segs[len(s.segs)-1]
	_, err := s.file.WriteAt(s.buf, seg.size)
	if err == nil {
		err = unix.Fdatasync(int(s.file.Fd()))
	}
	if err != nil {
		// Pages of a failed sync may be lost, but only behind seg.size: what is
		// before it was synced earlier.
		if e := errors.Join(s.file.Truncate(seg.size), s.file.Sync()); e != nil {
			s.broken = fmt.Errorf("%w: %s: %w; free or repair the disk and restart", ErrBroken, seg.path, e)
		}
		return fmt.Errorf("spool: write %s: %w", seg.path, err)
	}
	last := &events[len(events)-1]
	seg.size += int64(len(s.buf))
	seg.last = last.Seq
	s.head = event.HeadOf(last)
	if cap(s.buf) > 1<<20 {
		s.buf = nil // one large batch must not hold its room for ever
	}
	return nil
}

// rotate begins a new segment whose first event has number first.
func (s *Spool) rotate(first uint64) error {
	seg := &segment{
		path:  filepath.Join(s.dir, fmt.Sprintf("%020d.seg", first)),
		first: first, last: first - 1,
		created: s.o.Now().UnixMilli(), size: headerSize,
	}
	f, err := os.OpenFile(seg.path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("spool: begin segment: %w", err)
	}
	_, err = f.Write(header{seg.first, seg.created}.encode())
	if err = errors.Join(err, f.Sync(), syncDir(s.dir)); err != nil {
		return fmt.Errorf("spool: begin segment: %w", errors.Join(err, f.Close(), os.Remove(seg.path)))
	}
	if s.file != nil {
		err = s.file.Close()
	}
	s.file = f
	s.segs = append(s.segs, seg)
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *Spool) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Spool) raise(k AlarmKind, err error) {
	if k == AlarmDamaged || !s.raised[k] {
		s.raised[k] = true
		s.o.Alarm(Alarm{Kind: k, Err: err})
	}
}

func (s *Spool) clear(k AlarmKind) {
	if s.raised[k] {
		delete(s.raised, k)
		s.o.Alarm(Alarm{Kind: k, Cleared: true})
	}
}

// Stats is a snapshot for metrics and people.
type Stats struct {
	Head     event.Head
	Oldest   uint64 // lowest number held, 0 when empty
	Segments int
	Bytes    int64
	Appended uint64            // events since opening
	Damaged  uint64            // events found unreadable since opening
	Lag      map[string]uint64 // events not yet acknowledged, by consumer
	// Waiting is the age of the oldest of these, to a second; after a restart
	// that of their segment.
	Waiting map[string]time.Duration
	Early   uint64 // segments given up before their time since opening, the disk being full
	Full    bool
	DiskErr bool
}

// Stats returns a snapshot.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Head: s.head, Segments: len(s.segs), Bytes: s.bytes(), Appended: s.appended, Damaged: s.damaged,
		Lag: map[string]uint64{}, Waiting: map[string]time.Duration{}, Early: s.early, Full: s.raised[AlarmFull], DiskErr: s.raised[AlarmDisk] || s.broken != nil,
	}
	if len(s.segs) > 0 && s.head.Seq > 0 {
		st.Oldest = s.segs[0].first
	}
	for name, c := range s.cursors {
		st.Lag[name] = s.head.Seq - min(c.acked, s.head.Seq)
		st.Waiting[name] = s.waiting(c.acked)
	}
	return st
}

func (s *Spool) bytes() int64 {
	var n int64
	for _, seg := range s.segs {
		n += seg.size
	}
	return n
}

// Close wakes whoever waits in Read and releases the files. Everything accepted
// is on the disk already.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.wake()
	return errors.Join(s.saveLate(), s.shut())
}

func (s *Spool) shut() error {
	var err error
	if s.file != nil {
		err = s.file.Close()
	}
	return errors.Join(err, s.lock.Close())
}

// find returns the index of the segment that holds number seq or the first one
// behind it.
func (s *Spool) find(seq uint64) int {
	i, _ := slices.BinarySearchFunc(s.segs, seq, func(g *segment, seq uint64) int {
		if g.last < seq {
			return -1
		}
		return 1
	})
	return i
}

var _ io.Closer = (*Spool)(nil)

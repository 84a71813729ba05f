// Package record writes redacted streams to disk as fragmented MP4 segments
// that play to their last fragment after a crash, keeps an index of them, and
// disposes of them by age and size. It sees packets only, never a picture.
package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"bystander/internal/sqldb"
	"bystander/sink"
)

// Limits say what is kept.
type Limits struct {
	MaxAge   time.Duration // 7 days when 0
	MaxBytes int64         // of all recordings; 20 GiB when 0
	MinFree  int64         // room to leave on the disk; 256 MiB when 0, none when negative
	MinAge   time.Duration // younger segments are never disposed of for room
}

// Config says how a recorder works. Dir is needed.
type Config struct {
	Dir      string
	Segment  time.Duration // length of a file; 60 s. It ends at the next key picture
	Fragment time.Duration // what a power cut may cost; 1 s
	MaxGap   time.Duration // a longer pause begins a new file; 10 s
	Limits   Limits
	Retry    time.Duration // pause after the disk failed; 5 s
	Every    time.Duration // between enforcements of the limits; 1 min
	Queue    int           // packets waiting for the disk, for each stream; 512
	Now      func() time.Time
	// Alarm is told of trouble that a person should know of. It must not block.
	Alarm func(Alarm)
	// Certifier makes a receipt for each finished segment; nil for none.
	Certifier Certifier
}

// AlarmKind names what an alarm is about.
type AlarmKind string

// The alarms.
const (
	AlarmPaused    AlarmKind = "paused"    // the disk refuses; recording of a camera pauses
	AlarmRetention AlarmKind = "retention" // something could not be disposed of, or that would not help
	AlarmRoom      AlarmKind = "room"      // recordings go before their time to make room
	AlarmLost      AlarmKind = "lost"      // a file is missing or damaged
	AlarmReceipt   AlarmKind = "receipt"   // a segment stays without a receipt
)

// Alarm is one piece of news for the operator.
type Alarm struct {
	Kind    AlarmKind
	Camera  string // when it concerns one
	Cleared bool
	Err     error
}

func (c *Config) defaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.Segment, time.Minute)
	def(&c.Fragment, time.Second)
	def(&c.MaxGap, 10*time.Second)
	def(&c.Retry, 5*time.Second)
	def(&c.Every, time.Minute)
	def(&c.Limits.MaxAge, 7*24*time.Hour)
	if c.Limits.MaxBytes <= 0 {
		c.Limits.MaxBytes = 20 << 30
	}
	if c.Limits.MinFree == 0 {
		c.Limits.MinFree = 256 << 20
	}
	if c.Queue <= 0 {
		c.Queue = 512
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Alarm == nil {
		c.Alarm = func(Alarm) {}
	}
}

// Recorder keeps the recordings of all cameras. It is safe for concurrent use.
type Recorder struct {
	cfg   Config
	index index

	mu      sync.Mutex
	streams map[string]*Stream // by camera and rule
	closed  bool

	enforcing sync.Mutex    // one disposal at a time
	failing   bool          // disposal, as last told; of keep's goroutine
	early     bool          // recordings went before their time, likewise
	nudge     chan struct{} // of capacity 1: a segment was finished
	stop      context.CancelFunc
	done      sync.WaitGroup // the goroutine of keep
}

// Open opens the recordings in cfg.Dir, finishes what a crash left unfinished,
// and starts to enforce the limits.
func Open(ctx context.Context, cfg Config) (*Recorder, error) {
	cfg.defaults()
	if cfg.Dir == "" {
		return nil, errors.New("record: no directory given")
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	db, err := sqldb.Open(ctx, filepath.Join(cfg.Dir, "index.db"), schema(cfg.Limits))
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	// A small write-ahead log: the index must not take the room it watches over.
	if _, err := db.W.ExecContext(ctx, `PRAGMA wal_autocheckpoint = 64`); err != nil {
		return nil, fmt.Errorf("record: %w", errors.Join(err, db.Close()))
	}
	r := &Recorder{cfg: cfg, index: index{db}, streams: map[string]*Stream{}, nudge: make(chan struct{}, 1)}
	if err := errors.Join(r.settle(ctx), r.adopt(ctx)); err != nil {
		return nil, fmt.Errorf("record: recover: %w", errors.Join(err, db.Close()))
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.done.Go(func() { r.keep(keep) })
	return r, nil
}

// Camera names become folders.
var usableName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Stream returns the sink that records a camera's stream of one rule ("record",
// say). The caller closes it. It fails with ErrCamera, ErrBusy and ErrClosed.
func (r *Recorder) Stream(camera, rule string) (*Stream, error) {
	if !usableName.MatchString(camera) || !usableName.MatchString(rule) {
		return nil, fmt.Errorf("%w: %q (%q): use letters, digits, dot, dash and underscore", ErrCamera, camera, rule)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := camera + "/" + rule
	switch {
	case r.closed:
		return nil, ErrClosed
	case r.streams[key] != nil:
		return nil, fmt.Errorf("%w: %s", ErrBusy, key)
	}
	s := newStream(r, camera, rule)
	r.streams[key] = s
	return s, nil
}

func (r *Recorder) forget(s *Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.streams, s.camera+"/"+s.rule)
}

// live returns the segments being written now, by id.
func (r *Recorder) live() map[string]Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := map[string]Recording{}
	for _, s := range r.streams {
		if rec, ok := s.current(); ok {
			m[rec.ID] = rec
		}
	}
	return m
}

// List returns the recordings that overlap from–to, newest first; an empty
// camera means all, a zero time no bound. limit is 100 when 0, at most 1000.
func (r *Recorder) List(ctx context.Context, camera string, from, to time.Time, limit int) ([]Recording, error) {
	if limit <= 0 {
		limit = 100
	}
	lo, hi := int64(0), int64(1)<<62
	if !from.IsZero() {
		lo = from.UnixMilli()
	}
	if !to.IsZero() {
		hi = to.UnixMilli()
	}
	live := r.live()
	list, err := r.index.selectRows(ctx, `WHERE (?1 = '' OR camera = ?1) AND start_ms < ?2 AND (open = 1 OR end_ms > ?3)
		ORDER BY start_ms DESC LIMIT ?4`, camera, hi, lo, min(limit, 1000))
	for i, rec := range list {
		if now, ok := live[rec.ID]; ok {
			list[i] = now
		}
	}
	return list, err
}

// Get returns one recording; it fails with ErrUnknown.
func (r *Recorder) Get(ctx context.Context, id string) (Recording, error) {
	if rec, ok := r.live()[id]; ok {
		return rec, nil
	}
	rec, err := r.index.one(ctx, id)
	if err != nil {
		return Recording{}, err
	}
	return *rec, nil
}

// File is a recording opened for reading. Disposal does not disturb it.
type File struct {
	io.ReadSeeker
	Recording Recording
	f         *os.File
}

// Close releases the file.
func (f *File) Close() error { return f.f.Close() }

// Open opens a recording, for http.ServeContent among others. Of one still
// being written it shows what was whole at this moment. The caller closes it.
func (r *Recorder) Open(ctx context.Context, id string) (*File, error) {
	rec, err := r.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(r.cfg.Dir, rec.Path)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && rec.Open {
		f, err = os.Open(path + partSuffix)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: the file of %q is gone: %w", ErrUnknown, id, err)
	}
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &File{ReadSeeker: io.NewSectionReader(f, 0, rec.Bytes), Recording: rec, f: f}, nil
}

// Close finishes every stream and stops.
func (r *Recorder) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	var streams []*Stream
	for _, s := range r.streams {
		streams = append(streams, s)
	}
	r.mu.Unlock()
	var errs []error
	for _, s := range streams {
		errs = append(errs, s.Close())
	}
	r.stop()
	r.done.Wait()
	return errors.Join(append(errs, r.index.db.Close())...)
}

var _ sink.PacketSink = (*Stream)(nil)

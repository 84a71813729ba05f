// Package mlog enters events into a Merkle log in the tlog-tiles format
// (c2sp.org/tlog-tiles), kept by Tessera in a folder, and publishes signed
// checkpoints of it (c2sp.org/tlog-checkpoint). Who kept an old checkpoint can
// tell whether anything before it has changed since, even if whoever changed it
// held every key of this edge.
package mlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/rs/zerolog"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"k8s.io/klog/v2"

	"bystander/internal/event"
)

// Options say how a log works. Dir, Chain and Key are needed.
type Options struct {
	Dir   string // of the tiles; nothing else may be in it
	Chain string // whose events the log takes
	Key   *Key

	Interval time.Duration // between checkpoints; a minute
	// History is a file to which every checkpoint is added, for whoever compares
	// them later; Dir+".checkpoints" when empty. One line of JSON each.
	History string
	// Publisher hands each checkpoint on, as to a compacted topic; may be nil.
	Publisher Publisher
	Witness   *Witness // signs checkpoints it found consistent; may be nil
	// Missing gives events that were passed over between two offers, as after
	// the log's folder was restored from a backup, by calling yield with each in
	// order. What it does not give is entered as missing. May be nil.
	Missing func(ctx context.Context, from, to uint64, yield func(*event.Event) error) error
	Now     func() time.Time
	Log     zerolog.Logger
}

// Publisher hands checkpoints on. Publish is called again with the same
// checkpoint until it succeeds.
type Publisher interface {
	PublishCheckpoint(ctx context.Context, origin string, checkpoint []byte) error
}

// never is long enough that Tessera's own timer does not come.
const never = 100 * 365 * 24 * time.Hour

// maxBatch bounds the leaves that are entered at once.
const maxBatch = 4096

// Log is the Merkle log of one chain. It is safe for concurrent use and
// implements sink.EventSink: a spool's pump feeds it.
//
// Leaf i holds number first+i, so that nothing can be entered twice: each batch
// is one atomic step of the tree, and what the tree holds already is passed
// over. Tessera cuts batches by time; to keep a batch whole, each is given an
// appender of its own size.
type Log struct {
	o      Options
	driver tessera.Driver
	reader tessera.LogReader
	stop   context.CancelFunc // ends the base appender, which clears old partial tiles
	ctx    context.Context    //nolint:containedctx // the life of Tessera's own goroutines

	mu     sync.Mutex // over the tree
	first  uint64     // number of leaf 0; 0 while empty
	size   uint64
	closed bool

	pub publishing
}

var quiet sync.Once

// Open opens or makes the log. It fails with ErrKey, ErrDamaged, ErrChain and
// the system's errors.
func Open(ctx context.Context, o Options) (*Log, error) {
	// Tessera logs to standard error through a logger of the whole process; what
	// matters of it comes back as errors and in Status.
	quiet.Do(func() { klog.SetLogger(logr.Discard()) })
	if err := checkChain(o.Chain); err != nil {
		return nil, err
	}
	if o.Key == nil || o.Dir == "" {
		return nil, fmt.Errorf("%w: a log needs a folder and a key", ErrKey)
	}
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	if o.History == "" {
		o.History = o.Dir + ".checkpoints"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(o.Dir), 0o700); err != nil {
		return nil, fmt.Errorf("mlog: %w", err)
	}
	kept, err := lastCheckpoint(o)
	if err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: o.Dir, HTTPClient: o.Witness.client()})
	if err != nil {
		return nil, fmt.Errorf("mlog: %w", err)
	}
	l := &Log{o: o, driver: driver}
	l.ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	//nolint:contextcheck // outlives the opening
	_, _, l.reader, err = tessera.NewAppender(l.ctx, driver, l.options().WithGarbageCollectionInterval(time.Minute))
	if err != nil {
		l.stop()
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, o.Dir, err)
	}
	if err := l.recover(ctx, kept); err != nil {
		l.stop()
		return nil, err
	}
	return l, nil
}

func (l *Log) options() *tessera.AppendOptions {
	return tessera.NewAppendOptions().WithCheckpointSigner(l.o.Key.signer).
		WithCheckpointInterval(never).WithCheckpointRepublishInterval(0).WithGarbageCollectionInterval(0)
}

// recover finds where the log goes on, and that it is this chain's.
func (l *Log) recover(ctx context.Context, kept []byte) error {
	var err error
	if l.size, err = l.reader.IntegratedSize(ctx); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, l.o.Dir, err)
	}
	if l.size > 0 {
		head, err := l.leaf(ctx, 0)
		if err != nil {
			return err
		}
		l.first = head.Seq
		tail, err := l.leaf(ctx, l.size-1)
		if err != nil {
			return err
		}
		if head.Chain != l.o.Chain || tail.Chain != l.o.Chain {
			return fmt.Errorf("%w: %s holds chain %q, this edge is %q: give it its own folder", ErrChain, l.o.Dir, head.Chain, l.o.Chain)
		}
		if tail.Seq != l.first+l.size-1 {
			return fmt.Errorf("%w: %s: leaf %d holds number %d, not %d", ErrDamaged, l.o.Dir, l.size-1, tail.Seq, l.first+l.size-1)
		}
	}
	return l.recoverPublished(ctx, kept)
}

// Append enters events of the log's chain in order and returns once they are on
// the disk. What the log holds already is passed over, or ErrFork if it differs.
func (l *Log) Append(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	for len(events) > 0 {
		n := min(len(events), maxBatch)
		if err := l.enter(ctx, events[:n]); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

func (l *Log) enter(ctx context.Context, events []event.Event) error {
	leaves := make([]Leaf, 0, len(events))
	for i := range events {
		e := &events[i]
		if e.ChainID != l.o.Chain || e.Seq == 0 || e.RowHash.IsZero() {
			return fmt.Errorf("%w: %s/%d in the log of %s", ErrChain, e.ChainID, e.Seq, l.o.Chain)
		}
		next := l.next() + uint64(len(leaves))
		switch {
		case l.first == 0 && len(leaves) == 0: // the first of all says where the log begins
		case len(leaves) > 0 && l.first == 0 && e.Seq == leaves[len(leaves)-1].Seq+1:
		case l.first == 0:
			return fmt.Errorf("%w: %s/%d after %d at the beginning", ErrChain, e.ChainID, e.Seq, leaves[len(leaves)-1].Seq)
		case e.Seq < next:
			if err := l.same(ctx, e, leaves); err != nil {
				return err
			}
			continue
		case e.Seq > next:
			missing, err := l.missing(ctx, next, e.Seq-1)
			if err != nil {
				return err
			}
			leaves = append(leaves, missing...)
		}
		leaves = append(leaves, LeafOf(e))
	}
	return l.commit(ctx, leaves)
}

func (l *Log) next() uint64 { return l.first + l.size }

// same checks that an event that came again is the one in the log.
func (l *Log) same(ctx context.Context, e *event.Event, pending []Leaf) error {
	var have Leaf
	switch {
	case e.Seq >= l.next():
		have = pending[e.Seq-l.next()]
	case e.Seq < l.first:
		return nil // from before the log was begun
	default:
		var err error
		if have, err = l.leaf(ctx, e.Seq-l.first); err != nil {
			return err
		}
	}
	if have.Hash != e.RowHash && !have.Hash.IsZero() {
		return fmt.Errorf("%w: %s/%d is %s there, %s is offered", ErrFork, e.ChainID, e.Seq, have.Hash, e.RowHash)
	}
	return nil
}

// missing returns the leaves of numbers that were not offered.
func (l *Log) missing(ctx context.Context, from, to uint64) ([]Leaf, error) {
	const most = 1 << 24
	if to-from >= most {
		return nil, fmt.Errorf("%w: numbers %d to %d were never offered", ErrDamaged, from, to)
	}
	out := make([]Leaf, to-from+1)
	for i := range out {
		out[i] = Leaf{Chain: l.o.Chain, Seq: from + uint64(i)}
	}
	if l.o.Missing != nil {
		err := l.o.Missing(ctx, from, to, func(e *event.Event) error {
			if e.ChainID == l.o.Chain && e.Seq >= from && e.Seq <= to {
				out[e.Seq-from].Hash = e.RowHash
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("mlog: numbers %d to %d: %w", from, to, err)
		}
	}
	for _, leaf := range out {
		if leaf.Hash.IsZero() {
			l.o.Log.Error().Str("chain", l.o.Chain).Uint64("seq", leaf.Seq).Msg("an event could not be read and is entered as missing")
		}
	}
	return out, nil
}

// commit enters leaves as one step of the tree: all or none.
func (l *Log) commit(ctx context.Context, leaves []Leaf) error {
	if len(leaves) == 0 {
		return nil
	}
	// Where the state is gone Tessera would begin anew; this log never does.
	if size, err := l.reader.IntegratedSize(ctx); err != nil || size != l.size {
		return fmt.Errorf("%w: %s: %d leaves, want %d: %w", ErrDamaged, l.o.Dir, size, l.size, err)
	}
	life, end := context.WithCancel(l.ctx)
	defer end()
	//nolint:contextcheck // a batch once begun is not torn by its caller
	a, _, _, err := tessera.NewAppender(life, l.driver, l.options().WithBatching(uint(len(leaves)), never))
	if err != nil {
		return fmt.Errorf("mlog: append: %w", err)
	}
	futures := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		futures[i] = a.Add(life, tessera.NewEntry(leaf.Data())) //nolint:contextcheck // as above
	}
	var failed error
	for i, f := range futures { // they resolve together, with what is on the disk
		idx, err := f()
		if err == nil && idx.Index != l.size+uint64(i) {
			err = fmt.Errorf("%w: %s: number %d became leaf %d, not %d; does another process write there?",
				ErrDamaged, l.o.Dir, leaves[i].Seq, idx.Index, l.size+uint64(i))
		}
		if failed = err; failed != nil {
			break
		}
	}
	size, err := l.reader.IntegratedSize(ctx)
	if err == nil && size == l.size+uint64(len(leaves)) { // also when the last sync failed
		if l.first == 0 {
			l.first = leaves[0].Seq
		}
		l.size = size
	}
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("mlog: append: %w", err)
	}
	return nil
}

// Close publishes what has been entered since the last checkpoint and releases
// the log.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(l.ctx, closeTimeout)
	defer cancel()
	err := l.Publish(ctx)
	l.stop()
	return err
}

const closeTimeout = 10 * time.Second

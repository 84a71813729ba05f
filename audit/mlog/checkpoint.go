package mlog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
)

// Witness is a server that signs checkpoints of the log once it has found them
// consistent with all it signed before (c2sp.org/tlog-witness). It makes a
// second history show even to those who kept nothing.
type Witness struct {
	URL    string // add-checkpoint is asked below it
	VKey   string // the witness's key for cosignatures, cosignature/v1
	Client *http.Client
	// Timeout of one request; 10 s. A checkpoint is published without the
	// witness's signature when it does not answer, and offered again later.
	Timeout time.Duration
}

func (w *Witness) client() *http.Client {
	if w == nil || w.Client == nil {
		return &http.Client{Timeout: time.Minute}
	}
	return w.Client
}

// publishing is what was published last. Lock order: after Log.mu, or alone.
type publishing struct {
	mu        sync.Mutex
	raw       []byte // the newest checkpoint
	cp        flog.Checkpoint
	witnessed bool
	handed    bool // to the Publisher
	kept      bool // in the history
	at        time.Time
	err       error
}

// Status is how the log fares.
type Status struct {
	Origin    string    `json:"origin"`
	Chain     string    `json:"chain"`
	First     uint64    `json:"first"`     // number in leaf 0; 0 while empty
	Size      uint64    `json:"size"`      // leaves entered
	Published uint64    `json:"published"` // leaves under the newest checkpoint
	At        time.Time `json:"at"`        // of the newest checkpoint, as far as this process knows
	Witnessed bool      `json:"witnessed"`
	Err       error     `json:"-"` // of the last publication
}

// Status returns a snapshot.
func (l *Log) Status() Status {
	l.mu.Lock()
	st := Status{Origin: l.o.Key.Origin(), Chain: l.o.Chain, First: l.first, Size: l.size}
	l.mu.Unlock()
	l.pub.mu.Lock()
	defer l.pub.mu.Unlock()
	st.Published, st.At, st.Witnessed, st.Err = l.pub.cp.Size, l.pub.at, l.pub.witnessed, l.pub.err
	return st
}

// lastCheckpoint returns the newest checkpoint that was kept, in the folder or
// in the history, nil for a new log. It is read before Tessera opens the folder,
// which would begin a new log where it finds no tree.
func lastCheckpoint(o Options) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(o.Dir, "checkpoint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("mlog: checkpoint: %w", err)
	}
	history, err := ReadHistory(o.History)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var size uint64
	if len(raw) > 0 {
		cp, err := OpenCheckpoint(raw, o.Key.Origin(), o.Key.verifier)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, filepath.Join(o.Dir, "checkpoint"), err)
		}
		size = cp.Size
	}
	if n := len(history); n > 0 && history[n-1].Size > size {
		raw, size = []byte(history[n-1].Checkpoint), history[n-1].Size
	}
	if _, err := os.Stat(filepath.Join(o.Dir, ".state", "treeState")); size > 0 && err != nil {
		return nil, fmt.Errorf("%w: %s has lost its tree of %d leaves: %w; put back the newest backup of the folder", ErrDamaged, o.Dir, size, err)
	}
	return raw, nil
}

// recoverPublished takes up the newest checkpoint, and checks that the tree
// still goes on from it.
func (l *Log) recoverPublished(ctx context.Context, raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	cp, err := OpenCheckpoint(raw, l.o.Key.Origin(), l.o.Key.verifier)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, l.o.History, err)
	}
	l.pub.raw, l.pub.cp, l.pub.witnessed = raw, cp, l.satisfied(raw)
	if kept, err := ReadHistory(l.o.History); err == nil && len(kept) > 0 {
		l.pub.kept = kept[len(kept)-1].Checkpoint == string(raw)
	}
	return l.follows(ctx, cp, l.size)
}

// follows checks that the tree of size leaves holds what cp committed to. A log
// never signs a second history, whatever was put into its folder.
func (l *Log) follows(ctx context.Context, cp flog.Checkpoint, size uint64) error {
	if cp.Size == 0 {
		return nil
	}
	if cp.Size > size {
		return fmt.Errorf("%w: %s: %d leaves, and a checkpoint over %d was signed; put back the newest backup of the folder",
			ErrDamaged, l.o.Dir, size, cp.Size)
	}
	root, err := l.root(ctx, size)
	if err != nil {
		return err
	}
	hashes, err := l.consistency(ctx, cp.Size, size)
	if err == nil {
		err = proof.VerifyConsistency(rfc6962.DefaultHasher, cp.Size, size, hashes, cp.Hash, root)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: the tree is not the one that the checkpoint over %d leaves was signed for: %w", ErrDamaged, l.o.Dir, cp.Size, err)
	}
	return nil
}

// root computes the tree's root from its tiles.
func (l *Log) root(ctx context.Context, size uint64) ([]byte, error) {
	if size == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	nodes, err := client.FetchRangeNodes(ctx, size, l.reader.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r, err := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewRange(0, size, nodes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r.GetRootHash(nil)
}

// Run publishes a checkpoint at each interval until ctx ends.
func (l *Log) Run(ctx context.Context) {
	t := time.NewTicker(l.o.Interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := l.Publish(ctx); err != nil && ctx.Err() == nil {
				l.o.Log.Error().Err(err).Msg("the newest checkpoint has not reached everybody; it is offered again")
			}
		}
	}
}

// Publish signs a checkpoint over what has been entered and hands it to the
// witness, the file, the history and the publisher. What failed is tried again
// at the next call; a tree that has not grown is not signed again.
func (l *Log) Publish(ctx context.Context) (err error) {
	l.pub.mu.Lock()
	defer l.pub.mu.Unlock()
	defer func() { l.pub.err = err }()
	size, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return fmt.Errorf("mlog: publish: %w", err)
	}
	if size == 0 {
		return nil
	}
	if size > l.pub.cp.Size || l.o.Witness != nil && !l.pub.witnessed {
		if err := l.sign(ctx, size); err != nil {
			return err
		}
	}
	return l.spread(ctx)
}

func (l *Log) sign(ctx context.Context, size uint64) error {
	if err := l.follows(ctx, l.pub.cp, size); err != nil {
		return err
	}
	root, err := l.root(ctx, size)
	if err != nil {
		return err
	}
	opts := l.options()
	if w := l.o.Witness; w != nil {
		group, err := w.group()
		if err != nil {
			return err
		}
		opts.WithWitnesses(group, &tessera.WitnessOptions{FailOpen: true, Timeout: max(w.Timeout, 0)})
	}
	raw, err := opts.CheckpointPublisher(l.reader, l.o.Witness.client())(ctx, size, root)
	if err != nil {
		return fmt.Errorf("mlog: sign: %w", err)
	}
	if err := writeFile(filepath.Join(l.o.Dir, "checkpoint"), raw, 0o644); err != nil {
		return fmt.Errorf("mlog: publish: %w", err)
	}
	cp, err := OpenCheckpoint(raw, l.o.Key.Origin(), l.o.Key.verifier)
	if err != nil {
		return err
	}
	changed := !bytes.Equal(raw, l.pub.raw)
	l.pub.raw, l.pub.cp, l.pub.at, l.pub.witnessed = raw, cp, l.o.Now(), l.satisfied(raw)
	if changed {
		l.pub.handed, l.pub.kept = false, false
	}
	return nil
}

// group is the policy that asks for the one witness.
func (w *Witness) group() (tessera.WitnessGroup, error) {
	u, err := url.Parse(w.URL)
	if err != nil {
		return tessera.WitnessGroup{}, fmt.Errorf("mlog: witness address %q: %w", w.URL, err)
	}
	one, err := tessera.NewWitness(w.VKey, u)
	if err != nil {
		return tessera.WitnessGroup{}, fmt.Errorf("mlog: witness key: %w; it should be a cosignature/v1 verifier key", err)
	}
	return tessera.NewWitnessGroup(1, one), nil
}

func (l *Log) satisfied(raw []byte) bool {
	if l.o.Witness == nil {
		return false
	}
	g, err := l.o.Witness.group()
	return err == nil && g.Satisfied(raw)
}

// spread brings the newest checkpoint to everybody who has not got it.
func (l *Log) spread(ctx context.Context) error {
	var errs []error
	if !l.pub.kept {
		err := l.keep(l.pub.raw, l.pub.cp.Size)
		l.pub.kept = err == nil
		errs = append(errs, err)
	}
	if l.o.Publisher != nil && !l.pub.handed {
		err := l.o.Publisher.PublishCheckpoint(ctx, l.o.Key.Origin(), l.pub.raw)
		l.pub.handed = err == nil
		if err != nil {
			errs = append(errs, fmt.Errorf("mlog: publisher: %w", err))
		}
	}
	if l.o.Witness != nil && !l.pub.witnessed {
		errs = append(errs, fmt.Errorf("%w: %s did not sign the checkpoint over %d leaves: see whether it answers, and whether it knows a larger tree",
			ErrWitness, l.o.Witness.URL, l.pub.cp.Size))
	}
	return errors.Join(errs...)
}

// Kept is one line of the history of checkpoints.
type Kept struct {
	At         time.Time `json:"at"`
	Size       uint64    `json:"size"`
	Checkpoint string    `json:"checkpoint"` // the signed note
}

// keep adds a checkpoint to the history.
func (l *Log) keep(raw []byte, size uint64) error {
	b, err := json.Marshal(Kept{At: l.o.Now().UTC(), Size: size, Checkpoint: string(raw)})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.o.History, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // public: anybody may check it
	if err != nil {
		return fmt.Errorf("mlog: history: %w", err)
	}
	// A line that a crash tore off is ended by the newline before this one.
	_, err = f.Write(append(append([]byte("\n"), b...), '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("mlog: history: %w", err)
	}
	return nil
}

// ReadHistory reads a file of kept checkpoints, oldest first. A line that a
// crash tore off is passed over.
func ReadHistory(path string) ([]Kept, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("mlog: history: %w", err)
	}
	defer f.Close()
	var out []Kept
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var k Kept
		if len(lines.Bytes()) > 0 && json.Unmarshal(lines.Bytes(), &k) == nil && k.Checkpoint != "" {
			out = append(out, k)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("mlog: history: %s: %w", path, err)
	}
	return out, nil
}

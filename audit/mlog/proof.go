package mlog

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// Inclusion proves that a leaf is in the tree of a checkpoint.
type Inclusion struct {
	Leaf       Leaf
	Index      uint64   // of the leaf
	Size       uint64   // of the tree
	Hashes     [][]byte // RFC 6962 audit path
	Checkpoint []byte   // signed note over the tree
}

// Consistency proves that a tree holds all of a smaller one, in place.
type Consistency struct {
	From, To uint64   // sizes
	Hashes   [][]byte // RFC 6962 consistency proof
}

// OpenCheckpoint checks a checkpoint's signature and origin.
func OpenCheckpoint(raw []byte, origin string, v note.Verifier) (flog.Checkpoint, error) {
	cp, _, _, err := flog.ParseCheckpoint(raw, origin, v)
	if err != nil {
		return flog.Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrProof, err)
	}
	return *cp, nil
}

// Checkpoint returns the newest checkpoint, ErrNotFound before the first.
func (l *Log) Checkpoint() ([]byte, error) {
	l.pub.mu.Lock()
	defer l.pub.mu.Unlock()
	if len(l.pub.raw) == 0 {
		return nil, fmt.Errorf("%w: no checkpoint yet", ErrNotFound)
	}
	return append([]byte(nil), l.pub.raw...), nil
}

// VKey is the key that verifies the log's checkpoints.
func (l *Log) VKey() string { return l.o.Key.VKey() }

// Origin is the log's name.
func (l *Log) Origin() string { return l.o.Key.Origin() }

// Chain is whose events the log holds.
func (l *Log) Chain() string { return l.o.Chain }

// Tile returns a hash tile, or with level Entries a bundle of leaves, as
// tlog-tiles lays them out; width 0 means a full one. It fails with ErrNotFound.
func (l *Log) Tile(ctx context.Context, level int, index uint64, width uint8) ([]byte, error) {
	var b []byte
	var err error
	switch {
	case level == Entries:
		b, err = l.reader.ReadEntryBundle(ctx, index, width)
	case level >= 0 && level <= 63:
		b, err = l.reader.ReadTile(ctx, uint64(level), index, width)
	default:
		return nil, fmt.Errorf("%w: level %d", ErrNotFound, level)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: tile %d/%d", ErrNotFound, level, index)
	}
	if err != nil {
		return nil, fmt.Errorf("mlog: tile: %w", err)
	}
	return b, nil
}

// Entries is the level of bundles of leaves.
const Entries = -1

func (l *Log) leaf(ctx context.Context, index uint64) (Leaf, error) {
	size, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return Leaf{}, fmt.Errorf("mlog: %w", err)
	}
	return ReadLeaf(ctx, l.reader.ReadEntryBundle, index, size)
}

// ReadLeaf reads one leaf of a log of the given size from its bundles.
func ReadLeaf(ctx context.Context, read client.EntryBundleFetcherFunc, index, size uint64) (Leaf, error) {
	bundle, err := client.GetEntryBundle(ctx, read, index/layout.EntryBundleWidth, size)
	if err != nil {
		return Leaf{}, fmt.Errorf("%w: bundle of leaf %d: %w", ErrDamaged, index, err)
	}
	return leafIn(bundle, index)
}

func leafIn(b api.EntryBundle, index uint64) (Leaf, error) {
	i := int(index % layout.EntryBundleWidth)
	if i >= len(b.Entries) {
		return Leaf{}, fmt.Errorf("%w: leaf %d is not in its bundle", ErrDamaged, index)
	}
	return ParseLeaf(b.Entries[i])
}

// Prove proves that number seq of the chain is in the tree of the newest
// checkpoint, or fails with ErrNotFound while it is not.
func (l *Log) Prove(ctx context.Context, seq uint64) (Inclusion, error) {
	raw, err := l.Checkpoint()
	if err != nil {
		return Inclusion{}, err
	}
	cp, err := OpenCheckpoint(raw, l.Origin(), l.o.Key.verifier)
	if err != nil {
		return Inclusion{}, err
	}
	l.mu.Lock()
	first := l.first
	l.mu.Unlock()
	if seq < first || first == 0 || seq-first >= cp.Size {
		return Inclusion{}, fmt.Errorf("%w: number %d of %s is not under the newest checkpoint; a new one comes each %v", ErrNotFound, seq, l.o.Chain, l.o.Interval)
	}
	p := Inclusion{Index: seq - first, Size: cp.Size, Checkpoint: raw}
	if p.Leaf, err = l.leaf(ctx, p.Index); err != nil {
		return Inclusion{}, err
	}
	pb, err := client.NewProofBuilder(ctx, cp.Size, l.reader.ReadTile)
	if err == nil {
		p.Hashes, err = pb.InclusionProof(ctx, p.Index)
	}
	if err != nil {
		return Inclusion{}, fmt.Errorf("mlog: prove: %w", err)
	}
	return p, nil
}

// ProveConsistency proves that the tree of size to goes on from that of size
// from. Both must have been reached.
func (l *Log) ProveConsistency(ctx context.Context, from, to uint64) (Consistency, error) {
	size, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return Consistency{}, fmt.Errorf("mlog: %w", err)
	}
	if from == 0 || from > to || to > size {
		return Consistency{}, fmt.Errorf("%w: sizes %d and %d of a log of %d", ErrNotFound, from, to, size)
	}
	hashes, err := l.consistency(ctx, from, to)
	if err != nil {
		return Consistency{}, err
	}
	return Consistency{From: from, To: to, Hashes: hashes}, nil
}

func (l *Log) consistency(ctx context.Context, from, to uint64) ([][]byte, error) {
	size, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return nil, fmt.Errorf("mlog: %w", err)
	}
	// Tiles are kept for the newest tree and for published ones; the newest
	// holds every node that a smaller tree has.
	pb, err := client.NewProofBuilder(ctx, max(size, to), l.reader.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("mlog: %w", err)
	}
	hashes, err := pb.ConsistencyProof(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return hashes, nil
}

// Verify checks the proof and its checkpoint against the log's verifier key.
func (p Inclusion) Verify(v note.Verifier) error {
	cp, err := OpenCheckpoint(p.Checkpoint, v.Name(), v)
	if err != nil {
		return err
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, cp.Size, p.Leaf.MerkleHash(), p.Hashes, cp.Hash); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// Verify checks that the second checkpoint's tree goes on from the first's.
func (p Consistency) Verify(from, to flog.Checkpoint) error {
	if from.Size != p.From || to.Size != p.To {
		return fmt.Errorf("%w: sizes %d and %d, want %d and %d", ErrProof, p.From, p.To, from.Size, to.Size)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, p.From, p.To, p.Hashes, from.Hash, to.Hash); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// Text is the proof in the form of c2sp.org/tlog-proof, to be kept beside an
// event: it is checked without asking anybody.
func (p Inclusion) Text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "c2sp.org/tlog-proof@v1\nindex %d\n", p.Index)
	for _, h := range p.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h) + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return []byte(b.String())
}

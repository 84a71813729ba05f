package verify

import (
	"context"
	"fmt"
	"slices"

	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"

	"bystander/audit/mlog"
	"bystander/internal/event"
)

// Tiles is a log in the tlog-tiles format, by file or by HTTP: Tessera's
// client.FileFetcher and client.HTTPFetcher are two.
type Tiles interface {
	ReadCheckpoint(ctx context.Context) ([]byte, error)
	ReadTile(ctx context.Context, level, index uint64, p uint8) ([]byte, error)
	ReadEntryBundle(ctx context.Context, index uint64, p uint8) ([]byte, error)
}

// OwnLog is Signed.From of the checkpoint that lies with the tiles.
const OwnLog = "the log itself"

// tree builds the Merkle tree again, from the log's leaves where they are at
// hand, else from the rows, and compares its root at each checkpoint.
type tree struct {
	log    *Log
	cps    []checkpoint // by size
	size   uint64       // of the largest
	rng    *compact.Range
	good   uint64 // size of the last checkpoint that was given again
	off    string // why nothing is compared any more; empty while it is
	bundle [][]byte
	index  uint64 // of bundle
}

type checkpoint struct {
	flog.Checkpoint
	from string
}

var factory = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// newTree opens the checkpoints and finds those that contradict each other.
func newTree(ctx context.Context, k *check) (*tree, error) {
	t := &tree{log: k.c.Log}
	if t.log == nil {
		t.off = "there is no Merkle log to compare with"
		return t, nil
	}
	if t.log.First == 0 {
		t.log.First = 1
	}
	seen := map[uint64]checkpoint{}
	for _, s := range t.log.Checkpoints {
		cp, err := mlog.OpenCheckpoint(s.Raw, t.log.Key.Name(), t.log.Key)
		if err != nil {
			k.find(Checkpoint, 0, 0, "from %s: %v", s.From, err)
			continue
		}
		t.add(k, seen, checkpoint{cp, s.From})
	}
	slices.SortFunc(t.cps, func(a, b checkpoint) int {
		if a.Size < b.Size {
			return -1
		}
		return 1
	})
	if len(t.cps) == 0 {
		t.off = "there is no checkpoint to compare with"
		return t, nil
	}
	t.size = t.cps[len(t.cps)-1].Size
	return t, t.start(ctx, k)
}

// add takes a checkpoint unless it is known; two of one size must be equal.
func (t *tree) add(k *check, seen map[uint64]checkpoint, cp checkpoint) {
	if cp.Size == 0 {
		return
	}
	have, ok := seen[cp.Size]
	if !ok {
		seen[cp.Size] = cp
		t.cps = append(t.cps, cp)
		return
	}
	if string(have.Hash) != string(cp.Hash) {
		k.find(Forked, t.log.First+cp.Size-1, t.log.First+cp.Size-1,
			"two checkpoints over %d leaves, from %s and from %s, both signed by the log, commit to different histories", cp.Size, have.from, cp.from)
	}
}

// start finds the tree up to where checking begins.
func (t *tree) start(ctx context.Context, k *check) error {
	from := uint64(0)
	if begin := max(k.c.From, k.c.Floor.Seq+1, 1); begin > t.log.First {
		from = min(begin-t.log.First, t.size)
	}
	if from == 0 {
		t.rng = factory.NewEmptyRange(0)
		return nil
	}
	if t.log.Tiles == nil {
		t.off = fmt.Sprintf("the rows before %d are not at hand, nor the log's tiles", t.log.First+from)
		return nil
	}
	nodes, err := client.FetchRangeNodes(ctx, from, t.full)
	if err == nil {
		t.rng, err = factory.NewRange(0, from, nodes)
	}
	if err != nil {
		k.find(LogDamaged, t.log.First, t.log.First+from-1, "the log's tiles cannot be read: %v", err)
		t.off = "the log's tiles cannot be read"
	}
	return nil
}

// full reads a tile as it is in the whole tree: a log keeps partial tiles only
// for sizes that it once had.
func (t *tree) full(ctx context.Context, level, index uint64, _ uint8) ([]byte, error) {
	return t.log.Tiles.ReadTile(ctx, level, index, layout.PartialTileSize(level, index, t.size))
}

// row compares a row with its leaf and adds the leaf to the tree.
func (t *tree) row(ctx context.Context, k *check, r *checked) error {
	if t.off != "" || r.Seq < t.log.First || r.Seq-t.log.First >= t.size {
		return nil
	}
	at := r.Seq - t.log.First
	if t.log.Tiles == nil {
		if at != t.rng.End() {
			if at > t.rng.End() {
				t.off = fmt.Sprintf("numbers %d to %d are not at hand, nor the log's tiles", t.log.First+t.rng.End(), r.Seq-1)
			}
			return nil
		}
		t.grow(k, mlog.Leaf{Chain: k.c.ID, Seq: r.Seq, Hash: hashOf(r)})
		return nil
	}
	for t.off == "" && t.rng.End() <= at {
		leaf, ok := t.leaf(ctx, k, t.rng.End())
		if !ok {
			return ctx.Err()
		}
		if t.rng.End() == at {
			k.compare(r, leaf)
		}
		t.grow(k, leaf)
	}
	return ctx.Err()
}

func hashOf(r *checked) event.Digest {
	if r.Event != nil {
		return r.Event.RowHash
	}
	return r.Hash
}

// leaf reads one leaf of the log.
func (t *tree) leaf(ctx context.Context, k *check, i uint64) (mlog.Leaf, bool) {
	if n := i / layout.EntryBundleWidth; t.bundle == nil || t.index != n {
		b, err := client.GetEntryBundle(ctx, t.log.Tiles.ReadEntryBundle, n, t.size)
		if err != nil {
			return t.damaged(k, i, err)
		}
		t.bundle, t.index = b.Entries, n
	}
	at := int(i % layout.EntryBundleWidth)
	if at >= len(t.bundle) {
		return t.damaged(k, i, fmt.Errorf("the bundle ends before it"))
	}
	leaf, err := mlog.ParseLeaf(t.bundle[at])
	if err == nil && (leaf.Chain != k.c.ID || leaf.Seq != t.log.First+i) {
		err = fmt.Errorf("it holds %s/%d", leaf.Chain, leaf.Seq)
	}
	if err != nil {
		return t.damaged(k, i, err)
	}
	return leaf, true
}

func (t *tree) damaged(k *check, i uint64, err error) (mlog.Leaf, bool) {
	k.find(LogDamaged, t.log.First+i, t.log.First+i, "leaf %d cannot be read from the log: %v", i, err)
	t.off = "the log's leaves cannot be read"
	return mlog.Leaf{}, false
}

// grow adds a leaf, and compares the root where a checkpoint stands.
func (t *tree) grow(k *check, leaf mlog.Leaf) {
	if err := t.rng.Append(leaf.MerkleHash(), nil); err != nil {
		t.off = err.Error()
		return
	}
	i, ok := slices.BinarySearchFunc(t.cps, t.rng.End(), func(c checkpoint, size uint64) int {
		switch {
		case c.Size < size:
			return -1
		case c.Size > size:
			return 1
		}
		return 0
	})
	if !ok {
		return
	}
	cp := t.cps[i]
	root, err := t.rng.GetRootHash(nil)
	switch {
	case err != nil:
		t.off = err.Error()
	case string(root) == string(cp.Hash):
		t.good = cp.Size
		k.report.Checkpoints++
	default:
		t.differs(k, cp)
	}
}

// differs tells of a checkpoint that the tree does not give.
func (t *tree) differs(k *check, cp checkpoint) {
	from, to := t.log.First+t.good, t.log.First+cp.Size-1
	switch {
	case t.log.Tiles == nil:
		if k.faultIn(from, to) {
			k.note("the checkpoint over %d leaves from %s does not fit the rows, as the findings say", cp.Size, cp.from)
		} else {
			k.find(Forked, from, to, "signed by this edge, but not what the checkpoint over %d leaves from %s commits to", cp.Size, cp.from)
		}
		t.off = "the rows differ from what was logged"
	case cp.from == OwnLog:
		k.find(LogDamaged, from, to, "the log's leaves do not give its own checkpoint over %d leaves", cp.Size)
	default:
		k.find(Forked, from, to, "the log's leaves are not what its checkpoint over %d leaves, from %s, commits to", cp.Size, cp.from)
	}
}

func (k *check) faultIn(from, to uint64) bool {
	if k.moved.in(from, to) {
		return true
	}
	for _, f := range k.report.Findings {
		if f.Seq <= to && max(f.To, f.Seq) >= from {
			return true
		}
	}
	return false
}

// compare holds a row against its leaf.
func (k *check) compare(r *checked, leaf mlog.Leaf) {
	if leaf.Hash.IsZero() {
		k.note("number %d is in the log as missing", r.Seq)
		return
	}
	k.report.Logged++
	same := leaf.Hash == hashOf(r)
	fs := k.report.Findings
	var last *Finding
	if n := len(fs); n > 0 && max(fs[n-1].To, fs[n-1].Seq) == r.Seq {
		last = &fs[n-1]
	}
	switch {
	case r.Event == nil && !same:
		k.find(Altered, r.Seq, r.Seq, "the skeleton's hash is not the one in the log")
	case r.Event == nil || !r.hashed:
	case r.signed && !same:
		k.find(Forked, r.Seq, r.Seq, "this edge signed two contents under this number: the log holds %s, the row %s", short(leaf.Hash), short(r.Event.RowHash))
	case !r.signed && last != nil && last.Code == WrongKey:
		k.reword(r.Seq, same)
	}
}

// reword says of an unsigned row what its leaf tells: whether only the
// signature was replaced, or the content too.
func (k *check) reword(seq uint64, same bool) {
	fs := k.report.Findings
	last := &fs[len(fs)-1]
	if last.Seq == seq {
		k.report.Findings = fs[:len(fs)-1]
	} else if last.To = seq - 1; last.To == last.Seq {
		last.To = 0
	}
	if same {
		k.find(WrongKey, seq, seq, "the content is what the log holds, but another key than this edge's signed it")
		return
	}
	k.find(Altered, seq, seq, "content and hash were replaced: the log holds another hash, and this edge did not sign this one")
}

func short(d event.Digest) string { return d.String()[:16] + "…" }

// finish reads what the log holds beyond the rows.
func (t *tree) finish(ctx context.Context, k *check) error {
	if t.log == nil {
		return nil
	}
	last := uint64(0)
	if t.size > 0 {
		last = t.log.First + t.size - 1
	}
	to := k.c.To
	if to == 0 {
		to = last
	}
	if goes := min(to, last); t.size > 0 && k.prev.Seq < goes && k.c.Head.Seq <= k.prev.Seq {
		if k.c.Waiting >= goes {
			k.note("numbers %d to %d wait in the edge's spool", k.prev.Seq+1, goes)
			return ctx.Err()
		}
		k.find(Truncated, k.prev.Seq+1, goes, "checkpoints were signed over numbers up to %d, the rows end at %d", last, k.prev.Seq)
	}
	for t.off == "" && t.log.Tiles != nil && t.rng.End() < t.size {
		leaf, ok := t.leaf(ctx, k, t.rng.End())
		if !ok {
			break
		}
		t.grow(k, leaf)
	}
	return ctx.Err()
}

// settle says what could not be compared.
func (t *tree) settle(k *check) {
	if t.off != "" {
		k.note("%s: %s", NotCompared, t.off)
		return
	}
	if t.rng.End() < t.size {
		k.note("%s: checkpoints over more than %d leaves, which go beyond the rows checked", NotCompared, t.rng.End())
	}
}

package verify

import (
	"context"
	"crypto/ed25519"
	"sync"

	"bystander/internal/event"
)

// batchRows is how many rows are checked together.
const batchRows = 2048

// checked is a row with what its own content tells.
type checked struct {
	Row
	hashed bool // content gives the row's hash
	signed bool // the edge's key signed the row's hash
}

// walk reads the chain once: content and signatures on all cores, order by one.
func (k *check) walk(ctx context.Context, src Source) error {
	var err error
	if k.tree, err = newTree(ctx, k); err != nil {
		return err
	}
	batch := make([]checked, 0, batchRows)
	flush := func() error {
		k.judge(batch)
		for i := range batch {
			if err := k.row(ctx, &batch[i]); err != nil {
				return err
			}
		}
		batch = batch[:0]
		if k.o.Progress != nil {
			k.o.Progress(k.c.ID, k.report.Rows+k.report.Disposed, k.prev.Seq)
		}
		return ctx.Err()
	}
	err = src.Walk(ctx, k.c.ID, max(k.c.From, 1), k.c.To, func(r Row) error {
		if batch = append(batch, checked{Row: r}); len(batch) < batchRows {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err == nil && k.c.To > 0 && k.prev.Seq < k.c.To && k.c.Head.Seq > k.prev.Seq {
		k.find(Truncated, k.prev.Seq+1, min(k.c.To, k.c.Head.Seq), "asked for up to %d, and the chain goes up to %d", k.c.To, k.c.Head.Seq)
	}
	if err == nil {
		err = k.tree.finish(ctx, k)
	}
	return err
}

// judge checks hashes and signatures.
func (k *check) judge(batch []checked) {
	var wg sync.WaitGroup
	n := min(k.o.Workers, max(len(batch)/64, 1))
	for w := range n {
		wg.Go(func() {
			for i := w; i < len(batch); i += n {
				r := &batch[i]
				if r.Event == nil {
					continue
				}
				h, err := r.Event.Hash()
				r.hashed = err == nil && h == r.Event.RowHash
				r.signed = len(k.c.Key) == ed25519.PublicKeySize && ed25519.Verify(k.c.Key, r.Event.RowHash[:], r.Event.NodeSig)
			}
		})
	}
	wg.Wait()
}

// row judges one row in its place.
func (k *check) row(ctx context.Context, r *checked) error {
	if r.Err != nil && r.Seq <= k.prev.Seq {
		k.find(Altered, k.prev.Seq, k.prev.Seq, "a row by it cannot be read: %v", r.Err)
		return nil //nolint:nilerr // told as a finding
	}
	if !k.begun {
		k.begin(r)
	}
	if r.Seq == k.prev.Seq && k.report.First > 0 {
		k.twice(r)
		return nil
	}
	if r.Seq > k.prev.Seq+1 {
		k.gone(k.prev.Seq+1, r.Seq-1)
		k.prevOK, k.prevBare = false, false
	}
	switch {
	case r.Err != nil:
		k.find(Altered, r.Seq, r.Seq, "the row cannot be read: %v", r.Err)
		k.prev = event.Head{ChainID: k.c.ID, Seq: r.Seq}
		k.prevOK, k.prevBare = false, false
		return nil //nolint:nilerr // a finding, and the walk goes on
	case r.Event == nil:
		k.skeleton(r)
	default:
		k.whole(r)
	}
	return k.tree.row(ctx, k, r)
}

// begin notes where the rows begin, and whether that is where they should.
func (k *check) begin(r *checked) {
	k.begun = true
	k.report.First = r.Seq
	if !k.prevOK && r.Seq == k.c.From {
		k.prev.Hash = r.Prev
		if r.Event != nil {
			k.prev.Hash = r.Event.PrevHash
		}
		k.note("the link to number %d was taken on trust: checking began at %d", k.c.From-1, k.c.From)
	}
}

// twice judges a row whose number came before.
func (k *check) twice(r *checked) {
	if r.Event == nil && r.Hash == k.prev.Hash {
		return // a skeleton beside its own row
	}
	hash, genuine := r.Hash, r.Event == nil
	if r.Event != nil {
		hash, genuine = r.Event.RowHash, r.hashed && r.signed
	}
	switch {
	case hash == k.prev.Hash && genuine && k.prevOK:
		k.find(Doubled, r.Seq, r.Seq, "the number is there twice, with the same content")
	case genuine && k.prevOK:
		k.find(Forked, r.Seq, r.Seq, "two contents under one number, both signed by this edge")
	default:
		k.find(Altered, r.Seq, r.Seq, "two contents under one number, and this edge signed one of them at most")
	}
	if genuine && !k.prevOK { // the chain goes on from the genuine one
		k.prev, k.prevOK = event.Head{ChainID: k.c.ID, Seq: r.Seq, Hash: hash}, true
	}
}

// gone notes numbers of which nothing is left.
func (k *check) gone(from, to uint64) {
	k.open = append(k.open, open{from: from, to: to})
}

// skeleton judges a row of which only place and hash are left.
func (k *check) skeleton(r *checked) {
	if r.Prev != k.prev.Hash && k.prevOK {
		k.find(Altered, r.Seq, r.Seq, "the skeleton does not link to the row before")
	}
	k.prev = event.Head{ChainID: k.c.ID, Seq: r.Seq, Hash: r.Hash}
	// A skeleton is bound by the links of the signed rows behind it.
	k.prevOK, k.prevBare = true, true
	if n := len(k.open); n > 0 && k.open[n-1].skeleton && k.open[n-1].to+1 == r.Seq && k.open[n-1].rule == r.Rule {
		k.open[n-1].to = r.Seq
		if r.TS.After(k.open[n-1].newest) {
			k.open[n-1].newest = r.TS
		}
		return
	}
	k.open = append(k.open, open{from: r.Seq, to: r.Seq, skeleton: true, rule: r.Rule, newest: r.TS, after: k.latest})
}

// whole judges a row that is all there.
func (k *check) whole(r *checked) {
	e := r.Event
	k.report.Rows++
	linked := e.PrevHash == k.prev.Hash || e.Seq != k.prev.Seq+1
	genuine := r.hashed && r.signed && e.ChainID == k.c.ID && e.Seq == r.Seq
	switch {
	case genuine && linked:
		k.told.learn(e)
	case genuine && k.prevBare:
		k.find(Altered, k.prev.Seq, k.prev.Seq, "the skeleton's hash is not the one that the next row, which is genuine, links to")
		k.told.learn(e)
	case genuine && k.prevOK:
		k.find(Forked, r.Seq, r.Seq, "this edge signed it, and it does not follow the row before, which is genuine too")
	case genuine:
		// The row before, not this one, is at fault and named.
		k.told.learn(e)
		k.unmask(e)
	case !r.hashed && r.signed:
		k.moved.add(e)
	case !r.hashed:
		k.find(Altered, r.Seq, r.Seq, "content, hash and signature do not fit each other")
	default:
		k.find(WrongKey, r.Seq, r.Seq, "the hash fits the content, but this edge's key did not sign it: signed by another key, or altered and hashed anew")
	}
	k.prev = event.Head{ChainID: k.c.ID, Seq: r.Seq, Hash: e.RowHash}
	k.prevOK, k.prevBare = genuine, false
	if genuine && e.TS.After(k.latest) {
		k.latest = e.TS
	}
}

// unmask tells, by the link of a genuine row, that the one before was hashed
// anew.
func (k *check) unmask(e *event.Event) {
	fs := k.report.Findings
	if n := len(fs); n > 0 && fs[n-1].Code == WrongKey && fs[n-1].To == 0 && fs[n-1].Seq == e.Seq-1 && e.PrevHash != k.prev.Hash {
		fs[n-1].Code = Altered
		fs[n-1].Text = "content and hash were replaced: the next row, which is genuine, links to another hash"
	}
}

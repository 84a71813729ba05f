package mlog_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"bystander/audit/mlog"
	"bystander/internal/event"
)

const origin = "venue.example/edge-1"

var ctx = context.Background()

func key(t testing.TB, dir string) *mlog.Key {
	t.Helper()
	k, err := mlog.OpenKey(filepath.Join(dir, "keys", "log.key"), origin)
	require.NoError(t, err)
	return k
}

func options(t testing.TB, dir string) mlog.Options {
	return mlog.Options{Dir: filepath.Join(dir, "log"), Chain: "edge-1", Key: key(t, dir), Interval: time.Hour}
}

func open(t testing.TB, o mlog.Options) *mlog.Log {
	t.Helper()
	l, err := mlog.Open(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// events seals n events of a chain.
func events(t testing.TB, n int) []event.Event {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key})
	require.NoError(t, err)
	out := make([]event.Event, n)
	for i := range out {
		out[i] = event.Event{Kind: event.KindUseStart}
		require.NoError(t, c.Seal(&out[i]))
	}
	return out
}

// leaves reads every leaf of the tree as an outsider does, from the files.
func leaves(t testing.TB, l *mlog.Log, dir string) []mlog.Leaf {
	t.Helper()
	size := l.Status().Size
	f := client.FileFetcher{Root: filepath.Join(dir, "log")}
	out := make([]mlog.Leaf, size)
	for i := range out {
		var err error
		out[i], err = mlog.ReadLeaf(ctx, f.ReadEntryBundle, uint64(i), size)
		require.NoError(t, err)
	}
	return out
}

func requireHolds(t testing.TB, l *mlog.Log, dir string, want []event.Event) {
	t.Helper()
	got := leaves(t, l, dir)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, mlog.LeafOf(&want[i]), got[i])
	}
}

// TestPublicToolsAgree checks the folder with Tessera's own fsck, which knows
// nothing of this program.
func TestPublicToolsAgree(t *testing.T) {
	dir := t.TempDir()
	l := open(t, options(t, dir))
	evs := events(t, 700)
	for _, cut := range [][2]int{{0, 1}, {1, 257}, {257, 300}, {300, 700}} {
		require.NoError(t, l.Append(ctx, evs[cut[0]:cut[1]]))
	}
	require.NoError(t, l.Publish(ctx))
	v, err := note.NewVerifier(l.VKey())
	require.NoError(t, err)
	hasher := func(b []byte) ([][]byte, error) {
		var bundle api.EntryBundle
		if err := bundle.UnmarshalText(b); err != nil {
			return nil, err
		}
		var out [][]byte
		for _, e := range bundle.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, nil
	}
	check := fsck.New(origin, v, &client.FileFetcher{Root: filepath.Join(dir, "log")}, hasher, fsck.Opts{N: 2})
	require.NoError(t, check.Check(ctx))
	requireHolds(t, l, dir, evs)
	requireHistory(t, dir, v, 700)
	require.NoError(t, l.Close())
	again := open(t, options(t, dir))
	require.NoError(t, again.Publish(ctx))
	requireHistory(t, dir, v, 700) // a start adds nothing
}

func requireHistory(t *testing.T, dir string, v note.Verifier, sizes ...uint64) {
	t.Helper()
	kept, err := mlog.ReadHistory(filepath.Join(dir, "log.checkpoints"))
	require.NoError(t, err)
	var got []uint64
	for _, k := range kept {
		cp, err := mlog.OpenCheckpoint([]byte(k.Checkpoint), origin, v)
		require.NoError(t, err)
		require.Equal(t, k.Size, cp.Size)
		got = append(got, k.Size)
	}
	require.Equal(t, sizes, got)
}

// TestEachOnceInOrder offers events in any batches, again and again, across
// restarts: each is entered once, in its place.
func TestEachOnceInOrder(t *testing.T) {
	all := events(t, 60)
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		o := options(t, dir)
		l, err := mlog.Open(ctx, o)
		require.NoError(rt, err)
		done := 0
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			from := rapid.IntRange(0, done).Draw(rt, "from")
			to := rapid.IntRange(from, len(all)).Draw(rt, "to")
			require.NoError(rt, l.Append(ctx, all[from:to]))
			done = max(done, to)
			if rapid.Bool().Draw(rt, "restart") {
				require.NoError(rt, l.Close())
				l, err = mlog.Open(ctx, o)
				require.NoError(rt, err)
			}
		}
		if done > 0 {
			requireHolds(t, l, dir, all[:done])
		}
		require.NoError(rt, l.Close())
	})
}

// TestCrashBetweenWrites leaves behind what a crash would, at each file that a
// batch writes: the state is replaced last, so the batch is there as a whole or
// not at all.
func TestCrashBetweenWrites(t *testing.T) {
	evs := events(t, 300)
	dir := t.TempDir()
	o := options(t, dir)
	l, err := mlog.Open(ctx, o)
	require.NoError(t, err)
	require.NoError(t, l.Append(ctx, evs[:250]))
	state := filepath.Join(o.Dir, ".state", "treeState")
	before, err := os.ReadFile(state)
	require.NoError(t, err)
	require.NoError(t, l.Append(ctx, evs[250:]))
	// Everything of the second batch was written but the state.
	require.NoError(t, os.WriteFile(state, before, 0o600))
	crashed, err := mlog.Open(ctx, o)
	require.NoError(t, err)
	require.Equal(t, uint64(250), crashed.Status().Size)
	require.NoError(t, crashed.Append(ctx, evs[240:]))
	requireHolds(t, crashed, dir, evs)
	require.NoError(t, crashed.Close())
	require.NoError(t, l.Close())
}

// TestRefusingDisk makes the folder refuse writes in the middle and then take them.
func TestRefusingDisk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, options(t, dir))
	evs := events(t, 40)
	require.NoError(t, l.Append(ctx, evs[:10]))
	state := filepath.Join(dir, "log", ".state")
	require.NoError(t, os.Rename(state, state+".gone"))
	require.Error(t, l.Append(ctx, evs[10:20]))
	require.NoError(t, os.RemoveAll(state))
	require.NoError(t, os.Rename(state+".gone", state))
	require.NoError(t, l.Append(ctx, evs[10:]))
	requireHolds(t, l, dir, evs)
}

func TestRefusals(t *testing.T) {
	evs, others := events(t, 5), events(t, 5)
	dir := t.TempDir()
	o := options(t, dir)
	l := open(t, o)
	require.NoError(t, l.Append(ctx, evs[:3]))
	require.ErrorIs(t, l.Append(ctx, others[1:2]), mlog.ErrFork)
	require.ErrorIs(t, l.Append(ctx, []event.Event{evs[3], others[3]}), mlog.ErrFork)
	foreign := evs[3]
	foreign.ChainID = "edge-2"
	require.ErrorIs(t, l.Append(ctx, []event.Event{foreign}), mlog.ErrChain)
	requireHolds(t, l, dir, evs[:3])

	o.Chain = "edge-2"
	_, err := mlog.Open(ctx, o)
	require.ErrorIs(t, err, mlog.ErrChain)
	_, err = mlog.OpenKey(filepath.Join(dir, "keys", "log.key"), "venue.example/other")
	require.ErrorIs(t, err, mlog.ErrKey)
	require.NoError(t, os.Chmod(filepath.Join(dir, "keys", "log.key"), 0o644))
	_, err = mlog.OpenKey(filepath.Join(dir, "keys", "log.key"), origin)
	require.ErrorIs(t, err, mlog.ErrKey)
	require.ErrorContains(t, err, "chmod 600")
	_, err = mlog.OpenKey(filepath.Join(dir, "x.key"), "a b")
	require.ErrorIs(t, err, mlog.ErrKey)
}

// TestMissing: numbers that the pump passed over are asked for, and entered as
// missing when nobody has them.
func TestMissing(t *testing.T) {
	evs := events(t, 10)
	dir := t.TempDir()
	o := options(t, dir)
	o.Missing = func(_ context.Context, from, to uint64, yield func(*event.Event) error) error {
		for seq := from; seq <= to; seq++ {
			if seq != 6 {
				if err := yield(&evs[seq-1]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	l := open(t, o)
	require.NoError(t, l.Append(ctx, evs[2:4])) // begun at number 3
	require.NoError(t, l.Append(ctx, evs[8:]))
	got := leaves(t, l, dir)
	require.Len(t, got, 8)
	for i, leaf := range got {
		want := mlog.LeafOf(&evs[i+2])
		if want.Seq == 6 {
			want.Hash = event.Digest{}
		}
		require.Equal(t, want, leaf)
	}
	// A number from before the log's beginning is passed over, and what was
	// missing and comes later changes nothing.
	require.NoError(t, l.Append(ctx, evs[:6]))
	require.Equal(t, uint64(8), l.Status().Size)
}

func TestProofs(t *testing.T) {
	evs := events(t, 600)
	dir := t.TempDir()
	l := open(t, options(t, dir))
	_, err := l.Prove(ctx, 1)
	require.ErrorIs(t, err, mlog.ErrNotFound)
	require.NoError(t, l.Append(ctx, evs[:300]))
	require.NoError(t, l.Publish(ctx))
	old, err := l.Checkpoint()
	require.NoError(t, err)
	require.NoError(t, l.Append(ctx, evs[300:]))
	_, err = l.Prove(ctx, 301)
	require.ErrorIs(t, err, mlog.ErrNotFound, "not under a checkpoint yet")
	require.NoError(t, l.Publish(ctx))
	v, err := note.NewVerifier(l.VKey())
	require.NoError(t, err)
	for _, seq := range []uint64{1, 2, 256, 257, 300, 301, 599, 600} {
		p, err := l.Prove(ctx, seq)
		require.NoError(t, err)
		require.Equal(t, mlog.LeafOf(&evs[seq-1]), p.Leaf)
		require.NoError(t, p.Verify(v))
		p.Leaf.Hash[3] ^= 1
		require.ErrorIs(t, p.Verify(v), mlog.ErrProof)
	}
	p, err := l.Prove(ctx, 300)
	require.NoError(t, err)
	require.Regexp(t, `^c2sp\.org/tlog-proof@v1\nindex 299\n([A-Za-z0-9+/=]{44}\n)+\nvenue\.example/edge-1\n600\n`, string(p.Text()))
	other, err := mlog.OpenKey(filepath.Join(dir, "other.key"), origin)
	require.NoError(t, err)
	require.ErrorIs(t, p.Verify(other.Verifier()), mlog.ErrProof, "another key of the same name")

	from, err := mlog.OpenCheckpoint(old, origin, v)
	require.NoError(t, err)
	raw, err := l.Checkpoint()
	require.NoError(t, err)
	to, err := mlog.OpenCheckpoint(raw, origin, v)
	require.NoError(t, err)
	c, err := l.ProveConsistency(ctx, 300, 600)
	require.NoError(t, err)
	require.NoError(t, c.Verify(from, to))
	to.Hash[0] ^= 1
	require.ErrorIs(t, c.Verify(from, to), mlog.ErrProof)
	for _, bad := range [][2]uint64{{0, 600}, {300, 601}, {400, 300}} {
		_, err := l.ProveConsistency(ctx, bad[0], bad[1])
		require.ErrorIs(t, err, mlog.ErrNotFound)
	}
}

// TestNeverASecondHistory puts another tree where the log's was: it is neither
// opened nor signed.
func TestNeverASecondHistory(t *testing.T) {
	evs, others := events(t, 20), events(t, 30)
	dir := t.TempDir()
	o := options(t, dir)
	l, err := mlog.Open(ctx, o)
	require.NoError(t, err)
	require.NoError(t, l.Append(ctx, evs))
	require.NoError(t, l.Close())

	forged := options(t, t.TempDir())
	f, err := mlog.Open(ctx, forged)
	require.NoError(t, err)
	require.NoError(t, f.Append(ctx, others))
	require.NoError(t, f.Close())
	for _, name := range []string{"tile", ".state"} {
		require.NoError(t, os.RemoveAll(filepath.Join(o.Dir, name)))
		require.NoError(t, os.CopyFS(filepath.Join(o.Dir, name), os.DirFS(filepath.Join(forged.Dir, name))))
	}
	_, err = mlog.Open(ctx, o)
	require.ErrorIs(t, err, mlog.ErrDamaged)
	require.ErrorContains(t, err, "20 leaves")

	// An older tree under a newer checkpoint.
	require.NoError(t, os.RemoveAll(filepath.Join(o.Dir, "tile")))
	require.NoError(t, os.RemoveAll(filepath.Join(o.Dir, ".state")))
	_, err = mlog.Open(ctx, o)
	require.ErrorIs(t, err, mlog.ErrDamaged)
}

type publisher struct {
	got  []string
	fail error
}

func (p *publisher) PublishCheckpoint(_ context.Context, origin string, cp []byte) error {
	if p.fail != nil {
		return p.fail
	}
	p.got = append(p.got, origin+"\n"+string(cp))
	return nil
}

func TestPublisherGetsEachOnce(t *testing.T) {
	dir := t.TempDir()
	pub := &publisher{fail: errors.New("broker down")}
	o := options(t, dir)
	o.Publisher = pub
	l := open(t, o)
	require.NoError(t, l.Publish(ctx), "nothing to publish")
	require.NoError(t, l.Append(ctx, events(t, 3)))
	require.ErrorIs(t, l.Publish(ctx), pub.fail)
	require.ErrorIs(t, l.Status().Err, pub.fail)
	pub.fail = nil
	require.NoError(t, l.Publish(ctx))
	require.NoError(t, l.Publish(ctx))
	cp, err := l.Checkpoint()
	require.NoError(t, err)
	require.Equal(t, []string{origin + "\n" + string(cp)}, pub.got)
	require.Equal(t, uint64(3), l.Status().Published)
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte("bystander/leaf/v1\nedge-1\n7\n" + strings.Repeat("ab", 32) + "\n"))
	f.Add([]byte("bystander/leaf/v1\nedge-1\n7\nmissing\n"))
	f.Add([]byte("bystander/leaf/v1\nedge-1\n07\nmissing\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := mlog.ParseLeaf(b); err == nil {
			require.Equal(t, string(b), string(l.Data()))
		} else {
			require.ErrorIs(t, err, mlog.ErrLeaf)
		}
	})
}

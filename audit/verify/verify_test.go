package verify_test

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/tessera/client"
	"pgregory.net/rapid"

	"bystander/audit/mlog"
	"bystander/audit/verify"
	"bystander/internal/event"
)

var ctx = context.Background()

const chainID = "edge-1"

// store is a store whose superuser is the test.
type store struct{ rows []verify.Row }

func (s *store) Chains(context.Context) ([]string, error) { return []string{chainID}, nil }

func (s *store) Walk(_ context.Context, chain string, from, to uint64, fn func(verify.Row) error) error {
	sorted := slices.Clone(s.rows)
	slices.SortStableFunc(sorted, func(a, b verify.Row) int { return int(int64(a.Seq) - int64(b.Seq)) })
	for _, r := range sorted {
		if r.Event != nil && r.Event.ChainID != chain || r.Seq < from || to > 0 && r.Seq > to {
			continue
		}
		if r.Event != nil { // the checker keeps what it is given
			e := *r.Event
			r.Event = &e
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// world is a chain with a log of it, and everything that its keeper holds.
type world struct {
	store
	key   ed25519.PrivateKey
	chain verify.Chain
	dir   string
	log   *mlog.Log
	kept  []verify.Signed // checkpoints that somebody else kept
}

func seal(t testing.TB, c *event.Chain, kind event.Kind, detail map[string]string) event.Event {
	t.Helper()
	e := event.Event{Kind: kind, CameraID: "gate", Detail: detail}
	require.NoError(t, c.Seal(&e))
	return e
}

func newChain(t testing.TB, key ed25519.PrivateKey, at event.Head) *event.Chain {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: chainID, Key: key, Last: at})
	require.NoError(t, err)
	return c
}

func build(t testing.TB, n int, logged bool) *world {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	c := newChain(t, key, event.Head{})
	w := &world{key: key}
	for i := range n {
		e := seal(t, c, event.KindCameraHealth, map[string]string{"n": strconv.Itoa(i)})
		w.rows = append(w.rows, verify.Row{Seq: e.Seq, Event: &e})
	}
	w.chain = verify.Chain{ID: chainID, Key: key.Public().(ed25519.PublicKey), Head: c.Head()}
	if logged {
		w.enter(t)
	}
	return w
}

// enter logs the rows in two steps with a checkpoint after each.
func (w *world) enter(t testing.TB) {
	t.Helper()
	w.dir = t.TempDir()
	k, err := mlog.OpenKey(filepath.Join(w.dir, "log.key"), "venue.example/edge-1")
	require.NoError(t, err)
	w.log, err = mlog.Open(ctx, mlog.Options{Dir: filepath.Join(w.dir, "log"), Chain: chainID, Key: k, Interval: time.Hour})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.log.Close()) })
	w.chain.Log = &verify.Log{Key: k.Verifier(), Tiles: &client.FileFetcher{Root: filepath.Join(w.dir, "log")}}
	half := len(w.rows) / 2
	for _, part := range [][]verify.Row{w.rows[:half], w.rows[half:]} {
		var evs []event.Event
		for _, r := range part {
			evs = append(evs, *r.Event)
		}
		require.NoError(t, w.log.Append(ctx, evs))
		require.NoError(t, w.log.Publish(ctx))
		raw, err := w.log.Checkpoint()
		require.NoError(t, err)
		w.kept = append(w.kept, verify.Signed{From: "the auditor's file", Raw: raw})
	}
	w.chain.Log.Checkpoints = w.kept
}

func (w *world) verify(t testing.TB, o verify.Options) verify.Report {
	t.Helper()
	rs, err := verify.Run(ctx, w, []verify.Chain{w.chain}, o)
	require.NoError(t, err)
	require.Len(t, rs, 1)
	return rs[0]
}

// rehash recomputes hashes and links from row i (from 0) to the end, signing
// with the key; without one the old signatures stay.
func (w *world) rehash(t testing.TB, i int, key ed25519.PrivateKey) {
	t.Helper()
	for ; i < len(w.rows); i++ {
		e := w.rows[i].Event
		if i > 0 {
			e.PrevHash = w.rows[i-1].Event.RowHash
		}
		h, err := e.Hash()
		require.NoError(t, err)
		e.RowHash = h
		if key != nil {
			e.NodeSig = ed25519.Sign(key, h[:])
		}
	}
}

func (w *world) set(i int, camera string) { w.rows[i].Event.CameraID = camera }

// attack is what a superuser does to n = 40 rows, and what must be found.
type attack struct {
	do   func(t *testing.T, w *world)
	want []verify.Code // the first findings' codes, by number
	seq  uint64        // of the first finding
	// with a Merkle log, where that tells more
	logged    []verify.Code
	loggedSeq uint64
}

func otherKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return k
}

func attacks() map[string]attack {
	return map[string]attack{
		"a field rewritten": {
			do:   func(_ *testing.T, w *world) { w.set(9, "elsewhere") },
			want: []verify.Code{verify.Altered}, seq: 10,
		},
		"a field rewritten and hashed anew": {
			do: func(t *testing.T, w *world) {
				w.set(9, "elsewhere")
				h, err := w.rows[9].Event.Hash()
				require.NoError(t, err)
				w.rows[9].Event.RowHash = h
			},
			want: []verify.Code{verify.Altered}, seq: 10,
		},
		"the whole chain recomputed, without the key": {
			do:   func(t *testing.T, w *world) { w.set(9, "elsewhere"); w.rehash(t, 9, nil) },
			want: []verify.Code{verify.WrongKey}, seq: 10,
			logged: []verify.Code{verify.Altered}, loggedSeq: 10,
		},
		"the whole chain recomputed and signed by another key": {
			do:   func(t *testing.T, w *world) { w.set(9, "elsewhere"); w.rehash(t, 9, otherKey(t)) },
			want: []verify.Code{verify.WrongKey}, seq: 10,
			logged: []verify.Code{verify.Altered}, loggedSeq: 10,
		},
		"content kept, signed by another key": {
			do:   func(t *testing.T, w *world) { w.rehash(t, 9, otherKey(t)) },
			want: []verify.Code{verify.WrongKey}, seq: 10,
			logged: []verify.Code{verify.WrongKey}, loggedSeq: 10,
		},
		"a row dropped": {
			do:   func(_ *testing.T, w *world) { w.rows = slices.Delete(w.rows, 9, 10) },
			want: []verify.Code{verify.Dropped}, seq: 10,
		},
		"the first rows dropped": {
			do:   func(_ *testing.T, w *world) { w.rows = slices.Delete(w.rows, 0, 5) },
			want: []verify.Code{verify.Dropped}, seq: 1,
		},
		"a row dropped and the rest numbered anew": {
			do: func(_ *testing.T, w *world) {
				w.rows = slices.Delete(w.rows, 9, 10)
				for i := 9; i < len(w.rows); i++ {
					w.rows[i].Seq--
					w.rows[i].Event.Seq--
				}
			},
			want: []verify.Code{verify.Dropped, verify.Truncated}, seq: 10,
		},
		"two neighbours swapped": {
			do:   func(_ *testing.T, w *world) { w.swap(9, 10) },
			want: []verify.Code{verify.Swapped, verify.Swapped}, seq: 10,
		},
		"two far rows swapped": {
			do:   func(_ *testing.T, w *world) { w.swap(3, 33) },
			want: []verify.Code{verify.Swapped, verify.Swapped}, seq: 4,
		},
		"the tail cut off": {
			do:   func(_ *testing.T, w *world) { w.rows = w.rows[:30] },
			want: []verify.Code{verify.Truncated}, seq: 31,
		},
		"everything deleted": {
			do:   func(_ *testing.T, w *world) { w.rows = nil },
			want: []verify.Code{verify.Truncated}, seq: 1,
		},
		"a row put behind the end": {
			do: func(t *testing.T, w *world) {
				e := *w.rows[39].Event
				e.Seq, e.PrevHash = 41, e.RowHash
				w.rows = append(w.rows, verify.Row{Seq: 41, Event: &e})
				w.rehash(t, 40, otherKey(t))
			},
			want: []verify.Code{verify.WrongKey}, seq: 41,
		},
		"a row doubled": {
			do:   func(_ *testing.T, w *world) { w.rows = append(w.rows, w.rows[9]) },
			want: []verify.Code{verify.Doubled}, seq: 10,
		},
		"a second content under one number": {
			do: func(_ *testing.T, w *world) {
				e := *w.rows[9].Event
				e.CameraID = "elsewhere"
				w.rows = append(w.rows, verify.Row{Seq: 10, Event: &e})
			},
			want: []verify.Code{verify.Altered}, seq: 10,
		},
		"a second content that comes first": {
			do: func(_ *testing.T, w *world) {
				e := *w.rows[9].Event
				e.CameraID = "elsewhere"
				e.RowHash[0] ^= 1
				w.rows = slices.Insert(w.rows, 9, verify.Row{Seq: 10, Event: &e})
			},
			want: []verify.Code{verify.Altered, verify.Altered}, seq: 10,
		},
		"a row replaced by its skeleton": {
			do:   func(_ *testing.T, w *world) { w.skeleton(9, time.Now()) },
			want: []verify.Code{verify.Unexplained}, seq: 10,
		},
		"a row that cannot be read": {
			do:   func(_ *testing.T, w *world) { w.rows[9] = verify.Row{Seq: 10, Err: context.DeadlineExceeded} },
			want: []verify.Code{verify.Altered}, seq: 10,
		},
		"a signature taken out": {
			do:   func(_ *testing.T, w *world) { w.rows[9].Event.NodeSig = nil },
			want: []verify.Code{verify.WrongKey}, seq: 10,
		},
	}
}

func (w *world) swap(i, j int) {
	a, b := &w.rows[i], &w.rows[j]
	a.Seq, b.Seq = b.Seq, a.Seq
	a.Event.Seq, b.Event.Seq = b.Event.Seq, a.Event.Seq
}

func (w *world) skeleton(i int, ts time.Time) {
	e := w.rows[i].Event
	w.rows[i] = verify.Row{Seq: e.Seq, Prev: e.PrevHash, Hash: e.RowHash, TS: ts, Rule: "events"}
}

func codes(r verify.Report) []verify.Code {
	var out []verify.Code
	for _, f := range r.Findings {
		out = append(out, f.Code)
	}
	return out
}

// proves: A-25, INV-14
func TestAttacks(t *testing.T) {
	for name, a := range attacks() {
		t.Run(name, func(t *testing.T) {
			w := build(t, 40, false)
			require.True(t, w.verify(t, verify.Options{}).Intact)
			a.do(t, w)
			r := w.verify(t, verify.Options{})
			require.False(t, r.Intact)
			require.Equal(t, a.want, codes(r), "%v", r.Findings)
			require.Equal(t, a.seq, r.Findings[0].Seq)
		})
	}
}

// TestAttacksWithLog: the same, with a Merkle log and checkpoints at hand.
func TestAttacksWithLog(t *testing.T) {
	for name, a := range attacks() {
		t.Run(name, func(t *testing.T) {
			w := build(t, 40, true)
			clean := w.verify(t, verify.Options{})
			require.True(t, clean.Intact, "%v", clean.Findings)
			require.Equal(t, 2, clean.Checkpoints)
			require.Equal(t, uint64(40), clean.Logged)
			a.do(t, w)
			r := w.verify(t, verify.Options{})
			want, seq := a.want, a.seq
			if a.logged != nil {
				want, seq = a.logged, a.loggedSeq
			}
			require.Equal(t, want, codes(r), "%v", r.Findings)
			require.Equal(t, seq, r.Findings[0].Seq)
		})
	}
}

// TestTailAgainstCheckpoint: without the spool's head a cut tail still shows against a
// checkpoint that somebody kept, even with no tiles left.
func TestTailAgainstCheckpoint(t *testing.T) {
	w := build(t, 40, true)
	w.chain.Head = event.Head{}
	w.rows = w.rows[:30]
	for _, tiles := range []verify.Tiles{w.chain.Log.Tiles, nil} {
		w.chain.Log.Tiles = tiles
		r := w.verify(t, verify.Options{})
		require.Equal(t, []verify.Code{verify.Truncated}, codes(r))
		require.Equal(t, uint64(31), r.Findings[0].Seq)
	}
}

// TestWithTheNodesKey gives the attacker the edge's key and the log's: only
// checkpoints that somebody else kept can tell.
func TestWithTheNodesKey(t *testing.T) {
	for name, tc := range map[string]struct {
		tiles bool
		code  verify.Code
		seq   uint64
	}{
		"against the log":            {true, verify.Forked, 10},
		"against a checkpoint alone": {false, verify.Forked, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, 40, true)
			w.set(9, "elsewhere")
			w.rehash(t, 9, w.key)
			w.chain.Head = event.HeadOf(w.rows[39].Event)
			if !tc.tiles {
				w.chain.Log.Tiles = nil
			}
			r := w.verify(t, verify.Options{})
			require.NotEmpty(t, r.Findings)
			require.Equal(t, tc.code, r.Findings[0].Code)
			require.Equal(t, tc.seq, r.Findings[0].Seq)
			w.chain.Log = nil
			require.True(t, w.verify(t, verify.Options{}).Intact, "nothing within the chain itself shows it")
		})
	}
}

// TestForkedLog: the keeper of all keys rewrote rows, tiles and checkpoint. Who
// kept an old checkpoint sees it, and between which numbers.
//
// proves: A-25
func TestForkedLog(t *testing.T) {
	w := build(t, 40, true)
	kept := w.kept
	w.set(29, "elsewhere")
	w.rehash(t, 29, w.key)
	w.chain.Head = event.HeadOf(w.rows[39].Event)
	// The forger begins the log anew with the log's own key.
	key := filepath.Join(w.dir, "log.key")
	k, err := mlog.OpenKey(key, "venue.example/edge-1")
	require.NoError(t, err)
	forged := filepath.Join(w.dir, "forged")
	l, err := mlog.Open(ctx, mlog.Options{Dir: forged, Chain: chainID, Key: k, Interval: time.Hour})
	require.NoError(t, err)
	defer l.Close()
	for _, r := range w.rows {
		require.NoError(t, l.Append(ctx, []event.Event{*r.Event}))
	}
	require.NoError(t, l.Publish(ctx))
	raw, err := l.Checkpoint()
	require.NoError(t, err)
	own := verify.Signed{From: verify.OwnLog, Raw: raw}
	w.chain.Log = &verify.Log{Key: k.Verifier(), Tiles: &client.FileFetcher{Root: forged}, Checkpoints: []verify.Signed{own}}
	require.True(t, w.verify(t, verify.Options{}).Intact, "consistent in itself")

	w.chain.Log.Checkpoints = []verify.Signed{own, kept[1]}
	r := w.verify(t, verify.Options{})
	require.Contains(t, codes(r), verify.Forked, "two checkpoints over 40 leaves")

	w.set(9, "elsewhere") // before the first kept checkpoint, too
	w.chain.Log.Checkpoints = []verify.Signed{kept[0], own}
	r = w.verify(t, verify.Options{})
	require.NotContains(t, codes(r), verify.Forked, "the first half of the forged log is the old one")
	w.chain.Log.Checkpoints = []verify.Signed{kept[0], kept[1], own}
	require.Contains(t, codes(w.verify(t, verify.Options{})), verify.Forked)
}

// TestForeignCheckpoint: a checkpoint by another key proves nothing, and says so.
func TestForeignCheckpoint(t *testing.T) {
	w, other := build(t, 10, true), build(t, 10, true)
	w.chain.Log.Checkpoints = append(w.chain.Log.Checkpoints, other.kept...)
	r := w.verify(t, verify.Options{})
	require.Equal(t, []verify.Code{verify.Checkpoint, verify.Checkpoint}, codes(r))
}

// TestDamagedTiles: the log's own files were changed, the rows were not.
func TestDamagedTiles(t *testing.T) {
	w, other := build(t, 40, true), build(t, 40, true)
	w.chain.Log.Tiles = other.chain.Log.Tiles
	w.chain.Log.Checkpoints[0].From = verify.OwnLog
	w.chain.Log.Checkpoints[1].From = verify.OwnLog
	r := w.verify(t, verify.Options{})
	require.False(t, r.Intact)
	require.Contains(t, codes(r), verify.LogDamaged)
}

func disposal(t testing.TB, w *world, key ed25519.PrivateKey, detail map[string]string) {
	t.Helper()
	last := w.rows[len(w.rows)-1].Event
	c := newChain(t, key, event.HeadOf(last))
	e := seal(t, c, event.KindDisposal, detail)
	w.rows = append(w.rows, verify.Row{Seq: e.Seq, Event: &e})
	w.chain.Head = event.HeadOf(&e)
}

// TestDisposed: what is gone verifies as disposed when a signed event says so,
// and only what it says.
//
// proves: A-25, INV-15
func TestDisposed(t *testing.T) {
	for name, tc := range map[string]struct {
		detail   map[string]string
		key      bool // signed by the edge
		want     []verify.Code
		disposed uint64
	}{
		"retention":        {map[string]string{"chain": chainID, "from": "1", "to": "5", "rule": "events"}, true, []verify.Code{verify.Unexplained}, 5},
		"erasure by seqs":  {map[string]string{"chain": chainID, "seqs": "1-5,20", "rule": "erasure"}, true, nil, 6},
		"too short":        {map[string]string{"chain": chainID, "seqs": "1-4,20", "rule": "erasure"}, true, []verify.Code{verify.Unexplained}, 5},
		"of another chain": {map[string]string{"chain": "edge-2", "seqs": "1-5,20", "rule": "erasure"}, true, []verify.Code{verify.Unexplained, verify.Unexplained}, 0},
		"forged":           {map[string]string{"chain": chainID, "seqs": "1-5,20", "rule": "erasure"}, false, []verify.Code{verify.Unexplained, verify.Unexplained, verify.WrongKey}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, 40, false)
			key := w.key
			if !tc.key {
				key = otherKey(t)
			}
			disposal(t, w, key, tc.detail)
			for _, i := range []int{0, 1, 2, 3, 4, 19} {
				w.skeleton(i, time.Now())
			}
			r := w.verify(t, verify.Options{})
			require.Equal(t, tc.want, codes(r), "%v", r.Findings)
			require.Equal(t, tc.disposed, r.Disposed)
			if tc.want == nil {
				require.Equal(t, uint64(35), r.Rows)
				require.Equal(t, "erasure", r.Gaps[0].Rule)
				require.NotEmpty(t, r.Gaps[0].Event)
			}
		})
	}
}

// TestByAge: without a signed disposal, age is believed only when asked for,
// and never where a younger row stands before.
func TestByAge(t *testing.T) {
	old := time.Now().Add(-200 * 24 * time.Hour)
	w := build(t, 20, false)
	w.skeleton(0, old)
	w.skeleton(1, old)
	require.Equal(t, []verify.Code{verify.Unexplained}, codes(w.verify(t, verify.Options{})))
	r := w.verify(t, verify.Options{ByAge: true})
	require.True(t, r.Intact)
	require.Equal(t, uint64(2), r.Disposed)
	require.NotEmpty(t, r.Notes)
	w.skeleton(9, old)
	require.Equal(t, []verify.Code{verify.Unexplained}, codes(w.verify(t, verify.Options{ByAge: true})))
}

// TestFloor: where even skeletons are gone, only a signed event explains it.
func TestFloor(t *testing.T) {
	w := build(t, 40, true)
	w.chain.Floor = event.HeadOf(w.rows[9].Event)
	w.rows = w.rows[10:]
	require.Equal(t, []verify.Code{verify.Unexplained}, codes(w.verify(t, verify.Options{})))
	disposal(t, w, w.key, map[string]string{"chain": chainID, "from": "1", "to": "10", "rule": "skeleton"})
	r := w.verify(t, verify.Options{})
	require.True(t, r.Intact, "%v", r.Findings)
	require.Equal(t, uint64(10), r.Disposed)
	require.Equal(t, 2, r.Checkpoints, "the log's tiles stand in for the rows")
}

func TestRange(t *testing.T) {
	w := build(t, 40, true)
	w.chain.From, w.chain.To = 11, 30
	r := w.verify(t, verify.Options{})
	require.True(t, r.Intact, "%v", r.Findings)
	require.Equal(t, uint64(20), r.Rows)
	require.Equal(t, []uint64{11, 30}, []uint64{r.First, r.Last})
	require.Equal(t, uint64(20), r.Logged)
	w.set(34, "elsewhere")
	require.True(t, w.verify(t, verify.Options{}).Intact, "outside")
	w.set(24, "elsewhere")
	require.Equal(t, uint64(25), w.verify(t, verify.Options{}).Findings[0].Seq)
	w.rows = w.rows[:27]
	require.Contains(t, codes(w.verify(t, verify.Options{})), verify.Truncated)
}

// TestAnyChangeShows changes one field of one row in any way that leaves it an
// event: nothing goes unseen.
func TestAnyChangeShows(t *testing.T) {
	w := build(t, 30, true)
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, 29).Draw(rt, "row")
		old := *w.rows[i].Event
		defer func() { *w.rows[i].Event = old }()
		e := w.rows[i].Event
		switch rapid.IntRange(0, 6).Draw(rt, "what") {
		case 0:
			e.CameraID += rapid.StringMatching(`[a-z]{1,5}`).Draw(rt, "text")
		case 1:
			e.TS = e.TS.Add(time.Duration(rapid.Int64Range(1, 1e6).Draw(rt, "ms")) * time.Millisecond)
		case 2:
			e.RowHash[rapid.IntRange(0, 31).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		case 3:
			e.NodeSig = slices.Clone(e.NodeSig)
			e.NodeSig[rapid.IntRange(0, 63).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		case 4:
			e.Detail = map[string]string{"n": "x"}
		case 5:
			e.PrevHash[0] ^= 1
		case 6:
			e.Score = rapid.Float32Range(0.1, 1).Draw(rt, "score")
		}
		r := w.verify(t, verify.Options{})
		require.False(rt, r.Intact)
		require.Equal(rt, uint64(i+1), r.Findings[0].Seq, "%v", r.Findings)
	})
}

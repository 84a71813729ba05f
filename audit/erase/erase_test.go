package erase_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/audit/erase"
	"bystander/internal/event"
)

const ann = "0198f7a2-aaaa-7bbb-8ccc-123456789abc"

var errBoom = errors.New("boom")

// fuse lets a number of calls through and then breaks one.
type fuse struct{ calls, at int }

func (f *fuse) trip() error {
	if f.calls++; f.calls == f.at {
		return errBoom
	}
	return nil
}

// place is a place by hand. A call that breaks has done its work: the worst a
// crash can do.
type place struct {
	f    *fuse
	held map[string]int64
}

func (p *place) Forget(_ context.Context, person string) (int64, error) {
	n := p.held[person]
	delete(p.held, person)
	return n, p.f.trip()
}

func (p *place) Persons(context.Context) ([]string, error) {
	var out []string
	for id := range p.held {
		out = append(out, id)
	}
	return out, nil
}

// keeper is a place that also knows pseudonyms, while it holds the person.
type keeper struct{ place }

func (v *keeper) Refs(_ context.Context, person string) ([]event.Digest, error) {
	if v.held[person] == 0 {
		return nil, v.f.trip()
	}
	return []event.Digest{ref(1), ref(2)}, v.f.trip()
}

type rows struct {
	f    *fuse
	rows map[event.Digest][]uint64
	gone []uint64
	told []uint64
}

func (s *rows) Delete(_ context.Context, refs []event.Digest) (map[string]int64, error) {
	var n int64
	for _, r := range refs {
		s.gone = append(s.gone, s.rows[r]...)
		n += int64(len(s.rows[r]))
		delete(s.rows, r)
	}
	return map[string]int64{"events": n}, s.f.trip()
}

// world is everything that an eraser works on.
type world struct {
	f       fuse
	path    string
	keys    keeper
	backup  place
	store   rows
	log     []event.Event
	settled int
}

func newWorld(t *testing.T, breakAt int) *world {
	w := &world{path: filepath.Join(t.TempDir(), "erasures.db")}
	w.f.at = breakAt
	w.keys = keeper{place{&w.f, map[string]int64{ann: 2, "bob": 1}}}
	w.backup = place{&w.f, map[string]int64{ann: 1, "bob": 1}}
	w.store = rows{f: &w.f, rows: map[event.Digest][]uint64{ref(1): {3, 4}, ref(2): {9}, ref(3): {5}}}
	return w
}

func (w *world) open(t *testing.T) *erase.Eraser {
	t.Helper()
	x, err := erase.Open(t.Context(), erase.Config{
		Path: w.path, Finders: []erase.Finder{&w.keys},
		Places: []erase.NamedPlace{{Name: "keys", Place: &w.keys}, {Name: "key backup", Place: &w.backup}},
		Stores: []erase.NamedStore{{Name: "store", Deleter: &w.store}},
		Settle: func(context.Context) error { w.settled++; return w.f.trip() },
		Untold: func(context.Context) (map[string][]erase.Span, error) {
			out := map[string][]erase.Span{}
			for _, n := range w.store.gone {
				if !slices.Contains(w.store.told, n) {
					out["edge-1"] = append(out["edge-1"], erase.Span{From: n, To: n})
				}
			}
			return out, w.f.trip()
		},
		Record: func(_ context.Context, e event.Event) (event.Event, error) {
			if err := w.f.trip(); err != nil {
				return e, err
			}
			e.ID = fmt.Sprint("event-", len(w.log))
			w.log = append(w.log, e)
			w.store.told = append(w.store.told, w.store.gone...)
			return e, nil
		},
	})
	require.NoError(t, err)
	return x
}

func TestErase(t *testing.T) {
	w := newWorld(t, 0)
	x := w.open(t)
	c, err := x.Erase(t.Context(), ann, "request")
	require.NoError(t, err)
	require.False(t, c.Finished.IsZero())
	require.Equal(t, erase.Tombstone(ann).String(), c.Tombstone)
	var did []string
	for _, s := range c.Steps {
		did = append(did, fmt.Sprint(s.What, " ", s.Rows))
	}
	require.Equal(t, []string{"forgotten in keys 2", "forgotten in key backup 1", "deleted in store, events 3"}, did)
	require.Len(t, w.log, 1)
	d := w.log[0].Detail
	require.Equal(t, event.KindDisposal, w.log[0].Kind)
	require.Equal(t, map[string]string{
		"chain": "edge-1", "seqs": "3,4,9", "rows": "3", "table": "events", "class": "match events",
		"rule": "erasure", "cause": "erasure", "key_destroyed": "yes", "certificate": c.Hash().String(),
	}, d)
	require.Equal(t, map[event.Digest][]uint64{ref(3): {5}}, w.store.rows, "others keep their rows")
	require.Equal(t, map[string]int64{"bob": 1}, w.keys.held)

	again, err := x.Certificate(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, c, again)
	_, err = x.Certificate(t.Context(), "no")
	require.ErrorIs(t, err, erase.ErrPerson)
	for _, bad := range []string{"", "a b", strings.Repeat("x", 200)} {
		_, err := x.Erase(t.Context(), bad, "request")
		require.ErrorIs(t, err, erase.ErrPerson)
	}
	require.NoError(t, x.Close())
	requireNowhere(t, filepath.Dir(w.path), ann)
	one := ref(1)
	requireNowhere(t, filepath.Dir(w.path), string(one[:]))
}

// ref is a pseudonym whose bytes come from nowhere else.
func ref(n byte) event.Digest { return sha256.Sum256([]byte{n}) }

// TestBrokenAtEachCall breaks each call in turn, after it has done its work, and
// starts anew: the end is the same, and nothing of the person is left.
func TestBrokenAtEachCall(t *testing.T) {
	whole := newWorld(t, 0)
	x := whole.open(t)
	_, err := x.Erase(t.Context(), ann, "request")
	require.NoError(t, err)
	require.NoError(t, x.Close())
	require.Greater(t, whole.f.calls, 5)
	for at := 1; at <= whole.f.calls; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			w := newWorld(t, at)
			x := w.open(t)
			c, err := x.Erase(t.Context(), ann, "request")
			require.ErrorIs(t, err, erase.ErrUnfinished)
			require.ErrorIs(t, err, errBoom)
			dead, err := x.Buried(t.Context(), ann)
			require.NoError(t, err)
			require.True(t, dead, "the tombstone stands before all else")
			require.NoError(t, x.Close()) // a crash
			x = w.open(t)
			left, err := x.Resume(t.Context())
			require.NoError(t, err)
			require.Zero(t, left)
			c, err = x.Certificate(t.Context(), c.ID)
			require.NoError(t, err)
			require.False(t, c.Finished.IsZero())
			require.Equal(t, map[event.Digest][]uint64{ref(3): {5}}, w.store.rows)
			require.Equal(t, map[string]int64{"bob": 1}, w.keys.held)
			require.Equal(t, map[string]int64{"bob": 1}, w.backup.held)
			require.Equal(t, []uint64{3, 4, 9}, w.store.gone)
			require.Len(t, w.log, 1, "told once")
			require.NoError(t, x.Close())
			requireNowhere(t, filepath.Dir(w.path), ann)
		})
	}
}

// TestReplay: a backup brings a person back into one place; it does not last.
func TestReplay(t *testing.T) {
	w := newWorld(t, 0)
	x := w.open(t)
	_, err := x.Erase(t.Context(), ann, "request")
	require.NoError(t, err)
	n, err := x.Replay(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	w.keys.held[ann] = 2
	w.store.rows[ref(1)] = []uint64{3}
	n, err = x.Replay(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, map[string]int64{"bob": 1}, w.keys.held)
	require.NotContains(t, w.store.rows, ref(1), "the restored rows go too")
	require.NoError(t, x.Close())
}

// TestSecondRequest joins an erasure that is under way.
func TestSecondRequest(t *testing.T) {
	w := newWorld(t, 2)
	x := w.open(t)
	first, err := x.Erase(t.Context(), ann, "request")
	require.ErrorIs(t, err, erase.ErrUnfinished)
	second, err := x.Erase(t.Context(), ann, "expiry")
	require.NoError(t, err)
	require.Equal(t, first.ID, second.ID)
	require.NoError(t, x.Close())
}

// requireNowhere reads every byte of every file in a folder.
func requireNowhere(t testing.TB, dir, what string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if bytes.Contains(b, []byte(what)) || strings.Contains(d.Name(), what) {
			t.Errorf("%s holds it", path) // the bytes themselves are no reading matter
		}
		return nil
	}))
	require.NotZero(t, files)
}

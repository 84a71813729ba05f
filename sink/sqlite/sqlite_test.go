package sqlite_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/sink"
	"bystander/sink/sinktest"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

var (
	ctx                = context.Background()
	_   sink.EventSink = (*sqlite.Store)(nil)
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(ctx, path, o)
	require.NoError(t, err)
	return s
}

func TestConformance(t *testing.T) {
	sinktest.RunEventStore(t, func(t *testing.T) sinktest.Store {
		path := filepath.Join(t.TempDir(), "a folder?#%", "events.db")
		var wrap func() sinktest.Store
		wrap = func() sinktest.Store {
			s := open(t, path, sqlite.Options{})
			return sinktest.Store{
				Sink: s,
				Read: func(ctx context.Context, chain string) ([]event.Event, error) {
					return s.Chain(ctx, chain, 1, sqlite.MaxLimit)
				},
				Missing: func(ctx context.Context, chain string) ([]uint64, error) {
					c, err := s.Complete(ctx, chain)
					var out []uint64
					for _, g := range c.Gaps {
						for n := g.First; n <= g.Last; n++ {
							out = append(out, n)
						}
					}
					return out, err
				},
				Reopen: func() sinktest.Store {
					require.NoError(t, s.Close())
					return wrap()
				},
			}
		}
		return wrap()
	})
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	s := open(t, path, sqlite.Options{})
	defer s.Close()
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
}

// TestColumnsAreTheFields keeps the schema and the event in step.
func TestColumnsAreTheFields(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.db")
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query(`SELECT name FROM pragma_table_info('events')`)
	require.NoError(t, err)
	defer rows.Close()
	have := []string{}
	for rows.Next() {
		var n string
		require.NoError(t, rows.Scan(&n))
		have = append(have, n)
	}
	require.NoError(t, rows.Err())
	want := []string{"id"}
	for _, f := range event.Fields() {
		want = append(want, f.Name)
	}
	require.ElementsMatch(t, want, have)
}

func at(h, m int) time.Time { return time.Date(2026, 3, 1, h, m, 0, 0, time.UTC) }

func TestQueries(t *testing.T) {
	var told []event.Event
	s := open(t, filepath.Join(t.TempDir(), "e.db"), sqlite.Options{Stored: func(e []event.Event) { told = append(told, e...) }})
	defer s.Close()
	c := sinktest.Chain(t, "edge")
	var evs []event.Event
	for i := range 10 {
		e := event.Event{TS: at(8, 20*i), Kind: event.KindMatch, CameraID: "a", ZoneID: "z"}
		if i%2 == 1 {
			e.CameraID, e.Kind, e.ZoneID = "b", event.KindCameraHealth, ""
		}
		if i == 4 {
			e.SubjectRef = event.Digest{1}
		}
		require.NoError(t, c.Seal(&e))
		evs = append(evs, e)
	}
	require.NoError(t, s.Append(ctx, evs[:6]))
	require.NoError(t, s.Append(ctx, evs))
	require.Equal(t, evs, told, "each is told once")

	for name, tc := range map[string]struct {
		q    sqlite.Query
		want []int
	}{
		"newest three":    {sqlite.Query{Limit: 3}, []int{9, 8, 7}},
		"next page":       {sqlite.Query{Limit: 3, Before: 8}, []int{6, 5, 4}},
		"since":           {sqlite.Query{After: 7}, []int{7, 8, 9}},
		"from the start":  {sqlite.Query{Tail: true, Limit: 2}, []int{0, 1}},
		"camera":          {sqlite.Query{Camera: "b"}, []int{9, 7, 5, 3, 1}},
		"kind and camera": {sqlite.Query{Camera: "b", Kinds: []event.Kind{event.KindMatch}}, nil},
		"zone":            {sqlite.Query{Zone: "z", Limit: 1}, []int{8}},
		"time":            {sqlite.Query{From: at(9, 0), To: at(10, 0)}, []int{5, 4, 3}},
		"chain":           {sqlite.Query{Chain: "other"}, nil},
		"person":          {sqlite.Query{Person: true}, []int{4}},
		"id":              {sqlite.Query{ID: evs[4].ID}, []int{4}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := s.Events(ctx, tc.q)
			require.NoError(t, err)
			var got []int
			for _, r := range rows {
				require.Equal(t, int64(r.Event.Seq), r.ID)
				require.Equal(t, evs[r.Event.Seq-1], r.Event)
				got = append(got, int(r.Event.Seq-1))
			}
			require.Equal(t, tc.want, got)
		})
	}

	hours, err := s.Hours(ctx, at(8, 30), at(10, 0), "")
	require.NoError(t, err)
	require.Equal(t, []sqlite.Count{
		{at(8, 0), "a", event.KindMatch, 2},
		{at(8, 0), "b", event.KindCameraHealth, 1},
		{at(9, 0), "a", event.KindMatch, 1},
		{at(9, 0), "b", event.KindCameraHealth, 2},
	}, hours)
	hours, err = s.Hours(ctx, at(8, 0), at(9, 0), "b")
	require.NoError(t, err)
	require.Len(t, hours, 1)
	chains, err := s.Chains(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"edge"}, chains)
}

// TestRetention walks a log through both of its ages: rows become skeletons,
// skeletons go from the front, and completeness stays provable throughout.
//
// proves: B-16, B-58, INV-16
func TestRetention(t *testing.T) {
	now := at(0, 0)
	s := open(t, filepath.Join(t.TempDir(), "e.db"), sqlite.Options{Now: func() time.Time { return now }})
	defer s.Close()
	c := sinktest.Chain(t, "edge")
	var evs []event.Event
	for i := range 6 {
		e := event.Event{TS: now.AddDate(0, 0, i), Kind: event.KindMatch}
		require.NoError(t, c.Seal(&e))
		evs = append(evs, e)
	}
	require.NoError(t, s.Append(ctx, evs))
	now = now.AddDate(0, 0, 184+3)
	rep, err := s.Enforce(ctx)
	require.NoError(t, err)
	require.Equal(t, "events", rep[0].Table)
	require.Equal(t, int64(3), rep[0].Disposed)
	for _, o := range rep {
		require.Zero(t, o.Overdue, o.Table)
	}
	left, err := s.Chain(ctx, "edge", 1, 100)
	require.NoError(t, err)
	sinktest.Equal(t, evs[3:], left)
	full, err := s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, sqlite.Completeness{ChainID: "edge", Last: 6, Events: 3, Disposed: 3}, full)

	require.NoError(t, s.Append(ctx, evs), "a replay does not bring disposed rows back")
	left, err = s.Chain(ctx, "edge", 1, 100)
	require.NoError(t, err)
	require.Len(t, left, 3)
	forged := evs[0]
	forged.RowHash[0] ^= 1
	require.ErrorIs(t, s.Append(ctx, []event.Event{forged}), sqlite.ErrConflict)

	now = at(0, 0).AddDate(0, 0, 3*365+2)
	_, err = s.Enforce(ctx)
	require.NoError(t, err)
	full, err = s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, sqlite.Completeness{ChainID: "edge", Floor: 2, Last: 6, Events: 0, Disposed: 4}, full)
	require.NoError(t, s.Append(ctx, evs[:2]))
	again, err := s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, full, again)

	now = now.AddDate(5, 0, 0)
	_, err = s.Enforce(ctx)
	require.NoError(t, err)
	full, err = s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, sqlite.Completeness{ChainID: "edge", Floor: 6, Last: 6}, full)
}

// TestTamperingShows edits each column behind the store's back: what is read
// then either fails to read or fails to verify.
func TestTamperingShows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.db")
	s := open(t, path, sqlite.Options{})
	defer s.Close()
	c := sinktest.Chain(t, "edge")
	first := event.Event{Kind: event.KindUseStart}
	require.NoError(t, c.Seal(&first))
	evs := sinktest.Events(t, c, 1)
	require.NoError(t, s.Append(ctx, append([]event.Event{first}, evs...)))
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	for _, f := range event.Fields() {
		if f.Name == "chain_id" || f.Name == "seq" {
			continue // read by them; a wrong one is a gap
		}
		for _, value := range []any{"tampered", int64(12345), []byte("0123456789abcdef0123456789abcdef"), 0.5, nil} {
			var old any
			require.NoError(t, db.QueryRow(`SELECT `+f.Name+` FROM events WHERE seq = 2`).Scan(&old))
			if _, err := db.Exec(`UPDATE events SET `+f.Name+` = ? WHERE seq = 2`, value); err != nil {
				continue // the schema refused
			}
			got, err := s.Chain(ctx, "edge", 2, 1)
			if err == nil {
				err = event.Verify(event.HeadOf(&first), &got[0], sinktest.Key.Public().(ed25519.PublicKey))
			}
			require.Error(t, err, "%s = %v went unnoticed", f.Name, value)
			_, err = db.Exec(`UPDATE events SET `+f.Name+` = ? WHERE seq = 2`, old)
			require.NoError(t, err)
		}
	}
	got, err := s.Chain(ctx, "edge", 2, 1)
	require.NoError(t, err)
	sinktest.Equal(t, evs, got)
}

// TestErase plants a person's rows among others' and looks for their bytes in
// every file afterwards.
//
// proves: INV-15
func TestErase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "e.db")
	s := open(t, path, sqlite.Options{})
	defer s.Close()
	canary := []byte("canary-of-one-person-0123456789")
	who, consent := event.Digest(sha256.Sum256([]byte("a person"))), event.Digest(sha256.Sum256([]byte("a consent")))
	c := sinktest.Chain(t, "edge")
	evs := make([]event.Event, 200)
	for i := range evs {
		evs[i] = event.Event{Kind: event.KindMatch, CameraID: "cam"}
		switch {
		case i%5 == 0:
			evs[i].SubjectRef, evs[i].PayloadEnc = who, append(canary[:len(canary):len(canary)], byte(i))
		case i%7 == 0:
			evs[i].ConsentRef, evs[i].DEKID = consent, string(canary)
		}
		require.NoError(t, c.Seal(&evs[i]))
	}
	require.NoError(t, s.Append(ctx, evs))
	require.Positive(t, occurrences(t, dir, canary), "the test would see it")
	gone, err := s.Delete(ctx, []event.Digest{who, {}, consent, {9}})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"events": 40 + 23}, gone)
	require.Zero(t, occurrences(t, dir, canary))
	require.Zero(t, occurrences(t, dir, who[:]))
	full, err := s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, sqlite.Completeness{ChainID: "edge", Last: 200, Events: 137, Disposed: 63}, full)

	require.NoError(t, s.Append(ctx, evs), "a replay does not bring them back")
	again, err := s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, full, again)
	require.Zero(t, occurrences(t, dir, canary))
	gone, err = s.Delete(ctx, []event.Digest{who})
	require.NoError(t, err)
	require.Zero(t, gone["events"])
}

// occurrences counts what every file below dir holds of a text.
func occurrences(t *testing.T, dir string, what []byte) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		n += bytes.Count(b, what)
		return err
	}))
	return n
}

// TestPartlyStored offers batches of which any part is stored already, in runs
// longer and shorter than one statement takes.
func TestPartlyStored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		told := map[uint64]int{}
		s := open(t, filepath.Join(t.TempDir(), "e.db"), sqlite.Options{Stored: func(evs []event.Event) {
			for _, e := range evs {
				told[e.Seq]++
			}
		}})
		defer s.Close()
		evs := sinktest.Events(t, sinktest.Chain(t, "c"), 150)
		stored := map[uint64]bool{}
		for range rapid.IntRange(1, 6).Draw(rt, "calls") {
			var batch []event.Event
			for range rapid.IntRange(1, 3).Draw(rt, "runs") {
				from := rapid.IntRange(0, 149).Draw(rt, "from")
				batch = append(batch, evs[from:min(150, from+rapid.IntRange(1, 80).Draw(rt, "length"))]...)
			}
			if err := s.Append(ctx, batch); err != nil {
				rt.Fatal(err)
			}
			for _, e := range batch {
				stored[e.Seq] = true
			}
		}
		n, err := s.Count(ctx)
		if err != nil || int(n) != len(stored) || len(told) != len(stored) {
			rt.Fatalf("%d rows and %d told of %d stored: %v", n, len(told), len(stored), err)
		}
		for seq, times := range told {
			if times != 1 {
				rt.Fatalf("%d told %d times", seq, times)
			}
		}
	})
}

func TestNumbersBeyondTheStoreAreRefused(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "e.db"), sqlite.Options{})
	defer s.Close()
	c := sinktest.Chain(t, "edge")
	e := event.Event{Kind: event.KindMatch, PolicyVersion: math.MaxUint64}
	require.NoError(t, c.Seal(&e))
	require.ErrorIs(t, s.Append(ctx, []event.Event{e}), event.ErrInvalid)
}

// TestFromSpool runs the way of an event on one machine: journal, spool, pump,
// store, and the replay of a gap.
func TestFromSpool(t *testing.T) {
	dir := t.TempDir()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	require.NoError(t, err)
	defer sp.Close()
	j, err := spool.NewJournal(sinktest.Chain(t, "edge"), sp, spool.JournalOptions{})
	require.NoError(t, err)
	stored := make(chan int, 100)
	s := open(t, filepath.Join(dir, "e.db"), sqlite.Options{Stored: func(e []event.Event) { stored <- len(e) }})
	defer s.Close()
	cur, err := sp.Consumer("sqlite")
	require.NoError(t, err)
	run, stop := context.WithCancel(ctx)
	p := spool.NewPump(cur, s, spool.PumpOptions{})
	done := make(chan error)
	go func() { done <- p.Run(run) }()
	for range 30 {
		_, err := j.Record(ctx, event.Event{Kind: event.KindMatch, CameraID: "cam"})
		require.NoError(t, err)
	}
	for n := 0; n < 30; n += <-stored {
	}
	stop()
	require.NoError(t, <-done)
	require.NoError(t, j.Close())
	full, err := s.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, sqlite.Completeness{ChainID: "edge", Last: 30, Events: 30}, full)

	late := open(t, filepath.Join(dir, "late.db"), sqlite.Options{})
	defer late.Close()
	evs, err := s.Chain(ctx, "edge", 25, 100)
	require.NoError(t, err)
	require.NoError(t, late.Append(ctx, evs))
	full, err = late.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Equal(t, []sqlite.Gap{{First: 1, Last: 24}}, full.Gaps)
	for _, g := range full.Gaps {
		require.NoError(t, sp.Replay(ctx, g.First, g.Last, func(evs []event.Event) error { return late.Append(ctx, evs) }))
	}
	full, err = late.Complete(ctx, "edge")
	require.NoError(t, err)
	require.Empty(t, full.Gaps)
}

// BenchmarkAppend compares, in one run, many rows a statement with one, which
// is how it was done before.
func BenchmarkAppend(b *testing.B) {
	c := sinktest.Chain(b, "edge")
	evs := make([]event.Event, 40_960)
	for i := range evs {
		evs[i] = event.Event{Kind: event.KindMatch, CameraID: "cam", SiteID: "site", ZoneID: "zone", Score: 0.5, SubjectRef: event.Digest{1}}
		require.NoError(b, c.Seal(&evs[i]))
	}
	for _, batch := range []int{1, 512, 4096} {
		for _, rows := range []int{1, 32} {
			b.Run(fmt.Sprintf("batch=%d/rows=%d", batch, rows), func(b *testing.B) {
				n := min(len(evs), 200*batch)
				for b.Loop() {
					b.StopTimer()
					dir := b.TempDir()
					s := open(b, filepath.Join(dir, "e.db"), sqlite.Options{})
					s.SetRowsAtOnce(rows)
					b.StartTimer()
					for i := 0; i+batch <= n; i += batch {
						if err := s.Append(ctx, evs[i:i+batch]); err != nil {
							b.Fatal(err)
						}
					}
					b.StopTimer()
					require.NoError(b, s.Close())
					b.StartTimer()
				}
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

func BenchmarkNewest100(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "e.db"), sqlite.Options{})
	defer s.Close()
	require.NoError(b, s.Append(ctx, sinktest.Events(b, sinktest.Chain(b, "edge"), 5000)))
	for b.Loop() {
		rows, err := s.Events(ctx, sqlite.Query{Camera: "cam-1"})
		if err != nil || len(rows) != 100 {
			b.Fatal(len(rows), err)
		}
	}
}

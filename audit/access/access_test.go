package access_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/audit/access"
	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
)

var ctx = context.Background()

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func entry(n int) access.Entry {
	return access.Entry{
		Actor: fmt.Sprintf("auditor-%d", n%2), Role: "auditor", Purpose: "yearly review", Action: "events.list",
		Query: []byte(fmt.Sprintf("camera=%d", n)), Subjects: []event.Digest{{byte(n)}, {0xaa}},
	}
}

func open(t *testing.T, path string, now func() time.Time) *access.Log {
	t.Helper()
	l, err := access.Open(ctx, path, access.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// proves: B-55, INV-13
func TestRecordAndRead(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "access.db"))
	l := open(t, path, nil)
	h, err := l.Head(ctx)
	require.NoError(t, err)
	require.Zero(t, h)
	for i := range 5 {
		h, err = l.Record(ctx, entry(i))
		require.NoError(t, err)
		require.Equal(t, uint64(i+1), h.Seq)
	}
	rows, err := l.Rows(ctx, access.Query{})
	require.NoError(t, err)
	require.Len(t, rows, 5)
	require.Equal(t, h.Hash, rows[0].Hash)
	require.Equal(t, "events.list", rows[0].Action)
	require.Equal(t, 2, rows[0].Count)
	require.Equal(t, []event.Digest{{4}, {0xaa}}, rows[0].Subjects)
	rows, err = l.Rows(ctx, access.Query{Actor: "auditor-1", Limit: 1})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, uint64(4), rows[0].Seq)
	rows, err = l.Rows(ctx, access.Query{Subject: event.Digest{3}})
	require.NoError(t, err)
	require.Len(t, rows, 1, "who read about this person")
	rows, err = l.Rows(ctx, access.Query{Before: 3, To: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Len(t, rows, 2)
	end, err := l.Verify(ctx, access.Head{})
	require.NoError(t, err)
	require.Equal(t, h, end)
}

func TestIncompleteEntriesAreRefused(t *testing.T) {
	l := open(t, sqldbtest.Place(t, filepath.Join(t.TempDir(), "a.db")), nil)
	for name, spoil := range map[string]func(*access.Entry){
		"actor": func(e *access.Entry) { e.Actor = " " }, "role": func(e *access.Entry) { e.Role = "" },
		"purpose": func(e *access.Entry) { e.Purpose = "" }, "action": func(e *access.Entry) { e.Action = "\xff" },
		"long": func(e *access.Entry) { e.Purpose = strings.Repeat("x", 2000) },
		"many": func(e *access.Entry) { e.Subjects = make([]event.Digest, access.MaxSubjects+1) },
	} {
		t.Run(name, func(t *testing.T) {
			e := entry(1)
			spoil(&e)
			_, err := l.Record(ctx, e)
			require.ErrorIs(t, err, access.ErrEntry)
		})
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	_, err := l.Record(stopped, entry(1))
	require.ErrorIs(t, err, context.Canceled)
	h, err := l.Head(ctx)
	require.NoError(t, err)
	require.Zero(t, h.Seq)
}

func TestConcurrentReadsMakeOneChain(t *testing.T) {
	l := open(t, sqldbtest.Place(t, filepath.Join(t.TempDir(), "a.db")), nil)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 10 {
				if _, err := l.Record(ctx, entry(w*10+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h, err := l.Verify(ctx, access.Head{})
	require.NoError(t, err)
	require.Equal(t, uint64(40), h.Seq)
}

// TestTamperingShows does what a database superuser could.
//
// proves: B-55, INV-14
func TestTamperingShows(t *testing.T) {
	sqldbtest.File(t)
	for name, tc := range map[string]struct {
		sql  string
		says string
	}{
		"changed":       {`UPDATE access_log SET actor = 'somebody' WHERE seq = 3`, "row 3"},
		"purpose":       {`UPDATE access_log SET purpose = '' WHERE seq = 5`, "row 5"},
		"time":          {`UPDATE access_log SET at_ms = at_ms + 1 WHERE seq = 2`, "row 2"},
		"count":         {`UPDATE access_log SET subjects = 0 WHERE seq = 2`, "row 2"},
		"subjects":      {`UPDATE access_log SET subject_refs = x'00' WHERE seq = 2`, "row 2"},
		"dropped":       {`DELETE FROM access_log WHERE seq = 4`, "row 4"},
		"first dropped": {`DELETE FROM access_log WHERE seq = 1`, "row 1"},
		"end cut off":   {`DELETE FROM access_log WHERE seq > 4`, "row 5"},
		"hash":          {`UPDATE access_log SET row_hash = x'01' WHERE seq = 6`, "row 6"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			l := open(t, path, nil)
			var known access.Head
			for i := range 6 {
				var err error
				known, err = l.Record(ctx, entry(i))
				require.NoError(t, err)
			}
			db, err := sql.Open("sqlite", path)
			require.NoError(t, err)
			defer db.Close()
			_, err = db.Exec(tc.sql)
			require.ErrorContains(t, err, "append-only", "the plain way is barred")
			_, err = db.Exec(`DROP TRIGGER access_no_update; DROP TRIGGER access_no_delete; ` + tc.sql)
			require.NoError(t, err)
			_, err = l.Verify(ctx, known)
			require.ErrorIs(t, err, access.ErrTampered)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

// TestRewrittenLogShows: a chain made anew from some row on is whole in itself,
// but not the one that a checkpoint saw.
func TestRewrittenLogShows(t *testing.T) {
	a, b := open(t, sqldbtest.Place(t, filepath.Join(t.TempDir(), "a.db")), nil), open(t, sqldbtest.Place(t, filepath.Join(t.TempDir(), "b.db")), nil)
	var known access.Head
	for i := range 3 {
		var err error
		known, err = a.Record(ctx, entry(i))
		require.NoError(t, err)
		_, err = b.Record(ctx, entry(i+1))
		require.NoError(t, err)
	}
	_, err := b.Verify(ctx, access.Head{})
	require.NoError(t, err)
	_, err = b.Verify(ctx, known)
	require.ErrorIs(t, err, access.ErrTampered)
}

func TestRetention(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "a.db"))
	l := open(t, path, func() time.Time { return now })
	for i := range 4 {
		_, err := l.Record(ctx, entry(i))
		require.NoError(t, err)
		now = now.AddDate(1, 0, 0)
	}
	rep, err := l.Enforce(ctx) // at the start of 2030: the first two are older than three years of 365 days
	require.NoError(t, err)
	require.Equal(t, int64(2), rep[0].Disposed)
	require.Zero(t, rep[0].Overdue)
	end, err := l.Verify(ctx, access.Head{})
	require.NoError(t, err, "what is left verifies from the floor")
	now = now.AddDate(10, 0, 0)
	_, err = l.Enforce(ctx)
	require.NoError(t, err)
	again, err := l.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, end, again, "an empty log goes on where it ended")
	h, err := l.Record(ctx, entry(9))
	require.NoError(t, err)
	require.Equal(t, uint64(5), h.Seq)
	_, err = l.Verify(ctx, end)
	require.NoError(t, err)
	require.NotErrorIs(t, err, access.ErrTampered)
}

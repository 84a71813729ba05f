package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/outbox"
	"bystander/internal/sqldb"
	"bystander/internal/sqldb/sqldbtest"
)

func open(t *testing.T) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db")), sqldb.Schema{
		Migrations: []sqldb.Migration{outbox.Migration()}, Rules: []sqldb.Rule{outbox.Rule()},
		Classes: map[string]map[string]string{outbox.Table: outbox.Classes()},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

var errDisk = errors.New("disk full")

// ledger is a log; before or after it has an event, the program may end.
type ledger struct {
	has           []outbox.Note
	before, after error
}

func (l *ledger) Holds(_ context.Context, id string) (bool, error) {
	for _, n := range l.has {
		if n.ID == id {
			return true, nil
		}
	}
	return false, nil
}

func (l *ledger) Tell(_ context.Context, n outbox.Note) error {
	if l.before != nil {
		return l.before
	}
	l.has = append(l.has, n)
	return l.after
}

func put(t *testing.T, db *sqldb.DB, account string, fails error) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(outbox.Put(t.Context(), tx, outbox.Note{
			At: time.UnixMilli(1_800_000_000_000), By: "local:root", Account: account, Detail: map[string]string{"action": "disabled"},
		}), fails)
	})
	require.Equal(t, fails != nil, errors.Is(err, errDisk), "%v", err)
}

// proves: B-55, B-63
func TestEachChangeIsToldOnce(t *testing.T) {
	db, l := open(t), &ledger{}
	put(t, db, "ada", nil)
	put(t, db, "eve", errDisk) // a change that was not made is not told
	for _, tt := range []struct{ before, after error }{{errDisk, nil}, {nil, errDisk}, {nil, nil}, {nil, nil}} {
		l.before, l.after = tt.before, tt.after
		_, err := outbox.Deliver(t.Context(), db, l)
		require.Equal(t, tt.before != nil || tt.after != nil, errors.Is(err, errDisk), "%v", err)
	}
	require.Len(t, l.has, 1, "told after a failure, and not again where only the end of it was lost")
	n := l.has[0]
	require.Equal(t, []string{"ada", "local:root", "disabled"}, []string{n.Account, n.By, n.Detail["action"]})
	require.Equal(t, int64(1_800_000_000_000), n.At.UnixMilli())
	left, err := outbox.Pending(t.Context(), db)
	require.NoError(t, err)
	require.Empty(t, left)
}

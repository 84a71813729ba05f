package sqldb_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb"
	"bystander/internal/testkit/postgres"
)

func movable() sqldb.Schema {
	return sqldb.Schema{
		Migrations: []sqldb.Migration{{Name: "one", SQL: `
CREATE TABLE parents (id TEXT PRIMARY KEY, b BLOB, q REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE things (seq INTEGER PRIMARY KEY AUTOINCREMENT, parent TEXT REFERENCES parents, n INTEGER) STRICT;
CREATE TRIGGER things_kept BEFORE UPDATE ON things BEGIN SELECT RAISE(ABORT, 'history is kept'); END;`}},
		Classes: map[string]map[string]string{
			"parents": {"id": "L1", "b": "L1", "q": "L1"}, "things": {"seq": "L1", "parent": "L1", "n": "L1"},
		},
		Rules: []sqldb.Rule{{Table: "parents", Class: "x", Basis: "test"}, {Table: "things", Class: "x", Basis: "test"}},
	}
}

func TestMove(t *testing.T) {
	s := postgres.Start(t, postgres.Options{Shared: true})
	file := filepath.Join(t.TempDir(), "x.db")
	from, err := sqldb.Open(ctx, file, movable())
	require.NoError(t, err)
	_, err = from.W.ExecContext(ctx, `INSERT INTO parents VALUES ('人''s', x'00ff', 0.1), ('empty', x'', -1e300), ('none', NULL, 0)`)
	require.NoError(t, err)
	_, err = from.W.ExecContext(ctx, `INSERT INTO things (seq, parent, n) VALUES (7, 'none', 1152921504606846976), (9, NULL, NULL)`)
	require.NoError(t, err)
	require.NoError(t, from.Close())
	place := sqldb.Place(s.URL(), "moved", "")
	to, err := sqldb.Open(ctx, place, movable())
	require.NoError(t, err)
	defer to.Close()

	_, err = sqldb.Move(ctx, []sqldb.Moving{{From: file, To: place}, {From: filepath.Join(t.TempDir(), "absent.db"), To: place}}, nil)
	require.Error(t, err, "all or nothing")
	var n int
	require.NoError(t, to.R.QueryRowContext(ctx, `SELECT count(*) FROM parents`).Scan(&n))
	require.Zero(t, n)

	done, err := sqldb.Move(ctx, []sqldb.Moving{{From: file, To: place}}, nil)
	require.NoError(t, err)
	require.Len(t, done, 2)
	require.Equal(t, int64(3), done[0].Rows)
	var b []byte
	var q float64
	require.NoError(t, to.R.QueryRowContext(ctx, `SELECT b, q FROM parents WHERE id = ?`, "人's").Scan(&b, &q))
	require.Equal(t, []byte{0, 0xff}, b)
	require.InDelta(t, 0.1, q, 0)
	require.NoError(t, to.R.QueryRowContext(ctx, `SELECT b FROM parents WHERE id = 'empty'`).Scan(&b))
	require.NotNil(t, b)
	require.Empty(t, b)
	var seq int
	require.NoError(t, to.W.QueryRowContext(ctx, `INSERT INTO things (n) VALUES (1) RETURNING seq`).Scan(&seq))
	require.Equal(t, 10, seq, "numbers go on")
	_, err = to.W.ExecContext(ctx, `UPDATE things SET n = 2`)
	require.ErrorContains(t, err, "history is kept")

	_, err = sqldb.Move(ctx, []sqldb.Moving{{From: file, To: place}}, nil)
	require.ErrorIs(t, err, sqldb.ErrNotEmpty)
}

package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb"
	"bystander/internal/sqldb/sqldbtest"
)

var ctx = context.Background()

func schema() sqldb.Schema {
	return sqldb.Schema{
		Migrations: []sqldb.Migration{{Name: "one", SQL: `CREATE TABLE a (at INTEGER, v TEXT)`}},
		Classes:    map[string]map[string]string{"a": {"at": "L1", "v": "L2"}},
		Rules:      []sqldb.Rule{{Table: "a", Class: "things", Period: time.Hour, Column: "at", Basis: "test"}},
	}
}

// proves: A-01, B-58
func TestMigrationGuards(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*sqldb.Schema)
		want   error
	}{
		"table without a rule":   {func(s *sqldb.Schema) { s.Rules = nil }, sqldb.ErrNoRule},
		"rule without a basis":   {func(s *sqldb.Schema) { s.Rules[0].Basis = "" }, sqldb.ErrNoRule},
		"period without a time":  {func(s *sqldb.Schema) { s.Rules[0].Column = "" }, sqldb.ErrNoRule},
		"column without a class": {func(s *sqldb.Schema) { delete(s.Classes["a"], "v") }, sqldb.ErrNoClass},
		"unknown class":          {func(s *sqldb.Schema) { s.Classes["a"]["v"] = "L9" }, sqldb.ErrNoClass},
		"new table, no rule": {func(s *sqldb.Schema) {
			s.Migrations = append(s.Migrations, sqldb.Migration{Name: "two", SQL: `CREATE TABLE b (x TEXT)`})
		}, sqldb.ErrNoRule},
		"altered": {func(s *sqldb.Schema) { s.Migrations[0].SQL += " " }, sqldb.ErrAltered},
		"newer":   {func(s *sqldb.Schema) { s.Migrations = nil }, sqldb.ErrNewer},
	} {
		t.Run(name, func(t *testing.T) {
			path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db"))
			db, err := sqldb.Open(ctx, path, schema())
			require.NoError(t, err)
			require.NoError(t, db.Close())
			s := schema()
			tc.change(&s)
			_, err = sqldb.Open(ctx, path, s)
			require.ErrorIs(t, err, tc.want)
			db, err = sqldb.Open(ctx, path, schema())
			require.NoError(t, err, "the refused migration left nothing behind")
			require.NoError(t, db.Close())
		})
	}
}

// proves: B-16, INV-16
func TestEnforceReports(t *testing.T) {
	s := schema()
	s.Migrations = append(s.Migrations, sqldb.Migration{Name: "two", SQL: `CREATE TABLE b (at INTEGER)`})
	s.Classes["b"] = map[string]string{"at": "L1"}
	boom := errors.New("boom")
	s.Rules = append(s.Rules, sqldb.Rule{
		Table: "b", Class: "others", Period: time.Hour, Column: "at", Basis: "test",
		Dispose: func(ctx context.Context, tx *sql.Tx, before int64) (int64, error) {
			if _, err := tx.ExecContext(ctx, `DELETE FROM b`); err != nil {
				return 0, err
			}
			return 1, boom
		},
	})
	db, err := sqldb.Open(ctx, sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db")), s)
	require.NoError(t, err)
	defer db.Close()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, db.Tx(ctx, func(tx *sql.Tx) error {
		for _, age := range []time.Duration{0, time.Hour, time.Hour + time.Millisecond, 5 * time.Hour} {
			for _, table := range []string{"a", "b"} {
				if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (at) VALUES (?)`, now.Add(-age).UnixMilli()); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	out, err := db.Enforce(ctx, now)
	require.ErrorIs(t, err, boom)
	require.Equal(t, int64(2), out[0].Disposed)
	require.Zero(t, out[0].Overdue)
	require.Zero(t, out[1].Disposed)
	require.Equal(t, int64(2), out[1].Overdue, "what failed to go is counted")
	require.Contains(t, out[1].Err, "boom")
}

func TestReadersCannotWrite(t *testing.T) {
	db, err := sqldb.Open(ctx, sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db")), schema())
	require.NoError(t, err)
	defer db.Close()
	_, err = db.R.ExecContext(ctx, `INSERT INTO a VALUES (1, 'x')`)
	require.Error(t, err)
}

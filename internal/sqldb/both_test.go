package sqldb_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb"
	"bystander/internal/sqldb/sqldbtest"
)

func TestOnPostgreSQL(t *testing.T) {
	sqldbtest.Again(t, "^(TestMigrationGuards|TestEnforceReports|TestReadersCannotWrite|TestTwoWriters.*|TestManyOpenAtOnce|TestReadingTransaction.*)$")
}

// openTwo opens one database twice, as two processes would.
func openTwo(t *testing.T, s sqldb.Schema) (a, b *sqldb.DB) {
	t.Helper()
	at := sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db"))
	for _, db := range []**sqldb.DB{&a, &b} {
		var err error
		*db, err = sqldb.Open(ctx, at, s)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, (*db).Close()) })
	}
	return a, b
}

// Whoever reads, decides and writes in one transaction cannot be overtaken by
// another process; nor by its single statements.
func TestTwoWritersLoseNothing(t *testing.T) {
	a, b := openTwo(t, schema())
	_, err := a.W.ExecContext(ctx, `INSERT INTO a VALUES (0, 'count')`)
	require.NoError(t, err)
	var wg sync.WaitGroup
	const rounds = 25
	for _, db := range []*sqldb.DB{a, b, a, b} {
		wg.Go(func() {
			for range rounds {
				err := db.Tx(ctx, func(tx *sql.Tx) error {
					var n int64
					if err := tx.QueryRowContext(ctx, `SELECT at FROM a WHERE v = ?`, "count").Scan(&n); err != nil {
						return err
					}
					_, err := tx.ExecContext(ctx, `UPDATE a SET at = ? WHERE v = ?`, n+1, "count")
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := db.W.ExecContext(ctx, `UPDATE a SET at = at + 1 WHERE v = ?`, "count"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var n int64
	require.NoError(t, b.R.QueryRowContext(ctx, `SELECT at FROM a`).Scan(&n))
	require.Equal(t, int64(4*2*rounds), n)
}

// Of several processes that start at once one migrates, and all find it done.
func TestManyOpenAtOnce(t *testing.T) {
	at := sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db"))
	s := schema()
	s.Migrations = append(s.Migrations, sqldb.Migration{Name: "two", SQL: `INSERT INTO a VALUES (1, 'once')`})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			db, err := sqldb.Open(ctx, at, s)
			if err != nil {
				t.Error(err)
				return
			}
			var n int
			if err := db.R.QueryRowContext(ctx, `SELECT count(*) FROM a`).Scan(&n); err != nil || n != 1 {
				t.Errorf("%d rows: %v", n, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A reading transaction sees one moment, whatever is written meanwhile.
func TestReadingTransactionIsOneMoment(t *testing.T) {
	a, b := openTwo(t, schema())
	tx, err := a.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	count := func(q interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	},
	) (n int) {
		require.NoError(t, q.QueryRowContext(ctx, `SELECT count(*) FROM a`).Scan(&n))
		return n
	}
	require.Zero(t, count(tx))
	_, err = b.W.ExecContext(ctx, `INSERT INTO a VALUES (1, 'x')`)
	require.NoError(t, err)
	require.Zero(t, count(tx))
	require.NoError(t, tx.Rollback())
	require.Equal(t, 1, count(a.R))
}

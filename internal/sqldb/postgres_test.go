package sqldb_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/backends"
	"bystander/internal/sqldb"
	"bystander/internal/testkit/postgres"
)

func openAt(t *testing.T, address, name string, s sqldb.Schema) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(ctx, sqldb.Place(address, name, ""), s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// The server is killed again and again while a store is written to: nothing that
// was acknowledged is lost, what was refused is not there, and the store goes on
// by itself once the server is back.
//
// proves: B-59
func TestNothingAcknowledgedIsLostWhenTheServerDies(t *testing.T) {
	s := postgres.Start(t, postgres.Options{Durable: true})
	db := openAt(t, s.URL(), "control", schema())
	ctx, stop := context.WithCancel(t.Context())
	var written atomic.Int64 // as of the last acknowledgement
	acked, refused, unsure := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(1); ctx.Err() == nil; n++ {
			err := db.Tx(context.Background(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(context.Background(), `INSERT INTO a VALUES (?, 'x')`, n)
				return err
			})
			switch {
			case err == nil:
				acked[n] = true
				written.Add(1)
			case errors.Is(err, sqldb.ErrUnsure):
				unsure[n] = true
			default:
				refused[n] = true
			}
		}
	}()
	for range 3 {
		from := written.Load()
		require.Eventually(t, func() bool { return written.Load() > from+20 }, time.Minute, time.Millisecond)
		s.Kill()
		s.Restart()
	}
	from := written.Load()
	require.Eventually(t, func() bool { return written.Load() > from+20 }, time.Minute, time.Millisecond, "it goes on by itself")
	stop()
	<-done
	rows, err := db.R.QueryContext(t.Context(), `SELECT at FROM a`)
	require.NoError(t, err)
	defer rows.Close()
	have := map[int64]bool{}
	for rows.Next() {
		var n int64
		require.NoError(t, rows.Scan(&n))
		have[n] = true
	}
	require.NoError(t, rows.Err())
	for n := range acked {
		require.True(t, have[n], "%d was acknowledged and is lost", n)
	}
	for n := range refused {
		require.False(t, have[n], "%d was refused and is there", n)
	}
	t.Logf("%d acknowledged, %d refused, %d of unknown outcome", len(acked), len(refused), len(unsure))
}

// One replica at a time does a duty. The next one takes it up when the first
// ends, and nobody does it while the server cannot say who leads.
func TestOneLeads(t *testing.T) {
	s := postgres.Start(t, postgres.Options{})
	a, b := openAt(t, s.URL(), "control", schema()), openAt(t, s.URL(), "control", schema())
	var at, most, terms atomic.Int32
	duty := func(ctx context.Context) {
		terms.Add(1)
		if n := at.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-ctx.Done()
		at.Add(-1)
	}
	run := func(db *sqldb.DB) (stop func()) {
		l := db.Leader("jobs", nil)
		l.HandOver(3500 * time.Millisecond) // beat, its limit, and a little
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.Run(ctx, duty)
		}()
		return func() { cancel(); <-done }
	}
	stopA := run(a)
	require.Eventually(t, func() bool { return at.Load() == 1 }, time.Minute, 10*time.Millisecond)
	stopB := run(b)
	s.Kill()
	require.Eventually(t, func() bool { return at.Load() == 0 }, time.Minute, 10*time.Millisecond, "without the server nobody leads")
	s.Restart()
	require.Eventually(t, func() bool { return at.Load() == 1 }, time.Minute, 10*time.Millisecond)
	stopA()
	require.Eventually(t, func() bool { return at.Load() == 1 }, time.Minute, 10*time.Millisecond, "the other takes over")
	stopB()
	require.Zero(t, at.Load())
	require.Equal(t, int32(1), most.Load(), "never two at a time")
	require.GreaterOrEqual(t, terms.Load(), int32(2))
}

func TestNamesAreClaimed(t *testing.T) {
	s := postgres.Start(t, postgres.Options{Shared: true})
	a, b := openAt(t, s.URL(), "testnamesareclaimed", schema()), openAt(t, s.URL(), "testnamesareclaimed", schema())
	release, err := sqldb.Claim(ctx, a.Path, "chain edge-1")
	require.NoError(t, err)
	_, err = sqldb.Claim(ctx, b.Path, "chain edge-1")
	require.ErrorIs(t, err, sqldb.ErrTaken)
	other, err := sqldb.Claim(ctx, b.Path, "chain edge-2")
	require.NoError(t, err)
	require.NoError(t, other())
	require.NoError(t, release())
	again, err := sqldb.Claim(ctx, b.Path, "chain edge-1")
	require.NoError(t, err)
	require.NoError(t, again())
}

// The connection is encrypted to a server that proves its name; the password
// comes from a file, and may change while the program runs.
func TestTLSAndPassword(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		return path
	}
	authority, err := backends.NewAuthority("here")
	require.NoError(t, err)
	stranger, err := backends.NewAuthority("elsewhere")
	require.NoError(t, err)
	id, err := authority.Issue("db", true)
	require.NoError(t, err)
	s := postgres.Start(t, postgres.Options{TLSCert: write("crt", id.CertPEM), TLSKey: write("key", id.KeyPEM), Password: "correct horse"})
	with := func(ca, password string) string {
		u, err := url.Parse(s.URL())
		require.NoError(t, err)
		u.RawQuery = url.Values{"sslrootcert": {ca}}.Encode()
		return sqldb.Place(u.String(), "control", password)
	}
	ca := write("ca.pem", authority.CertPEM)
	password := write("password", []byte("correct horse\n"))
	_, err = sqldb.Open(ctx, with(write("other.pem", stranger.CertPEM), password), schema())
	require.ErrorContains(t, err, "certificate")
	_, err = sqldb.Open(ctx, with(ca, write("wrong", []byte("battery staple\n"))), schema())
	require.ErrorContains(t, err, "password authentication failed")
	require.NotContains(t, err.Error(), "battery")
	_, err = sqldb.Open(ctx, with(ca, filepath.Join(dir, "absent")), schema())
	require.ErrorContains(t, err, "password_file: ")

	db, err := sqldb.Open(ctx, with(ca, password), schema())
	require.NoError(t, err)
	defer db.Close()
	require.NotContains(t, db.Path, "horse")
	require.NoError(t, s.Exec(ctx, `ALTER USER bystander PASSWORD 'tr0ub4dor'`))
	write("password", []byte("tr0ub4dor\n"))
	s.Restart()
	var n int
	require.NoError(t, db.R.QueryRowContext(ctx, `SELECT count(*) FROM a`).Scan(&n))
}

// What was erased is in no file of the server's tables, indexes or statistics;
// its log is another matter, which docs/postgres.md tells.
//
// proves: A-23
func TestErasedIsGoneFromTheTablesFiles(t *testing.T) {
	const canary = "canary-4c1f0d5e-of-somebody"
	s := postgres.Start(t, postgres.Options{Shared: true})
	sch := schema()
	sch.Migrations = append(sch.Migrations, sqldb.Migration{Name: "index", SQL: `CREATE INDEX a_v ON a (v)`})
	db := openAt(t, s.URL(), "testerasedisgonefromthetablesfiles", sch)
	_, err := db.W.ExecContext(ctx, `INSERT INTO a VALUES (1, ?), (2, 'somebody else')`, canary)
	require.NoError(t, err)
	require.NoError(t, s.Exec(ctx, `ANALYZE testerasedisgonefromthetablesfiles.a; CHECKPOINT`))
	require.NotEmpty(t, holding(t, s.Dir(), canary), "it was there")
	_, err = db.W.ExecContext(ctx, `DELETE FROM a WHERE v = ?`, canary)
	require.NoError(t, err)

	reader, err := db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	// Held by somebody who began before: a statement takes the moment.
	require.NoError(t, reader.Rollback())
	require.NoError(t, db.EmptyLog(ctx))
	require.NoError(t, s.Exec(ctx, `CHECKPOINT`))
	require.Empty(t, holding(t, s.Dir(), canary))
	var n int
	require.NoError(t, db.R.QueryRowContext(ctx, `SELECT count(*) FROM a`).Scan(&n))
	require.Equal(t, 1, n)
}

func TestErasureWaitsForReaders(t *testing.T) {
	s := postgres.Start(t, postgres.Options{Shared: true})
	db := openAt(t, s.URL(), "testerasurewaitsforreaders", schema())
	_, err := db.W.ExecContext(ctx, `INSERT INTO a VALUES (1, 'x')`)
	require.NoError(t, err)
	reader, err := db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	var n int
	require.NoError(t, reader.QueryRowContext(ctx, `SELECT count(*) FROM a`).Scan(&n))
	_, err = db.W.ExecContext(ctx, `DELETE FROM a`)
	require.NoError(t, err)
	require.ErrorIs(t, db.EmptyLog(ctx), sqldb.ErrReading)
	require.NoError(t, reader.Rollback())
	require.NoError(t, db.EmptyLog(ctx))
}

// holding lists the files of tables, indexes and statistics that contain text.
func holding(t *testing.T, dir, text string) (out []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "data"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "pg_wal":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(b, []byte(text)) {
			out = append(out, path)
		}
		return err
	}))
	return out
}

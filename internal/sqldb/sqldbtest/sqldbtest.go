// Package sqldbtest runs the tests of a store on both kinds of database. A test
// opens its store at Place; Again runs the package's tests a second time, on a
// real PostgreSQL server.
package sqldbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bystander/internal/sqldb"
	"bystander/internal/testkit/postgres"
)

// address is the variable that has a test binary use a PostgreSQL server.
const address = "BYSTANDER_TEST_POSTGRES"

// OnPostgres reports whether this run is the one on PostgreSQL.
func OnPostgres() bool { return os.Getenv(address) != "" }

// Place is where a test keeps a store: the file itself, or, in the run on
// PostgreSQL, a schema that stands for it. The same path gives the same place.
func Place(t testing.TB, path string) string {
	t.Helper()
	at := os.Getenv(address)
	if at == "" {
		return path
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256([]byte(abs))
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.TrimSuffix(filepath.Base(path), ".db"))
	return sqldb.Place(at, "t_"+hex.EncodeToString(h[:6])+"_"+name, "")
}

// Raw opens what is at a place as it is, for tests that look at the tables, or
// change them behind the store's back.
func Raw(ctx context.Context, place string) (*sql.DB, error) {
	if sqldb.IsPostgres(place) {
		return sqldb.OpenAsIs(ctx, place)
	}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: place}).EscapedPath()+"?_pragma=busy_timeout(10000)")
}

// File leaves a test out of the run on PostgreSQL: it is about the SQLite file
// itself. The run on SQLite has it.
func File(t testing.TB) {
	t.Helper()
	if OnPostgres() {
		t.Skip("about the SQLite file")
	}
}

// Again runs those of this package's tests that match run once more, on a
// PostgreSQL server of their own, but for those to be left out. It fails with what
// failed there. A store's package has one test that calls it.
func Again(t *testing.T, run string, but ...string) {
	t.Helper()
	if OnPostgres() {
		t.Skip("this is the run on PostgreSQL")
	}
	s := postgres.Start(t, postgres.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	began := time.Now()
	args := []string{"-test.run=" + run, "-test.count=1", "-test.v", "-test.timeout=5m"}
	if len(but) > 0 {
		args = append(args, "-test.skip=^("+strings.Join(but, "|")+")$")
	}
	if flag.Lookup("rapid.checks") != nil {
		args = append(args, "-rapid.checks=5") // the many walks are those on SQLite; here it is the SQL that differs
	}
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), address+"="+s.URL())
	out, err := cmd.CombinedOutput()
	passed := strings.Count(string(out), "\n--- PASS: ") + strings.Count(string(out), "\n    --- PASS: ")
	if err != nil || passed == 0 {
		t.Fatalf("on PostgreSQL: %v\n%s", err, failures(string(out)))
	}
	t.Logf("%d tests passed on PostgreSQL in %v", passed, time.Since(began).Round(time.Millisecond))
}

// failures leaves out the tests that passed.
func failures(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), ":"); word {
		case "--- PASS", "--- SKIP":
			continue
		}
		if strings.HasPrefix(line, "=== ") {
			continue
		}
		b.WriteString(line)
	}
	const most = 20000
	if s := b.String(); len(s) <= most {
		return s
	}
	return b.String()[:most] + "\n…"
}

package app_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/sqldb"
	"bystander/internal/testkit/postgres"
	"bystander/policy/store"
)

// moved takes a house's data to a server of its own, and closes it.
func moved(t *testing.T, h *premises) (there *premises, s *postgres.Server) {
	t.Helper()
	s = postgres.Start(t, postgres.Options{})
	require.NoError(t, app.ControlMigrate(t.Context(), h.cfg, app.MoveOptions{From: "sqlite", To: s.URL(), Stdout: io.Discard}))
	there = &premises{cfg: h.cfg, root: h.root}
	there.cfg.Store.Postgres = s.URL()
	return there, s
}

// TestExportOfAServerIsTheSame exports a house from its files, moves it to a
// server, and exports it from there: the same tables with the same rows.
//
// proves: A-23
func TestExportOfAServerIsTheSame(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	here, there := filepath.Join(h.root, "files"), filepath.Join(h.root, "server")
	require.NoError(t, app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: here, Purpose: "before", Stdout: io.Discard}))
	on, _ := moved(t, h)
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	require.ErrorIs(t, app.ExportAll(ctx, on.cfg, app.ExportAllOptions{Out: there, Purpose: "after", Stdout: &upTo{words: "stores: ", end: cut}}), context.Canceled)
	require.FileExists(t, filepath.Join(there, "UNFINISHED"))
	var said bytes.Buffer
	require.NoError(t, app.ExportAll(t.Context(), on.cfg, app.ExportAllOptions{Out: there, Purpose: "after", Stdout: &said}))
	require.Contains(t, said.String(), "stores: consent")
	require.NoFileExists(t, filepath.Join(there, "UNFINISHED"))

	files, err := filepath.Glob(filepath.Join(here, "tables", "*", "*.csv"))
	require.NoError(t, err)
	require.Greater(t, len(files), 3)
	compared := 0
	for _, f := range files {
		rel, err := filepath.Rel(here, f)
		require.NoError(t, err)
		if strings.Contains(rel, "schema_migrations") || strings.Contains(rel, "access") {
			continue // when it was made, and who exported
		}
		require.Equal(t, linesOf(t, f), linesOf(t, filepath.Join(there, rel)), rel)
		require.Equal(t, columnsOf(t, f), columnsOf(t, filepath.Join(there, rel)), rel)
		compared++
	}
	require.Greater(t, compared, 3)
	require.FileExists(t, filepath.Join(there, "tables", "peers", "schema.json"))
	require.Equal(t, linesOf(t, filepath.Join(here, "names.csv")), linesOf(t, filepath.Join(there, "names.csv")))

	b, err := os.ReadFile(filepath.Join(there, "tables", "policy", "schema.json"))
	require.NoError(t, err)
	var about map[string]struct {
		SQL     string
		Rows    int
		Columns []struct{ Name, Type string }
	}
	require.NoError(t, json.Unmarshal(b, &about))
	require.Equal(t, 2, about["consents"].Rows)
	require.Contains(t, about["consents"].SQL, "PRIMARY KEY (id, version)")
	require.Equal(t, "INTEGER", about["consents"].Columns[1].Type)
	var m app.ExportManifest
	b, err = os.ReadFile(filepath.Join(there, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &m))
	left := strings.Join(m.LeftOut, "\n")
	require.Contains(t, left, "policy.db: a file from before")
	require.Contains(t, left, "templates (on the server)")
	require.NotContains(t, m.Files, "UNFINISHED")
	requireNowhere(t, there, "PRIVATE KEY", "primaryKeyId")
	require.NoDirExists(t, filepath.Join(there, "tables", "templates"))
	require.NoDirExists(t, filepath.Join(there, "tables", "tokens"))
}

// linesOf reads a table's rows in an order of their own: neither kind of database
// promises one.
func linesOf(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	slices.SortFunc(rows[1:], slices.Compare[[]string])
	return rows
}

// columnsOf reads the columns and their kinds from the Parquet file beside a CSV.
func columnsOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(strings.TrimSuffix(file, ".csv") + ".parquet")
	require.NoError(t, err)
	table, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return table.Schema().String()
}

// upTo ends a context once something was said.
type upTo struct {
	words string
	end   context.CancelFunc
	all   bytes.Buffer
}

func (u *upTo) Write(b []byte) (int, error) {
	u.all.Write(b)
	if strings.Contains(u.all.String(), u.words) {
		u.end()
	}
	return len(b), nil
}

// TestDecommissionOnAServer ends a house whose data lie on a server: refused while
// a replica runs, cut off in the middle, gone on with; then nothing is left there,
// and no replica begins anew.
//
// proves: A-23, B-59
func TestDecommissionOnAServer(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	on, s := moved(t, h)
	export := filepath.Join(h.root, "export")
	require.NoError(t, app.ExportAll(t.Context(), on.cfg, app.ExportAllOptions{Out: export, Purpose: "leaving", Stdout: io.Discard}))
	good := app.DecommissionOptions{
		Witness: "Wen", Reason: "the lease of the hall ends", Export: export, Confirm: "venue-1",
		Certificate: filepath.Join(h.root, "certificate.json"), Stdout: io.Discard,
	}
	elsewhere := on.cfg
	elsewhere.Store.Postgres = postgres.Start(t, postgres.Options{}).URL()
	err := app.Decommission(t.Context(), elsewhere, good)
	require.ErrorIs(t, err, app.ErrUsage)
	require.ErrorContains(t, err, "name the one that holds its data")
	replica, err := store.Open(t.Context(), sqldb.Place(s.URL(), "bystander_policy", ""))
	require.NoError(t, err)
	err = app.Decommission(t.Context(), on.cfg, good)
	require.ErrorIs(t, err, sqldb.ErrInUse)
	require.ErrorContains(t, err, "stop every replica")
	require.NoError(t, replica.Close())
	require.FileExists(t, filepath.Join(on.cfg.Keys, "identity.key"), "nothing was destroyed")
	pub, err := os.ReadFile(filepath.Join(on.cfg.Keys, "edge.pub"))
	require.NoError(t, err)

	ctx, cut := context.WithCancel(t.Context())
	said := &upTo{words: "destroyed: keys", end: cut}
	first := good
	first.Stdout = said
	require.ErrorIs(t, app.Decommission(ctx, on.cfg, first), context.Canceled)
	require.NoFileExists(t, filepath.Join(on.cfg.Keys, "identity.key"))
	require.ErrorContains(t, app.Run(t.Context(), on.cfg, io.Discard, io.Discard), "is being decommissioned", "nothing starts on what is left")
	other := good
	other.Witness = "Somebody"
	require.ErrorIs(t, app.Decommission(t.Context(), on.cfg, other), app.ErrUsage, "one witness saw it begin")

	said = &upTo{words: "\x00", end: cut}
	again := good
	again.Stdout = said
	require.NoError(t, app.Decommission(t.Context(), on.cfg, again))
	require.Contains(t, said.all.String(), "going on with what was begun")
	require.Contains(t, said.all.String(), "dropped: bystander_policy, ")

	b, err := os.ReadFile(good.Certificate)
	require.NoError(t, err)
	var c app.DestructionCertificate
	require.NoError(t, json.Unmarshal(b, &c))
	rows := map[string]int64{}
	for _, d := range c.Destroyed {
		rows[d.What] = d.Rows
	}
	require.Positive(t, rows["server: bystander_policy"])
	require.Contains(t, rows, "server: bystander_peers")
	require.Contains(t, rows, "keys: identity.key", "what was destroyed before the cut is in it")
	require.Contains(t, rows, "data: events.db")
	require.Len(t, c.Export, 64)
	require.Contains(t, strings.Join(c.Remains, "\n"), "write-ahead log")
	saved := filepath.Join(h.root, "edge.pub")
	require.NoError(t, os.WriteFile(saved, pub, 0o600))
	require.NoError(t, app.VerifyDestruction(good.Certificate, saved, io.Discard))
	requireFiles(t, on.cfg.Data, "decommissioned.json", "edge.pub")

	for _, name := range []string{"policy", "templates", "names", "peers", "access"} {
		there, err := sqldb.Exists(t.Context(), sqldb.Place(s.URL(), "bystander_"+name, ""))
		require.NoError(t, err)
		require.False(t, there, name)
	}
	// Another replica does not begin a new house there; it is ended as well.
	second := on.cfg
	second.Data, second.Keys, second.Events.Edge = filepath.Join(h.root, "second"), filepath.Join(h.root, "second", "keys"), "venue-2"
	require.NoError(t, os.MkdirAll(second.Keys, 0o700))
	require.ErrorIs(t, app.Run(t.Context(), second, io.Discard, io.Discard), sqldb.ErrEnded)
	last := good
	last.Confirm, last.Certificate = "venue-2", filepath.Join(h.root, "second.json")
	last.Export, last.NoExport = "", true
	require.NoError(t, app.Decommission(t.Context(), second, last))
	requireFiles(t, second.Data, "decommissioned.json", "edge.pub")
}

// requireFiles lists what is left below a folder.
func requireFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	var left []string
	require.NoError(t, filepath.Walk(dir, func(p string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			left = append(left, filepath.Base(p))
		}
		return err
	}))
	require.ElementsMatch(t, want, left)
}

package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/policy/sitestore"
)

// TestExportIsOpen exports a house and reads it with nothing of this program:
// CSV, Parquet, JSON lines.
//
// proves: A-23
func TestExportIsOpen(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	out := filepath.Join(h.root, "export")
	require.NoError(t, app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: out, Purpose: "moving", Recordings: true, Stdout: io.Discard}))

	f, err := os.Open(filepath.Join(out, "names.csv"))
	require.NoError(t, err)
	defer f.Close()
	names, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.ElementsMatch(t, [][]string{{"enrollee", "name"}, {annID, annName}, {benID, benName}}, names)

	f, err = os.Open(filepath.Join(out, "tables", "policy", "consents.csv"))
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 3)
	b, err := os.ReadFile(filepath.Join(out, "tables", "policy", "consents.parquet"))
	require.NoError(t, err)
	table, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.EqualValues(t, 2, table.NumRows())
	require.Len(t, table.Schema().Columns(), len(lines[0]))

	b, err = os.ReadFile(filepath.Join(out, "log", "events.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 5, bytes.Count(b, []byte("\n")))
	b, err = os.ReadFile(filepath.Join(out, "log", "waiting.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 5, bytes.Count(b, []byte("\n")), "what the store has not taken over yet")
	require.Contains(t, string(b), `"seq":10`)
	b, err = os.ReadFile(filepath.Join(out, "recordings", "gate", "a.mp4"))
	require.NoError(t, err)
	require.Equal(t, "redacted", string(b))

	var m app.ExportManifest
	b, err = os.ReadFile(filepath.Join(out, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &m))
	require.Contains(t, m.Files, "names.csv")
	require.Contains(t, strings.Join(m.LeftOut, "\n"), "templates.db")
	requireNowhere(t, out, "PRIVATE KEY", "primaryKeyId")
	require.NoFileExists(t, filepath.Join(out, "tables", "templates", "templates.csv"))

	err = app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: out, Purpose: "again", Stdout: io.Discard})
	require.ErrorIs(t, err, app.ErrUsage, "never over another")
}

// TestDecommission ends a house: refused while anything is missing, then nothing
// is left but the certificate, which the address answers with.
//
// proves: A-23, B-59
func TestDecommission(t *testing.T) {
	h := newPremises(t)
	export := filepath.Join(h.root, "export")
	h.close(t)
	require.NoError(t, app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: export, Purpose: "leaving", Stdout: io.Discard}))
	good := app.DecommissionOptions{
		Witness: "Wen", Reason: "the lease of the hall ends", Export: export, Confirm: "venue-1",
		Certificate: filepath.Join(h.root, "certificate.json"), Stdout: io.Discard,
	}
	for name, change := range map[string]func(*app.DecommissionOptions){
		"nobody saw it":    func(o *app.DecommissionOptions) { o.Witness = " " },
		"another's name":   func(o *app.DecommissionOptions) { o.Confirm = "venue-2" },
		"nothing exported": func(o *app.DecommissionOptions) { o.Export = "" },
		"not an export":    func(o *app.DecommissionOptions) { o.Export = h.root },
		"both":             func(o *app.DecommissionOptions) { o.NoExport = true },
		"kept in the data": func(o *app.DecommissionOptions) { o.Certificate = filepath.Join(h.cfg.Data, "c.json") },
	} {
		o := good
		change(&o)
		require.ErrorIs(t, app.Decommission(t.Context(), h.cfg, o), app.ErrUsage, name)
	}
	h.open(t) // a program runs
	require.ErrorContains(t, app.Decommission(t.Context(), h.cfg, good), "still running")
	h.close(t)
	pub, err := os.ReadFile(filepath.Join(h.cfg.Keys, "edge.pub"))
	require.NoError(t, err)
	require.Len(t, templatesIn(t, h.cfg), 2, "all of the refusals left everything as it was")

	list, err := os.ReadFile(filepath.Join(export, "manifest.json"))
	require.NoError(t, err)

	// The data lie behind a link, and some of them elsewhere.
	disk, pictures := filepath.Join(h.root, "disk"), filepath.Join(h.root, "pictures")
	require.NoError(t, os.Rename(h.cfg.Data, disk))
	require.NoError(t, os.Symlink(disk, h.cfg.Data))
	require.NoError(t, os.Mkdir(pictures, 0o700))
	require.NoError(t, os.Symlink(pictures, filepath.Join(h.cfg.Data, "pictures")))

	require.NoError(t, app.Decommission(t.Context(), h.cfg, good))
	require.NoError(t, os.Remove(filepath.Join(disk, "pictures")))
	require.NoError(t, os.Remove(h.cfg.Data))
	require.NoError(t, os.Rename(disk, h.cfg.Data))
	var left []string
	require.NoError(t, filepath.Walk(h.cfg.Data, func(p string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			left = append(left, filepath.Base(p))
		}
		return err
	}))
	require.ElementsMatch(t, []string{"decommissioned.json", "edge.pub"}, left)

	saved := filepath.Join(h.root, "edge.pub")
	require.NoError(t, os.WriteFile(saved, pub, 0o600))
	var said bytes.Buffer
	require.NoError(t, app.VerifyDestruction(good.Certificate, saved, &said))
	require.Contains(t, said.String(), "seen by Wen; the log ended at number 10")
	b, err := os.ReadFile(good.Certificate)
	require.NoError(t, err)
	require.Contains(t, string(b), "data: names.db")
	require.Contains(t, string(b), fmt.Sprintf(`"export": "%x"`, sha256.Sum256(list)))
	require.Contains(t, string(b), "pictures is a link to "+pictures, "what it did not reach")
	forged := filepath.Join(h.root, "forged.json")
	require.NoError(t, os.WriteFile(forged, bytes.Replace(b, []byte("Wen"), []byte("Ben"), 1), 0o600))
	require.Error(t, app.VerifyDestruction(forged, saved, io.Discard))

	requireGone(t, h, b)
}

// requireGone starts the program where the house was.
func requireGone(t *testing.T, h *premises, certificate []byte) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h.cfg.Server.Listen = ln.Addr().String()
	require.NoError(t, ln.Close())
	ctx, stop := context.WithCancel(t.Context())
	started, said := make(chan error, 1), &firstLine{seen: make(chan struct{})}
	go func() { started <- app.Run(ctx, h.cfg, said, io.Discard) }()
	select {
	case <-said.seen:
	case err := <-started:
		require.NoError(t, err, "it ended before it answered")
		t.FailNow()
	}
	res, err := http.Get("http://" + h.cfg.Server.Listen + "/v1/cameras")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusGone, res.StatusCode)
	require.Equal(t, string(certificate), string(body))
	stop()
	require.NoError(t, <-started)
}

// firstLine tells when something was said.
type firstLine struct {
	seen chan struct{}
	done bool
}

func (f *firstLine) Write(b []byte) (int, error) {
	if !f.done {
		f.done = true
		close(f.seen)
	}
	return len(b), nil
}

// TestAnOpenSiteIsNotDestroyed: the same rule as the interface's 409.
//
// proves
func TestAnOpenSiteIsNotDestroyed(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	s, err := sitestore.Open(t.Context(), filepath.Join(h.cfg.Data, "site.db"), sitestore.Options{})
	require.NoError(t, err)
	_, err = s.AddSite(t.Context(), sitestore.By{Actor: "owner", Reason: "test"}, "plaza", sitestore.SiteSpec{Name: "Plaza", Profile: "eu", Contact: "dpo@example.org"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	err = app.Decommission(t.Context(), h.cfg, app.DecommissionOptions{
		Witness: "Wen", Reason: "no reason", NoExport: true, Confirm: "venue-1", Certificate: filepath.Join(h.root, "c.json"), Stdout: io.Discard,
	})
	require.ErrorContains(t, err, "SITE_OPEN")
	require.Len(t, templatesIn(t, h.cfg), 2)
}

package app_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/policy"
)

// relist changes an export's list. Without a key it keeps the signature.
func relist(t *testing.T, dir string, key ed25519.PrivateKey, change func(*app.ExportManifest)) {
	t.Helper()
	path := filepath.Join(dir, "manifest.json")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var m app.ExportManifest
	require.NoError(t, json.Unmarshal(b, &m))
	change(&m)
	if key != nil {
		m.Signature = nil
		msg, err := json.Marshal(m)
		require.NoError(t, err)
		m.Signature = ed25519.Sign(key, msg)
	}
	b, err = json.MarshalIndent(m, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(b, '\n'), 0o600))
}

// TestOnlyAWholeExportOfOnesOwnIsEvidence: whatever else it is told of is refused,
// with the file and the way out, before anything is destroyed.
//
// proves: A-23
func TestOnlyAWholeExportOfOnesOwnIsEvidence(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	own := h.key(t)
	pub, other, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	good := filepath.Join(h.root, "export")
	require.NoError(t, app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: good, Purpose: "leaving", Recordings: true, Stdout: io.Discard}))
	decommission := func(export string) error {
		return app.Decommission(t.Context(), h.cfg, app.DecommissionOptions{
			Witness: "Wen", Reason: "the lease of the hall ends", Export: export, Confirm: "venue-1",
			Certificate: filepath.Join(h.root, "certificate.json"), Stdout: io.Discard,
		})
	}
	put := func(dir, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for name, c := range map[string]struct {
		bad  func(dir string)
		says string
	}{
		"tampered":     {func(dir string) { put(dir, "recordings/gate/a.mp4", "rEdacted") }, "a.mp4 is not what was exported"},
		"missing":      {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "names.csv"))) }, "names.csv is on the list and missing"},
		"added":        {func(dir string) { put(dir, "tables/policy/more.csv", "a\n") }, "more.csv is not on the list"},
		"unfinished":   {func(dir string) { put(dir, "UNFINISHED", "") }, "UNFINISHED: the export was cut off"},
		"no list":      {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "manifest.json"))) }, "there is no"},
		"altered list": {func(dir string) { relist(t, dir, nil, func(m *app.ExportManifest) { m.LeftOut = nil }) }, "the signature does not fit"},
		"other edge":   {func(dir string) { relist(t, dir, own, func(m *app.ExportManifest) { m.Edge = "venue-2" }) }, `of edge "venue-2"`},
		"foreign key":  {func(dir string) { relist(t, dir, other, func(m *app.ExportManifest) { m.PublicKey = pub }) }, "signed with another key"},
		"forged":       {func(dir string) { relist(t, dir, other, func(*app.ExportManifest) {}) }, "the signature does not fit"},
		"older format": {func(dir string) { relist(t, dir, own, func(m *app.ExportManifest) { m.Format = 1 }) }, "is of format 1"},
		"two readings": {func(dir string) {
			path := filepath.Join(dir, "manifest.json")
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append([]byte(`{"edge":"venue-2",`), b[1:]...), 0o600))
		}, "is not as an export writes it"},
		"a link": {func(dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "names.csv")))
			require.NoError(t, os.Symlink(filepath.Join(good, "names.csv"), filepath.Join(dir, "names.csv")))
		}, "is no plain file"},
	} {
		dir := filepath.Join(t.TempDir(), "copy")
		require.NoError(t, os.CopyFS(dir, os.DirFS(good)))
		c.bad(dir)
		err := decommission(dir)
		require.ErrorIs(t, err, app.ErrUsage, name)
		require.ErrorIs(t, err, app.ErrBadExport, name)
		require.ErrorContains(t, err, c.says, name)
	}
	inside := filepath.Join(h.cfg.Data, "export")
	require.NoError(t, os.CopyFS(inside, os.DirFS(good)))
	require.ErrorContains(t, decommission(inside), "which is destroyed")
	require.NoError(t, os.RemoveAll(inside))
	require.Len(t, templatesIn(t, h.cfg), 2, "nothing was destroyed")
	require.NoFileExists(t, filepath.Join(h.root, "certificate.json"))
	require.NoError(t, decommission(good), "and the whole one is taken")
}

// TestAnExportOlderThanTheDataIsNoEvidence: what came after it would be lost.
//
// proves: A-23
func TestAnExportOlderThanTheDataIsNoEvidence(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	n := 0
	export := func() string {
		n++
		dir := filepath.Join(h.root, "export"+string(rune('0'+n)))
		require.NoError(t, app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: dir, Purpose: "leaving", Stdout: io.Discard}))
		return dir
	}
	refused := func(dir, says, wayOut string) {
		err := app.Decommission(t.Context(), h.cfg, app.DecommissionOptions{
			Witness: "Wen", Reason: "the lease of the hall ends", Export: dir, Confirm: "venue-1",
			Certificate: filepath.Join(h.root, "certificate.json"), Stdout: io.Discard,
		})
		require.ErrorIs(t, err, app.ErrBadExport)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, wayOut)
	}
	before := export()
	h.open(t)
	require.NoError(t, h.people.PutEnrollee(t.Context(), policy.Enrollee{
		ID: benID, Version: 2, Under14: policy.No, Status: policy.EnrolleeCanceled, ChangedAt: time.Now(),
	}))
	h.close(t)
	refused(before, "table policy/enrollees", "export again")

	before = export()
	h.open(t)
	h.meet(t, benID, 1)
	h.close(t)
	refused(before, "the log ends at number 11 and was exported up to 10", "export again")

	before, later := export(), export() // the second was put on the access log, too
	refused(before, "table access/", "export again")
	require.NoError(t, os.Remove(filepath.Join(h.cfg.Keys, "edge.pem")))
	refused(later, "edge.pem is gone", "put it back")
	require.NoFileExists(t, filepath.Join(h.cfg.Keys, "edge.pem"), "and no other takes its place")
}

// TestAnExportBeginsAnewOnlyInItsOwnFolder: what somebody else left there is not
// removed.
//
// proves: A-23
func TestAnExportBeginsAnewOnlyInItsOwnFolder(t *testing.T) {
	h, neighbour := newPremises(t), newPremises(t)
	h.close(t)
	neighbour.close(t)
	cutOff := func(h *premises, dir string) {
		ctx, cut := context.WithCancel(t.Context())
		defer cut()
		err := app.ExportAll(ctx, h.cfg, app.ExportAllOptions{Out: dir, Purpose: "leaving", Stdout: &upTo{words: "stores: ", end: cut}})
		require.ErrorIs(t, err, context.Canceled)
		require.FileExists(t, filepath.Join(dir, "UNFINISHED"))
	}
	again := func(dir string) error {
		return app.ExportAll(t.Context(), h.cfg, app.ExportAllOptions{Out: dir, Purpose: "leaving", Stdout: io.Discard})
	}
	theirs := filepath.Join(h.root, "theirs") // of the same name, with another key
	cutOff(neighbour, theirs)
	err := again(theirs)
	require.ErrorIs(t, err, app.ErrUsage)
	require.ErrorContains(t, err, "UNFINISHED is not of an export that this installation (venue-1) began")
	require.FileExists(t, filepath.Join(theirs, "log", "events.jsonl"))

	draft := filepath.Join(h.root, "draft") // of another program
	require.NoError(t, os.Mkdir(draft, 0o700))
	for _, f := range []string{"UNFINISHED", "thesis.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(draft, f), []byte("chapter one"), 0o600))
	}
	require.ErrorContains(t, again(draft), "so nothing in "+draft+" is removed")
	require.FileExists(t, filepath.Join(draft, "thesis.txt"))

	ours := filepath.Join(h.root, "ours")
	cutOff(h, ours)
	require.NoError(t, os.WriteFile(filepath.Join(ours, "thesis.txt"), []byte("chapter one"), 0o600))
	require.ErrorContains(t, again(ours), "no export wrote "+filepath.Join(ours, "thesis.txt"))
	require.FileExists(t, filepath.Join(ours, "thesis.txt"))
	require.NoError(t, os.Remove(filepath.Join(ours, "thesis.txt")))
	require.NoError(t, again(ours))
	require.NoFileExists(t, filepath.Join(ours, "UNFINISHED"))
}

package app_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/mlog"
	"bystander/audit/verify"
	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

const housed = 200 // events of a house

// house is an installation's folder with events in spool, store and Merkle log,
// laid out as an edge does.
type house struct {
	cfg    config.Config
	key    ed25519.PrivateKey
	events []event.Event
}

func buildHouse(t testing.TB, n int) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{cfg: config.Default()}
	h.cfg.Data = t.TempDir()
	h.cfg.Keys = filepath.Join(h.cfg.Data, "keys")
	h.cfg.Events.Edge = "edge-1"
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h.key = key
	require.NoError(t, os.MkdirAll(h.cfg.Keys, 0o700))
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(h.cfg.Keys, "edge.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))

	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key})
	require.NoError(t, err)
	h.events = make([]event.Event, n)
	for i := range h.events {
		h.events[i] = event.Event{
			Kind: event.KindMatch, CameraID: "gate", SceneID: "plaza", Score: 0.5,
			SubjectRef: event.Digest{byte(i), 1}, Detail: map[string]string{"n": strconv.Itoa(i)},
		}
		require.NoError(t, c.Seal(&h.events[i]))
	}
	sp, err := spool.Open(filepath.Join(h.cfg.Data, "spool"), spool.Options{SegmentBytes: 64 << 10})
	require.NoError(t, err)
	require.NoError(t, sp.Append(ctx, h.events))
	for _, name := range []string{"sqlite", "merkle"} {
		cur, err := sp.Consumer(name)
		require.NoError(t, err)
		require.NoError(t, cur.Ack(uint64(n)))
	}
	require.NoError(t, sp.Close())
	h.store(t, h.events)

	k, err := mlog.OpenKey(filepath.Join(h.cfg.Keys, "log-edge-1.key"), "bystander.local/edge-1")
	require.NoError(t, err)
	l, err := mlog.Open(ctx, mlog.Options{Dir: filepath.Join(h.cfg.Data, "log", "edge-1"), Chain: "edge-1", Key: k, Interval: time.Hour})
	require.NoError(t, err)
	require.NoError(t, l.Append(ctx, h.events))
	require.NoError(t, l.Close())
	return h
}

// store puts a store in place that holds these events, whoever made them.
func (h *house) store(t testing.TB, evs []event.Event) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.RemoveAll(h.db()+end))
	}
	s, err := sqlite.Open(context.Background(), h.db(), sqlite.Options{})
	require.NoError(t, err)
	for len(evs) > 0 {
		n := min(len(evs), 1000)
		require.NoError(t, s.Append(context.Background(), evs[:n]))
		evs = evs[n:]
	}
	require.NoError(t, s.Close())
}

func (h *house) db() string { return filepath.Join(h.cfg.Data, "events.db") }

// exec runs statements as the database's superuser.
func (h *house) exec(t testing.TB, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+h.db())
	require.NoError(t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.ExecContext(context.Background(), s)
		require.NoError(t, err, s)
	}
}

// forge gives the events from number from on with a change, every hash and link
// computed anew, and signed by key.
func (h *house) forge(t testing.TB, from int, key ed25519.PrivateKey, change func(*event.Event)) []event.Event {
	t.Helper()
	out := append([]event.Event(nil), h.events...)
	change(&out[from-1])
	for i := from - 1; i < len(out); i++ {
		if i > 0 {
			out[i].PrevHash = out[i-1].RowHash
		}
		hash, err := out[i].Hash()
		require.NoError(t, err)
		out[i].RowHash = hash
		if key != nil {
			out[i].NodeSig = ed25519.Sign(key, hash[:])
		}
	}
	return out
}

func (h *house) verify(t testing.TB, o app.VerifyOptions) (verify.Report, error) {
	t.Helper()
	var out bytes.Buffer
	o.Stdout, o.JSON = &out, true
	err := app.AuditVerify(context.Background(), h.cfg, o)
	var r verify.Report
	if out.Len() > 0 {
		require.NoError(t, json.Unmarshal(out.Bytes(), &r), out.String())
	}
	return r, err
}

func elsewhere(e *event.Event) { e.CameraID = "elsewhere" }

// TestSuperuser gives an attacker everything but the edge's key: the database,
// its schema, its file. Each deed is found and its number named.
//
// proves: A-25, INV-14
func TestSuperuser(t *testing.T) {
	_, other, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	swap := func(a, b string) []string {
		return []string{
			`UPDATE events SET seq = -1 WHERE seq = ` + a, `UPDATE events SET seq = ` + a + ` WHERE seq = ` + b,
			`UPDATE events SET seq = ` + b + ` WHERE seq = -1`,
		}
	}
	without := []string{ // the table as before, without any constraint
		`CREATE TABLE e2 AS SELECT * FROM events`, `DROP TABLE events`, `ALTER TABLE e2 RENAME TO events`,
	}
	bury := func(seq string) []string {
		return []string{
			`INSERT INTO skeleton SELECT chain_id, seq, 0, prev_hash, row_hash, 'events', 0 FROM events WHERE seq = ` + seq,
			`DELETE FROM events WHERE seq = ` + seq,
		}
	}
	for name, tc := range map[string]struct {
		sql  []string
		rows func(t *testing.T, h *house) []event.Event
		code verify.Code
		seq  uint64
	}{
		"a field rewritten":                  {sql: []string{`UPDATE events SET camera_id = 'elsewhere' WHERE seq = 120`}, code: verify.Altered, seq: 120},
		"a person put into a row":            {sql: []string{`UPDATE events SET subject_ref = (SELECT subject_ref FROM events WHERE seq = 7) WHERE seq = 120`}, code: verify.Altered, seq: 120},
		"text in a number's place":           {sql: []string{`UPDATE events SET score = 'high' WHERE seq = 120`}, code: verify.Altered, seq: 120},
		"a row deleted":                      {sql: []string{`DELETE FROM events WHERE seq = 120`}, code: verify.Dropped, seq: 120},
		"the first rows deleted":             {sql: []string{`DELETE FROM events WHERE seq <= 50`}, code: verify.Dropped, seq: 1},
		"the first rows deleted, floor set":  {sql: []string{`INSERT INTO chain_floor SELECT chain_id, seq, row_hash, 0 FROM events WHERE seq = 50`, `DELETE FROM events WHERE seq <= 50`}, code: verify.Unexplained, seq: 1},
		"a row made a skeleton":              {sql: bury("120"), code: verify.Unexplained, seq: 120},
		"the tail deleted":                   {sql: []string{`DELETE FROM events WHERE seq > 150`}, code: verify.Truncated, seq: 151},
		"everything deleted":                 {sql: []string{`DELETE FROM events`}, code: verify.Truncated, seq: 1},
		"a chain renamed":                    {sql: []string{`UPDATE events SET chain_id = 'edge-9'`}, code: verify.Truncated, seq: 1},
		"neighbours swapped":                 {sql: swap("120", "121"), code: verify.Swapped, seq: 120},
		"far rows swapped":                   {sql: swap("20", "180"), code: verify.Swapped, seq: 20},
		"deleted and numbered anew":          {sql: append(without, `DELETE FROM events WHERE seq = 120`, `UPDATE events SET seq = seq - 1 WHERE seq > 120`), code: verify.Dropped, seq: 120},
		"a row twice, constraints gone":      {sql: append(without, `INSERT INTO events SELECT * FROM events WHERE seq = 120`), code: verify.Doubled, seq: 120},
		"a second content, constraints gone": {sql: append(without, `INSERT INTO events SELECT * FROM events WHERE seq = 120`, `UPDATE events SET camera_id = 'elsewhere' WHERE rowid = (SELECT MAX(rowid) FROM events)`), code: verify.Altered, seq: 120},
		"one row hashed anew": {rows: func(t *testing.T, h *house) []event.Event {
			out := append([]event.Event(nil), h.events...)
			out[119] = h.forge(t, 120, nil, elsewhere)[119]
			return out
		}, code: verify.Altered, seq: 120},
		"the chain recomputed, old signatures": {rows: func(t *testing.T, h *house) []event.Event { return h.forge(t, 120, nil, elsewhere) }, code: verify.Altered, seq: 120},
		"the chain recomputed, signed by a new key": {rows: func(t *testing.T, h *house) []event.Event {
			return h.forge(t, 120, other, elsewhere)
		}, code: verify.Altered, seq: 120},
		"content kept, signed by a new key": {rows: func(t *testing.T, h *house) []event.Event {
			return h.forge(t, 120, other, func(*event.Event) {})
		}, code: verify.WrongKey, seq: 120},
		"even with the edge's key": {rows: func(t *testing.T, h *house) []event.Event { return h.forge(t, 120, h.key, elsewhere) }, code: verify.Forked, seq: 120},
	} {
		t.Run(name, func(t *testing.T) {
			h := buildHouse(t, housed)
			clean, err := h.verify(t, app.VerifyOptions{})
			require.NoError(t, err)
			require.Equal(t, []uint64{housed, housed, 1}, []uint64{clean.Rows, clean.Logged, uint64(clean.Checkpoints)})
			if tc.rows != nil {
				h.store(t, tc.rows(t, h))
			}
			if tc.sql != nil {
				h.exec(t, tc.sql...)
			}
			r, err := h.verify(t, app.VerifyOptions{Chain: "edge-1"})
			require.ErrorContains(t, err, "not whole")
			require.False(t, r.Intact)
			require.Equal(t, tc.code, r.Findings[0].Code, "%v", r.Findings)
			require.Equal(t, tc.seq, r.Findings[0].Seq, "%v", r.Findings)
		})
	}
}

// TestVerifyElsewhere: an export and a checkpoint, taken to another machine with
// two public keys, prove the same, and so does the spool.
func TestVerifyElsewhere(t *testing.T) {
	h := buildHouse(t, housed)
	dir := t.TempDir()
	file := filepath.Join(dir, "rows.jsonl")
	var said bytes.Buffer
	require.NoError(t, app.AuditExport(context.Background(), h.cfg, app.ExportOptions{Out: file, Purpose: "yearly audit", Stdout: &said}))
	key, log := filepath.Join(h.cfg.Keys, "edge.pub"), filepath.Join(h.cfg.Keys, "log-edge-1.vkey")
	cp := filepath.Join(h.cfg.Data, "log", "edge-1", "checkpoint")
	there := &house{cfg: config.Default()}
	there.cfg.Data, there.cfg.Keys = filepath.Join(dir, "none"), filepath.Join(dir, "none")
	o := app.VerifyOptions{Export: file, Key: key, LogKey: log, Checkpoints: []string{cp}}
	r, err := there.verify(t, o)
	require.NoError(t, err)
	require.Equal(t, uint64(housed), r.Rows)
	require.Equal(t, 1, r.Checkpoints, "the rows give the checkpoint's root")

	_, err = h.verify(t, app.VerifyOptions{Spool: filepath.Join(h.cfg.Data, "spool")})
	require.NoError(t, err)

	// The same with the edge's own key in the attacker's hands: the checkpoint
	// that was kept still tells.
	h.store(t, h.forge(t, 120, h.key, elsewhere))
	o.Export = filepath.Join(dir, "forged.jsonl")
	require.NoError(t, app.AuditExport(context.Background(), h.cfg, app.ExportOptions{Out: o.Export, Purpose: "forged", Stdout: &said}))
	r, err = there.verify(t, o)
	require.Error(t, err)
	require.Equal(t, verify.Forked, r.Findings[0].Code)

	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(o.Export, []byte(strings.Replace(string(b), `"n":"50"`, `"n":"51"`, 1)), 0o600))
	r, err = there.verify(t, o)
	require.Error(t, err)
	require.Equal(t, uint64(51), r.Findings[0].Seq)
}

// TestVerifyAgainstTilesByHTTP reads the log from a plain file server.
func TestVerifyAgainstTilesByHTTP(t *testing.T) {
	h := buildHouse(t, 600)
	srv := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(h.cfg.Data, "log", "edge-1"))))
	defer srv.Close()
	r, err := h.verify(t, app.VerifyOptions{Log: srv.URL})
	require.NoError(t, err)
	require.Equal(t, uint64(600), r.Logged)
}

// TestWaitingIsNotMissing: what the store has not taken over yet waits in the
// spool, and is no finding.
func TestWaitingIsNotMissing(t *testing.T) {
	h := buildHouse(t, housed)
	h.store(t, h.events[:150])
	sp, err := spool.Open(filepath.Join(h.cfg.Data, "spool"), spool.Options{})
	require.NoError(t, err)
	require.NoError(t, sp.Forget("sqlite"))
	cur, err := sp.Consumer("sqlite")
	require.NoError(t, err)
	require.NoError(t, cur.Ack(150))
	require.NoError(t, sp.Close())
	r, err := h.verify(t, app.VerifyOptions{})
	require.NoError(t, err, "%v", r.Findings)
	require.Equal(t, uint64(150), r.Rows)
	require.Contains(t, strings.Join(r.Notes, "\n"), "151 to 200 wait")
}

func TestVerifyMakesNoKeys(t *testing.T) {
	h := buildHouse(t, 3)
	require.NoError(t, os.Remove(filepath.Join(h.cfg.Keys, "edge.pub")))
	_, err := h.verify(t, app.VerifyOptions{})
	require.ErrorIs(t, err, app.ErrUsage)
	require.ErrorContains(t, err, "--key")
	_, err = os.Stat(filepath.Join(h.cfg.Keys, "edge.pem"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func BenchmarkVerify(b *testing.B) {
	h := buildHouse(b, 20_000)
	b.ResetTimer()
	for b.Loop() {
		_, err := h.verify(b, app.VerifyOptions{})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N)*20_000/b.Elapsed().Seconds(), "rows/s")
}

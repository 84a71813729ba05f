package notes_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/api/actor"
	"bystander/api/notes"
	"bystander/audit/receipt"
	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type key struct{ gcm cipher.AEAD }

func newKey(t *testing.T) key {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	require.NoError(t, err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	require.NoError(t, err)
	return key{gcm}
}

func (k key) Encrypt(p, a []byte) ([]byte, error) { return k.gcm.Seal(nil, nil, p, a), nil }
func (k key) Decrypt(c, a []byte) ([]byte, error) { return k.gcm.Open(nil, nil, c, a) }

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// tape is a recorder of so many segments of ten seconds.
type tape struct {
	h        *house
	segments int
	gone     bool
	broken   bool
	opened   int
}

func content(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 100_000) }

func (s *tape) Clips(_ context.Context, _ string, from, to time.Time, limit int) ([]notes.Clip, error) {
	var out []notes.Clip
	for i := range s.segments {
		b := start.Add(time.Duration(i) * 10 * time.Second)
		e := b.Add(10 * time.Second)
		if e.After(from) && b.Before(to) && len(out) < limit {
			sum := sha256.Sum256(content(i))
			out = append(out, notes.Clip{
				ID: fmt.Sprint(i), Name: fmt.Sprintf("seg-%d.mp4", i), From: b, To: e, Bytes: 100_000, SHA256: hex.EncodeToString(sum[:]),
			})
		}
	}
	return out, nil
}

func (s *tape) Video(_ context.Context, id string) (io.ReadCloser, error) {
	// Whatever leaves is on the log already.
	require.NotEmpty(s.h.t, s.h.told, "a byte left before its event was on the log")
	s.opened++
	if s.broken && s.opened > 1 {
		return nil, errors.New("disk failed")
	}
	return io.NopCloser(bytes.NewReader(content(int(id[0] - '0')))), nil
}

func (s *tape) Receipt(_ context.Context, id string) ([]byte, error) {
	if s.gone {
		return nil, fmt.Errorf("%w: removed", notes.ErrGone)
	}
	return []byte(`{"segment":"` + id + `"}`), nil
}

type house struct {
	t       *testing.T
	url     string
	tape    *tape
	now     time.Time
	reads   []actor.Read
	readErr error
	told    []event.Event
	tellErr error
	pub     ed25519.PublicKey
	path    string
}

func (h *house) RecordRead(_ context.Context, r actor.Read) error {
	if h.readErr == nil {
		h.reads = append(h.reads, r)
	}
	return h.readErr
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: start.Add(time.Hour), path: sqldbtest.Place(t, filepath.Join(t.TempDir(), "notes.db"))}
	h.tape = &tape{h: h, segments: 6}
	store, err := notes.Open(t.Context(), h.path, newKey(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	pub, priv, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h.pub = pub
	m := notes.New(notes.Config{
		Store: store, Access: h, Clips: h.tape, Key: priv, KeyID: "k1", Edge: "edge-1", Log: zerolog.Nop(),
		Site: func() string { return "hall" }, Now: func() time.Time { return h.now },
		Record: func(_ context.Context, e event.Event) error {
			if h.tellErr == nil {
				require.NoError(t, e.Check())
				h.told = append(h.told, e)
			}
			return h.tellErr
		},
	})
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			role, id, _ := strings.Cut(r.Header.Get("X-As"), ":")
			ctx := actor.With(r.Context(), actor.Actor{ID: id, Roles: []actor.Role{actor.Role(role)}, Strong: r.Header.Get("X-Weak") == ""})
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	})
	m.Register(humachi.New(r, huma.DefaultConfig("test", "1")))
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *house) do(as, method, path, body string) (int, []byte, http.Header) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	require.NoError(h.t, err)
	req.Header.Set("X-As", as)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(h.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		b = nil // broken off
	}
	http.DefaultClient.CloseIdleConnections()
	return res.StatusCode, b, res.Header
}

const (
	ann = "operator:ann"
	ben = "operator:ben"
	eve = "auditor:eve"
)

func TestNotesAreKeptSealedAndReadOnTheRecord(t *testing.T) {
	h := newHouse(t)
	const text = "a suitcase stood by the door, fetched at 12:04"
	status, body, _ := h.do(ann, "POST", "/v1/notes", `{"camera":"gate","at":"2026-05-01T12:00:30Z","text":"`+text+`"}`)
	require.Equal(t, 201, status, string(body))
	require.Len(t, h.reads, 1)
	require.Equal(t, "notes.write", h.reads[0].Action)
	require.NotContains(t, string(h.reads[0].Query), "suitcase", "the access log holds no text")

	status, body, _ = h.do(eve, "GET", "/v1/notes?camera=gate&from=2026-05-01T12:00:00Z&to=2026-05-01T12:01:00Z", "")
	require.Equal(t, 200, status)
	var got struct{ Notes []notes.View }
	require.NoError(t, json.Unmarshal(body, &got))
	require.Len(t, got.Notes, 1)
	require.Equal(t, text, got.Notes[0].Text)
	require.Equal(t, "ann", got.Notes[0].Author)
	require.Equal(t, "notes.list", h.reads[1].Action)

	h.readErr = errors.New("disk full")
	status, body, _ = h.do(eve, "GET", "/v1/notes", "")
	require.Equal(t, 503, status)
	require.NotContains(t, string(body), "suitcase")
	if sqldbtest.OnPostgres() {
		return
	}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(h.path + suffix)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "suitcase", "the text lies sealed on the disk")
	}
}

func TestNotesRefuse(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("人", 1001)
	for name, tc := range map[string]struct {
		as, body string
		want     int
	}{
		"nobody":          {"", `{"camera":"a","at":"2026-05-01T12:00:00Z","text":"x"}`, 401},
		"an auditor":      {eve, `{"camera":"a","at":"2026-05-01T12:00:00Z","text":"x"}`, 403},
		"too long":        {ann, `{"camera":"a","at":"2026-05-01T12:00:00Z","text":"` + long + `"}`, 422},
		"blank":           {ann, `{"camera":"a","at":"2026-05-01T12:00:00Z","text":"   "}`, 422},
		"hidden text":     {ann, `{"camera":"a","at":"2026-05-01T12:00:00Z","text":"x\u202ey"}`, 422},
		"the future":      {ann, `{"camera":"a","at":"2027-05-01T12:00:00Z","text":"x"}`, 422},
		"no camera":       {ann, `{"camera":"","at":"2026-05-01T12:00:00Z","text":"x"}`, 422},
		"a field unknown": {ann, `{"camera":"a","at":"2026-05-01T12:00:00Z","text":"x","name":"Li"}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			status, body, _ := h.do(tc.as, "POST", "/v1/notes", tc.body)
			require.Equal(t, tc.want, status, string(body))
		})
	}
	h.t = t
	require.Empty(t, h.reads)
}

func TestNotesGoByAge(t *testing.T) {
	store, err := notes.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "n.db")), newKey(t))
	require.NoError(t, err)
	defer store.Close()
	for _, days := range []int{0, 179, 181} {
		_, err := store.Add(t.Context(), notes.Note{Camera: "a", At: start, Text: "x", Author: "ann", Written: start.AddDate(0, 0, -days)})
		require.NoError(t, err)
	}
	_, err = store.DB().Enforce(t.Context(), start)
	require.NoError(t, err)
	left, err := store.List(t.Context(), notes.Query{Limit: 10})
	require.NoError(t, err)
	require.Len(t, left, 2)
}

func (h *house) prepare(as, from, to string) notes.Export {
	h.t.Helper()
	status, body, _ := h.do(as, "POST", "/v1/exports", `{"camera":"gate","from":"`+from+`","to":"`+to+`","purpose":"incident"}`)
	require.Equal(h.t, 201, status, string(body))
	var e notes.Export
	require.NoError(h.t, json.Unmarshal(body, &e))
	return e
}

func TestExportLeavesWithReceiptsAStatementAndAnEventBefore(t *testing.T) {
	h := newHouse(t)
	e := h.prepare(ann, "2026-05-01T12:00:15Z", "2026-05-01T12:00:31Z")
	require.Equal(t, 3, e.Clips)
	require.Equal(t, int64(300_000), e.Bytes)
	require.Empty(t, h.told, "nothing has left yet")

	status, body, head := h.do(ann, "GET", "/v1/exports/"+e.ID, "")
	require.Equal(t, 200, status)
	require.Equal(t, `attachment; filename=clip-gate-20260501T120015Z-exported-20260501T130000Z-by-ann.zip`, head.Get("Content-Disposition"))
	require.Len(t, h.told, 1)
	ev := h.told[0]
	require.Equal(t, event.KindAccess, ev.Kind)
	require.Equal(t, event.ActorRef("ann"), ev.ReviewerRef)
	require.Equal(t, "recordings.export", ev.Detail["action"])
	require.Equal(t, "3", ev.Detail["segments"])

	files := unzip(t, body)
	for i := 1; i <= 3; i++ {
		marked, ok := bytes.CutPrefix(files[fmt.Sprintf("seg-%d.mp4", i)], content(i))
		require.True(t, ok, "the recording itself is unaltered")
		require.Greater(t, len(marked), 24)
		mark, err := receipt.OpenMark(marked[24:], h.pub)
		require.NoError(t, err)
		require.Equal(t, []string{e.ID, "ann", "incident", "gate"}, []string{mark.Export, mark.By, mark.Purpose, mark.Camera})
		require.JSONEq(t, fmt.Sprintf(`{"segment":"%d"}`, i), string(files[fmt.Sprintf("seg-%d.mp4.receipt.json", i)]))
	}
	statement := files["EXPORT.json"]
	sum := sha256.Sum256(statement)
	require.Equal(t, "sha256:"+hex.EncodeToString(sum[:]), ev.Detail["statement"])
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(files["EXPORT.json.sig"])))
	require.NoError(t, err)
	require.True(t, ed25519.Verify(h.pub, append([]byte(notes.ExportDomain), statement...), sig))
	var st notes.Statement
	require.NoError(t, json.Unmarshal(statement, &st))
	require.Equal(t, "ann", st.By)
	require.Equal(t, h.now, st.At)
	require.Contains(t, string(files["README.txt"]), "Exported by ann (operator) at 2026-05-01T13:00:00Z, for: incident")
	require.Contains(t, string(files["edge.pub"]), "BEGIN PUBLIC KEY")

	status, _, _ = h.do(ann, "GET", "/v1/exports/"+e.ID, "")
	require.Equal(t, 404, status, "each fetching is prepared anew")
}

func unzip(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		out[f.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	return out
}

func TestExportRefuses(t *testing.T) {
	h := newHouse(t)
	const from, to = "2026-05-01T12:00:00Z", "2026-05-01T12:00:09Z"
	for name, tc := range map[string]struct {
		as, body string
		want     int
	}{
		"an auditor":      {eve, `{"camera":"a","from":"` + from + `","to":"` + to + `","purpose":"incident"}`, 403},
		"the wrong order": {ann, `{"camera":"a","from":"` + to + `","to":"` + from + `","purpose":"incident"}`, 422},
		"no purpose":      {ann, `{"camera":"a","from":"` + from + `","to":"` + to + `","purpose":"curiosity"}`, 422},
		"nothing there":   {ann, `{"camera":"a","from":"2026-06-01T12:00:00Z","to":"2026-06-02T12:00:00Z","purpose":"incident"}`, 409},
	} {
		status, body, _ := h.do(tc.as, "POST", "/v1/exports", tc.body)
		require.Equal(t, tc.want, status, "%s: %s", name, body)
	}
	e := h.prepare(ann, from, to)
	status, _, _ := h.do(ben, "GET", "/v1/exports/"+e.ID, "")
	require.Equal(t, 404, status, "another account")
	h.now = h.now.Add(11 * time.Minute)
	status, _, _ = h.do(ann, "GET", "/v1/exports/"+e.ID, "")
	require.Equal(t, 404, status, "too late")

	e = h.prepare(ann, from, to)
	h.tape.gone = true
	status, _, _ = h.do(ann, "GET", "/v1/exports/"+e.ID, "")
	require.Equal(t, 410, status)
	h.tape.gone = false

	for _, fail := range []func(error){func(err error) { h.readErr = err }, func(err error) { h.tellErr = err }} {
		e = h.prepare(ann, from, to)
		fail(errors.New("disk full"))
		status, body, _ := h.do(ann, "GET", "/v1/exports/"+e.ID, "")
		require.Equal(t, 503, status)
		require.NotContains(t, string(body), "disk full")
		fail(nil)
	}
	require.Zero(t, h.tape.opened, "no video was opened for anybody who was refused")
}

func TestATornExportIsNoWholeArchive(t *testing.T) {
	h := newHouse(t)
	e := h.prepare(ann, "2026-05-01T12:00:00Z", "2026-05-01T12:00:30Z")
	h.tape.broken = true
	_, body, _ := h.do(ann, "GET", "/v1/exports/"+e.ID, "")
	require.Nil(t, body, "the connection is broken off")
}

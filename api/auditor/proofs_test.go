package auditor_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"bystander/api/auditor"
	"bystander/audit/mlog"
	"bystander/internal/event"
)

// serveLog serves a log of n events over HTTP, on the adapter that the front
// door uses.
func serveLog(t *testing.T, n int) (*httptest.Server, *mlog.Log, []event.Event) {
	t.Helper()
	dir := t.TempDir()
	k, err := mlog.OpenKey(filepath.Join(dir, "log.key"), "venue.example/edge-1")
	require.NoError(t, err)
	l, err := mlog.Open(t.Context(), mlog.Options{Dir: filepath.Join(dir, "log"), Chain: "edge-1", Key: k, Interval: time.Hour})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key})
	require.NoError(t, err)
	evs := make([]event.Event, n)
	for i := range evs {
		evs[i] = event.Event{Kind: event.KindUseStart}
		require.NoError(t, c.Seal(&evs[i]))
	}
	require.NoError(t, l.Append(t.Context(), evs[:n/2]))
	require.NoError(t, l.Publish(t.Context()))
	require.NoError(t, l.Append(t.Context(), evs[n/2:]))
	require.NoError(t, l.Publish(t.Context()))
	r := chi.NewRouter()
	(&auditor.Proofs{Logs: []auditor.MerkleLog{l}, Log: zerolog.Nop()}).Register(humachi.New(r, huma.DefaultConfig("test", "1")))
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	return srv, l, evs
}

func get(t *testing.T, url string, into any) int {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	switch v := into.(type) {
	case nil:
	case *string:
		*v = string(b)
	default:
		require.NoError(t, json.Unmarshal(b, v), string(b))
	}
	return res.StatusCode
}

func hashes(t *testing.T, list []string) (out [][]byte) {
	t.Helper()
	for _, s := range list {
		b, err := base64.StdEncoding.DecodeString(s)
		require.NoError(t, err)
		out = append(out, b)
	}
	return out
}

// TestAnybodyCanCheckTheLog reads the log through the interface with Tessera's
// client and fsck alone, at both of its addresses.
func TestAnybodyCanCheckTheLog(t *testing.T) {
	srv, l, _ := serveLog(t, 700)
	v, err := note.NewVerifier(l.VKey())
	require.NoError(t, err)
	for _, path := range []string{"/v1/audit/", "/v1/audit/log/edge-1/"} {
		u, err := url.Parse(srv.URL + path)
		require.NoError(t, err)
		f, err := client.NewHTTPFetcher(u, srv.Client())
		require.NoError(t, err)
		check := fsck.New("venue.example/edge-1", v, f, func(b []byte) ([][]byte, error) {
			var bundle api.EntryBundle
			err := bundle.UnmarshalText(b)
			var out [][]byte
			for _, e := range bundle.Entries {
				out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
			}
			return out, err
		}, fsck.Opts{N: 2})
		require.NoError(t, check.Check(context.Background()), path)
	}
}

func TestProofsOverHTTP(t *testing.T) {
	srv, l, evs := serveLog(t, 600)
	v, err := note.NewVerifier(l.VKey())
	require.NoError(t, err)
	var p auditor.InclusionProof
	require.Equal(t, http.StatusOK, get(t, srv.URL+"/v1/audit/proof?chain=edge-1&seq=257", &p))
	cp, err := mlog.OpenCheckpoint([]byte(p.Checkpoint), p.Origin, v)
	require.NoError(t, err)
	data, err := base64.StdEncoding.DecodeString(p.Leaf)
	require.NoError(t, err)
	require.Equal(t, "bystander/leaf/v1\nedge-1\n257\n"+evs[256].RowHash.String()+"\n", string(data))
	require.NoError(t, proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, cp.Size, rfc6962.DefaultHasher.HashLeaf(data), hashes(t, p.Hashes), cp.Hash))

	var text string
	require.Equal(t, http.StatusOK, get(t, srv.URL+"/v1/audit/proof/text?chain=edge-1&seq=257", &text))
	require.True(t, strings.HasPrefix(text, "c2sp.org/tlog-proof@v1\nindex 256\n"))
	require.True(t, strings.HasSuffix(text, p.Checkpoint))

	var c auditor.ConsistencyProof
	require.Equal(t, http.StatusOK, get(t, srv.URL+"/v1/audit/consistency?chain=edge-1&from=300&to=600", &c))
	require.Len(t, hashes(t, c.Hashes), len(c.Hashes))
	require.NotEmpty(t, c.Hashes)

	var logs struct{ Logs []auditor.LogInfo }
	require.Equal(t, http.StatusOK, get(t, srv.URL+"/v1/audit/logs", &logs))
	require.Equal(t, []auditor.LogInfo{{
		Origin: "venue.example/edge-1", Chain: "edge-1", VKey: l.VKey(), Path: "/v1/audit/log/edge-1/", First: 1, Size: 600, Published: 600,
	}}, logs.Logs)
}

func TestProofsRefuse(t *testing.T) {
	srv, _, _ := serveLog(t, 300)
	for path, want := range map[string]int{
		"proof?chain=edge-2&seq=1":              http.StatusNotFound,
		"proof?chain=edge-1&seq=301":            http.StatusNotFound,
		"proof?chain=edge-1&seq=0":              http.StatusUnprocessableEntity,
		"proof?chain=edge-1":                    http.StatusUnprocessableEntity,
		"consistency?chain=edge-1&from=9&to=3":  http.StatusNotFound,
		"consistency?chain=edge-1&from=1&to=99": http.StatusOK,
		"log/edge-2/checkpoint":                 http.StatusNotFound,
		"tile/0/000":                            http.StatusOK,
		"tile/entries/001.p/44":                 http.StatusOK,
		"tile/0/002":                            http.StatusNotFound,
		"tile/0/0":                              http.StatusNotFound,
		"tile/0/x000/001":                       http.StatusNotFound,
		"tile/00/000":                           http.StatusNotFound,
		"tile/64/000":                           http.StatusNotFound,
		"tile/0/000.p/0":                        http.StatusNotFound,
		"tile/0/000.p/300":                      http.StatusNotFound,
		"tile/0/../../.state/treeState":         http.StatusNotFound,
		"tile/0/%2e%2e%2f%2e%2e":                http.StatusNotFound,
		"tile/x/000":                            http.StatusNotFound,
	} {
		require.Equal(t, want, get(t, srv.URL+"/v1/audit/"+path, nil), path)
	}
}

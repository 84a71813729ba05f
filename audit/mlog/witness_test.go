package mlog_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"bystander/audit/mlog"
)

// witness is a little server of c2sp.org/tlog-witness: it keeps the newest
// checkpoint of one log, checks that each new one is consistent with it, and
// signs.
type witness struct {
	log    note.Verifier
	signer note.Signer

	mu      sync.Mutex
	last    flog.Checkpoint
	refused []string
	down    bool
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || r.URL.Path != "/add-checkpoint" || r.Method != http.MethodPost || w.down {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	status, answer := w.add(body)
	if status == http.StatusConflict {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	if status != http.StatusOK {
		w.refused = append(w.refused, fmt.Sprint(status, " ", string(answer)))
	}
	rw.WriteHeader(status)
	_, _ = rw.Write(answer)
}

func (w *witness) add(body []byte) (int, []byte) {
	head, raw, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	old, err := strconv.ParseUint(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if !ok || err != nil || !strings.HasPrefix(lines[0], "old ") {
		return http.StatusBadRequest, nil
	}
	cp, _, n, err := flog.ParseCheckpoint(raw, w.log.Name(), w.log)
	if err != nil {
		return http.StatusForbidden, nil
	}
	if old != w.last.Size {
		return http.StatusConflict, fmt.Appendf(nil, "%d\n", w.last.Size)
	}
	var hashes [][]byte
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil {
			return http.StatusBadRequest, nil
		}
		hashes = append(hashes, h)
	}
	if old > 0 {
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, cp.Size, hashes, w.last.Hash, cp.Hash); err != nil {
			return http.StatusUnprocessableEntity, []byte(err.Error())
		}
	}
	signed, err := note.Sign(&note.Note{Text: n.Text}, w.signer)
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	w.last = *cp
	_, sig, _ := bytes.Cut(signed, []byte("\n\n"))
	return http.StatusOK, sig
}

func newWitness(t *testing.T, log note.Verifier) (*witness, *mlog.Witness) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "witness.example/w1")
	require.NoError(t, err)
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	require.NoError(t, err)
	cosig, err := fnote.VKeyToCosignatureV1(vkey)
	require.NoError(t, err)
	w := &witness{log: log, signer: signer}
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	return w, &mlog.Witness{URL: srv.URL, VKey: cosig, Client: srv.Client()}
}

// TestWitness: the witness signs what goes on from what it signed before, and
// is asked again when it was away.
func TestWitness(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	w, client := newWitness(t, o.Key.Verifier())
	o.Witness = client
	l := open(t, o)
	evs := events(t, 500)

	require.NoError(t, l.Append(ctx, evs[:100]))
	require.NoError(t, l.Publish(ctx))
	require.True(t, l.Status().Witnessed)
	v, err := fnote.NewVerifierForCosignatureV1(client.VKey)
	require.NoError(t, err)
	raw, err := l.Checkpoint()
	require.NoError(t, err)
	n, err := note.Open(raw, note.VerifierList(o.Key.Verifier(), v))
	require.NoError(t, err)
	require.Len(t, n.Sigs, 2, "the log's and the witness's")

	w.down = true
	require.NoError(t, l.Append(ctx, evs[100:300]))
	require.ErrorIs(t, l.Publish(ctx), mlog.ErrWitness)
	require.Equal(t, uint64(300), l.Status().Published, "published without it")
	require.False(t, l.Status().Witnessed)

	w.down = false
	require.NoError(t, l.Publish(ctx))
	require.True(t, l.Status().Witnessed)
	require.NoError(t, l.Append(ctx, evs[300:]))
	require.NoError(t, l.Publish(ctx))
	require.Equal(t, uint64(500), w.last.Size)
	// The log supposed that the witness had seen 300 leaves, was told 100, and
	// then proved it.
	for _, r := range w.refused {
		require.True(t, strings.HasPrefix(r, "409"), r)
	}
}

// TestWitnessRefusesAFork: whoever holds the log's key and writes another
// history gets no signature from a witness that saw the first one.
func TestWitnessRefusesAFork(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	w, client := newWitness(t, o.Key.Verifier())
	o.Witness = client
	l := open(t, o)
	require.NoError(t, l.Append(ctx, events(t, 10)))
	require.NoError(t, l.Publish(ctx))

	forged := o
	forged.Dir = dir + "/forged"
	f, err := mlog.Open(ctx, forged)
	require.NoError(t, err)
	require.NoError(t, f.Append(ctx, events(t, 20)))
	require.ErrorIs(t, f.Publish(ctx), mlog.ErrWitness)
	require.False(t, f.Status().Witnessed)
	require.Equal(t, uint64(10), w.last.Size)
	require.Contains(t, strings.Join(w.refused, "\n"), "422")
	require.ErrorIs(t, f.Close(), mlog.ErrWitness)
}

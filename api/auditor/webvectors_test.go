package auditor_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"bystander/api/auditor"
	"bystander/audit/mlog"
	"bystander/internal/event"
	"bystander/internal/testkit"
)

var updateVectors = flag.Bool("update-vectors", false, "write the vectors of the browser's proofs anew")

// webVectors are what the browser's own code is held against: events and proofs
// made by this program, and what somebody could have made of them.
type webVectors struct {
	Fields  []webField      `json:"fields"` // of the canonical form: the browser has a list of its own
	VKey    string          `json:"vkey"`
	Key     string          `json:"key"`
	Events  []webEvent      `json:"events"`
	Logs    []webContinued  `json:"logs"`
	Foreign json.RawMessage `json:"foreign"` // keys of somebody else
}

type webField struct {
	Name string `json:"name"`
	Mark string `json:"mark"`
}

type webEvent struct {
	Name  string                 `json:"name"`
	Row   string                 `json:"row"`
	Proof auditor.InclusionProof `json:"proof"`
}

type webContinued struct {
	From   string   `json:"from"` // checkpoints
	To     string   `json:"to"`
	Hashes []string `json:"hashes"`
}

func vectorsPath(t *testing.T) string {
	return filepath.Join(testkit.Root(t), "web", "src", "audit", "testdata", "vectors.json")
}

// TestWebVectorsAreGenuine holds the vectors of the browser's tests against this
// program's own verification, so that both sides agree on what is genuine.
func TestWebVectorsAreGenuine(t *testing.T) {
	if *updateVectors {
		b, err := json.MarshalIndent(makeVectors(t), "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorsPath(t), append(b, '\n'), 0o600))
	}
	b, err := os.ReadFile(vectorsPath(t))
	require.NoError(t, err)
	require.Less(t, len(b), 50_000)
	var v webVectors
	require.NoError(t, json.Unmarshal(b, &v))
	require.Equal(t, canonicalFields(), v.Fields, "a field of the event changed: run with -update-vectors, and mend web/src/audit/canonical.ts")
	key, err := base64.StdEncoding.DecodeString(v.Key)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(v.VKey)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(v.Events), 4)
	for _, e := range v.Events {
		var ev event.Event
		require.NoError(t, json.Unmarshal([]byte(e.Row), &ev), e.Name)
		hash, err := ev.Hash()
		require.NoError(t, err)
		require.Equal(t, ev.RowHash, hash, e.Name)
		require.True(t, ed25519.Verify(key, hash[:], ev.NodeSig), e.Name)
		leaf, err := base64.StdEncoding.DecodeString(e.Proof.Leaf)
		require.NoError(t, err)
		parsed, err := mlog.ParseLeaf(leaf)
		require.NoError(t, err)
		require.Equal(t, mlog.LeafOf(&ev), parsed)
		p := mlog.Inclusion{Leaf: parsed, Index: e.Proof.Index, Size: e.Proof.Size, Hashes: hashes(t, e.Proof.Hashes), Checkpoint: []byte(e.Proof.Checkpoint)}
		require.NoError(t, p.Verify(verifier), e.Name)
	}
	for _, l := range v.Logs {
		from, err := mlog.OpenCheckpoint([]byte(l.From), verifier.Name(), verifier)
		require.NoError(t, err)
		to, err := mlog.OpenCheckpoint([]byte(l.To), verifier.Name(), verifier)
		require.NoError(t, err)
		c := mlog.Consistency{From: from.Size, To: to.Size, Hashes: hashes(t, l.Hashes)}
		require.NoError(t, c.Verify(from, to))
	}
}

func canonicalFields() []webField {
	var out []webField
	for _, f := range event.Fields() {
		if f.Name != "row_hash" && f.Name != "node_sig" {
			out = append(out, webField{f.Name, string(rune(f.Type))})
		}
	}
	return out
}

// makeVectors builds a log of 300 events with checkpoints on the way.
func makeVectors(t *testing.T) webVectors {
	t.Helper()
	dir := t.TempDir()
	k, err := mlog.OpenKey(filepath.Join(dir, "log.key"), "venue.example/edge-1")
	require.NoError(t, err)
	l, err := mlog.Open(t.Context(), mlog.Options{Dir: filepath.Join(dir, "log"), Chain: "edge-1", Key: k, Interval: time.Hour})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key})
	require.NoError(t, err)
	other, err := mlog.OpenKey(filepath.Join(dir, "other.key"), "venue.example/edge-1")
	require.NoError(t, err)
	foreign, err := json.Marshal(map[string]string{
		"vkey": other.VKey(),
		"key":  base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize)).Public().(ed25519.PublicKey)),
	})
	require.NoError(t, err)
	out := webVectors{
		Fields: canonicalFields(), VKey: k.VKey(), Foreign: foreign,
		Key: base64.StdEncoding.EncodeToString(c.PublicKey()),
	}
	evs := make([]event.Event, 300)
	for i := range evs {
		evs[i] = event.Event{Kind: event.KindUseStart, TS: time.UnixMilli(1_790_000_000_000 + int64(i)*250)}
	}
	evs[200] = fullEvent()
	var cps []string
	for i := range evs {
		require.NoError(t, c.Seal(&evs[i]))
		require.NoError(t, l.Append(t.Context(), evs[i:i+1]))
		if n := i + 1; n == 1 || n == 64 || n == 201 || n == 300 {
			require.NoError(t, l.Publish(t.Context()))
			cp, err := l.Checkpoint()
			require.NoError(t, err)
			cps = append(cps, string(cp))
		}
	}
	for _, seq := range []uint64{1, 201, 256, 300} {
		out.Events = append(out.Events, vectorOf(t, l, fmt.Sprint("number ", seq), &evs[seq-1]))
	}
	sizes := []uint64{1, 64, 201, 300}
	for i := range cps {
		for j := i; j < len(cps); j++ {
			p, err := l.ProveConsistency(t.Context(), sizes[i], sizes[j])
			require.NoError(t, err)
			out.Logs = append(out.Logs, webContinued{cps[i], cps[j], base64s(p.Hashes)})
		}
	}
	return out
}

func vectorOf(t *testing.T, l *mlog.Log, name string, e *event.Event) webEvent {
	t.Helper()
	row, err := e.AppendJSON(nil)
	require.NoError(t, err)
	p, err := l.Prove(t.Context(), e.Seq)
	require.NoError(t, err)
	return webEvent{name, string(row), auditor.InclusionProof{
		Origin: l.Origin(), Chain: p.Leaf.Chain, Seq: p.Leaf.Seq, RowHash: p.Leaf.Hash.String(),
		Leaf: base64.StdEncoding.EncodeToString(p.Leaf.Data()), Index: p.Index, Size: p.Size,
		Hashes: base64s(p.Hashes), Checkpoint: string(p.Checkpoint),
	}}
}

func base64s(hashes [][]byte) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = base64.StdEncoding.EncodeToString(h)
	}
	return out
}

// fullEvent sets every field, with what is easily read differently: characters
// beyond the basic plane, keys that sort differently by code unit and by byte,
// numbers beyond 2^53, floats with many digits.
func fullEvent() event.Event {
	d := func(b byte) (d event.Digest) {
		for i := range d {
			d[i] = b + byte(i)
		}
		return d
	}
	return event.Event{
		TS: time.UnixMilli(1_790_000_123_456), TSQuality: event.TSSynced, Kind: event.KindUnmask,
		SiteID: "广场", CameraID: "cam-<1>&\"quoted\"", SceneID: "doors 🚪",
		ZoneID: "hall\u2028", ZoneVersion: 4294967295, SignSetHash: d(1), InspectionID: "i-1",
		PolicyVersion: 1<<63 + 12345, NoticeVersion: "n-1", AssessmentID: "a-1",
		GateMode: "zone", GateBits: 0xfffffffe, SubjectRef: d(2), ConsentRef: d(3), ConsentVersion: 2,
		GalleryRoot: d(4), GallerySize: 12, TemplateRef: d(5), ModelDigest: d(6),
		Score: 0.123456789, Threshold: 1e-7, Margin: -3.4e38, Quality: 1e21, PAD: "live",
		RefEvent: "018f0000-0000-7000-8000-000000000001", ReviewerRef: d(7), Verdict: "confirmed", ReceiptID: "r-1",
		PayloadEnc: bytes.Repeat([]byte{0, 255, 128}, 21), DEKID: "k-1",
		Detail: map[string]string{"\uffee": "1", "🚪": "2", "audience": "live", "": "empty key", strings.Repeat("k", 300): "3"},
	}
}

package verify_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/verify"
)

func export(t testing.TB, w *world) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, r := range w.rows {
		require.NoError(t, verify.WriteRow(&b, chainID, r))
	}
	return b.Bytes()
}

func verifyExport(t testing.TB, w *world, b []byte) verify.Report {
	t.Helper()
	x, err := verify.ReadExport(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	rs, err := verify.Run(ctx, x, []verify.Chain{w.chain}, verify.Options{})
	require.NoError(t, err)
	return rs[0]
}

// TestExport: what is written is what is verified, and a text editor's changes
// show.
func TestExport(t *testing.T) {
	w := build(t, 40, true)
	b := export(t, w)
	r := verifyExport(t, w, b)
	require.True(t, r.Intact, "%v", r.Findings)
	require.Equal(t, uint64(40), r.Rows)

	lines := strings.SplitAfter(string(b), "\n")
	for name, tc := range map[string]struct {
		text string
		want []verify.Code
		seq  uint64
	}{
		"a word changed":   {strings.Replace(string(b), `"n":"20"`, `"n":"21"`, 1), []verify.Code{verify.Altered}, 21},
		"a line cut out":   {strings.Join(append(append([]string{}, lines[:9]...), lines[10:]...), ""), []verify.Code{verify.Dropped}, 10},
		"the end cut off":  {strings.Join(lines[:30], ""), []verify.Code{verify.Truncated}, 31},
		"a line twice":     {string(b) + lines[4], []verify.Code{verify.Doubled}, 5},
		"a field added":    {strings.Replace(string(b), `{"event_id"`, `{"note":"x","event_id"`, 1), []verify.Code{verify.Altered}, 1},
		"a skeleton given": {strings.Replace(string(b), lines[9], `{"skeleton":true,"chain_id":"edge-1","seq":10,"row_hash":"`+strings.Repeat("ab", 32)+`"}`+"\n", 1), []verify.Code{verify.Altered, verify.Altered, verify.Altered, verify.Unexplained}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := verifyExport(t, w, []byte(tc.text))
			require.Equal(t, tc.want, codes(r), "%v", r.Findings)
			require.Equal(t, tc.seq, r.Findings[0].Seq)
		})
	}
	// The order of lines does not matter: the numbers say it.
	require.True(t, verifyExport(t, w, []byte(strings.Join(append(lines[20:40:40], lines[:20]...), ""))).Intact)
}

func TestExportKeepsSkeletons(t *testing.T) {
	w := build(t, 40, false)
	disposal(t, w, w.key, map[string]string{"chain": chainID, "from": "1", "to": "5", "rule": "events"})
	for i := range 5 {
		w.skeleton(i, time.Now().UTC().Truncate(time.Millisecond))
	}
	r := verifyExport(t, w, export(t, w))
	require.True(t, r.Intact, "%v", r.Findings)
	require.Equal(t, uint64(5), r.Disposed)
}

func FuzzExport(f *testing.F) {
	w := build(f, 3, false)
	f.Add(export(f, w))
	f.Add([]byte(`{"skeleton":true,"chain_id":"edge-1","seq":1,"row_hash":""}`))
	f.Add([]byte(`{"chain_id":"edge-1","seq":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := verify.ReadExport(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		rs, err := verify.Run(ctx, x, []verify.Chain{w.chain}, verify.Options{})
		require.NoError(t, err)
		require.Len(t, rs, 1)
	})
}

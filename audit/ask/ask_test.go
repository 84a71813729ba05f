package ask_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/audit/ask"
	"bystander/internal/event"
)

func TestTheThirteen(t *testing.T) {
	qs := ask.Questions()
	require.Len(t, qs, 13)
	for i, q := range qs {
		require.Equal(t, i+1, q.Number)
		require.NotEmpty(t, q.About)
		byNumber, err := ask.Find(fmt.Sprint(q.Number))
		require.NoError(t, err)
		require.Equal(t, q.Name, byNumber.Name)
	}
}

func TestParametersAreChecked(t *testing.T) {
	asker := inSQLite(t, newWorld(t).all)
	tests := []struct {
		question string
		given    map[string]string
		err      error
		says     string
	}{
		{"who-was-it", nil, ask.ErrUnknown, "people-held"},
		{"database-used", nil, ask.ErrParam, "event"},
		{"database-used", map[string]string{"event": "1"}, ask.ErrParam, "UUID"},
		{"reads", map[string]string{"name": "Anna"}, ask.ErrParam, "takes no name"},
		{"reads", map[string]string{"from": "yesterday"}, ask.ErrParam, "write 2026-01-31"},
		{"reads", map[string]string{"from": "now", "to": "-1d"}, ask.ErrParam, "after"},
		{"reads", map[string]string{"rows": "0"}, ask.ErrParam, "rows"},
		{"reads", map[string]string{"rows": "100001"}, ask.ErrParam, "rows"},
		{"reads", map[string]string{"site": "a\x00b"}, ask.ErrParam, "control"},
		{"consent-missing", map[string]string{"grace": "-1s"}, ask.ErrParam, "duration"},
		{"people-held", map[string]string{"limit": "0"}, ask.ErrParam, "threshold"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.question, tt.given), func(t *testing.T) {
			_, err := asker.Ask(t.Context(), tt.question, tt.given)
			require.ErrorIs(t, err, tt.err)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// A site called like a piece of SQL is only a site that is not there.
func TestParametersAreNoSQL(t *testing.T) {
	a, err := inSQLite(t, newWorld(t).all).Ask(t.Context(), "reads", map[string]string{"site": "' OR '1'='1"})
	require.NoError(t, err)
	require.Empty(t, a.Rows)
}

func TestMissingRowsNeedAnExplanation(t *testing.T) { testMissingRows(t, inSQLite) }

func testMissingRows(t *testing.T, open open) {
	w := newWorld(t)
	var kept []event.Event
	for _, e := range w.all {
		if e.ChainID == "edge-1" && (e.Seq == 4 || e.Seq == 5 || e.Seq == 9) {
			continue
		}
		kept = append(kept, e)
	}
	// Row 9 was disposed of under a rule, and the log says so.
	disposal := event.Event{Kind: event.KindDisposal, Detail: map[string]string{
		"chain": "edge-1", "from": "9", "to": "9", "cause": "erasure", "rule": "A-48",
	}}
	require.NoError(t, w.control.Seal(&disposal))
	a, err := open(t, append(kept, disposal)).Ask(t.Context(), "complete", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"edge-1 4 5 2"}, rowsOf(t, a, "chain_id", "first", "last", "missing"))
	require.False(t, a.Holds())
}

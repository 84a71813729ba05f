package app_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/auditor"
	"bystander/internal/app"
)

// The desk proves what the command line proves, tells how far it is, and names
// what was altered.
//
// proves: A-25
func TestTheAuditorsDeskVerifiesTheLog(t *testing.T) {
	h := buildHouse(t, housed)
	v := app.LogVerifier(h.cfg)
	var rows, last uint64
	progress := func(r, l uint64) {
		require.GreaterOrEqual(t, r, rows, "it only grows")
		rows, last = r, l
	}
	r, err := v.Verify(t.Context(), auditor.Range{Chain: "edge-1"}, progress)
	require.NoError(t, err)
	require.True(t, r.Intact, "%+v", r.Findings)
	require.Equal(t, uint64(housed), r.Rows)
	require.Equal(t, []uint64{housed, housed}, []uint64{rows, last})

	rows = 0
	r, err = v.Verify(t.Context(), auditor.Range{Chain: "edge-1", From: 11, To: 40}, progress)
	require.NoError(t, err)
	require.True(t, r.Intact)
	require.Equal(t, []uint64{11, 40, 30}, []uint64{r.First, r.Last, r.Rows})

	_, err = v.Verify(t.Context(), auditor.Range{Chain: "edge-2"}, progress)
	require.ErrorIs(t, err, auditor.ErrRange)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = v.Verify(ended, auditor.Range{Chain: "edge-1"}, func(uint64, uint64) {})
	require.ErrorIs(t, err, context.Canceled)

	rows = 0
	h.exec(t, `DROP TRIGGER IF EXISTS events_immutable`, `UPDATE events SET camera_id = 'elsewhere' WHERE seq = 23`)
	r, err = v.Verify(t.Context(), auditor.Range{Chain: "edge-1"}, progress)
	require.NoError(t, err)
	require.False(t, r.Intact)
	require.NotEmpty(t, r.Findings)
	require.Equal(t, uint64(23), r.Findings[0].Seq)
}

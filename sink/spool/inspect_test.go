package spool_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/sink/sinktest"
	"bystander/sink/spool"
)

// TestInspect reads a spool while it is open, whole and damaged, and leaves it
// as it is.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	s, err := spool.Open(dir, spool.Options{SegmentBytes: 4096})
	require.NoError(t, err)
	evs := sinktest.Events(t, sinktest.Chain(t, "edge-1"), 50)
	for i := range evs {
		require.NoError(t, s.Append(context.Background(), evs[i:i+1]))
	}
	c, err := s.Consumer("store")
	require.NoError(t, err)
	require.NoError(t, c.Ack(7))
	var got []event.Event
	in, err := spool.Inspect(dir, func(e *event.Event) error { got = append(got, *e); return nil })
	require.NoError(t, err)
	require.Equal(t, evs, got)
	require.Equal(t, spool.Inspection{Oldest: 1, Head: event.HeadOf(&evs[49]), Acked: map[string]uint64{"store": 7}}, in)
	require.NoError(t, s.Close())

	segs, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	require.NoError(t, err)
	require.Greater(t, len(segs), 2)
	b, err := os.ReadFile(segs[0])
	require.NoError(t, err)
	b[200] ^= 1
	require.NoError(t, os.WriteFile(segs[0], b, 0o600))
	tail, err := os.ReadFile(segs[len(segs)-1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(segs[len(segs)-1], tail[:len(tail)-5], 0o600))
	in, err = spool.Inspect(dir, nil)
	require.NoError(t, err)
	require.Equal(t, 1, in.Damaged, "a torn end is no damage")
	require.Equal(t, event.HeadOf(&evs[48]), in.Head)
	after, err := os.ReadFile(segs[0])
	require.NoError(t, err)
	require.Equal(t, b, after)
}

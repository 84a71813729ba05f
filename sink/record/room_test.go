package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/sink/record"
)

// When others have filled the disk, giving up every recording would not make the
// room that is wanted: none is given up, and a person is told.
func TestAStrangersFullDiskCostsNoRecording(t *testing.T) {
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir, Segment: time.Second, Limits: record.Limits{MinFree: 1 << 60}})
	write(t, r, film(t, small, 100))
	before := list(t, r)
	require.Len(t, before, 4)
	rep, err := r.Enforce(ctx)
	require.ErrorIs(t, err, record.ErrNoRoom)
	require.ErrorContains(t, err, "make room on the disk")
	require.Zero(t, rep.ByRoom)
	require.Equal(t, before, list(t, r))
}

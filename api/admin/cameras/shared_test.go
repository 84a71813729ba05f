package cameras_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/admin/cameras"
	"bystander/internal/sqldb/sqldbtest"
)

func TestOnPostgreSQL(t *testing.T) {
	sqldbtest.Again(t, ".", "TestCredentialsAreSealedAndGoAtOnce")
}

// TestMarksTellWhatChanged: two replicas on one store; what one changes the other
// sees by the mark, and nothing else moves it.
func TestMarksTellWhatChanged(t *testing.T) {
	ctx, at, k := t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "cameras.db")), key(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	open := func() *cameras.Store {
		s, err := cameras.Open(ctx, at, k, func() time.Time { return now }) // a clock that stands still
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	}
	a, b := open(), open()
	seen := map[string]string{}
	differs := func(want bool, why string) {
		t.Helper()
		now, err := b.Marks(ctx)
		require.NoError(t, err)
		require.Equal(t, want, now["gate"] != seen["gate"], why)
		seen = now
	}
	_, err := a.Add(ctx, cameras.Camera{ID: "gate", Transport: "tcp", AddedBy: "ada"}, address)
	require.NoError(t, err)
	differs(true, "added")
	differs(false, "nothing happened")
	for _, to := range []string{"rtsp://10.0.0.8/", "rtsp://10.0.0.9/"} { // twice in one moment
		_, _, err = a.Change(ctx, "gate", "ada", func(c cameras.Camera, _ string) (cameras.Camera, string, error) { return c, to, nil })
		require.NoError(t, err)
		differs(true, to)
	}
	_, err = a.Pause(ctx, "gate", "ada", "wind")
	require.NoError(t, err)
	differs(true, "paused")
	_, err = a.Resume(ctx, "gate")
	require.NoError(t, err)
	differs(true, "goes on")
	_, err = a.Pause(ctx, "of-a-file", "ada", "wind")
	require.NoError(t, err)
	differs(false, "another camera")
	require.NotEmpty(t, seen["of-a-file"])
	require.NoError(t, a.Remove(ctx, "gate", "ada"))
	differs(true, "removed")
	require.Empty(t, seen["gate"])
}

// TestTakingOverKeepsBoth: what another store keeps is taken over once, with its
// history; a name that is taken stays whose it is.
func TestTakingOverKeepsBoth(t *testing.T) {
	ctx, dir, k := t.Context(), t.TempDir(), key(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	open := func(at string) *cameras.Store {
		s, err := cameras.Open(ctx, at, k, func() time.Time { now = now.Add(time.Second); return now })
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	}
	from, to := open(filepath.Join(dir, "cameras.db")), open(sqldbtest.Place(t, filepath.Join(dir, "shared.db")))
	add := func(s *cameras.Store, id, address string) {
		_, err := s.Add(ctx, cameras.Camera{ID: id, Transport: "tcp", AddedBy: "ada"}, address)
		require.NoError(t, err)
	}
	add(from, "gate", address)
	add(from, "yard", "rtsp://10.0.0.1/")
	add(from, "gone", "rtsp://10.0.0.2/")
	require.NoError(t, from.Remove(ctx, "gone", "ada"))
	_, err := from.Pause(ctx, "yard", "ada", "wind")
	require.NoError(t, err)
	add(to, "yard", "rtsp://10.9.9.9/")

	left, err := to.TakeFrom(ctx, from)
	require.NoError(t, err)
	require.Equal(t, []string{"yard"}, left)
	opened := map[string]string{}
	take := func(c cameras.Camera, a string) error { opened[c.ID] = a; return nil }
	require.NoError(t, to.Reveal(ctx, take))
	require.Equal(t, map[string]string{"gate": address, "yard": "rtsp://10.9.9.9/"}, opened)
	pauses, err := to.Pauses(ctx)
	require.NoError(t, err)
	require.Contains(t, pauses, "yard")

	require.NoError(t, to.Remove(ctx, "gate", "bob"))
	left, err = to.TakeFrom(ctx, from)
	require.NoError(t, err)
	require.Equal(t, []string{"yard"}, left)
	clear(opened)
	require.NoError(t, to.Reveal(ctx, take))
	require.NotContains(t, opened, "gate", "what was removed does not come back")
}

package accounts_test

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/users/accounts"
	"bystander/internal/sqldb/sqldbtest"
)

// What one replica does to a session the other knows with the next request.
func TestReplicasShareSessions(t *testing.T) {
	ctx := t.Context()
	c := &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	path, key := sqldbtest.Place(t, filepath.Join(t.TempDir(), "accounts.db")), newKey(t)
	var at [2]*accounts.Store
	for i := range at {
		var err error
		at[i], err = accounts.Open(ctx, path, accounts.Options{Key: key, Now: c.now, Cost: cheap})
		require.NoError(t, err)
		defer at[i].Close()
	}
	add(t, at[0], "otto", actor.Operator)
	token, v, err := at[0].Begin(ctx, "otto", accounts.MethodPassword, false, "test")
	require.NoError(t, err)
	got, err := at[1].Session(ctx, token)
	require.NoError(t, err)
	require.Equal(t, v.ID, got.ID)

	// Both replace the token at once: one does, and the old one opens nothing.
	var wg sync.WaitGroup
	var won atomic.Int32
	var fresh atomic.Value
	for _, s := range at {
		wg.Go(func() {
			if next, err := s.Rotate(ctx, token); err == nil {
				won.Add(1)
				fresh.Store(next)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int32(1), won.Load())
	for _, s := range at {
		_, err = s.Session(ctx, token)
		require.ErrorIs(t, err, accounts.ErrRotated)
		_, err = s.Session(ctx, fresh.Load().(string)) //nolint:forcetypeassert // as stored
		require.NoError(t, err)
	}

	// Failures on both count together.
	for i := range 5 {
		_, err := at[i%2].SignIn(ctx, "otto", "wrong", "192.0.2.1")
		require.ErrorIs(t, err, accounts.ErrCredentials)
	}
	_, err = at[0].SignIn(ctx, "otto", good, "192.0.2.1")
	require.ErrorIs(t, err, accounts.ErrBackoff)

	require.NoError(t, at[1].End(ctx, "otto", v.ID))
	_, err = at[0].Session(ctx, fresh.Load().(string)) //nolint:forcetypeassert // as stored
	require.ErrorIs(t, err, accounts.ErrSession)
}

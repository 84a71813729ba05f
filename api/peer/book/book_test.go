package book_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/book"
	"bystander/internal/sqldb/sqldbtest"
)

func TestOnPostgreSQL(t *testing.T) { sqldbtest.Again(t, ".") }

// An edge that joins at one replica is known at the other, its token opens once,
// and who is ended at one is ended at both.
func TestReplicasShareTheBook(t *testing.T) {
	at := sqldbtest.Place(t, filepath.Join(t.TempDir(), "peers.db"))
	var replicas [2]*book.Store
	for i := range replicas {
		var err error
		replicas[i], err = book.Open(t.Context(), at, nil)
		require.NoError(t, err)
		defer replicas[i].Close()
	}
	a, b := replicas[0].Noting("ann"), replicas[1].Noting("bob")
	token, _, err := a.Invite(t.Context(), "edge-1", []string{"hall"}, time.Hour)
	require.NoError(t, err)
	e, by, err := b.Redeem(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, "edge-1", e.ID)
	require.Equal(t, "ann", by)
	_, _, err = a.Redeem(t.Context(), token)
	require.ErrorIs(t, err, book.ErrToken)
	require.NoError(t, b.Grant(t.Context(), "edge-1", []string{"hall", "door"}))
	e, err = a.Edge(t.Context(), "edge-1")
	require.NoError(t, err)
	require.Len(t, e.Scenes, 2)
	require.NoError(t, a.End(t.Context(), "edge-1"))
	list, err := b.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.False(t, list[0].Ended.IsZero())
}

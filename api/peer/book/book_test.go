package book_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/book"
	"bystander/internal/outbox"
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
	token, _, err := a.Invite(t.Context(), "edge-1", book.May{Scenes: []string{"hall"}}, time.Hour)
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

func TestWhichCamerasAnEdgeMayServe(t *testing.T) {
	for _, k := range []struct {
		cameras book.Cameras
		allowed []string
		not     []string
	}{
		{nil, []string{"entrance", "hall-1"}, nil},
		{book.Cameras{"*"}, []string{"entrance", "hall-1"}, nil},
		{book.Cameras{"entrance", "*"}, []string{"hall-1"}, nil},
		{book.Cameras{"entrance", "hall-*"}, []string{"entrance", "hall-1", "hall-"}, []string{"entrance-2", "hall", "the-hall-1", "", "hall-1/x", "hall-\n/"}},
		{book.Cameras{"*-in-*"}, []string{"a-in-b"}, []string{"a-out-b", "in"}},
	} {
		for _, id := range k.allowed {
			require.True(t, k.cameras.Allow(id), "%v %q", k.cameras, id)
		}
		for _, id := range k.not {
			require.False(t, k.cameras.Allow(id), "%v %q", k.cameras, id)
		}
	}
}

// What an invitation names stays until somebody says otherwise: letting an edge in
// again does not widen what it may serve.
func TestTheCamerasOfAnInvitation(t *testing.T) {
	s, err := book.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "peers.db")), nil)
	require.NoError(t, err)
	defer s.Close()
	ctx, s := t.Context(), s.Noting("ann")
	has := func(want ...string) {
		t.Helper()
		e, err := s.Edge(ctx, "edge-1")
		require.NoError(t, err)
		require.Equal(t, book.Cameras(want), append(book.Cameras(nil), e.Cameras...))
		require.Equal(t, []string{"hall"}, e.Scenes)
	}
	invite := func(cameras ...string) error {
		_, _, err := s.Invite(ctx, "edge-1", book.May{Scenes: []string{"hall"}, Cameras: cameras}, time.Hour)
		return err
	}
	_, err = s.DB().W.ExecContext(ctx, `INSERT INTO edges (id, scenes, added_ms) VALUES ('edge-1', '["hall"]', 1)`)
	require.NoError(t, err)
	has() // as by the release before
	require.NoError(t, invite("hall-*", "entrance", "hall-*"))
	has("entrance", "hall-*")
	require.NoError(t, invite())
	has("entrance", "hall-*")
	require.NoError(t, s.End(ctx, "edge-1"))
	require.NoError(t, invite())
	has("entrance", "hall-*")
	require.NoError(t, s.Limit(ctx, "edge-1", book.Cameras{"stage"}))
	has("stage")
	require.NoError(t, invite(book.Any))
	has(book.Any)

	for _, bad := range []string{"", "Hall", "hall/1", "[a-z]", "h?ll", "-hall", "\\*"} {
		require.ErrorIs(t, invite(bad), book.ErrInvalid, bad)
		require.ErrorIs(t, s.Limit(ctx, "edge-1", book.Cameras{bad}), book.ErrInvalid, bad)
	}
	require.ErrorIs(t, s.Limit(ctx, "edge-1", nil), book.ErrInvalid)
	require.ErrorIs(t, s.Limit(ctx, "edge-2", book.Cameras{"stage"}), book.ErrEdge)
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprintf("c%d", i)
	}
	require.ErrorIs(t, invite(many...), book.ErrInvalid)
	has(book.Any)
	notes, err := outbox.Pending(ctx, s.DB())
	require.NoError(t, err)
	require.Equal(t, "edge_cameras", notes[len(notes)-2].Detail["action"], "who said so is on its way to the log")
}

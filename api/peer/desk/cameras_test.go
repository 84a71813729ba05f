package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/book"
	"bystander/api/peer/box"
	"bystander/api/peer/calls"
	"bystander/api/peer/line"
)

// shows is what an edge with these cameras asks with.
func shows(ids ...string) (out line.CallsRequest) {
	for _, id := range ids {
		out.Cameras = append(out.Cameras, line.CameraState{ID: id, State: "connected"})
	}
	return out
}

func (h *house) wall() (out []string) {
	for _, c := range h.board.Cameras() {
		out = append(out, c.Edge+"/"+c.ID)
		if len(c.Twice) > 0 {
			out = append(out, "twice")
		}
	}
	return out
}

// An edge whose cameras were named by whoever invited it shows no others, takes none
// away from the edge that has them, and is told of.
// proves: B-63
func TestAnEdgeServesTheCamerasOfItsInvitation(t *testing.T) {
	h := newHouse(t)
	hall, _ := h.joined("hall", "foyer", "entrance")
	door, _ := h.joined("door", "entrance")
	ctx := t.Context()
	first := make(chan error, 1)
	go func() { _, err := door.Calls(ctx, shows("gate")); first <- err }()
	_, err := hall.Calls(ctx, shows("gate", "stage"))
	require.NoError(t, err)
	require.NoError(t, <-first)
	require.Equal(t, []string{"door/gate", "twice", "hall/stage"}, h.wall(), "without named cameras an edge is believed")
	_, _, err = h.board.Open(ctx, "gate", "", "offer")
	require.ErrorIs(t, err, calls.ErrTwice)

	require.NoError(t, h.book.Limit(ctx, "hall", book.Cameras{"st*"}))
	_, err = hall.Calls(ctx, shows("gate", "stage", "no/camera"))
	require.NoError(t, err)
	sync := func(ids ...string) {
		t.Helper()
		var h line.Health
		for _, id := range ids {
			h.Cameras = append(h.Cameras, line.Camera{ID: id})
		}
		_, err := hall.Sync(ctx, line.SyncRequest{Health: h})
		require.NoError(t, err)
	}
	sync("stage", "gate")
	require.Equal(t, []string{"door/gate", "hall/stage"}, h.wall())
	seen := h.desk.Seen()["hall"]
	require.Equal(t, []string{"gate", "no/camera"}, seen.Beyond)
	require.Len(t, seen.Health.Cameras, 1)
	require.Empty(t, h.desk.Seen()["door"].Beyond)
	told := h.logged("cameras that it may not serve")
	require.Len(t, told, 1, "once, not each time")
	require.Contains(t, told[0], `"edge":"hall","cameras":["gate","no/camera"],"count":2,"may_serve":"st*"`)

	h.ahead.Store(int64(2 * time.Minute))
	sync("stage")
	require.Empty(t, h.desk.Seen()["hall"].Beyond, "it says so no more")
	sync("stage", "gate")
	require.Len(t, h.logged("cameras that it may not serve"), 2, "again, a minute later")
	require.Equal(t, []string{"gate"}, h.desk.Seen()["hall"].Beyond)
	require.NoError(t, h.book.Limit(ctx, "hall", book.Cameras{"st*", "gate"}))
	sync("stage", "gate")
	require.Empty(t, h.desk.Seen()["hall"].Beyond, "by now it may")
}

// It is lent the templates of those of its scenes alone that have one of its cameras.
// proves: B-63
func TestAnEdgeIsLentWhatItsCamerasNeed(t *testing.T) {
	h := newHouse(t)
	hall, _ := h.joined("hall", "foyer", "entrance")
	ctx := t.Context()
	key, err := box.NewKey()
	require.NoError(t, err)
	lent := func(scene string) error {
		return hall.Loan(ctx, "hall", line.LoanRequest{Scene: scene, Model: "m", Version: "v1"}, key, func([]byte) error { return nil })
	}
	offered := func() (out []string) {
		a, err := hall.Sync(ctx, line.SyncRequest{Model: "m"})
		require.NoError(t, err)
		for _, s := range a.Scenes {
			out = append(out, s.ID)
		}
		return out
	}
	require.Equal(t, []string{"entrance", "foyer"}, offered())
	require.NoError(t, lent("entrance"))
	require.NoError(t, h.book.Limit(ctx, "hall", book.Cameras{"stage"}))
	require.Equal(t, []string{"foyer"}, offered())
	require.NoError(t, lent("foyer"))
	refusal(t, lent("entrance"), line.CodeScene)
	require.NoError(t, h.book.Limit(ctx, "hall", book.Cameras{"elsewhere"}))
	require.Empty(t, offered())
	refusal(t, lent("foyer"), line.CodeScene)
	require.Equal(t, []string{"hall entrance", "hall foyer"}, h.shelf.lent)
}

package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/match"
	"bystander/match/vault"
)

// What an edge sealed with a lent key opens here, until the key is destroyed.
func TestPayloadsOfEdgesOpen(t *testing.T) {
	v := newVault(t, options(t))
	put(t, v, "ann", "s1", 1)
	put(t, v, "bob", "s1", 2)
	g, err := match.LoadGallery(t.Context(), v, "s1", model)
	require.NoError(t, err)
	shelf := match.NewShelf()
	shelf.Put(g)
	defer shelf.Close()
	e := event.Event{Kind: event.KindMatch, CameraID: "gate", SceneID: "s1", TS: noon, SubjectRef: g.SubjectRef("ann", noon)}
	require.NoError(t, match.ShelfSealer{Shelf: shelf}.SealPayload("ann", &e, match.Payload{Claim: "claim-token"}))
	who, p, err := v.OpenPayload(t.Context(), &e)
	require.NoError(t, err)
	require.Equal(t, "ann", who)
	require.Equal(t, "claim-token", p.Claim)
	e.PayloadEnc[20] ^= 1
	_, _, err = v.OpenPayload(t.Context(), &e)
	require.ErrorIs(t, err, vault.ErrWrongKey)
	require.NoError(t, v.Destroy(t.Context(), "ann"))
	_, _, err = v.OpenPayload(t.Context(), &e)
	require.ErrorIs(t, err, vault.ErrNobody)
}

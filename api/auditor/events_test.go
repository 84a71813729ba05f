package auditor_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/auditor"
	"bystander/internal/event"
	"bystander/policy"
)

func noKey(string) (ed25519.PublicKey, bool) { return nil, false }

// proves: B-55
func TestOneEventWithWhatStoodAroundIt(t *testing.T) {
	d, l := newDesk(t), &ledger{}
	_, _ = d.review(t, "ann", matchID, "confirmed")
	key := ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))
	m := &auditor.Events{
		Events: d, Asker: &answers{}, Access: l, Log: zerolog.Nop(),
		Key: func(string) (ed25519.PublicKey, bool) { return key, true },
	}
	routes := routesAs(t, actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}}, m)
	resp := routes.Get("/v1/audit/events/" + matchID + "?purpose=incident:12")
	require.Equal(t, http.StatusOK, resp.Code, resp.Body.String())
	var v auditor.EventView
	require.NoError(t, json.Unmarshal(resp.Body.Bytes(), &v))
	var e event.Event
	require.NoError(t, json.Unmarshal([]byte(v.Row), &e))
	require.Equal(t, matchID, e.ID)
	require.Equal(t, base64.StdEncoding.EncodeToString(key), v.Key)
	require.Equal(t, auditor.Confirmation{Event: matchID, Needed: 2, Confirmed: 1, State: "open"}, v.Confirmation)
	require.Len(t, v.Reviews, 1)
	require.Equal(t, event.ActorRef("ann"), v.Reviews[0].Reviewer)
	require.Equal(t, []actor.Read{{
		Action: "audit.event", Object: matchID, Purpose: "incident:12", Subjects: []event.Digest{{1}}, Count: 1,
	}}, l.reads)

	require.Equal(t, http.StatusNotFound, routes.Get("/v1/audit/events/018f0000-0000-7000-8000-00000000000f?purpose=audit").Code)
	require.Equal(t, http.StatusForbidden, routes.Get("/v1/audit/events/"+matchID+"?purpose=marketing").Code)
	l.err = errors.New("disk full")
	resp = routes.Get("/v1/audit/events/" + matchID + "?purpose=audit")
	require.Equal(t, http.StatusServiceUnavailable, resp.Code)
	require.NotContains(t, resp.Body.String(), "subject_ref", "no record, no answer")
}

// Each condition that the event needed is told, with whether it held.
func TestTheGateInWords(t *testing.T) {
	missing := policy.ZoneLive | policy.ConsentActive
	for _, tt := range []struct {
		kind         event.Kind
		bits         policy.Bits
		need, failed int
	}{
		{event.KindMatch, policy.NeedMatch, 28, 0},
		{event.KindMatch, policy.NeedMatch &^ missing, 28, 2},
		{event.KindUnmask, policy.NeedShow, 32, 0},
		{event.KindUnmask, policy.NeedMatch, 32, 4},
		{event.KindUseStart, policy.NeedShow, 0, 0},
	} {
		got := auditor.Conditions(&event.Event{Kind: tt.kind, GateBits: uint32(tt.bits)})
		need, failed := 0, 0
		for i, c := range got {
			require.Equal(t, i, c.Bit)
			require.NotEmpty(t, c.Text)
			if c.Needed {
				need++
			}
			if c.Needed && !c.Held {
				failed++
			}
		}
		require.Equal(t, []int{tt.need, tt.failed}, []int{need, failed}, tt.kind)
	}
}

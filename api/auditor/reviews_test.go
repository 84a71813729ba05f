package auditor_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/auditor"
	"bystander/internal/event"
)

const matchID, claimID = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"

// desk is a log with one match and one claim, and who sits at it.
type desk struct {
	reviews []event.Event
	reads   int
	who     actor.Actor
	api     humatest.TestAPI
	broken  error
}

func (d *desk) Event(_ context.Context, id string) (event.Event, error) {
	switch id {
	case matchID:
		return event.Event{ID: id, Kind: event.KindMatch, GateMode: "zone", SubjectRef: event.Digest{1}}, nil
	case claimID:
		return event.Event{ID: id, Kind: event.KindClaimOutcome, GateMode: "claim"}, nil
	}
	return event.Event{}, auditor.ErrNoEvent
}

func (d *desk) Reviews(_ context.Context, id string) ([]event.Event, error) {
	var out []event.Event
	for _, r := range d.reviews {
		if r.RefEvent == id {
			out = append(out, r)
		}
	}
	return out, nil
}

func (d *desk) RecordRead(context.Context, actor.Read) error {
	d.reads++
	return d.broken
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	_, d.api = humatest.New(t, huma.DefaultConfig("test", "1"))
	d.api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), d.who)))
	})
	m := &auditor.Reviews{Events: d, Access: d, Log: zerolog.Nop(), Record: func(_ context.Context, e event.Event) error {
		d.reviews = append(d.reviews, e)
		return nil
	}}
	m.Register(d.api)
	return d
}

func (d *desk) review(t *testing.T, who, id, verdict string) (int, auditor.Confirmation) {
	t.Helper()
	d.who = actor.Actor{ID: who, Roles: []actor.Role{actor.Operator}}
	resp := d.api.Post("/v1/events/"+id+"/reviews", strings.NewReader(`{"verdict":"`+verdict+`"}`))
	var c auditor.Confirmation
	if resp.Code == http.StatusCreated {
		require.NoError(t, json.Unmarshal(resp.Body.Bytes(), &c))
	}
	return resp.Code, c
}

// proves: C-24
func TestTwoPeopleConfirm(t *testing.T) {
	d := newDesk(t)
	code, c := d.review(t, "ann", matchID, "confirmed")
	require.Equal(t, http.StatusCreated, code)
	require.Equal(t, auditor.Confirmation{Event: matchID, Needed: 2, Confirmed: 1, State: "open"}, c)
	code, _ = d.review(t, "ann", matchID, "confirmed")
	require.Equal(t, http.StatusConflict, code, "the same reviewer twice")
	code, c = d.review(t, "bob", matchID, "confirmed")
	require.Equal(t, http.StatusCreated, code)
	require.Equal(t, "confirmed", c.State)
	require.Len(t, d.reviews, 2)
	require.Equal(t, event.ActorRef("bob"), d.reviews[1].ReviewerRef)
	code, c = d.review(t, "eve", matchID, "rejected")
	require.Equal(t, http.StatusCreated, code)
	require.Equal(t, "rejected", c.State, "one who disagrees undoes it")
	require.Equal(t, 4, d.reads, "each look is recorded")
}

// A person's own claim needs no review (C-24).
func TestClaimsAreNotReviewed(t *testing.T) {
	d := newDesk(t)
	code, _ := d.review(t, "ann", claimID, "confirmed")
	require.Equal(t, http.StatusConflict, code)
	code, _ = d.review(t, "ann", "018f0000-0000-7000-8000-00000000000f", "confirmed")
	require.Equal(t, http.StatusNotFound, code)
	code, _ = d.review(t, "ann", matchID, "perhaps")
	require.Equal(t, http.StatusUnprocessableEntity, code)
	resp := d.api.Get("/v1/events/" + claimID + "/confirmation")
	require.Contains(t, resp.Body.String(), "not_needed")
	require.Empty(t, d.reviews)
}

func TestReviewsNeedRoleAndRecord(t *testing.T) {
	d := newDesk(t)
	for _, role := range actor.Roles() {
		d.who = actor.Actor{ID: string(role), Roles: []actor.Role{role}}
		may := role == actor.Operator || role == actor.PrivacyOfficer
		resp := d.api.Post("/v1/events/"+matchID+"/reviews", strings.NewReader(`{"verdict":"confirmed"}`))
		require.Equal(t, may, resp.Code == http.StatusCreated, role)
		resp = d.api.Get("/v1/events/" + matchID + "/confirmation")
		require.Equal(t, may || role == actor.Auditor, resp.Code == http.StatusOK, role)
	}
	d.broken = errors.New("disk full")
	code, _ := d.review(t, "zoe", matchID, "confirmed")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Len(t, d.reviews, 2, "no record, no review")
}

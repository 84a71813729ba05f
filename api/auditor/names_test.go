package auditor_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/auditor"
	"bystander/audit/resolve"
	"bystander/internal/event"
)

// office is the people who ask for names and decide, at one log.
type office struct {
	t    *testing.T
	who  actor.Actor
	now  time.Time
	l    *ledger
	err  error // of the finder
	api  humatest.TestAPI
	desk *desk
}

const secret = "Lin Xiaoming"

func (o *office) Name(context.Context, *event.Event) (string, error) {
	if o.err != nil {
		return "", o.err
	}
	return secret, nil
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), l: &ledger{}, desk: newDesk(t)}
	now := func() time.Time { return o.now }
	book, err := resolve.Open(t.Context(), filepath.Join(t.TempDir(), "resolve.db"), resolve.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	_, o.api = humatest.New(t, huma.DefaultConfig("test", "1"))
	o.api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), o.who)))
	})
	(&auditor.Names{Book: book, Events: o.desk, Finder: o, Access: o.l, Log: zerolog.Nop(), Now: now}).Register(o.api)
	return o
}

func (o *office) as(id string, roles ...actor.Role) *office {
	o.who = actor.Actor{ID: id, Roles: roles, Strong: true, Proved: o.now}
	return o
}

// post sends a request and reads the answer; every answer but the last is
// searched for the name.
func (o *office) post(path, body string) (int, auditor.NameRequest, string) {
	o.t.Helper()
	resp := o.api.Post("/v1/audit/names"+path, strings.NewReader(body))
	var out struct {
		auditor.NameRequest
		Code string
	}
	require.NoError(o.t, json.Unmarshal(resp.Body.Bytes(), &out), resp.Body.String())
	if !strings.HasSuffix(path, "/answer") {
		require.NotContains(o.t, resp.Body.String(), secret)
	}
	return resp.Code, out.NameRequest, out.Code
}

func (o *office) ask() string {
	o.t.Helper()
	code, r, _ := o.post("", `{"event":"`+matchID+`","purpose":"incident:12"}`)
	require.Equal(o.t, http.StatusCreated, code)
	require.Equal(o.t, resolve.Waiting, r.State)
	return r.ID
}

const approve = `{"approve":true,"reason":"the incident report asks for it"}`

// proves: B-55
func TestANameTakesTwoPeople(t *testing.T) {
	o := newOffice(t).as("ann", actor.Auditor)
	id := o.ask()
	code, _, why := o.post("/"+id+"/answer", "")
	require.Equal(t, []any{http.StatusConflict, "NOT_OPEN"}, []any{code, why}, "not before it is approved")
	code, _, _ = o.post("/"+id+"/decision", approve)
	require.Equal(t, http.StatusForbidden, code, "an auditor decides nothing")

	code, r, _ := o.as("pia", actor.PrivacyOfficer).post("/"+id+"/decision", approve)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, resolve.Approved, r.State)
	code, _, why = o.post("/"+id+"/answer", "")
	require.Equal(t, []any{http.StatusForbidden, "NOT_YOURS"}, []any{code, why}, "who approves is shown nothing")

	resp := o.as("ann", actor.Auditor).api.Post("/v1/audit/names/" + id + "/answer")
	require.Equal(t, http.StatusOK, resp.Code, resp.Body.String())
	require.Contains(t, resp.Body.String(), secret)
	code, _, why = o.post("/"+id+"/answer", "")
	require.Equal(t, []any{http.StatusConflict, "NOT_OPEN"}, []any{code, why}, "once")

	var actions []string
	for _, read := range o.l.reads {
		actions = append(actions, read.Action)
		require.Equal(t, "incident:12", read.Purpose)
		require.Equal(t, []event.Digest{{1}}, read.Subjects)
	}
	require.Equal(t, []string{"audit.name.ask", "audit.name.decide", "audit.name.shown"}, actions)
}

func TestNobodyApprovesTheirOwn(t *testing.T) {
	o := newOffice(t).as("pia", actor.PrivacyOfficer, actor.Auditor)
	id := o.ask()
	code, _, why := o.post("/"+id+"/decision", approve)
	require.Equal(t, []any{http.StatusConflict, "SAME_PERSON"}, []any{code, why})
	code, r, _ := o.as("pat", actor.PrivacyOfficer).post("/"+id+"/decision", `{"approve":false,"reason":"not needed"}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, resolve.Refused, r.State)
	code, _, why = o.post("/"+id+"/decision", approve)
	require.Equal(t, []any{http.StatusConflict, "DECIDED"}, []any{code, why})
	code, _, _ = o.as("pia", actor.PrivacyOfficer).post("/"+id+"/answer", "")
	require.Equal(t, http.StatusConflict, code)
}

func TestNamesNeedAReferenceAndAPerson(t *testing.T) {
	o := newOffice(t).as("ann", actor.Auditor)
	for _, tt := range []struct {
		body, why string
		code      int
	}{
		{`{"event":"` + matchID + `","purpose":"audit"}`, "PURPOSE_MISMATCH", http.StatusForbidden},
		{`{"event":"` + matchID + `","purpose":"curiosity:1"}`, "PURPOSE_MISMATCH", http.StatusForbidden},
		{`{"event":"` + claimID + `","purpose":"incident:1"}`, "NO_PSEUDONYM", http.StatusConflict},
		{`{"event":"018f0000-0000-7000-8000-00000000000f","purpose":"incident:1"}`, "NO_EVENT", http.StatusNotFound},
	} {
		code, _, why := o.post("", tt.body)
		require.Equal(t, []any{tt.code, tt.why}, []any{code, why}, tt.body)
	}
	id := o.ask()
	o.now = o.now.Add(resolve.WaitFor)
	code, _, why := o.as("pia", actor.PrivacyOfficer).post("/"+id+"/decision", approve)
	require.Equal(t, []any{http.StatusConflict, "NOT_OPEN"}, []any{code, why}, "a day later it has expired")
	code, _, _ = o.post("/018f0000-0000-7000-8000-00000000000f/decision", approve)
	require.Equal(t, http.StatusNotFound, code)
}

// Without a record, and for somebody erased, no name is shown and nothing is used up.
func TestNoNameWithoutARecord(t *testing.T) {
	o := newOffice(t).as("ann", actor.Auditor)
	id := o.ask()
	_, _, _ = o.as("pia", actor.PrivacyOfficer).post("/"+id+"/decision", approve)
	o.as("ann", actor.Auditor).l.err = errors.New("disk full")
	code, _, why := o.post("/"+id+"/answer", "")
	require.Equal(t, []any{http.StatusServiceUnavailable, "ACCESS_LOG"}, []any{code, why})
	o.l.err, o.err = nil, auditor.ErrNobody
	code, _, why = o.post("/"+id+"/answer", "")
	require.Equal(t, []any{http.StatusConflict, "NOBODY"}, []any{code, why})
	o.err = nil
	code, _, _ = o.post("/"+id+"/answer", "")
	require.Equal(t, http.StatusOK, code)
}

func TestWhoSeesWhichRequests(t *testing.T) {
	o := newOffice(t).as("ann", actor.Auditor)
	o.ask()
	o.as("bob", actor.Auditor).ask()
	list := func() (out []auditor.NameRequest) {
		resp := o.api.Get("/v1/audit/names")
		var body struct{ Requests []auditor.NameRequest }
		require.NoError(t, json.Unmarshal(resp.Body.Bytes(), &body), resp.Body.String())
		require.NotContains(t, resp.Body.String(), secret)
		return body.Requests
	}
	own := list()
	require.Len(t, own, 1)
	require.True(t, own[0].Mine)
	require.False(t, own[0].MayDecide)
	all := o.as("pia", actor.PrivacyOfficer)
	require.Len(t, list(), 2)
	require.True(t, list()[0].MayDecide)
	for _, role := range actor.Roles() {
		if role == actor.Auditor || role == actor.PrivacyOfficer {
			continue
		}
		all.as("x", role)
		require.Equal(t, http.StatusForbidden, o.api.Get("/v1/audit/names").Code, role)
		code, _, _ := o.post("", `{"event":"`+matchID+`","purpose":"incident:12"}`)
		require.Equal(t, http.StatusForbidden, code, role)
	}
}

package auditor_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/auditor"
	"bystander/audit/ask"
	"bystander/audit/verify"
	"bystander/internal/event"
)

// built is a store that notes what it is asked.
type built struct {
	asked []ask.Selection
	err   error
}

func (b *built) Query(_ context.Context, s ask.Selection) (*ask.Answer, error) {
	if b.err != nil {
		return nil, b.err
	}
	b.asked = append(b.asked, s)
	q := ask.Question{Name: ask.Built, Columns: []ask.Column{{Name: "subject_ref", Type: ask.Digest}}}
	return &ask.Answer{Question: q, Rows: [][]any{{event.Digest{9}.String()}}}, nil
}

func routesAs(t *testing.T, who actor.Actor, modules ...interface{ Register(huma.API) }) humatest.TestAPI {
	t.Helper()
	_, routes := humatest.New(t, huma.DefaultConfig("test", "1"))
	routes.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), who)))
	})
	for _, m := range modules {
		m.Register(routes)
	}
	return routes
}

const span = `"purpose":"audit","from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z"`

func TestBuiltQueriesOverHTTP(t *testing.T) {
	b, l := &built{}, &ledger{}
	who := actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}, Strong: true}
	routes := routesAs(t, who, &auditor.Queries{Builder: b, Access: l, Log: zerolog.Nop()})
	resp := routes.Post("/v1/audit/query", strings.NewReader(`{`+span+`,"zones":["hall"],"group":["day","zone"],"utc_offset_minutes":480}`))
	require.Equal(t, http.StatusOK, resp.Code, resp.Body.String())
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, []ask.Selection{{
		From: from, To: from.Add(24 * time.Hour), Zones: []string{"hall"},
		Group: []ask.Dimension{ask.ByDay, ask.ByZone}, Offset: 8 * time.Hour,
	}}, b.asked)
	require.Len(t, l.reads, 1)
	require.Equal(t, "audit.query", l.reads[0].Action)
	require.Equal(t, []event.Digest{{9}}, l.reads[0].Subjects)

	resp = routes.Post("/v1/audit/query?format=csv", strings.NewReader(`{`+span+`}`))
	require.Equal(t, http.StatusOK, resp.Code)
	require.Contains(t, resp.Header().Get("Content-Disposition"), "query.csv")
	require.Contains(t, resp.Body.String(), "# exported_by: a-1\n")
	require.Equal(t, "audit.query.csv", l.reads[1].Action)

	for body, want := range map[string]int{
		`{` + span + `,"sql":"SELECT 1"}`:                      http.StatusUnprocessableEntity,
		`{` + span + `,"group":["subject_ref"]}`:               http.StatusUnprocessableEntity,
		`{` + span + `,"kinds":["access"]}`:                    http.StatusUnprocessableEntity,
		`{` + span + `,"subject":"Anna"}`:                      http.StatusUnprocessableEntity,
		`{"purpose":"audit"}`:                                  http.StatusUnprocessableEntity,
		strings.Replace(`{`+span+`}`, "audit", "marketing", 1): http.StatusForbidden,
	} {
		require.Equal(t, want, routes.Post("/v1/audit/query", strings.NewReader(body)).Code, body)
	}
	require.Len(t, b.asked, 2, "nothing else reached the store")
	require.Equal(t, "audit.refused", l.reads[len(l.reads)-1].Action)
	l.err = errors.New("disk full")
	resp = routes.Post("/v1/audit/query", strings.NewReader(`{`+span+`}`))
	require.Equal(t, http.StatusServiceUnavailable, resp.Code)
	require.NotContains(t, resp.Body.String(), event.Digest{9}.String(), "no record, no answer")
}

// walker is a verification that the test steps through.
type walker struct {
	report verify.Report
	err    error
	asked  []auditor.Range
	during func(ctx context.Context, progress func(rows, last uint64)) error
}

func (w *walker) Verify(ctx context.Context, r auditor.Range, progress func(rows, last uint64)) (verify.Report, error) {
	w.asked = append(w.asked, r)
	if w.during != nil {
		if err := w.during(ctx, progress); err != nil {
			return verify.Report{}, err
		}
	}
	return w.report, w.err
}

func linesOf(t *testing.T, body string) (out []auditor.VerifyLine) {
	t.Helper()
	for line := range strings.Lines(body) {
		var l auditor.VerifyLine
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		out = append(out, l)
	}
	return out
}

func TestVerificationTellsItsProgress(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	w := &walker{report: verify.Report{Chain: "edge-1", Rows: 5000, Intact: true}}
	w.during = func(_ context.Context, progress func(rows, last uint64)) error {
		for rows := uint64(1000); rows <= 5000; rows += 1000 {
			progress(rows, rows)
			now = now.Add(150 * time.Millisecond)
		}
		return nil
	}
	l := &ledger{}
	m := &auditor.Verifications{Verifier: w, Access: l, Log: zerolog.Nop(), Now: func() time.Time { return now }}
	routes := routesAs(t, actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}}, m)
	const path = "/v1/audit/verifications"
	resp := routes.Post(path, strings.NewReader(`{"chain":"edge-1","from":2,"to":5000,"purpose":"audit"}`))
	require.Equal(t, http.StatusOK, resp.Code, resp.Body.String())
	require.Equal(t, []auditor.Range{{Chain: "edge-1", From: 2, To: 5000}}, w.asked)
	lines := linesOf(t, resp.Body.String())
	require.Equal(t, []uint64{1000, 3000, 5000}, []uint64{lines[0].Rows, lines[1].Rows, lines[2].Rows}, "not more often than five times a second")
	last := lines[len(lines)-1]
	require.Equal(t, "report", last.Type)
	require.True(t, last.Report.Intact)
	require.Equal(t, "a-1", last.By)
	require.Equal(t, "audit.verify", l.reads[0].Action)

	for _, tt := range []struct {
		err  error
		code string
	}{{auditor.ErrRange, "RANGE"}, {errors.New("secret path"), "STORE"}} {
		w.err, w.during = tt.err, nil
		resp = routes.Post(path, strings.NewReader(`{"chain":"edge-1","purpose":"audit"}`))
		lines = linesOf(t, resp.Body.String())
		require.Len(t, lines, 1)
		require.Equal(t, tt.code, lines[0].Code)
		require.NotContains(t, resp.Body.String(), "secret path")
	}
	require.Equal(t, http.StatusForbidden, routes.Post(path, strings.NewReader(`{"chain":"edge-1","purpose":"fun"}`)).Code)
	require.Equal(t, http.StatusUnprocessableEntity, routes.Post(path, strings.NewReader(`{"chain":"edge-1","from":3,"to":2,"purpose":"audit"}`)).Code)
	l.err = errors.New("disk full")
	require.Equal(t, http.StatusServiceUnavailable, routes.Post(path, strings.NewReader(`{"chain":"edge-1","purpose":"audit"}`)).Code)
	l.err = nil
	w.err = nil
	resp = routes.Post(path, strings.NewReader(`{"chain":"edge-1","purpose":"audit"}`))
	require.Equal(t, http.StatusOK, resp.Code, "a refusal leaves the way free")
}

// One verification at a time: a second is told so while the first runs.
func TestOneVerificationAtATime(t *testing.T) {
	w := &walker{}
	m := &auditor.Verifications{Verifier: w, Access: &ledger{}, Log: zerolog.Nop()}
	routes := routesAs(t, actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}}, m)
	body := func() *strings.Reader { return strings.NewReader(`{"chain":"edge-1","purpose":"audit"}`) }
	w.during = func(context.Context, func(rows, last uint64)) error {
		second := routes.Post("/v1/audit/verifications", body())
		require.Equal(t, http.StatusConflict, second.Code)
		require.Contains(t, second.Body.String(), "VERIFICATION_RUNS")
		return nil
	}
	require.Equal(t, http.StatusOK, routes.Post("/v1/audit/verifications", body()).Code)
	require.Len(t, w.asked, 1)
}

// proves: B-63
func TestWhoMayQueryAndVerify(t *testing.T) {
	for _, role := range append(actor.Roles(), "") {
		who := actor.Actor{ID: "x", Roles: []actor.Role{role}}
		want := http.StatusForbidden
		switch role {
		case actor.Auditor, actor.PrivacyOfficer:
			want = http.StatusOK
		case "":
			who, want = actor.Actor{}, http.StatusUnauthorized
		}
		b, w := &built{}, &walker{}
		routes := routesAs(t, who, &auditor.Queries{Builder: b, Access: &ledger{}, Log: zerolog.Nop()},
			&auditor.Verifications{Verifier: w, Access: &ledger{}, Log: zerolog.Nop()},
			&auditor.Events{Events: newDesk(t), Asker: &answers{}, Access: &ledger{}, Key: noKey, Log: zerolog.Nop()})
		require.Equal(t, want, routes.Post("/v1/audit/query", strings.NewReader(`{`+span+`}`)).Code, role)
		require.Equal(t, want, routes.Post("/v1/audit/verifications", strings.NewReader(`{"chain":"c","purpose":"audit"}`)).Code, role)
		require.Equal(t, want, routes.Get("/v1/audit/events/"+matchID+"?purpose=audit").Code, role)
		require.Equal(t, want == http.StatusOK, len(b.asked) == 1, "nothing is read for who may not")
	}
}

package auditor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/parquet-go/parquet-go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/auditor"
	"bystander/audit/ask"
	"bystander/internal/event"
)

// answers is a log that knows one answer.
type answers struct {
	err   error
	given map[string]string
}

func (a *answers) Ask(_ context.Context, name string, given map[string]string) (*ask.Answer, error) {
	if a.err != nil {
		return nil, a.err
	}
	a.given = given
	q, err := ask.Find(name)
	if err != nil {
		return nil, err
	}
	row := make([]any, len(q.Columns))
	for i, c := range q.Columns {
		switch c.Type {
		case ask.Time:
			row[i] = time.UnixMilli(1000).UTC()
		case ask.Int:
			row[i] = int64(1)
		case ask.Digest:
			row[i] = event.Digest{1}.String()
		default:
			row[i] = "x"
		}
	}
	return &ask.Answer{Question: q, Rows: [][]any{row, row}}, nil
}

// ledger keeps what was recorded.
type ledger struct {
	reads []actor.Read
	err   error
}

func (l *ledger) RecordRead(_ context.Context, r actor.Read) error {
	if l.err != nil {
		return l.err
	}
	l.reads = append(l.reads, r)
	return nil
}

func serve(t *testing.T, as actor.Actor, a *answers, l *ledger) humatest.TestAPI {
	t.Helper()
	_, routes := humatest.New(t, huma.DefaultConfig("test", "1"))
	routes.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), as)))
	})
	(&auditor.Questions{Asker: a, Access: l, Log: zerolog.Nop()}).Register(routes)
	return routes
}

const question = "/v1/audit/questions/consent-missing/answer"

// proves: B-55
func TestEveryAnswerIsRecorded(t *testing.T) {
	a, l := &answers{}, &ledger{}
	routes := serve(t, actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}}, a, l)
	resp := routes.Get(question + "?purpose=audit:+yearly&set=site:plaza,from:-7d")
	require.Equal(t, http.StatusOK, resp.Code, resp.Body.String())
	require.Equal(t, map[string]string{"site": "plaza", "from": "-7d"}, a.given)
	var doc struct{ Holds bool }
	require.NoError(t, json.Unmarshal(resp.Body.Bytes(), &doc))
	require.False(t, doc.Holds)
	require.Equal(t, []actor.Read{{
		Action: "audit.ask", Object: "consent-missing", Purpose: "audit: yearly",
		Query: []byte(`["from:-7d","site:plaza"]`), Subjects: []event.Digest{{1}}, Count: 1,
	}}, l.reads)

	l.err = errors.New("disk full")
	resp = routes.Get(question + "?purpose=audit:+yearly")
	require.Equal(t, http.StatusServiceUnavailable, resp.Code)
	require.NotContains(t, resp.Body.String(), event.Digest{1}.String(), "no record, no answer")
}

// proves: B-63
func TestWhoMayAsk(t *testing.T) {
	for _, role := range actor.Roles() {
		want := http.StatusForbidden
		if role == actor.Auditor || role == actor.PrivacyOfficer {
			want = http.StatusOK
		}
		routes := serve(t, actor.Actor{ID: "x", Roles: []actor.Role{role}}, &answers{}, &ledger{})
		require.Equal(t, want, routes.Get("/v1/audit/questions").Code, role)
		require.Equal(t, want, routes.Get(question+"?purpose=audit").Code, role)
	}
	routes := serve(t, actor.Actor{}, &answers{}, &ledger{})
	require.Equal(t, http.StatusUnauthorized, routes.Get("/v1/audit/questions").Code)
	require.Equal(t, http.StatusUnauthorized, routes.Get(question+"?purpose=audit").Code)
}

// proves: A-16
func TestNoOtherPurpose(t *testing.T) {
	who := actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}}
	for purpose, want := range map[string]int{
		"audit": 200, "audit:+2026": 200, "incident:17": 200, "rights:r-2": 200, "authority:case+4": 200,
		"marketing": 403, "incident": 403, "rights:": 403, "auditing": 403,
	} {
		a, l := &answers{}, &ledger{}
		resp := serve(t, who, a, l).Get(question + "?purpose=" + purpose)
		require.Equal(t, want, resp.Code, purpose)
		require.Len(t, l.reads, 1, "%s: asking leaves a record either way", purpose)
		if want == http.StatusForbidden {
			require.Contains(t, resp.Body.String(), "PURPOSE_MISMATCH")
			require.Nil(t, a.given, "nothing was asked of the log")
		}
	}
}

func TestRefusals(t *testing.T) {
	who := actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}}
	tests := []struct {
		path string
		err  error
		want int
		says string
	}{
		{"/v1/audit/questions/who/answer?purpose=audit", nil, http.StatusNotFound, "NO_SUCH_QUESTION"},
		{question + "?purpose=audit&set=site", nil, http.StatusUnprocessableEntity, "name:value"},
		{question + "?purpose=audit&set=site:a,site:b", nil, http.StatusUnprocessableEntity, "twice"},
		{question, nil, http.StatusUnprocessableEntity, "purpose"},
		{question + "?purpose=audit&format=xml", nil, http.StatusUnprocessableEntity, "format"},
		{question + "?purpose=audit", context.DeadlineExceeded, http.StatusServiceUnavailable, "narrow"},
		{question + "?purpose=audit", errors.New("secret path"), http.StatusServiceUnavailable, "STORE"},
	}
	for _, tt := range tests {
		resp := serve(t, who, &answers{err: tt.err}, &ledger{}).Get(tt.path)
		require.Equal(t, tt.want, resp.Code, tt.path)
		require.Contains(t, resp.Body.String(), tt.says)
		require.NotContains(t, resp.Body.String(), "secret path")
	}
}

// What is taken away says who took it and why, and the log has it first.
//
// proves: B-55
func TestDownloads(t *testing.T) {
	who := actor.Actor{ID: "a-1", Roles: []actor.Role{actor.Auditor}, Strong: true}
	l := &ledger{}
	routes := serve(t, who, &answers{}, l)
	resp := routes.Get(question + "?purpose=audit&format=csv")
	require.Contains(t, resp.Header().Get("Content-Type"), "text/csv")
	require.Contains(t, resp.Header().Get("Content-Disposition"), "consent-missing.csv")
	require.Contains(t, resp.Body.String(), "consent_ref")
	require.True(t, strings.HasPrefix(resp.Body.String(), "# bystander: consent-missing\n# exported_by: a-1\n# exported_at: "), resp.Body.String())
	require.Contains(t, resp.Body.String(), "\n# purpose: audit\n")
	require.Equal(t, "audit.ask.csv", l.reads[0].Action)
	resp = routes.Get(question + "?purpose=audit&format=parquet")
	require.Equal(t, "PAR1", resp.Body.String()[:4])
	f, err := parquet.OpenFile(bytes.NewReader(resp.Body.Bytes()), int64(resp.Body.Len()))
	require.NoError(t, err)
	by, ok := f.Lookup("exported_by")
	require.True(t, ok)
	require.Equal(t, "a-1", by)
	require.Equal(t, "audit.ask.parquet", l.reads[1].Action)
	l.err = errors.New("disk full")
	require.Equal(t, http.StatusServiceUnavailable, routes.Get(question+"?purpose=audit&format=csv").Code, "no record, no copy")
}

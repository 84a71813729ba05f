package route_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

type nothing struct{}

type answer struct {
	Body struct {
		OK bool `json:"ok"`
	}
}

// tried registers one operation, and answers as f does for who.
func tried(t *testing.T, who actor.Actor, o route.Op, f func() error) int {
	t.Helper()
	_, api := humatest.New(t, huma.DefaultConfig("test", "1"))
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), who)))
	})
	table := &route.Table{
		Tag: "test", Now: func() time.Time { return noon },
		Answer: func(_ context.Context, err error) error {
			return problem.New(http.StatusTeapot, "TOLD", err.Error())
		},
	}
	route.Add(table, api, o, func(context.Context, *nothing) (*answer, error) { return &answer{}, f() })
	require.Equal(t, []route.Route{{Method: "POST", Path: "/x", Roles: o.Roles, Strong: o.Strong}}, table.Routes())
	table.Clear()
	require.Empty(t, table.Routes())
	return api.Post("/x").Code
}

// proves: B-63
func TestRolesAndSecondFactorAreAskedForFirst(t *testing.T) {
	auditor := []actor.Role{actor.Auditor}
	open, shut := route.New("x", "POST", "/x", "X", nil, 0), route.New("x", "POST", "/x", "X", auditor, 0)
	ann := actor.Actor{ID: "ann", Roles: auditor}
	strong, old := ann, ann
	strong.Strong, strong.Proved = true, noon.Add(-time.Minute)
	old.Strong, old.Proved = true, noon.Add(-actor.StrongFor)
	for name, tt := range map[string]struct {
		who  actor.Actor
		o    route.Op
		want int
	}{
		"open to nobody in particular": {actor.Actor{}, open, 200},
		"nobody":                       {actor.Actor{}, shut, 401},
		"another role":                 {actor.Actor{ID: "otto", Roles: []actor.Role{actor.Operator}}, shut, 403},
		"the role":                     {ann, shut, 200},
		"no factor":                    {ann, shut.Strongly(), 403},
		"an old factor":                {old, shut.Strongly(), 403},
		"a factor":                     {strong, shut.Strongly(), 200},
		"a factor without the role":    {actor.Actor{ID: "otto", Strong: true}, shut.Strongly(), 403},
	} {
		ran := false
		require.Equal(t, tt.want, tried(t, tt.who, tt.o, func() error { ran = true; return nil }), name)
		require.Equal(t, tt.want == 200, ran, name)
	}
	require.Equal(t, http.StatusTeapot, tried(t, ann, shut, func() error { return errors.New("told") }))
}

func TestAMinutesShare(t *testing.T) {
	now := noon
	p := route.NewPerMinute(0, 2, func() time.Time { return now })
	require.False(t, p.Full())
	require.True(t, p.Take())
	require.True(t, p.Take())
	require.True(t, p.Full())
	require.False(t, p.Take())
	now = now.Add(time.Minute)
	require.False(t, p.Full())
	require.True(t, p.Take())
}

type recorder struct{ err error }

func (r recorder) RecordRead(context.Context, actor.Read) error { return r.err }

// proves: B-55
func TestNothingIsShownWithoutARecord(t *testing.T) {
	require.NoError(t, route.Record(t.Context(), recorder{}, zerolog.Nop(), actor.Read{}))
	for _, access := range []actor.Recorder{nil, recorder{errors.New("disk full")}} {
		var p *problem.Problem
		require.ErrorAs(t, route.Record(t.Context(), access, zerolog.Nop(), actor.Read{}), &p)
		require.Equal(t, []any{503, "ACCESS_LOG"}, []any{p.Status, p.Code})
	}
}

type archive struct {
	io.Reader
	closed bool
}

func (a *archive) Close() error { a.closed = true; return nil }

func TestAnArchiveIsClosed(t *testing.T) {
	_, api := humatest.New(t, huma.DefaultConfig("test", "1"))
	a := &archive{Reader: strings.NewReader("PK")}
	huma.Register(api, huma.Operation{OperationID: "z", Method: "GET", Path: "/z"}, func(ctx context.Context, _ *nothing) (*huma.StreamResponse, error) {
		return route.Zip(ctx, zerolog.Nop(), "a.zip", a), nil
	})
	resp := api.Get("/z")
	require.Equal(t, "PK", resp.Body.String())
	require.Contains(t, resp.Header().Get("Content-Disposition"), "a.zip")
	require.True(t, a.closed)
}

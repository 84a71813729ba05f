package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api/actor"
	"bystander/api/admin"
	"bystander/api/admin/cameras"
)

var noon = time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)

// front is the module behind a router, as somebody.
type front struct {
	t      *testing.T
	api    humatest.TestAPI
	module *admin.Module
	who    actor.Actor
	now    time.Time
	log    strings.Builder
	tried  []string
	during func()
	broken error
}

func newFront(t *testing.T) *front {
	t.Helper()
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	key, err := aead.New(h)
	require.NoError(t, err)
	f := &front{t: t, now: noon, who: actor.Actor{ID: "ada", Roles: []actor.Role{actor.Administrator}}}
	clock := func() time.Time { return f.now }
	store, err := cameras.Open(t.Context(), filepath.Join(t.TempDir(), "cameras.db"), key, clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	f.module = admin.New(admin.Config{
		Cameras: store, Configured: []string{"lobby"}, Running: []string{"lobby", "leaving"},
		Check: func(a string) error {
			if !strings.HasPrefix(a, "rtsp://") {
				return errors.New("no camera's address")
			}
			return nil
		},
		Test: func(_ context.Context, address, transport string) admin.Report {
			f.tried = append(f.tried, address+" "+transport)
			if f.during != nil {
				f.during()
			}
			return admin.Report{Steps: []admin.Step{{Step: "sign_in", State: "failed", Code: "LOGIN_REFUSED"}}, Addresses: []string{}}
		},
		Settings: func() ([]admin.Setting, error) {
			return []admin.Setting{{Key: "data", Value: "data", Source: "default"}}, f.broken
		},
		Runs: func(context.Context) ([]admin.Run, error) {
			return []admin.Run{{Table: "a", Overdue: 2}, {Table: "b", Overdue: 3}}, f.broken
		},
		Entries: func(_ context.Context, kind, before string) ([]admin.Entry, error) {
			return []admin.Entry{{Kind: kind, Cursor: before, Detail: map[string]string{}}}, f.broken
		},
		Figures: func() ([]admin.Figure, error) { return nil, f.broken },
		Log:     zerolog.New(&f.log), Now: clock, PerMinute: 3,
	})
	_, f.api = humatest.New(t, huma.DefaultConfig("test", "1"))
	f.api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), f.who)))
	})
	f.module.Register(f.api)
	return f
}

// do sends a request and wants a status; the answer's fields come back.
func (f *front) do(want int, method, path, body string) map[string]any {
	f.t.Helper()
	resp := f.api.Do(method, path, "Content-Type: application/json", strings.NewReader(body))
	require.Equal(f.t, want, resp.Code, "%s %s: %s", method, path, resp.Body.String())
	out := map[string]any{}
	if resp.Body.Len() > 0 {
		require.NoError(f.t, json.Unmarshal(resp.Body.Bytes(), &out))
	}
	return out
}

const gate = `{"id":"gate","name":"North gate","url":"rtsp://10.0.0.7/s","username":"viewer","password":"s3cret-pass"}`

// proves
func TestACameraIsKeptAndNeverShownAgain(t *testing.T) {
	f := newFront(t)
	made := f.do(201, "POST", "/v1/admin/cameras", gate)
	require.Equal(t, false, made["running"], "it begins with the next start, and says so")
	list := f.do(200, "GET", "/v1/admin/cameras", "")
	require.Equal(t, true, list["restart"])
	state := map[string]string{}
	for _, c := range list["cameras"].([]any) {
		m := c.(map[string]any)
		state[m["id"].(string)] = fmt.Sprint(m["origin"], " ", m["running"], " ", m["leaving"])
	}
	require.Equal(t, map[string]string{
		"lobby": "configuration true false", "gate": "interface false false", "leaving": "interface true true",
	}, state)
	all, err := json.Marshal([]any{made, list})
	require.NoError(t, err)
	for _, secret := range []string{"s3cret", "viewer", "10.0.0.7"} {
		require.NotContains(t, string(all), secret)
		require.NotContains(t, f.log.String(), secret)
	}
	f.do(409, "POST", "/v1/admin/cameras", gate)
	f.do(409, "POST", "/v1/admin/cameras", strings.Replace(gate, `"gate"`, `"lobby"`, 1))
	f.do(204, "DELETE", "/v1/admin/cameras/gate", "")
	f.do(404, "DELETE", "/v1/admin/cameras/gate", "")
	no := f.do(409, "DELETE", "/v1/admin/cameras/lobby", "")
	require.Equal(t, "MANAGED_BY_FILE", no["code"])
}

// proves: B-51
func TestStrictForms(t *testing.T) {
	f := newFront(t)
	for _, body := range []string{
		`{"id":"gate"}`,
		`{"id":"../gate","url":"rtsp://h/x"}`,
		`{"id":"gate","url":"http://h/xx"}`,
		`{"id":"gate","url":"rtsp://h/x","transport":"http"}`,
		`{"id":"gate","url":"rtsp://h/x","driver":"file"}`,
	} {
		f.do(422, "POST", "/v1/admin/cameras", body)
	}
	f.do(422, "POST", "/v1/admin/camera-tests", `{"url":"file:///etc/passwd"}`)
	require.Empty(t, f.tried)
}

// proves: A-15
func TestTestsAreOneAtATimeAndFew(t *testing.T) {
	f := newFront(t)
	const body = `{"url":"rtsp://10.0.0.7/s","username":"viewer","password":"p@ss"}`
	f.during = func() { f.do(429, "POST", "/v1/admin/camera-tests", body) }
	out := f.do(200, "POST", "/v1/admin/camera-tests", body)
	require.Equal(t, false, out["ok"])
	require.Equal(t, []string{"rtsp://viewer:p%40ss@10.0.0.7/s tcp"}, f.tried)
	f.during = nil
	f.do(200, "POST", "/v1/admin/camera-tests", body)
	f.do(200, "POST", "/v1/admin/camera-tests", body)
	f.do(429, "POST", "/v1/admin/camera-tests", body)
	require.Len(t, f.tried, 3)
	f.now = f.now.Add(time.Minute)
	f.do(200, "POST", "/v1/admin/camera-tests", body)
	require.NotContains(t, f.log.String(), "p@ss")
	require.NotContains(t, f.log.String(), "p%40ss")
}

// proves: INV-16
func TestWhatIsOverdueIsSummed(t *testing.T) {
	f := newFront(t)
	out := f.do(200, "GET", "/v1/retention", "")
	require.EqualValues(t, 5, out["overdue"])
	require.Len(t, f.do(200, "GET", "/v1/config", "")["settings"], 1)
	require.Empty(t, f.do(200, "GET", "/v1/admin/figures", "")["figures"])
	entry := f.do(200, "GET", "/v1/admin/log?kind=incident&before=7", "")["entries"].([]any)[0].(map[string]any)
	require.Equal(t, "incident 7", fmt.Sprint(entry["kind"], " ", entry["cursor"]))
	f.do(422, "GET", "/v1/admin/log?kind=match", "") // nothing about people
	f.broken = errors.New("disk is at /secret/place")
	for _, path := range []string{"/v1/retention", "/v1/config", "/v1/admin/figures", "/v1/admin/log"} {
		no := f.do(503, "GET", path, "")
		require.NotContains(t, fmt.Sprint(no), "/secret/place")
	}
}

// proves: B-62, B-63
func TestRoles(t *testing.T) {
	f := newFront(t)
	require.Len(t, f.module.Routes(), 8)
	for _, route := range f.module.Routes() {
		path := strings.ReplaceAll(route.Path, "{id}", "x")
		for _, role := range append(actor.Roles(), "") {
			f.who = actor.Actor{ID: "x", Roles: []actor.Role{role}}
			if role == "" {
				f.who = actor.Actor{}
			}
			resp := f.api.Do(route.Method, path, "Content-Type: application/json", strings.NewReader("{}"))
			refused := resp.Code == http.StatusForbidden || resp.Code == http.StatusUnauthorized
			require.Equal(t, !slices.Contains(route.Roles, role), refused, "%s %s as %q: %d", route.Method, path, role, resp.Code)
		}
	}
}

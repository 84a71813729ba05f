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
	"bystander/internal/event"
)

var noon = time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)

// front is the module behind a router, as somebody.
type front struct {
	t      *testing.T
	api    humatest.TestAPI
	module *admin.Module
	store  *cameras.Store
	who    actor.Actor
	now    time.Time
	log    strings.Builder
	tried  []string
	during func()
	broken error

	running, applied, moved []string
	stuck                   error
	events                  []event.Event
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
		Cameras: store, Configured: []admin.Camera{{ID: "lobby", Name: "Lobby", Origin: "configuration"}},
		Running: func() []string { return f.running },
		Apply: func(_ context.Context, id string) error {
			f.applied = append(f.applied, id)
			return f.stuck
		},
		Moving: func(_ context.Context, id, by string) error {
			f.moved = append(f.moved, id+" "+by)
			return nil
		},
		Emit: func(e event.Event) { f.events = append(f.events, e) }, Site: func() string { return "hall" },
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
	f.store = store
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
	f.running = []string{"lobby"}
	made := f.do(201, "POST", "/v1/admin/cameras", gate)
	require.Equal(t, []string{"gate"}, f.applied, "it begins at once")
	require.Equal(t, "gate ada", f.moved[0])
	f.running = []string{"lobby", "gate"}
	list := f.do(200, "GET", "/v1/admin/cameras", "")
	state := map[string]string{}
	for _, c := range list["cameras"].([]any) {
		m := c.(map[string]any)
		state[m["id"].(string)] = fmt.Sprint(m["origin"], " ", m["running"], " ", m["rotation"])
	}
	require.Equal(t, map[string]string{"lobby": "configuration true 0", "gate": "interface true 0"}, state)
	f.secret([]any{made, list})
	f.do(409, "POST", "/v1/admin/cameras", gate)
	f.do(409, "POST", "/v1/admin/cameras", strings.Replace(gate, `"gate"`, `"lobby"`, 1))
	f.do(204, "DELETE", "/v1/admin/cameras/gate", "")
	require.Equal(t, []string{"gate", "gate"}, f.applied, "it ends at once")
	f.do(404, "DELETE", "/v1/admin/cameras/gate", "")
	no := f.do(409, "DELETE", "/v1/admin/cameras/lobby", "")
	require.Equal(t, "MANAGED_BY_FILE", no["code"])
	f.now = f.now.Add(time.Second)
	f.stuck = errors.New("rtsp://viewer:s3cret-pass@10.0.0.7 is odd")
	no = f.do(503, "POST", "/v1/admin/cameras", gate)
	require.Equal(t, "NOT_BEGUN", no["code"])
	require.NotContains(t, fmt.Sprint(no), "s3cret")
}

// secret checks that neither answers, nor the log, nor events hold an address.
func (f *front) secret(answers []any) {
	f.t.Helper()
	all, err := json.Marshal([]any{answers, f.events})
	require.NoError(f.t, err)
	for _, secret := range []string{"s3cret", `viewer:`, `"viewer"`, "10.0.0.", "other-pass"} {
		require.NotContains(f.t, string(all), secret)
		require.NotContains(f.t, f.log.String(), secret)
	}
}

// proves
func TestACameraChangesWhileItRuns(t *testing.T) {
	f := newFront(t)
	const path = "/v1/admin/cameras/gate"
	f.do(201, "POST", "/v1/admin/cameras", gate)
	address := func() string {
		_, a, err := f.store.RevealOne(t.Context(), "gate")
		require.NoError(t, err)
		return a
	}
	f.moved = nil
	answers := []any{f.do(200, "PATCH", path, `{"name":"The gate"}`)}
	require.Equal(t, "rtsp://viewer:s3cret-pass@10.0.0.7/s", address())
	answers = append(answers, f.do(200, "PATCH", path, `{"password":"other-pass"}`))
	require.Equal(t, "rtsp://viewer:other-pass@10.0.0.7/s", address())
	require.Empty(t, f.moved, "neither shows another view")
	turned := f.do(200, "PATCH", path, `{"rotation":270,"transport":"udp"}`)
	require.EqualValues(t, 270, turned["rotation"])
	require.Equal(t, "ada", turned["changed_by"])
	f.do(200, "PATCH", path, `{"url":"rtsp://10.0.0.8/s"}`)
	require.Equal(t, "rtsp://10.0.0.8/s", address(), "credentials do not go along to another address")
	require.Equal(t, []string{"gate ada", "gate ada"}, f.moved)
	before := len(f.events)
	f.do(200, "PATCH", path, `{"rotation":270}`)
	require.Len(t, f.events, before, "nothing changed")
	for _, bad := range []string{`{"rotation":45}`, `{"url":"http://10.0.0.8/s"}`, `{"id":"yard"}`} {
		f.do(422, "PATCH", path, bad)
	}
	f.do(404, "PATCH", "/v1/admin/cameras/yard", `{"name":"x"}`)
	f.do(409, "PATCH", "/v1/admin/cameras/lobby", `{"name":"x"}`)

	f.do(422, "POST", path+"/pause", `{"reason":" "}`)
	paused := f.do(200, "POST", path+"/pause", `{"reason":"the painters are in"}`)
	require.Equal(t, "the painters are in", paused["pause"].(map[string]any)["reason"])
	f.do(200, "POST", path+"/pause", `{"reason":"again"}`)
	f.do(200, "POST", "/v1/admin/cameras/lobby/pause", `{"reason":"also one of the configuration"}`)
	require.NotContains(t, f.do(200, "POST", path+"/resume", "{}"), "pause")
	f.do(404, "POST", "/v1/admin/cameras/yard/pause", `{"reason":"x"}`)
	f.do(204, "DELETE", path, "")

	var told []string
	for _, e := range f.events {
		require.Equal(t, event.KindCameraChange, e.Kind)
		require.Equal(t, event.ActorRef("ada"), e.ReviewerRef)
		told = append(told, strings.TrimSpace(e.CameraID+" "+e.Detail["action"]+" "+e.Detail["what"]))
	}
	require.Equal(t, []string{
		"gate added", "gate changed name", "gate changed address", "gate changed transport,rotation", "gate changed address",
		"gate paused", "lobby paused", "gate resumed", "gate removed",
	}, told)
	f.secret(append(answers, turned, paused))
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
	require.Len(t, f.module.Routes(), 11)
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

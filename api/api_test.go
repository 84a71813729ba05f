package api_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/apitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write openapi.json anew")

const ref = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"

type house struct {
	*apitest.Fake
	api *api.API
	log *lockedLog
}

// lockedLog keeps what several requests log at once.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newHouse(t *testing.T, change ...func(*api.Config)) house {
	t.Helper()
	f := apitest.NewFake()
	log := &lockedLog{}
	cfg := api.Config{
		Version: "test", Log: zerolog.New(log), Hosts: []string{"wall.example"}, Sessions: watcher{},
		Registerer: prometheus.NewRegistry(),
		Web: fstest.MapFS{
			"index.html":      {Data: []byte("<!doctype html><title>wall</title>")},
			"assets/app-1.js": {Data: []byte("export {}")},
			".keep":           {},
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	a, err := api.New(cfg, f.Backend())
	require.NoError(t, err)
	return house{f, a, log}
}

func (h house) do(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	res := w.Result()
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func decode[T any](t *testing.T, res *http.Response) T {
	t.Helper()
	var v T
	require.NoError(t, json.NewDecoder(res.Body).Decode(&v))
	return v
}

// problem checks that res is a problem of the given status that names its
// request, and returns its detail.
func problem(t *testing.T, res *http.Response, status int) string {
	t.Helper()
	require.Equal(t, status, res.StatusCode)
	assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
	p := decode[api.Problem](t, res)
	assert.Equal(t, status, p.Status)
	assert.Equal(t, "about:blank", p.Type)
	assert.Equal(t, http.StatusText(status), p.Title)
	assert.NotEmpty(t, p.RequestID)
	assert.Equal(t, res.Header.Get("X-Request-Id"), p.RequestID)
	return p.Detail
}

func camera(id string) api.Camera {
	return api.Camera{ID: id, Name: "Camera " + id, Driver: "rtsp", State: "connected", Since: apitest.At(), Clock: "arrival", Mask: api.Mask{State: "masked"}}
}

func TestNewWantsEveryPart(t *testing.T) {
	_, err := api.New(api.Config{}, api.Backend{Cameras: apitest.NewFake()})
	require.ErrorIs(t, err, api.ErrBackend)
	for _, part := range []string{"Site", "Events", "Recordings", "Access", "Health"} {
		require.ErrorContains(t, err, "Backend."+part)
	}
	assert.NotContains(t, err.Error(), "Backend.Cameras")
}

func TestCameras(t *testing.T) {
	h := newHouse(t)
	res := h.do(t, "GET", "/v1/cameras")
	require.Equal(t, 200, res.StatusCode)
	assert.JSONEq(t, `{"cameras":[]}`, body(t, res))

	h.SetCamera(camera("door"))
	h.SetCamera(camera("hall"))
	got := decode[struct{ Cameras []api.Camera }](t, h.do(t, "GET", "/v1/cameras"))
	require.Len(t, got.Cameras, 2)
	assert.Equal(t, "hall", got.Cameras[1].ID)

	res = h.do(t, "GET", "/v1/cameras/door")
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	text := body(t, res)
	assert.Contains(t, text, `"name":"Camera door"`)
	assert.Contains(t, text, `"zones":[]`, "an empty list is not null")

	problem(t, h.do(t, "GET", "/v1/cameras/cellar"), 404)
	problem(t, h.do(t, "GET", "/v1/cameras/no%20such"), 422)
}

func TestStatus(t *testing.T) {
	h := newHouse(t)
	h.SetStatus(api.Status{Version: "1", Site: api.SiteRef{ID: "s", Sample: true}})
	text := body(t, h.do(t, "GET", "/v1/status"))
	assert.Contains(t, text, `"sample":true`)
	assert.Contains(t, text, `"notices":[]`)
	assert.Contains(t, text, `"reasons":[]`)
}

func TestBackendErrorsAreNotShown(t *testing.T) {
	h := newHouse(t)
	h.FailReads(apitest.ErrMadeUp)
	for _, path := range []string{"/v1/cameras", "/v1/status", "/v1/events", "/v1/recordings", "/v1/stream"} {
		res := h.do(t, "GET", path)
		detail := problem(t, res, 503)
		assert.NotContains(t, detail, "secret", path)
	}
	assert.Contains(t, h.log.String(), "secret", "the log names the cause")
}

func TestEvents(t *testing.T) {
	h := newHouse(t)
	for i := range 5 {
		h.Append(api.Event{Kind: "camera_health", Camera: fmt.Sprintf("c%d", i%2), TS: apitest.At()})
	}
	page := decode[api.EventPage](t, h.do(t, "GET", "/v1/events?limit=2"))
	require.Len(t, page.Events, 2)
	assert.Equal(t, api.Cursor("5"), page.Events[0].Cursor)
	assert.Equal(t, api.Cursor("5"), page.Cursor)
	assert.True(t, page.More)

	page = decode[api.EventPage](t, h.do(t, "GET", "/v1/events?camera=c0&before=5&kind=camera_health,match"))
	require.Len(t, page.Events, 2)
	assert.Equal(t, api.Cursor("3"), page.Events[0].Cursor)
	assert.False(t, page.More)
	assert.Empty(t, h.Accesses(), "nobody was in these events")

	problem(t, h.do(t, "GET", "/v1/events?before=99"), 410)
}

func TestEventsOfAStretchOfTime(t *testing.T) {
	h := newHouse(t)
	for i := range 6 {
		e := api.Event{Kind: "match", Camera: "c", TS: apitest.At().Add(time.Duration(i) * time.Minute)}
		if i%3 == 0 {
			e.SubjectRef = strings.Repeat("ab", 32)
		}
		h.Append(e)
	}
	for query, want := range map[string][]api.Cursor{
		"from=2026-03-04T05:08:07Z&to=2026-03-04T05:10:07Z": {"4", "3"},
		"to=2026-03-04T05:07:07Z":                           {"1"},
		"person=true":                                       {"4", "1"},
		"person=true&from=2026-03-04T05:07:00Z":             {"4"},
	} {
		var got []api.Cursor
		for _, e := range decode[api.EventPage](t, h.do(t, "GET", "/v1/events?"+query)).Events {
			got = append(got, e.Cursor)
		}
		assert.Equal(t, want, got, query)
	}
	problem(t, h.do(t, "GET", "/v1/events?from=2026-03-04T05:08:07Z&to=2026-03-04T05:07:07Z"), 422)
}

func TestStrictQueries(t *testing.T) {
	h := newHouse(t)
	for _, q := range []string{
		"limit=0", "limit=201", "limit=-1", "limit=many", "limit=1e2", "kind=gossip", "kind=match,gossip", "camera=a/b", "camera=" + strings.Repeat("x", 65),
		"before=%20", "before=a'b", "before=" + strings.Repeat("1", 129), "name=Li", "limit=1&limit=2", "limit=%zz", "a;b", "camera=%00", "x=" + strings.Repeat("y", 3000),
	} {
		problem(t, h.do(t, "GET", "/v1/events?"+q), 422)
	}
	for _, q := range []string{"from=yesterday", "to=2026", "limit=501", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "all=1"} {
		problem(t, h.do(t, "GET", "/v1/recordings?"+q), 422)
	}
	problem(t, h.do(t, "GET", "/v1/cameras?verbose=1"), 422)
	problem(t, h.do(t, "GET", "/v1/stream?after=a%20b"), 422)
}

func TestPersonLinkedReadLeavesRecordOrNothing(t *testing.T) {
	h := newHouse(t)
	h.Append(
		api.Event{Kind: "match", Camera: "door", SubjectRef: ref, TS: apitest.At()},
		api.Event{Kind: "unmask", Camera: "door", SubjectRef: ref, TS: apitest.At()},
		api.Event{Kind: "camera_health", Camera: "door", TS: apitest.At()},
	)
	res := h.do(t, "GET", "/v1/events?camera=door&limit=10", "User-Agent", "x")
	page := decode[api.EventPage](t, res)
	require.Len(t, page.Events, 3)
	assert.Equal(t, api.Pseudonym(ref), page.Events[1].Subject)
	acc := h.Accesses()
	require.Len(t, acc, 1)
	assert.Equal(t, api.AccessEvents, acc[0].Action)
	assert.Equal(t, []string{ref}, acc[0].Subjects)
	assert.Equal(t, 3, acc[0].Events)
	assert.Equal(t, "door", acc[0].Camera)
	assert.Equal(t, res.Header.Get("X-Request-Id"), acc[0].RequestID)
	assert.Len(t, acc[0].QueryHash, 64)
	assert.Equal(t, "local:192.0.2.1", acc[0].Actor)

	h.FailAccess(apitest.ErrMadeUp)
	res = h.do(t, "GET", "/v1/events")
	text := body(t, res)
	assert.Equal(t, 503, res.StatusCode)
	assert.Equal(t, "2", res.Header.Get("Retry-After"))
	assert.NotContains(t, text, ref)
	assert.NotContains(t, text, "door")
}

func TestRequestIDsDiffer(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/v1/cameras", "/v1/none", "/healthz", "/assets/app-1.js", "/metrics"} {
		id := h.do(t, "GET", path, "X-Request-Id", "mine").Header.Get("X-Request-Id")
		assert.Len(t, id, 36, path)
		assert.False(t, seen[id])
		seen[id] = true
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/v1", "/v1/", "/v1/people", "/v1/search?photo=1", "/docs", "/schemas/Camera.json", "/nothing", "/.keep", "/assets/", "/../go.mod", "/whep", "/whep/"} {
		res := h.do(t, "GET", path)
		if strings.Contains(path, "?") || res.StatusCode == 404 {
			problem(t, res, 404)
			continue
		}
		t.Errorf("%s: %d", path, res.StatusCode)
	}
	res := h.do(t, "POST", "/v1/events")
	problem(t, res, 405)
	assert.Contains(t, res.Header.Get("Allow"), "GET")
	problem(t, h.do(t, "OPTIONS", "/v1/events", "Origin", "http://evil.example"), 403)
}

func TestHealth(t *testing.T) {
	h := newHouse(t)
	h.SetChecks(
		api.Check{Name: "store", OK: true, Live: true},
		api.Check{Name: "camera:door", Cause: "unreachable since 12:00"},
	)
	assert.Equal(t, 200, h.do(t, "GET", "/healthz").StatusCode)
	res := h.do(t, "GET", "/readyz")
	assert.Equal(t, 503, res.StatusCode)
	assert.Contains(t, body(t, res), `"cause":"camera:door: unreachable since 12:00"`)

	h.SetChecks(api.Check{Name: "store", Cause: "disk full", Live: true})
	res = h.do(t, "GET", "/healthz")
	assert.Equal(t, 503, res.StatusCode)
	assert.Contains(t, body(t, res), "store: disk full")
}

func TestOpenAPIIsCurrent(t *testing.T) {
	h := newHouse(t, func(c *api.Config) { c.Version = "v1" })
	got, err := h.api.OpenAPI()
	require.NoError(t, err)
	got = append(got, '\n')
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", got, 0o600))
	}
	want, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run: go test ./api -run OpenAPI -update, then npm run api in web/")

	served := h.do(t, "GET", "/openapi.json")
	require.Equal(t, 200, served.StatusCode)
	assert.JSONEq(t, string(want), body(t, served))
}

// watcher takes everybody for one who operates and administers at this machine.
type watcher struct{}

func (watcher) Authenticate(_ http.ResponseWriter, r *http.Request) (context.Context, error) {
	host, _, _ := strings.Cut(r.RemoteAddr, ":")
	return actor.With(r.Context(), actor.Actor{ID: "local:" + host, Roles: []actor.Role{actor.Operator, actor.Administrator}, Via: "local"}), nil
}

func (watcher) Valid(context.Context, actor.Actor) bool { return true }

func TestListenCheck(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:0": true, "[::1]:8080": true, "127.9.9.9:1": true, "[::ffff:127.0.0.1]:1": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:80": false, "192.168.1.5:8080": false, "example.org:80": false, "8080": false,
	} {
		err := api.ListenCheck(addr, false)
		assert.Equal(t, ok, err == nil, "%s: %v", addr, err)
	}
	err := api.ListenCheck("0.0.0.0:8080", false)
	require.ErrorIs(t, err, api.ErrExposed)
	require.ErrorContains(t, err, "server.https: true")
	require.NoError(t, api.ListenCheck("0.0.0.0:8080", true))
	require.Error(t, api.ListenCheck("8080", true))
}

func TestPseudonym(t *testing.T) {
	assert.Regexp(t, `^[A-Z][2-9][A-Z]{2}$`, api.Pseudonym(ref))
	name := api.Pseudonym(ref)
	assert.Equal(t, name, api.Pseudonym(ref), "the same person has the same name")
	assert.NotEqual(t, api.Pseudonym(ref), api.Pseudonym("ff"+ref[2:]))
	assert.Empty(t, api.Pseudonym(""))
	assert.Empty(t, api.Pseudonym("zz"))
}

func TestServeEndsInOrder(t *testing.T) {
	h := newHouse(t)
	h.SetCamera(camera("door"))
	srv := httptest.NewUnstartedServer(nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.api.Serve(ctx, srv.Listener) }()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+srv.Listener.Addr().String()+"/v1/stream", nil)
	require.NoError(t, err)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr}).Do(req)
	require.NoError(t, err)
	defer func() { assert.NoError(t, res.Body.Close()) }()
	stop()
	_, err = io.ReadAll(res.Body) // the stream ends by itself
	require.NoError(t, err)
	require.NoError(t, <-done)
}

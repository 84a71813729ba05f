package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/api"
)

func TestSecurityHeaders(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/", "/publish", "/v1/cameras", "/v1/none", "/assets/app-1.js", "/healthz"} {
		hd := h.do(t, "GET", path).Header
		csp := hd.Get("Content-Security-Policy")
		assert.Contains(t, csp, "default-src 'none'")
		assert.Contains(t, csp, "script-src 'self';")
		assert.Contains(t, csp, "media-src 'self' blob:")
		assert.NotContains(t, csp, "unsafe")
		assert.Equal(t, "same-origin", hd.Get("Cross-Origin-Opener-Policy"))
		assert.Equal(t, "same-origin", hd.Get("Cross-Origin-Resource-Policy"))
		assert.Equal(t, "no-referrer", hd.Get("Referrer-Policy"))
		assert.Equal(t, "nosniff", hd.Get("X-Content-Type-Options"))
		assert.Empty(t, hd.Get("Access-Control-Allow-Origin"))
		pp := hd.Get("Permissions-Policy")
		assert.Contains(t, pp, "microphone=()")
		if path == "/publish" {
			assert.Contains(t, pp, "camera=(self)")
		} else {
			assert.Contains(t, pp, "camera=()")
		}
	}
}

func TestHostAllowList(t *testing.T) {
	h := newHouse(t)
	for host, ok := range map[string]bool{
		"127.0.0.1:8080": true, "localhost": true, "LOCALHOST:1": true, "localhost.": true, "[::1]:8080": true, "[::1]": true,
		"wall.example": true, "wall.example:443": true,
		"evil.example": false, "127.0.0.1.evil.example": false, "localhost.evil.example:8080": false, "10.0.0.1": false, "": false, "[": false,
	} {
		for _, path := range []string{"/", "/v1/cameras", "/metrics", "/whep/door"} {
			res := h.do(t, "GET", path, "Host", host)
			if ok {
				assert.NotEqual(t, 421, res.StatusCode, "%s %s", host, path)
				continue
			}
			problem(t, res, 421)
		}
	}
}

func TestCrossSiteRequests(t *testing.T) {
	called := 0
	h := newHouse(t, func(c *api.Config) {
		c.WHIP = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { called++; w.WriteHeader(201) })
	})
	for _, tt := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"POST", "/whip/phone", nil, 201}, // an encoder
		{"POST", "/whip/phone", []string{"Origin", "http://127.0.0.1:8080", "Sec-Fetch-Site", "same-origin"}, 201},
		{"POST", "/whip/phone", []string{"Origin", "http://evil.example"}, 403},
		{"POST", "/whip/phone", []string{"Origin", "null"}, 403},
		{"POST", "/whip/phone", []string{"Origin", "http://127.0.0.1:9090"}, 403},
		{"DELETE", "/whip/phone/1", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/whip/phone", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"GET", "/v1/cameras", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200}, // a link
		{"GET", "/v1/cameras", []string{"Sec-Fetch-Site", "none"}, 200},
	} {
		res := h.do(t, tt.method, tt.path, tt.headers...)
		assert.Equal(t, tt.status, res.StatusCode, "%v", tt)
	}
	assert.Equal(t, 2, called)
}

func TestMediaMounts(t *testing.T) {
	var got []string
	see := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path+" "+r.PathValue("camera"))
		w.WriteHeader(201)
	})
	h := newHouse(t, func(c *api.Config) { c.WHEP = see; c.Metrics = see })
	assert.Equal(t, 201, h.do(t, "POST", "/whep/door").StatusCode)
	assert.Equal(t, 201, h.do(t, "DELETE", "/whep/door/session-1").StatusCode)
	assert.Equal(t, 201, h.do(t, "GET", "/metrics").StatusCode)
	assert.Equal(t, []string{"POST /whep/door door", "DELETE /whep/door/session-1 door", "GET /metrics "}, got)
	problem(t, h.do(t, "POST", "/whip/phone"), 501)

	acc := h.Accesses()
	if assert.Len(t, acc, 1, "beginning to watch is recorded, ending is not") {
		assert.Equal(t, api.AccessLive, acc[0].Action)
		assert.Equal(t, "door", acc[0].Camera)
	}
	assert.Equal(t, 201, h.do(t, "POST", "/whep/%64oor").StatusCode)
	acc = h.Accesses()
	assert.Equal(t, "door", acc[len(acc)-1].Camera, "whatever way the address is written")
	h.FailAccess(errors.New("disk full"))
	problem(t, h.do(t, "POST", "/whep/door"), 503)
	assert.Len(t, got, 4, "nobody watches without a record")
}

func TestBodyLimit(t *testing.T) {
	h := newHouse(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/whip/phone", strings.NewReader(strings.Repeat("x", 300<<10)))
	require.NoError(t, err)
	r.Host = "localhost"
	w := newRecorder()
	h.api.ServeHTTP(w, r)
	assert.Equal(t, 413, w.Code)
}

func TestPanicsBecomeProblems(t *testing.T) {
	h := newHouse(t, func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })
	})
	detail := problem(t, h.do(t, "GET", "/metrics"), 500)
	assert.NotContains(t, detail, "broken")
	assert.Contains(t, h.log.String(), "broken")
}

func TestLogHoldsNoQuery(t *testing.T) {
	h := newHouse(t)
	h.do(t, "GET", "/v1/events?camera=door&before=77")
	h.do(t, "GET", "/v1/events?camera=%zz")
	log := h.log.String()
	assert.Contains(t, log, "/v1/events")
	assert.NotContains(t, log, "door")
	assert.NotContains(t, log, "before")
}

func TestWebFiles(t *testing.T) {
	h := newHouse(t)
	res := h.do(t, "GET", "/")
	assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	assert.Contains(t, body(t, res), "wall")
	assert.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
	res = h.do(t, "GET", "/assets/app-1.js")
	assert.Contains(t, res.Header.Get("Content-Type"), "javascript")
	assert.Contains(t, res.Header.Get("Cache-Control"), "immutable")
	assert.Empty(t, body(t, h.do(t, "HEAD", "/")))

	bare := newHouse(t, func(c *api.Config) { c.Web = nil })
	res = bare.do(t, "GET", "/")
	assert.Equal(t, 404, res.StatusCode)
	assert.Contains(t, body(t, res), "make web")
	problem(t, bare.do(t, "GET", "/assets/app-1.js"), 404)
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{"limit=5", "limit=5&limit=6", "camera=a&kind=match,unmask&before=9", "%zz", "a;b", "before=%00", "kind=,", "limit=99999999999999999999", "\xff=\xfe"} {
		f.Add(q)
	}
	h := newHouse(&testing.T{})
	f.Fuzz(func(t *testing.T, q string) {
		for _, path := range []string{"/v1/events", "/v1/recordings"} {
			r := newRequest(path, q)
			w := newRecorder()
			h.api.ServeHTTP(w, r)
			switch w.Code {
			case 200, 410, 422:
			default:
				t.Fatalf("%s?%q: %d %s", path, q, w.Code, w.Body)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Fatal("no request id")
			}
		}
	})
}

package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/apitest"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func newRequest(path, query string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.URL = &url.URL{Path: path, RawQuery: query}
	r.Host = "localhost"
	return r
}

func addRecordings(h house) {
	for i, id := range []string{"a1", "a2", "b1"} {
		from := apitest.At().Add(time.Duration(i) * time.Minute)
		h.AddRecording(api.Recording{
			ID: id, Camera: id[:1], From: from, To: from.Add(time.Minute), Seconds: 60, Bytes: 10, Complete: id != "b1",
		}, []byte("0123456789"))
	}
}

func TestRecordings(t *testing.T) {
	h := newHouse(t)
	assert.JSONEq(t, `{"recordings":[],"more":false}`, body(t, h.do(t, "GET", "/v1/recordings")))
	addRecordings(h)
	ids := func(q string) string {
		got := decode[struct{ Recordings []api.Recording }](t, h.do(t, "GET", "/v1/recordings"+q))
		var s []string
		for _, r := range got.Recordings {
			s = append(s, r.ID)
		}
		return strings.Join(s, " ")
	}
	assert.Equal(t, "b1 a2 a1", ids(""))
	assert.Equal(t, "a2 a1", ids("?camera=a"))
	assert.Equal(t, "b1 a2", ids("?from=2026-03-04T05:07:07Z"))
	assert.Equal(t, "a1", ids("?to=2026-03-04T05:07:07Z"))
	assert.Equal(t, "a2", ids("?from=2026-03-04T05:07:30Z&to=2026-03-04T05:07:40Z"))
	assert.Equal(t, "b1", ids("?limit=1"))
}

func TestVideoRanges(t *testing.T) {
	h := newHouse(t)
	addRecordings(h)
	res := h.do(t, "GET", "/v1/recordings/a1/video")
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "video/mp4", res.Header.Get("Content-Type"))
	assert.Equal(t, "bytes", res.Header.Get("Accept-Ranges"))
	assert.Equal(t, "inline; filename=a1.mp4", res.Header.Get("Content-Disposition"))
	assert.Equal(t, "private, max-age=60", res.Header.Get("Cache-Control"))
	assert.Equal(t, "0123456789", body(t, res))

	res = h.do(t, "GET", "/v1/recordings/a1/video", "Range", "bytes=2-4")
	assert.Equal(t, 206, res.StatusCode)
	assert.Equal(t, "bytes 2-4/10", res.Header.Get("Content-Range"))
	assert.Equal(t, "234", body(t, res))
	assert.Equal(t, "789", body(t, h.do(t, "GET", "/v1/recordings/a1/video", "Range", "bytes=-3")))
	assert.Equal(t, 416, h.do(t, "GET", "/v1/recordings/a1/video", "Range", "bytes=20-").StatusCode)
	assert.Equal(t, 304, h.do(t, "GET", "/v1/recordings/a1/video", "If-None-Match", `"a1"`).StatusCode)
	res = h.do(t, "HEAD", "/v1/recordings/a1/video")
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "10", res.Header.Get("Content-Length"))

	assert.Equal(t, "no-store", h.do(t, "GET", "/v1/recordings/b1/video").Header.Get("Cache-Control"),
		"a growing file is not kept")
	acc := h.Accesses()
	require.Len(t, acc, 7, "every read leaves a record")
	assert.Equal(t, api.AccessRecording, acc[0].Action)
	assert.Equal(t, "a1", acc[0].Object)

	problem(t, h.do(t, "GET", "/v1/recordings/zz/video"), 404)
	problem(t, h.do(t, "GET", "/v1/recordings/a%2Fb/video"), 422)
	problem(t, h.do(t, "GET", "/v1/recordings/a%20b/video"), 422)
	h.Expire("a1")
	problem(t, h.do(t, "GET", "/v1/recordings/a1/video"), 410)
	h.FailAccess(apitest.ErrMadeUp)
	res = h.do(t, "GET", "/v1/recordings/a2/video")
	assert.NotContains(t, problem(t, res, 503), "0123")
}

package calls_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/api/problem"
)

// door is a door with one edge behind it.
func door(t *testing.T) http.Handler {
	t.Helper()
	b := calls.NewBoard(nil)
	hall := &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: yes}
	stop := hall.works()
	t.Cleanup(stop)
	require.Eventually(t, func() bool { return len(b.Cameras()) == 1 }, 30*time.Second, 10*time.Millisecond)
	return calls.NewDoor(b, "/whep/", zerolog.Nop())
}

func TestWHEP(t *testing.T) {
	d := door(t)
	do := func(method, path, media, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		if media != "" {
			r.Header.Set("Content-Type", media)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		return w
	}
	refused := func(w *httptest.ResponseRecorder, status int, code string) {
		t.Helper()
		require.Equal(t, status, w.Code, w.Body.String())
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		var p problem.Problem
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		require.Equal(t, code, p.Code)
		require.NotEmpty(t, p.Detail)
	}
	const sdp, trickle = "application/sdp", "application/trickle-ice-sdpfrag"

	refused(do("POST", "/whep/nowhere", sdp, "v=0"), 404, "NO_CAMERA")
	refused(do("POST", "/whep/", sdp, "v=0"), 404, "NO_CAMERA")
	refused(do("POST", "/whep/stage", "text/plain", "v=0"), 415, "MEDIA_TYPE")
	refused(do("POST", "/whep/stage", sdp, strings.Repeat("x", line.MaxSDP+1)), 413, "OFFER_TOO_LARGE")
	refused(do("GET", "/whep/stage", "", ""), 405, "METHOD")
	refused(do("DELETE", "/whep/stage/nothing", "", ""), 404, "NO_VIEW")
	w := do("OPTIONS", "/whep/stage", "", "")
	require.Equal(t, 204, w.Code)
	require.Equal(t, sdp, w.Header().Get("Accept-Post"))

	w = do("POST", "/whep/stage?size=small", sdp, "v=0")
	require.Equal(t, 201, w.Code)
	require.Equal(t, answer, w.Body.String())
	require.Equal(t, sdp, w.Header().Get("Content-Type"))
	at := w.Header().Get("Location")
	require.True(t, strings.HasPrefix(at, "/whep/stage/"), at)
	require.Equal(t, 204, do("PATCH", at, trickle, "").Code)
	refused(do("PATCH", at, "text/plain", ""), 415, "MEDIA_TYPE")
	require.Equal(t, 204, do("PATCH", at+"?size=full", "", "").Code)
	refused(do("PATCH", strings.Replace(at, "stage", "door", 1)+"?size=full", "", ""), 404, "NO_VIEW")
	require.Equal(t, 204, do("OPTIONS", at, "", "").Code)
	refused(do("POST", at, sdp, ""), 405, "METHOD")
	require.Equal(t, 200, do("DELETE", at, "", "").Code)
	refused(do("DELETE", at, "", ""), 404, "NO_VIEW")
	refused(do("PATCH", at, trickle, ""), 404, "NO_VIEW")
}

// Whatever is passed on is a description of video that is sent only, and of a
// bounded size.
func FuzzAnswer(f *testing.F) {
	f.Add(answer)
	f.Add("")
	f.Add(strings.Replace(answer, "video", "audio", 1))
	f.Fuzz(func(t *testing.T, s string) {
		if calls.CheckAnswer(s) == nil {
			require.LessOrEqual(t, len(s), line.MaxSDP)
			require.Contains(t, s, "video")
			require.Contains(t, s, "sendonly")
		}
	})
}

// FuzzDoor: whatever is asked is answered, and nobody is let in without an edge.
func FuzzDoor(f *testing.F) {
	f.Add("POST", "/whep/stage", "application/sdp", "v=0")
	f.Add("DELETE", "/whep/stage/x", "", "")
	f.Add("PATCH", "/whep/a/b?size=small", "application/trickle-ice-sdpfrag", "")
	d := calls.NewDoor(calls.NewBoard(nil), "/whep/", zerolog.Nop())
	f.Fuzz(func(t *testing.T, method, path, media, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://control", strings.NewReader(body))
		if err != nil {
			return
		}
		r.URL.Path = path
		r.Header.Set("Content-Type", media)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		require.NotEqual(t, http.StatusCreated, w.Code)
		require.Less(t, w.Code, http.StatusInternalServerError)
	})
}

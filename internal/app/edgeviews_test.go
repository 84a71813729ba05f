package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/line"
)

// Whoever watched a camera of an edge is still sent away when this machine got a
// camera of that name meanwhile.
func TestAViewEndsWhereItBegan(t *testing.T) {
	says := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	const here, there = 299, 298
	cameras := map[string]bool{"yard": true}
	h := whepAt(func(c string) bool { return cameras[c] }, func(c, v string) bool { return c == "stage" && v == "v1" }, says(here), says(there))
	asks := func(method, path string, want int) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		require.Equal(t, want, w.Code, path)
	}
	asks("POST", "/whep/yard", here)
	asks("DELETE", "/whep/yard/v1", here)
	asks("POST", "/whep/stage", there)
	cameras["stage"] = true
	asks("POST", "/whep/stage", here)
	asks("DELETE", "/whep/stage/other", here)
	asks("DELETE", "/whep/stage/v1", there)
}

// No more is claimed of a mask than an edge says.
func TestTheMaskThatAnEdgeTellsOf(t *testing.T) {
	for _, k := range []struct{ said, code, want string }{
		{"", "", "masked"},
		{"", "DETECTOR_LATE", "full"}, // an older release
		{"masked", "", "masked"},
		{"clear", "", "clear"},
		{"full", "DETECTOR_LATE", "full"},
		{"half", "", "clear"},
		{"half", "DETECTOR_LATE", "clear"}, // none that is known here
	} {
		require.Equal(t, k.want, maskOf(line.CameraState{Mask: k.said, MaskCode: k.code}), k)
	}
}

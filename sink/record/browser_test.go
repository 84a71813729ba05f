package record_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit/browser"
	"bystander/sink/record"
)

const page = `<!doctype html><video id=v muted src="/rec"></video><script>
const v = document.getElementById('v'), out = {};
const done = () => fetch('/done', {method: 'POST', body: JSON.stringify(out)});
v.onerror = () => { out.error = v.error.message; done(); };
v.onloadedmetadata = () => {
  out.duration = v.duration; out.width = v.videoWidth; out.height = v.videoHeight;
  v.currentTime = v.duration - 1.5;
};
v.onseeked = () => { out.seeked = v.currentTime; v.playbackRate = 2; v.play(); };
v.onended = () => { out.ended = v.currentTime; out.frames = v.getVideoPlaybackQuality().totalVideoFrames; done(); };
</script>`

// TestChromiumPlays plays a finished recording over HTTP ranges in the browser:
// it knows the length from the start, can seek, and reaches the end.
func TestChromiumPlays(t *testing.T) {
	r := open(t, record.Config{Dir: t.TempDir()})
	write(t, r, film(t, small, 150))
	id := list(t, r)[0].ID

	type result struct {
		Error                   string
		Duration, Seeked, Ended float64
		Width, Height, Frames   int
	}
	got := make(chan result, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page) })
	mux.HandleFunc("/rec", func(w http.ResponseWriter, req *http.Request) {
		f, err := r.Open(req.Context(), id)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(w, req, "", f.Recording.End, f)
	})
	mux.HandleFunc("/done", func(_ http.ResponseWriter, req *http.Request) {
		var v result
		if err := json.NewDecoder(req.Body).Decode(&v); err != nil {
			v.Error = err.Error()
		}
		select {
		case got <- v:
		default:
		}
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	browser.Open(t, srv.URL)
	select {
	case v := <-got:
		require.Empty(t, v.Error)
		require.InDelta(t, 6.0, v.Duration, 0.01)
		require.InDelta(t, 4.5, v.Seeked, 0.1)
		require.InDelta(t, 6.0, v.Ended, 0.05)
		require.Equal(t, small.W, v.Width)
		require.Equal(t, small.H, v.Height)
		require.Positive(t, v.Frames)
	case <-time.After(40 * time.Second):
		t.Fatal("the browser never reached the end")
	}
}

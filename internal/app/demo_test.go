package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/testkit"
	"bystander/internal/testkit/browser"
)

// told collects what a command says, and tells when it has said something.
type told struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	news chan struct{}
}

func newTold() *told { return &told{news: make(chan struct{}, 1)} }

func (s *told) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	return s.buf.Write(b)
}

func (s *told) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// find waits until what was said matches, and returns the first group.
func (s *told) find(t *testing.T, pattern string, patience time.Duration) string {
	t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(patience)
	for {
		if m := re.FindStringSubmatch(s.String()); m != nil {
			return m[1]
		}
		select {
		case <-s.news:
		case <-late:
			t.Fatalf("%q was not said within %v, but:\n%s", pattern, patience, s)
		}
	}
}

// startDemo runs the demonstration and returns the page's address, the folder
// of its data, and a function that stops it and returns its error.
func startDemo(t *testing.T, input string) (url, data string, stop func() error) {
	t.Helper()
	data = t.TempDir()
	said := newTold()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.Demo(ctx, app.DemoOptions{
			Input: input, Listen: "127.0.0.1:0", Data: data, Stdout: io.Discard, Stderr: said,
		})
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return said.find(t, `open (http://\S+)`, 60*time.Second), data, stop
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	r, err := http.Get(url)
	require.NoError(t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.StatusCode, "%s: %s", url, b)
	require.NoError(t, json.Unmarshal(b, into), "%s: %s", url, b)
}

// requireLive waits until the page's first live view has shown n pictures.
func requireLive(t *testing.T, page *browser.Page, n int) {
	t.Helper()
	var shown int
	page.Eval(fmt.Sprintf(`return new Promise((resolve) => {
		let n = 0;
		const look = () => {
			const v = document.querySelector('video');
			if (!v) { setTimeout(look, 50); return; }
			const count = () => { n++; if (n >= %d) resolve(n); else v.requestVideoFrameCallback(count); };
			v.requestVideoFrameCallback(count);
		};
		look();
		setTimeout(() => resolve(n), 30000);
	})`, n), &shown)
	require.GreaterOrEqual(t, shown, n, "live pictures in the page")
}

func TestDemoInABrowser(t *testing.T) {
	testkit.Shared(t)
	input := makeVideo(t, "pattern.mp4", "testsrc2=size=640x360:rate=25:duration=6", "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p")
	url, data, stop := startDemo(t, input)

	page := browser.Open(t, url)
	requireLive(t, page, 40)
	var spread float64
	page.Eval(`
		const v = document.querySelector('video');
		const c = new OffscreenCanvas(64, 36).getContext('2d');
		c.drawImage(v, 0, 0, 64, 36);
		const d = c.getImageData(0, 0, 64, 36).data;
		let sum = 0, squares = 0;
		for (let i = 0; i < d.length; i += 4) { sum += d[i]; squares += d[i] * d[i]; }
		const n = d.length / 4;
		return Math.sqrt(squares / n - (sum / n) ** 2);`, &spread)
	require.Greater(t, spread, 30.0, "the page shows the pattern, not a grey field")

	var cams struct {
		Cameras []struct {
			ID, State string
			Frames    uint64
			FPS       float64
			Mask      struct{ State, Code string }
			Viewers   int
		}
	}
	getJSON(t, url+"/v1/cameras", &cams)
	require.Len(t, cams.Cameras, 1)
	require.Equal(t, "connected", cams.Cameras[0].State)
	require.Equal(t, 1, cams.Cameras[0].Viewers)

	var events struct {
		Events []struct{ Kind, Camera string }
	}
	getJSON(t, url+"/v1/events?kind=use_start", &events)
	require.NotEmpty(t, events.Events, "the use of the camera is logged")

	require.NoError(t, stop())
	requirePlayable(t, filepath.Join(data, "recordings"))
	requireWholeLog(t, data)
}

// requirePlayable decodes every recording to its end.
func requirePlayable(t *testing.T, dir string) {
	t.Helper()
	n := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".mp4") {
			require.False(t, strings.HasSuffix(path, ".part"), "an unfinished recording was left: %s", path)
			return err
		}
		n++
		out, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-enc_time_base", "1:90000", "-f", "null", "-").CombinedOutput()
		require.NoError(t, err)
		require.Empty(t, string(out), "%s does not decode cleanly", path)
		return nil
	}))
	require.NotZero(t, n, "something was recorded")
}

func requireWholeLog(t *testing.T, data string) {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Keys = data, filepath.Join(data, "keys")
	var out bytes.Buffer
	require.NoError(t, app.AuditVerify(context.Background(), cfg, app.VerifyOptions{Stdout: &out}))
	require.Contains(t, out.String(), "whole, unaltered, in order")
}

func TestHeadlessDemoEndsWithASummary(t *testing.T) {
	testkit.Shared(t)
	input := makeVideo(t, "pattern.mp4", "testsrc2=size=320x240:rate=25:duration=2", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	var stdout bytes.Buffer
	require.NoError(t, app.Demo(context.Background(), app.DemoOptions{
		Input: input, Headless: true, For: 8 * time.Second, Listen: "127.0.0.1:0", Data: t.TempDir(),
		Stdout: &stdout, Stderr: io.Discard,
	}))
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	var sum map[string]float64
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &sum))
	require.Greater(t, sum["frames_in"], 20.0)
	require.Greater(t, sum["frames_out"], 20.0)
	require.Greater(t, sum["events_stored"], 0.0)
	for _, key := range []string{"faces", "tracks", "masked", "matched", "full_mask_frames", "dropped_frames", "delay_p50_ms", "delay_p95_ms"} {
		require.Contains(t, sum, key)
	}
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	testkit.Shared(t)
	run := func(o app.DemoOptions) error {
		o.Headless, o.For, o.Data = true, time.Second, t.TempDir()
		o.Stdout, o.Stderr = io.Discard, io.Discard
		if o.Listen == "" {
			o.Listen = "127.0.0.1:0"
		}
		return app.Demo(context.Background(), o)
	}
	require.ErrorIs(t, run(app.DemoOptions{Input: "none.mp4"}), app.ErrUsage)
	text := filepath.Join(t.TempDir(), "text.mp4")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("words\n", 999)), 0o600))
	require.ErrorContains(t, run(app.DemoOptions{Input: text}), "text.mp4")
	require.ErrorContains(t, run(app.DemoOptions{Input: "rtsp://127.0.0.1:1/x", Listen: "0.0.0.0:0"}), "server.listen")
}

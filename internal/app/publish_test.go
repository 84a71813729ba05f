package app_test

import (
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
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

// startRun runs an installation and returns the page's address, the folder of its
// data, and a function that stops it.
func startRun(t *testing.T, cfg config.Config) (url, data string, stop func() error) {
	t.Helper()
	cfg.Data = t.TempDir()
	cfg.Keys = cfg.Data + "/keys"
	cfg.Server.Listen, cfg.Server.SignIn = "127.0.0.1:0", config.SignInLoopback
	cfg.Log.Format, cfg.Log.Level = "json", "info"
	cfg.Events.Edge = "test"
	said := newTold()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx, cfg, io.Discard, said) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return said.find(t, `"url":"([^"]+)"`, 30*time.Second), cfg.Data, stop
}

// A browser publishes its camera by WHIP into a worker process, and another tab
// plays the redacted picture.
func TestABrowserAsCamera(t *testing.T) {
	testkit.Shared(t)
	cfg := config.Default()
	cfg.Cameras = []config.Camera{{ID: "phone", Name: "Phone", Driver: "whip", Transport: "tcp"}}
	url, data, stop := startRun(t, cfg)

	publisher := browser.Open(t, url+"/publish", browser.FakeCamera, browser.AllowMedia)
	var answered int
	publisher.Eval(`
		const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
		const pc = window.pc = new RTCPeerConnection();
		for (const track of media.getTracks()) pc.addTrack(track, media);
		await pc.setLocalDescription(await pc.createOffer());
		await new Promise((done) => {
			if (pc.iceGatheringState === 'complete') done();
			pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done();
		});
		const r = await fetch('/whip/phone', { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription.sdp });
		if (r.status === 201) await pc.setRemoteDescription({ type: 'answer', sdp: await r.text() });
		return r.status;`, &answered)
	require.Equal(t, 201, answered)

	viewer := browser.Open(t, url)
	requireLive(t, viewer, 30)
	require.NoError(t, stop())
	requirePlayable(t, filepath.Join(data, "recordings"))
}

func TestAnOccupiedPortIsNamed(t *testing.T) {
	testkit.Shared(t)
	cfg := config.Default()
	cfg.Cameras = []config.Camera{{ID: "phone", Name: "Phone", Driver: "whip", Transport: "tcp"}}
	url, _, _ := startRun(t, cfg)
	cfg.Data = t.TempDir()
	cfg.Keys, cfg.Events.Edge = cfg.Data+"/keys", "test"
	cfg.Server.Listen = url[len("http://"):]
	err := app.Run(context.Background(), cfg, io.Discard, io.Discard)
	require.ErrorContains(t, err, cfg.Server.Listen)
	require.ErrorContains(t, err, "taken by another program")
	require.NotErrorIs(t, err, context.Canceled)
}

// A media server of other people's making plays our WHEP view.
func TestMediaMTXPlaysTheLiveView(t *testing.T) {
	testkit.Shared(t)
	input := makeVideo(t, "pattern.mp4", "testsrc2=size=640x360:rate=25:duration=6", "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p")
	url, _, _ := startDemo(t, input)
	peer := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{Pull: "whep" + strings.TrimPrefix(url, "http") + "/whep/camera"})
	var frames int
	require.Eventually(t, func() bool {
		out, err := exec.Command("ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-select_streams", "v:0", "-count_frames",
			"-read_intervals", "%+2", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", peer.URL("pulled")).Output()
		if err != nil {
			return false
		}
		frames, err = strconv.Atoi(strings.TrimSpace(string(out)))
		return err == nil && frames >= 25
	}, 60*time.Second, 500*time.Millisecond, "pictures by way of the other server")
}

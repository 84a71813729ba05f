package loopcam_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/internal/loopcam"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

var (
	size = frame.Size{W: 320, H: 180}
	x264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
)

func start(t *testing.T, cfg loopcam.Config) *loopcam.Camera {
	t.Helper()
	if cfg.CacheDir == "" {
		cfg.CacheDir = t.TempDir()
	}
	c, err := loopcam.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func watch(t *testing.T, c *loopcam.Camera) ingest.Source {
	t.Helper()
	cam := sourcetest.Camera{Spec: ingest.Spec{ID: "loop", Driver: ingest.DriverRTSP, URL: c.URL(), Live: true}}
	return cam.Start(t)
}

func TestTurnsJoinWithoutAGap(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		args []string
	}{
		"h264 mp4":           {"a.mp4", x264},
		"h264 with B-frames": {"b.mp4", []string{"-c:v", "libx264", "-preset", "fast", "-bf", "2", "-pix_fmt", "yuv420p"}},
		"h264 ts":            {"a.ts", x264},
		"h265 mp4": {"c.mp4", []string{
			"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25", "-pix_fmt", "yuv420p",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sourcetest.Video(t, c.file, size, 25, 1, c.args...)
			src := watch(t, start(t, loopcam.Config{File: file}))
			var order sourcetest.Order
			var last, first frame.Meta
			const n = 75 // three turns
			for i := range n {
				r := sourcetest.Next(t, src)
				order.Check(t, r.Meta)
				sourcetest.CheckPattern(t, r.Planes())
				if i > 0 && r.Seq == last.Seq+1 {
					if d := r.PTS - last.PTS; d < 39*time.Millisecond || d > 41*time.Millisecond {
						t.Errorf("picture %d comes %v after the one before", i, d)
					}
				}
				if i == 0 {
					first = r.Meta
				}
				last = r.Meta
				r.Release()
			}
			if order.Epochs != 1 {
				t.Errorf("%d epochs", order.Epochs)
			}
			// The wall clock and the stream's clock go at the same speed.
			if d := (last.Arrived.Sub(first.Arrived) - (last.PTS - first.PTS)).Abs(); d > 150*time.Millisecond {
				t.Errorf("drift of %v in %v", d, last.PTS-first.PTS)
			}
		})
	}
}

func TestOtherFilesAreCodedOnce(t *testing.T) {
	file := sourcetest.Video(t, "a.avi", frame.Size{W: 640, H: 360}, 25, 2, "-c:v", "mpeg4", "-q:v", "2")
	cache := t.TempDir()
	calls := 0
	cfg := loopcam.Config{File: file, CacheDir: cache, Size: size, Progress: func(done, total int64) { calls++ }}
	c := start(t, cfg)
	if i := c.Info(); i.Codec != av.CodecH264 || i.Size != size {
		t.Errorf("plays %+v", i)
	}
	if calls != 50 {
		t.Errorf("progress was told %d times", calls)
	}
	r := sourcetest.Next(t, watch(t, c))
	sourcetest.CheckPattern(t, r.Planes())
	r.Release()
	calls = 0
	start(t, cfg)
	if calls != 0 {
		t.Error("coded again")
	}
	left, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("cache holds %v, %v", left, err)
	}
}

func TestSignIn(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, x264...)
	c := start(t, loopcam.Config{File: file, User: "me", Password: "p@ss w"})
	cam := sourcetest.Camera{Spec: ingest.Spec{
		ID: "loop", Driver: ingest.DriverRTSP, Live: true,
		URL: strings.Replace(c.URL(), "rtsp://", "rtsp://me:p%40ss%20w@", 1),
	}}
	sourcetest.Next(t, cam.Start(t)).Release()
	s := watch(t, c)
	sourcetest.Await(t, "the refusal", func() bool { return s.Health().ErrCode == string(ingest.CodeUnauthorized) })
}

func TestUDP(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, x264...)
	c := start(t, loopcam.Config{File: file, UDP: true})
	cam := sourcetest.Camera{Spec: ingest.Spec{ID: "loop", Driver: ingest.DriverRTSP, URL: c.URL(), Transport: "udp", Live: true}}
	sourcetest.Next(t, cam.Start(t)).Release()
}

func TestFFmpegPlaysIt(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, x264...)
	c := start(t, loopcam.Config{File: file})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", c.URL(),
		"-frames:v", "40", "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) != 0 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestRefusals(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, x264...)
	text := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(text, []byte("no video"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range map[string]struct {
		cfg  loopcam.Config
		want error
		text string
	}{
		"no file":       {loopcam.Config{}, loopcam.ErrConfig, ""},
		"missing file":  {loopcam.Config{File: "/nowhere/x.mp4"}, av.ErrNotFound, "/nowhere/x.mp4"},
		"not a video":   {loopcam.Config{File: text}, av.ErrNotVideo, text},
		"odd size":      {loopcam.Config{File: file, Size: frame.Size{W: 99, H: 50}}, loopcam.ErrConfig, "99"},
		"occupied port": {loopcam.Config{File: file, Addr: l.Addr().String()}, nil, l.Addr().String()},
	} {
		c.cfg.CacheDir = t.TempDir()
		_, err := loopcam.Start(t.Context(), c.cfg)
		if err == nil || (c.want != nil && !errors.Is(err, c.want)) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPlayerCanBeSlowAndSpoilt(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, x264...)
	dropped := 0
	cam := start(t, loopcam.Config{File: file, Every: 5, Spoil: func(*rtp.Packet) bool {
		dropped++
		return dropped%97 != 0
	}})
	src := watch(t, cam)
	var last frame.Meta
	for i := range 12 { // more than two turns of five pictures
		r := sourcetest.Next(t, src)
		if i > 0 && r.Seq == last.Seq+1 {
			if d := r.PTS - last.PTS; d < 199*time.Millisecond || d > 401*time.Millisecond {
				t.Errorf("picture %d came %v after the one before, want 200 ms, or 400 after a spoilt one", i, d)
			}
		}
		last = r.Meta
		r.Release()
	}
	if _, err := loopcam.Start(t.Context(), loopcam.Config{File: file, Every: -1}); !errors.Is(err, loopcam.ErrConfig) {
		t.Errorf("a negative Every: %v", err)
	}
}

package rtsp_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
	"bystander/ingest/worker"
	"bystander/internal/frame"
	"bystander/internal/testkit"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

var size = frame.Size{W: 320, H: 180}

func quick() worker.Options {
	return worker.Options{
		BackoffMin: 50 * time.Millisecond, BackoffMax: 300 * time.Millisecond, ReadTimeout: 3 * time.Second,
	}
}

// pattern are ffmpeg's arguments for a live camera that shows the pattern.
func pattern(codec string, more ...string) []string {
	args := []string{"-re", "-f", "lavfi", "-i", sourcetest.PatternFilter(size, 25)}
	switch codec {
	case "h264":
		args = append(args, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-threads", "1")
	case "h265":
		args = append(args, "-c:v", "libx265", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p",
			"-x265-params", "log-level=none:pools=1:frame-threads=1")
	case "vp8":
		args = append(args, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-b:v", "1M")
	case "mjpeg":
		args = append(args, "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-huffman", "default", "-force_duplicated_matrix", "1")
	}
	return append(args, more...)
}

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		codec, transport string
		clock            frame.Clock
	}{{"h264", "tcp", frame.ClockArrival}, {"h265", "udp", frame.ClockCamera}} {
		t.Run(c.codec+" over "+c.transport, func(t *testing.T) {
			server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{})
			stop := server.Publish("cam", pattern(c.codec)...)
			sourcetest.Run(t, sourcetest.Camera{
				Spec: ingest.Spec{
					ID: "gate", Driver: ingest.DriverRTSP, URL: server.URL("cam"), Transport: c.transport, Live: true,
				},
				Options: quick(), Size: size, Codec: c.codec, Pattern: true, Clock: c.clock,
				Interrupt: func(t *testing.T) {
					server.Stop()
					stop()
					server.Start()
					stop = server.Publish("cam", pattern(c.codec)...)
				},
			})
		})
	}
}

func TestOtherCodecsAndBFrames(t *testing.T) {
	server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{})
	for _, c := range []struct {
		codec, path string
		more        []string
		check       bool
		size        frame.Size
	}{
		{"h264", "bframes", []string{"-bf", "2", "-preset", "veryfast"}, true, size},
		{"vp8", "vp8", nil, true, size},
		// Full range has other values; RFC 2435 knows only multiples of eight.
		{"mjpeg", "mjpeg", nil, false, frame.Size{W: 320, H: 184}},
	} {
		t.Run(c.path, func(t *testing.T) {
			defer server.Publish(c.path, pattern(c.codec, c.more...)...)()
			cam := sourcetest.Camera{
				Spec:    ingest.Spec{ID: "x", Driver: ingest.DriverRTSP, URL: server.URL(c.path), Live: true},
				Options: quick(),
			}
			s := cam.Start(t)
			var order sourcetest.Order
			for range 40 {
				r := sourcetest.Next(t, s)
				order.Check(t, r.Meta)
				if c.check {
					sourcetest.CheckPattern(t, r.Planes())
				}
				if r.Size() != c.size {
					t.Errorf("size %v", r.Size())
				}
				r.Release()
			}
			if h := s.Health(); order.Epochs != 1 || h.Codec != c.codec {
				t.Errorf("%d epochs, health %+v", order.Epochs, h)
			}
		})
	}
}

func TestSoundIsNeverSetUp(t *testing.T) {
	server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{})
	server.Publish("av", append([]string{"-re", "-f", "lavfi", "-i", "sine=440"},
		append(pattern("h264"), "-c:a", "aac")...)...)
	proxy := newRecorder(t, fmt.Sprintf("127.0.0.1:%d", server.RTSPPort))
	cam := sourcetest.Camera{
		Spec:    ingest.Spec{ID: "x", Driver: ingest.DriverRTSP, URL: "rtsp://" + proxy.addr + "/av", Live: true},
		Options: quick(),
	}
	s := cam.Start(t)
	sourcetest.Next(t, s).Release()
	sent, got := proxy.text()
	if !strings.Contains(got, "m=audio") || !strings.Contains(got, "m=video") {
		t.Fatalf("the camera did not offer both sound and picture:\n%s", got)
	}
	if n := strings.Count(sent, "SETUP "); n != 1 {
		t.Errorf("%d tracks were set up:\n%s", n, sent)
	}
}

func TestSignIn(t *testing.T) {
	for _, method := range []string{"basic", "digest"} {
		t.Run(method, func(t *testing.T) {
			server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{User: "me", Password: "s3cret#p@ss", AuthMethod: method})
			server.Publish("cam", pattern("h264")...)
			var log syncBuffer
			opt := quick()
			opt.Log = zerolog.New(&log)
			cam := sourcetest.Camera{Spec: ingest.Spec{ID: "x", Driver: ingest.DriverRTSP, Live: true}, Options: opt}
			good := strings.Replace(server.URL("cam"), "rtsp://", "rtsp://me:s3cret%23p%40ss@", 1)
			cam.Spec.URL = good
			sourcetest.Next(t, cam.Start(t)).Release()

			cam.Spec.URL = strings.Replace(good, "s3cret", "wr0ng", 1)
			s := cam.Start(t)
			sourcetest.Await(t, "the refusal", func() bool { return s.Health().ErrCode == string(ingest.CodeUnauthorized) })
			h := s.Health()
			if h.State != ingest.StateRetrying && h.State != ingest.StateConnecting {
				t.Errorf("a camera must be tried again: %+v", h)
			}
			for _, text := range []string{h.Err, log.String()} {
				if strings.Contains(text, "wr0ng") || strings.Contains(text, "s3cret") || strings.Contains(text, "me:") {
					t.Errorf("credentials are shown: %s", text)
				}
			}
			t.Log(h.Err)
		})
	}
}

func TestTroubleIsNamed(t *testing.T) {
	server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{})
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	opt := quick()
	opt.ReadTimeout = 300 * time.Millisecond
	for _, drv := range []ingest.Driver{ingest.DriverRTSP, ingest.DriverVDK} {
		for name, c := range map[string]struct {
			url  string
			code ingest.Code
		}{
			"nobody listens": {fmt.Sprintf("rtsp://127.0.0.1:%d/x", testkit.RefusingPort(t)), ingest.CodeUnreachable},
			"no such path":   {server.URL("nothing"), ingest.CodeNotFound},
			"unknown name":   {"rtsp://camera.invalid/x", ingest.CodeUnreachable},
			"silence":        {"rtsp://" + silent.Addr().String() + "/x", ingest.CodeTimeout},
		} {
			t.Run(string(drv)+" "+name, func(t *testing.T) {
				cam := sourcetest.Camera{Spec: ingest.Spec{ID: "x", Driver: drv, URL: c.url, Live: true}, Options: opt}
				s := cam.Start(t)
				sourcetest.Await(t, string(c.code), func() bool { return s.Health().ErrCode == string(c.code) })
				sourcetest.Await(t, "more attempts", func() bool { return s.Health().Reconnect >= 2 })
				t.Log(s.Health().Err)
			})
		}
	}
}

func TestSizeAndCodecMayChangeBetweenConnections(t *testing.T) {
	server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{})
	stop := server.Publish("cam", pattern("h264")...)
	cam := sourcetest.Camera{
		Spec:    ingest.Spec{ID: "x", Driver: ingest.DriverRTSP, URL: server.URL("cam"), Live: true},
		Options: quick(),
	}
	s := cam.Start(t)
	var order sourcetest.Order
	r := sourcetest.Next(t, s)
	order.Check(t, r.Meta)
	epoch := r.Epoch
	r.Release()
	stop()
	server.Publish("cam", pattern("h265", "-vf", "scale=640:360")...)
	for {
		r := sourcetest.Next(t, s)
		order.Check(t, r.Meta)
		sourcetest.CheckPattern(t, r.Planes())
		e, sz := r.Epoch, r.Size()
		r.Release()
		if sz == (frame.Size{W: 640, H: 360}) {
			if e == epoch {
				t.Error("another size in the same epoch")
			}
			break
		}
	}
	if h := s.Health(); h.Codec != "h265" || h.Restarts != 0 {
		t.Errorf("health %+v", h)
	}
}

// recorder is a TCP relay that keeps what passes.
type recorder struct {
	addr string
	mu   sync.Mutex
	up   bytes.Buffer
	down bytes.Buffer
}

func newRecorder(t *testing.T, to string) *recorder {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{addr: l.Addr().String()}
	var wg sync.WaitGroup
	var conns sync.Map
	wg.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				_ = a.Close()
				continue
			}
			conns.Store(a, b)
			wg.Go(func() { r.pipe(b, a, &r.up) })
			wg.Go(func() { r.pipe(a, b, &r.down) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		conns.Range(func(a, b any) bool { return a.(net.Conn).Close() == nil && b.(net.Conn).Close() == nil })
		wg.Wait()
	})
	return r
}

func (r *recorder) pipe(dst, src net.Conn, keep *bytes.Buffer) {
	defer dst.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := src.Read(buf)
		r.mu.Lock()
		if keep.Len() < 1<<20 {
			keep.Write(buf[:n])
		}
		r.mu.Unlock()
		if _, werr := dst.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (r *recorder) text() (up, down string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up.String(), r.down.String()
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

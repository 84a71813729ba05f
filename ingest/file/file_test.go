package file_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
	"bystander/ingest/worker"
	"bystander/internal/frame"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

var (
	size = frame.Size{W: 320, H: 180}
	x264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
)

func quick() worker.Options {
	return worker.Options{BackoffMin: 20 * time.Millisecond, BackoffMax: 100 * time.Millisecond}
}

func TestConformanceLive(t *testing.T) {
	path := sourcetest.Video(t, "a.mp4", size, 25, 2, x264...)
	sourcetest.Run(t, sourcetest.Camera{
		Spec:    ingest.Spec{ID: "loop", Driver: ingest.DriverFile, URL: path, Live: true, Loop: true, Pace: true},
		Options: quick(), Size: size, Codec: "h264", Pattern: true,
	})
}

func TestConformanceLossless(t *testing.T) {
	path := sourcetest.Video(t, "a.mp4", size, 25, 20, x264...)
	sourcetest.Run(t, sourcetest.Camera{
		Spec:    ingest.Spec{ID: "file", Driver: ingest.DriverFile, URL: path},
		Options: quick(), Size: size, Codec: "h264", Pattern: true,
	})
}

func TestEveryPictureWithItsOwnTime(t *testing.T) {
	bframes := []string{"-c:v", "libx264", "-preset", "fast", "-bf", "3", "-pix_fmt", "yuv420p"}
	for _, c := range []struct {
		name  string
		codec string
		args  []string
		exact bool // ticks rise by one step each
	}{
		{"plain.mp4", "h264", x264, true},
		{"bframes.mp4", "h264", bframes, true},
		{"bframes.mkv", "h264", bframes, true},
		{"bframes.avi", "h264", bframes, false},
		{"raw.h264", "h264", x264, true},
		{"raw-b.h264", "h264", bframes, false},
		{"hevc.mp4", "h265", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p"}, true},
		{"mjpeg.avi", "mjpeg", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-color_range", "pc"}, true},
		{"vp8.webm", "vp8", []string{"-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"}, true},
		{"stream.ts", "h264", bframes, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 50
			path := sourcetest.Video(t, c.name, size, 25, 2, c.args...)
			cam := sourcetest.Camera{Spec: ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, Options: quick()}
			s := cam.Start(t)
			var order sourcetest.Order
			var ticks []int64
			var base frame.Rational
			got, err := sourcetest.Drain(t, s, func(r *frame.Raw) {
				order.Check(t, r.Meta)
				if r.Seq != uint64(len(ticks)) {
					t.Errorf("sequence %d, want %d", r.Seq, len(ticks))
				}
				if r.Size() != size {
					t.Errorf("size %v", r.Size())
				}
				if !strings.HasSuffix(c.name, "mjpeg.avi") { // full range differs
					sourcetest.CheckPattern(t, r.Planes())
				}
				ticks, base = append(ticks, r.Ticks), r.TimeBase
			})
			if err != nil || got != n || order.Epochs != 1 {
				t.Fatalf("%d pictures in %d epochs, %v; want %d in 1", got, order.Epochs, err, n)
			}
			h := s.Health()
			if h.State != ingest.StateEnded || h.Codec != c.codec || h.Dropped != 0 || h.Corrupt != 0 {
				t.Errorf("health %+v", h)
			}
			for i := 1; c.exact && i < n; i++ {
				d := time.Duration(float64(ticks[i]-ticks[i-1]) * base.Float() * float64(time.Second))
				if d < 39*time.Millisecond || d > 41*time.Millisecond {
					t.Errorf("picture %d comes %v after the one before", i, d)
				}
			}
		})
	}
}

func TestASlowConsumerLosesNothing(t *testing.T) {
	path := sourcetest.Video(t, "a.mp4", size, 25, 4, x264...)
	opt := quick()
	opt.Slots, opt.Queue, opt.Frames = 1, 1, 2
	cam := sourcetest.Camera{Spec: ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, Options: opt}
	s := cam.Start(t)
	var held *frame.Raw
	for n := uint64(0); n < 100; n++ {
		r := sourcetest.Next(t, s)
		if r.Seq != n {
			t.Fatalf("picture %d, want %d", r.Seq, n)
		}
		if held != nil {
			held.Release()
		}
		held = r // all memory but one picture's is always lent out
	}
	held.Release()
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	whole, err := os.ReadFile(sourcetest.Video(t, "a.mp4", size, 25, 4, append(x264, "-movflags", "+faststart")...))
	if err != nil {
		t.Fatal(err)
	}
	late, err := os.ReadFile(sourcetest.Video(t, "b.mp4", size, 25, 4, x264...))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path     string
		code     ingest.Code
		pictures bool
	}{
		"missing":             {filepath.Join(dir, "none.mp4"), ingest.CodeNotFound, false},
		"directory":           {dir, ingest.CodeNotAVideo, false},
		"zero bytes":          {write("zero.mp4", nil), ingest.CodeNotAVideo, false},
		"text":                {write("text.mp4", []byte(strings.Repeat("not a video\n", 500))), ingest.CodeNotAVideo, false},
		"cut, index in front": {write("cut.mp4", whole[:len(whole)*2/3]), ingest.CodeTruncated, true},
		"cut, index lost":     {write("late.mp4", late[:len(late)*2/3]), ingest.CodeTruncated, false},
	} {
		t.Run(name, func(t *testing.T) {
			cam := sourcetest.Camera{Spec: ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: c.path}, Options: quick()}
			s := cam.Start(t)
			n, err := sourcetest.Drain(t, s, nil)
			if ingest.CodeOf(err, "") != c.code || (n > 0) != c.pictures {
				t.Fatalf("%d pictures, then %v; want %s", n, err, c.code)
			}
			if !strings.Contains(err.Error(), c.path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			if h := s.Health(); h.State != ingest.StateFailed || h.ErrCode != string(c.code) || h.Err == "" {
				t.Errorf("health %+v", h)
			}
			t.Log(err)
		})
	}
}

func TestSizeChangeInMidStream(t *testing.T) {
	// Two streams of different size, one after the other, as a raw stream.
	a, err := os.ReadFile(sourcetest.Video(t, "a.h264", size, 25, 1, x264...))
	if err != nil {
		t.Fatal(err)
	}
	other := frame.Size{W: 640, H: 360}
	b, err := os.ReadFile(sourcetest.Video(t, "b.h264", other, 25, 1, x264...))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "both.h264")
	if err := os.WriteFile(path, append(a, b...), 0o600); err != nil {
		t.Fatal(err)
	}
	cam := sourcetest.Camera{Spec: ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, Options: quick()}
	var order sourcetest.Order
	var lastTick int64 = -1 << 62
	sizes := map[uint32]frame.Size{}
	n, err := sourcetest.Drain(t, cam.Start(t), func(r *frame.Raw) {
		order.Check(t, r.Meta)
		sourcetest.CheckPattern(t, r.Planes())
		if s, ok := sizes[r.Epoch]; ok && s != r.Size() {
			t.Errorf("epoch %d holds %v and %v", r.Epoch, s, r.Size())
		}
		sizes[r.Epoch] = r.Size()
		if r.Ticks <= lastTick {
			t.Errorf("tick %d after %d", r.Ticks, lastTick)
		}
		lastTick = r.Ticks
	})
	if err != nil || n != 50 || len(sizes) != 2 {
		t.Errorf("%d pictures, sizes %v, %v", n, sizes, err)
	}
}

func TestPaceIsRealTime(t *testing.T) {
	path := sourcetest.Video(t, "a.mp4", size, 25, 3, x264...)
	cam := sourcetest.Camera{
		Spec:    ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path, Live: true, Pace: true},
		Options: quick(),
	}
	s := cam.Start(t)
	var first, last time.Time
	n, err := sourcetest.Drain(t, s, func(r *frame.Raw) {
		if first.IsZero() {
			first = r.Arrived
		}
		last = r.Arrived
	})
	if err != nil || n < 70 {
		t.Fatalf("%d pictures, %v; health %+v", n, err, s.Health())
	}
	if d := last.Sub(first); d < 2700*time.Millisecond || d > 3300*time.Millisecond {
		t.Errorf("three seconds were played in %v", d)
	}
}

// TestDamagedPicturesAreLeftOut spoils bytes in the middle of a raw stream.
func TestDamagedPicturesAreLeftOut(t *testing.T) {
	// testsrc2 moves everywhere, so that no part of a picture may be missing
	// without the decoder noticing.
	path := filepath.Join(t.TempDir(), "a.h264")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25",
		"-t", "4", "-c:v", "libx264", "-preset", "medium", "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 2; i < len(b)/2+2000; i += 40 {
		b[i] ^= 0x55
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	count := func(keep bool) (int, ingest.Health) {
		opt := quick()
		opt.KeepDamaged = keep
		cam := sourcetest.Camera{Spec: ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, Options: opt}
		s := cam.Start(t)
		n, err := sourcetest.Drain(t, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n, s.Health()
	}
	kept, _ := count(true)
	shown, h := count(false)
	t.Logf("%d pictures, %d shown, %d refused", kept, shown, h.Corrupt)
	if shown >= kept || h.Corrupt == 0 || shown < 80 {
		t.Errorf("%d of %d pictures shown, health %+v", shown, kept, h)
	}
}

// A fragmented file counts nothing. One with pictures left out, as our recorder
// writes where a camera was not served in time, is read to its end and is whole.
func TestFragmentedFileWithPicturesLeftOut(t *testing.T) {
	path := sourcetest.Video(t, "frag.mp4", size, 25, 4, append(x264, "-vf", "select='lt(n,25)+not(mod(n,4))'", "-fps_mode", "vfr",
		"-movflags", "frag_keyframe+empty_moov+dash")...)
	cam := sourcetest.Camera{Spec: ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, Options: quick()}
	n, err := sourcetest.Drain(t, cam.Start(t), nil)
	if err != nil || n != 43 {
		t.Fatalf("%d pictures, then %v; want 43 and no error", n, err)
	}
}

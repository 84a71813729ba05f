package av_test

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/internal/testkit"
)

// TestRealRecordings decodes the evaluation clips, and Debian's vtest.avi where
// it is installed, and compares number, time and samples with ffmpeg's.
func TestRealRecordings(t *testing.T) {
	videos := filepath.Join(testkit.Shared(t), "data", "videos")
	paths := []string{filepath.Join(videos, "stage.mp4"), filepath.Join(videos, "arcade.mp4")}
	small, err := filepath.Glob(filepath.Join(videos, "small", "*.mp4"))
	if err != nil || len(small) == 0 {
		t.Fatalf("no small clips: %v", err)
	}
	paths = append(paths, small...)
	const vtest = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
	if _, err := os.Stat(vtest); err == nil {
		paths = append(paths, vtest)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := probe(t, path, "frame", "best_effort_timestamp")
			m, err := av.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			s := m.Info().Size
			dst := frame.PlanesOver(make([]byte, s.Bytes()), s)
			n := 0
			take := func() {
				for {
					p, err := d.Receive()
					if errors.Is(err, av.ErrAgain) || errors.Is(err, io.EOF) {
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					if err := p.CopyTo(dst); err != nil {
						t.Fatal(err)
					}
					if n >= len(want) || p.PTS() != want[n] {
						t.Fatalf("picture %d at %d does not match ffprobe's", n, p.PTS())
					}
					if p.Damaged() {
						t.Errorf("picture %d is called damaged", n)
					}
					if n == 0 {
						if q := psnr(dst, firstPicture(t, path, s)); !math.IsInf(q, 1) {
							t.Errorf("first picture %.1f dB off ffmpeg's", q)
						}
					}
					n++
				}
			}
			for {
				k, err := m.ReadPacket()
				if errors.Is(err, io.EOF) {
					break
				}
				if err := errors.Join(err, d.Send(k)); err != nil {
					t.Fatal(err)
				}
				take()
			}
			if err := d.Drain(); err != nil {
				t.Fatal(err)
			}
			take()
			if n != len(want) || n == 0 {
				t.Errorf("%d pictures, ffprobe says %d", n, len(want))
			}
			if f := m.Info().Frames; f != int64(n) {
				t.Errorf("info says %d pictures, there are %d", f, n)
			}
		})
	}
}

func firstPicture(t *testing.T, path string, s frame.Size) frame.Planes {
	t.Helper()
	out := filepath.Join(t.TempDir(), "first.yuv")
	ffmpeg(t, "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", out)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != s.Bytes() {
		t.Fatalf("reference of %d bytes for %v", len(b), s)
	}
	return frame.PlanesOver(b, s)
}

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/testkit"
)

// makeVideo has ffmpeg make a recording of its own test picture.
func makeVideo(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i"}, args...)
	out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput()
	require.NoError(t, err, "ffmpeg (apt install ffmpeg): %s", out)
	return path
}

// stamps returns the presentation time of every picture in seconds, and the
// size, as ffprobe reads them.
func stamps(t *testing.T, path string) (times []string, size string) {
	t.Helper()
	run := func(args ...string) string {
		out, err := exec.Command("ffprobe", append([]string{"-v", "error", "-select_streams", "v:0", "-of", "csv=p=0"}, append(args, path)...)...).Output()
		require.NoError(t, err, "ffprobe %s", path)
		return strings.TrimSpace(string(out))
	}
	for _, line := range strings.Split(run("-show_entries", "frame=pts_time"), "\n") {
		// The encoder's own note in the first picture prints as an empty line.
		if line = strings.Trim(line, ", "); line != "" {
			times = append(times, line)
		}
	}
	return times, run("-show_entries", "stream=width,height")
}

func redactOptions(in, out string) (app.RedactOptions, *bytes.Buffer) {
	var stdout bytes.Buffer
	return app.RedactOptions{
		In: in, Out: out, Style: "frost", Coverage: "head", Quality: 20, JSON: true, Quiet: true,
		Stdout: &stdout, Stderr: os.Stderr,
	}, &stdout
}

func TestRedactKeepsCountSizeAndTimes(t *testing.T) {
	testkit.Shared(t)
	const pattern = "testsrc2=size=320x240:rate=25:duration=1.6"
	for name, c := range map[string]struct {
		file string
		args []string
		out  string
	}{
		"h264 with b-frames": {"a.mp4", []string{pattern, "-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p"}, "out.mp4"},
		"h265":               {"a.mkv", []string{pattern, "-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p"}, "out.mp4"},
		"mjpeg avi":          {"a.avi", []string{pattern, "-c:v", "mjpeg", "-q:v", "4"}, "out.mp4"},
		"vp9 webm":           {"a.webm", []string{pattern, "-c:v", "libvpx-vp9", "-cpu-used", "8"}, "out.mkv"},
		"vp8 to webm":        {"a.webm", []string{pattern, "-c:v", "libvpx"}, "out.webm"},
		"variable rate":      {"a.mp4", []string{pattern, "-vf", "select='not(mod(n,7))+mod(n,3)'", "-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p"}, "out.mp4"},
		"10 bit":             {"a.mp4", []string{pattern, "-c:v", "libx264", "-pix_fmt", "yuv420p10le"}, "out.mp4"},
		"odd size":           {"a.mkv", []string{"testsrc2=size=161x121:rate=10:duration=1", "-c:v", "ffv1"}, "out.mkv"},
	} {
		t.Run(name, func(t *testing.T) {
			in := makeVideo(t, c.file, c.args...)
			out := filepath.Join(t.TempDir(), c.out)
			o, stdout := redactOptions(in, out)
			require.NoError(t, app.RedactFile(context.Background(), o))
			wantTimes, wantSize := stamps(t, in)
			gotTimes, gotSize := stamps(t, out)
			require.Equal(t, wantTimes, gotTimes)
			require.Equal(t, wantSize, gotSize)
			var sum map[string]any
			require.NoError(t, json.Unmarshal(stdout.Bytes(), &sum))
			require.EqualValues(t, len(wantTimes), sum["frames_out"])
		})
	}
}

// proves: B-22, INV-17
func TestRedactNeverCopiesSound(t *testing.T) {
	testkit.Shared(t)
	in := makeVideo(t, "a.mp4", "testsrc2=size=320x240:rate=25:duration=1", "-f", "lavfi", "-i", "sine=duration=1",
		"-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
	out := filepath.Join(t.TempDir(), "out.mp4")
	o, _ := redactOptions(in, out)
	require.NoError(t, app.RedactFile(context.Background(), o))
	streams, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", out).Output()
	require.NoError(t, err)
	require.Equal(t, "video", strings.TrimSpace(string(streams)))
}

func TestRedactRefusesWhatItCannotRead(t *testing.T) {
	testkit.Shared(t)
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o600))
		return p
	}
	whole, err := os.ReadFile(makeVideo(t, "a.mp4", "testsrc2=size=320x240:rate=25:duration=1", "-c:v", "libx264", "-pix_fmt", "yuv420p"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		in, out, says string
		usage         bool
	}{
		"no such file": {filepath.Join(dir, "none.mp4"), "o.mp4", "none.mp4", true},
		"a folder":     {dir, "o.mp4", "folder", true},
		"zero bytes":   {write("zero.mp4", nil), "o.mp4", "zero.mp4", false},
		"not a video":  {write("text.mp4", []byte(strings.Repeat("words and words\n", 500))), "o.mp4", "text.mp4", false},
		"truncated":    {write("cut.mp4", whole[:len(whole)/2]), "o.mp4", "cut.mp4", false},
		"unknown form": {write("good.mp4", whole), "o.xyz", ".xyz", true},
		"out exists":   {write("good2.mp4", whole), filepath.Base(write("there.mp4", whole)), "--force", true},
		"no folder":    {write("good3.mp4", whole), "no/o.mp4", "no folder", true},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := redactOptions(c.in, filepath.Join(dir, c.out))
			err := app.RedactFile(context.Background(), o)
			require.ErrorContains(t, err, c.says)
			if c.usage {
				require.ErrorIs(t, err, app.ErrUsage)
			} else {
				require.NotErrorIs(t, err, app.ErrUsage)
				require.NoFileExists(t, filepath.Join(dir, c.out), "nothing is left under the final name")
			}
		})
	}
}

func TestInterruptedRedactionLeavesNothing(t *testing.T) {
	testkit.Shared(t)
	in := makeVideo(t, "a.mp4", "testsrc2=size=640x480:rate=25:duration=60", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
	dir := t.TempDir()
	o, _ := redactOptions(in, filepath.Join(dir, "out.mp4"))
	ctx, cancel := context.WithCancel(context.Background())
	o.Stderr = cancelOnWrite{cancel} // the first line of progress
	o.Quiet = false
	require.ErrorContains(t, app.RedactFile(ctx, o), "interrupted")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

type cancelOnWrite struct{ cancel func() }

func (c cancelOnWrite) Write(b []byte) (int, error) { c.cancel(); return len(b), nil }

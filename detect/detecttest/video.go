package detecttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"

	"bystander/internal/frame"
)

// Image reads a picture file as YUV 4:2:0 in the video range, through ffmpeg.
func Image(t testing.TB, path string, s frame.Size) frame.Planes {
	t.Helper()
	var p frame.Planes
	Video(t, path, s, 1, func(_ int, q frame.Planes) bool {
		p = frame.PlanesOver(make([]byte, s.Bytes()), s)
		p.CopyFrom(q)
		return false
	})
	return p
}

// Video decodes a file through ffmpeg, scaled to size s, and hands every k-th
// picture to look with its number in the file. The picture is valid until look
// returns; look returns false to stop. A file that cannot be read, or gives no
// picture, fails the test.
func Video(t testing.TB, path string, s frame.Size, k int, look func(i int, p frame.Planes) bool) {
	t.Helper()
	// #nosec G204 -- a test's own file
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", path,
		"-vf", fmt.Sprintf("scale=%d:%d:out_range=tv:out_color_matrix=bt601", s.W, s.H),
		"-pix_fmt", "yuv420p", "-fps_mode", "passthrough", "-f", "rawvideo", "-")
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("ffmpeg (is it installed?): %v", err)
	}
	buf := make([]byte, s.Bytes())
	n, stopped := 0, false
	for !stopped {
		if _, err = io.ReadFull(out, buf); err != nil {
			break
		}
		if n%k == 0 {
			stopped = !look(n, frame.PlanesOver(buf, s))
		}
		n++
	}
	if stopped {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return
	}
	if werr := cmd.Wait(); werr != nil || n == 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("decode %s: %d pictures, %v, %v: %s", path, n, err, werr, trouble.String())
	}
}

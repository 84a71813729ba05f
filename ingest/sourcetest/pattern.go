package sourcetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"bystander/ingest/child"
	"bystander/ingest/drivers"
	"bystander/ingest/worker"
	"bystander/internal/frame"
)

// Main is the TestMain of packages that start sources: the test program is its
// own worker. It fails when a goroutine is left at the end.
func Main(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == worker.Subcommand {
		os.Exit(child.Main(drivers.All()))
	}
	goleak.VerifyTestMain(m)
}

// The pattern: quarters of known light, and a moving box that makes pictures
// differ. Values are limited-range luma and chroma.
var quarters = [4]struct{ y, u, v byte }{
	{60, 90, 180}, {110, 160, 100}, {160, 128, 128}, {210, 100, 140},
}

// PatternFilter is an ffmpeg source that shows the pattern.
func PatternFilter(size frame.Size, fps int) string {
	q := func(vals [4]byte, w, h string) string {
		return fmt.Sprintf("if(lt(Y\\,%s/2)\\,if(lt(X\\,%s/2)\\,%d\\,%d)\\,if(lt(X\\,%s/2)\\,%d\\,%d))",
			h, w, vals[0], vals[1], w, vals[2], vals[3])
	}
	var y, u, v [4]byte
	for i, c := range quarters {
		y[i], u[i], v[i] = c.y, c.u, c.v
	}
	// geq on a still picture, looped, then a small moving box: cheap.
	return fmt.Sprintf("color=c=black:s=%dx%d:r=%d:d=1,format=yuv420p,trim=end_frame=1,geq=lum='%s':cb='%s':cr='%s',"+
		"loop=loop=-1:size=1:start=0,setpts=N/%d/TB,drawbox=x=iw/2-8+6*sin(t*5):y=ih/2-8:w=16:h=16:color=white:t=fill",
		size.W, size.H, fps, q(y, "W", "H"), q(u, "W", "H"), q(v, "W", "H"), fps)
}

// CheckPattern checks that p shows the pattern: the right picture, upright, with
// its planes where they belong.
func CheckPattern(t *testing.T, p frame.Planes) {
	t.Helper()
	for i, c := range quarters {
		x, y := p.W/8+(i%2)*p.W/2, p.H/8+(i/2)*p.H/2
		for _, s := range []struct {
			plane string
			got   byte
			want  byte
		}{
			{"Y", p.Y[y*p.StrideY+x], c.y},
			{"U", p.U[y/2*p.StrideC+x/2], c.u},
			{"V", p.V[y/2*p.StrideC+x/2], c.v},
		} {
			if d := int(s.got) - int(s.want); d < -12 || d > 12 {
				t.Fatalf("quarter %d, plane %s: %d, want about %d", i, s.plane, s.got, s.want)
			}
		}
	}
}

// Video makes a recording of the pattern with ffmpeg and returns its path. args
// are the encoder's arguments; the name decides the container.
func Video(t testing.TB, name string, size frame.Size, fps int, seconds float64, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	cmd := []string{
		"-v", "error", "-y", "-f", "lavfi", "-i", PatternFilter(size, fps),
		"-t", fmt.Sprint(seconds), "-threads", "1",
	}
	cmd = append(append(cmd, args...), out)
	if b, err := exec.CommandContext(t.Context(), "ffmpeg", cmd...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, b)
	}
	return out
}

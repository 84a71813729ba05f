package plain_test

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/eval/leak"
	"bystander/eval/plain"
	"bystander/ingest/sourcetest"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

var size = frame.Size{W: 160, H: 120}

// here sees one face in the same place of every picture, and one too weak.
type here struct{ err error }

var (
	place = geom.BoxAt(60, 60, 40, 40)
	weak  = geom.BoxAt(130, 30, 20, 20)
)

func (h here) DetectFaces(_ context.Context, _ frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	return append(dst, detect.Face{Box: place, Score: 0.9}, detect.Face{Box: weak, Score: 0.4}), h.err
}
func (here) Info() detect.Info { return detect.Info{Name: "here"} }
func (here) Close() error      { return nil }

// detail is the mean difference of neighbours in the middle of a box.
func detail(p frame.Planes, b geom.Box) float64 {
	b = b.Scale(0.6)
	sum, n := 0.0, 0
	for y := int(b.Y0); y < int(b.Y1); y++ {
		for x := int(b.X0); x < int(b.X1); x++ {
			sum += math.Abs(float64(p.Y[y*p.StrideY+x]) - float64(p.Y[y*p.StrideY+x+1]))
			n++
		}
	}
	return sum / float64(n)
}

func TestWhatIsFoundIsBlurredAndNothingElse(t *testing.T) {
	in := sourcetest.Video(t, "in.mp4", size, 25, 1, "-vf", "noise=alls=60:allf=t", "-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p")
	out := filepath.Join(t.TempDir(), "out.mp4")
	n, took, err := plain.Redact(t.Context(), plain.Options{In: in, Out: out, Faces: here{}, Quality: 14, Preset: "veryfast", Threads: 1})
	require.NoError(t, err)
	require.Equal(t, 25, n)
	require.Positive(t, took)
	before, err := leak.OpenVideo(in)
	require.NoError(t, err)
	defer before.Close()
	after, err := leak.OpenVideo(out)
	require.NoError(t, err)
	defer after.Close()
	for i := 0; ; i++ {
		p, err := before.Next()
		if errors.Is(err, io.EOF) {
			require.Equal(t, n, i)
			_, err = after.Next()
			require.ErrorIs(t, err, io.EOF)
			return
		}
		require.NoError(t, err)
		q, err := after.Next()
		require.NoError(t, err)
		require.Less(t, detail(q, place), 0.25*detail(p, place), "picture %d", i)
		require.Greater(t, detail(q, weak), 0.6*detail(p, weak), "picture %d", i)
	}
}

func TestAFailingDetectorEndsIt(t *testing.T) {
	in := sourcetest.Video(t, "in.mp4", size, 25, 1, "-c:v", "libx264", "-pix_fmt", "yuv420p")
	out := filepath.Join(t.TempDir(), "out.mp4")
	boom := errors.New("boom")
	_, _, err := plain.Redact(t.Context(), plain.Options{In: in, Out: out, Faces: here{boom}, Quality: 20, Preset: "ultrafast"})
	require.ErrorIs(t, err, boom)
	require.NoFileExists(t, out)
	_, _, err = plain.Redact(t.Context(), plain.Options{In: filepath.Join(t.TempDir(), "none.mp4"), Out: out, Faces: here{}})
	require.Error(t, err)
}

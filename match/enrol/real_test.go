package enrol_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	minifas "bystander/detect/liveness"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/testkit"
	"bystander/match"
	"bystander/match/enrol"
)

// realEyes are the detector and the liveness model that ship.
type realEyes struct {
	yunet *onnx.YuNet
	live  *minifas.Detector
}

func (r realEyes) Faces(ctx context.Context, p frame.Planes) ([]enrol.Face, error) {
	list, err := r.yunet.DetectFaces(ctx, p, nil)
	out := make([]enrol.Face, len(list))
	for i, x := range list {
		out[i] = enrol.Face{Box: x.Box, Landmarks: x.Landmarks, HasLandmarks: x.HasLandmarks, Score: x.Score}
	}
	return out, err
}

func openReal(t *testing.T) realEyes {
	t.Helper()
	s, err := models.Open(models.Options{CacheDir: t.TempDir(), Mirrors: []string{filepath.Join(testkit.Shared(t), "models")}, Offline: true})
	require.NoError(t, err)
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	b, i, err := s.Load(t.Context(), "yunet")
	require.NoError(t, err)
	y, err := onnx.NewYuNet(rt, onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, onnx.Options{})
	require.NoError(t, err)
	b, i, err = s.Load(t.Context(), "minifasnet")
	require.NoError(t, err)
	l, err := minifas.New(rt, minifas.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, minifas.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(y.Close(), l.Close())) })
	return realEyes{y, l}
}

// What enrolment says of real photographs: portraits of LFW pass or are refused
// for what can be seen, never for the lighting of the studio; and people of dark
// skin are not told to turn to the light.
//
// proves: B-34
func TestBrightnessAndPoseOfRealFaces(t *testing.T) {
	eyes := openReal(t)
	files, err := filepath.Glob(filepath.Join(testkit.Shared(t), "data/faces/lfw-dev/*/*_0001.jpg"))
	require.NoError(t, err)
	require.Greater(t, len(files), 500)
	r := enrol.Reader{Detector: eyes, Embedder: embedder{}}
	count, judged := map[enrol.Code]int{}, 0
	var yaws, pitches, rolls []float64
	for i := 0; i < len(files); i += len(files) / 150 {
		f, err := os.Open(files[i])
		require.NoError(t, err)
		p, err := enrol.ReadPhoto(f)
		require.NoError(t, f.Close())
		require.NoError(t, err)
		found, err := eyes.Faces(t.Context(), p.Planes)
		require.NoError(t, err)
		a, ok := enrol.AnglesOf(found[0].Landmarks)
		require.True(t, ok)
		yaws, pitches, rolls = append(yaws, a.Yaw), append(pitches, a.Pitch), append(rolls, a.Roll)
		var probe match.Probe
		_, err = r.Read(t.Context(), p, &probe)
		probe.Wipe()
		p.Wipe()
		judged++
		var no *enrol.Refusal
		if err == nil {
			count[""]++
			continue
		}
		require.ErrorAs(t, err, &no)
		for _, x := range no.Reasons {
			count[x.Code]++
		}
	}
	t.Logf("%d photographs: %v", judged, count)
	require.LessOrEqual(t, count[enrol.Dark]+count[enrol.Bright], judged/50)
	require.LessOrEqual(t, count[enrol.Pose], 3*judged/10, "LFW holds turned heads, but mostly not")
	for name, v := range map[string][]float64{"yaw": yaws, "pitch": pitches, "roll": rolls} {
		slices.Sort(v)
		t.Logf("%s: p10 %.0f°, median %.0f°, p90 %.0f°", name, v[len(v)/10], v[len(v)/2], v[len(v)*9/10])
		require.InDelta(t, 0, v[len(v)/2], 8, "%s: people look into the camera, give or take", name)
	}
	require.GreaterOrEqual(t, count[""], judged/2)
	require.Zero(t, count[enrol.NoFace])
}

func sharedFaces(t *testing.T) string { return filepath.Join(testkit.Shared(t), "data", "faces") }

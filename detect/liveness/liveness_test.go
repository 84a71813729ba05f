package liveness_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/detect"
	"bystander/detect/liveness"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/testkit"
)

func load(t testing.TB, name string) ([]byte, models.Info) {
	t.Helper()
	s, err := models.Open(models.Options{CacheDir: t.TempDir(), Mirrors: []string{filepath.Join(testkit.Shared(t), "models")}, Offline: true})
	require.NoError(t, err)
	b, i, err := s.Load(t.Context(), name)
	require.NoError(t, err)
	return b, i
}

func open(t testing.TB, o liveness.Options) *liveness.Detector {
	t.Helper()
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	b, i := load(t, "minifasnet")
	d, err := liveness.New(rt, liveness.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// The crop has the face box's shape, holds its centre, and lies in the picture.
func TestCropLiesInThePicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := frame.Size{W: rapid.IntRange(60, 2000).Draw(t, "w"), H: rapid.IntRange(60, 2000).Draw(t, "h")}
		// A hair inside the limits, since corners round.
		w := float32(rapid.Float64Range(48.01, 900).Draw(t, "fw"))
		h := float32(rapid.Float64Range(48.01, 900).Draw(t, "fh"))
		cx := float32(rapid.Float64Range(0.01, float64(s.W)-0.01).Draw(t, "cx"))
		cy := float32(rapid.Float64Range(0.01, float64(s.H)-0.01).Draw(t, "cy"))
		c, err := liveness.Crop(s, geom.Box{X0: cx - w/2, Y0: cy - h/2, X1: cx + w/2, Y1: cy + h/2})
		require.NoError(t, err)
		require.InDelta(t, w/h, c.W()/c.H(), 0.01*float64(w/h))
		require.LessOrEqual(t, c.W(), liveness.Scale*w*1.001)
		for _, v := range []float32{c.X0, c.Y0, float32(s.W) - c.X1, float32(s.H) - c.Y1} {
			require.GreaterOrEqual(t, v, float32(-0.01))
		}
		require.True(t, c.X0 <= cx+1 && cx-1 <= c.X1 && c.Y0 <= cy+1 && cy-1 <= c.Y1, "the face stays in the crop")
	})
}

func TestDoubtIsNotLife(t *testing.T) {
	d := open(t, liveness.Options{})
	s := frame.Size{W: 320, H: 240}
	p := frame.PlanesOver(make([]byte, s.Bytes()), s)
	nan := float32(math.NaN())
	for name, b := range map[string]geom.Box{
		"small":   {X0: 100, Y0: 100, X1: 147, Y1: 160},
		"outside": {X0: 400, Y0: 10, X1: 500, Y1: 110},
		"empty":   {X0: 90, Y0: 90, X1: 10, Y1: 10},
		"NaN":     {X0: nan, Y0: 0, X1: 100, Y1: 100},
	} {
		live, err := d.Live(t.Context(), p, frame.Meta{}, b)
		require.NoError(t, err, name)
		require.False(t, live, name)
		_, err = d.Score(t.Context(), p, frame.Colour{}, b)
		require.ErrorIs(t, err, liveness.ErrFace, name)
	}
	live, err := d.Live(t.Context(), p, frame.Meta{}, geom.Box{X0: 100, Y0: 60, X1: 200, Y1: 180})
	require.NoError(t, err)
	require.False(t, live, "a black picture is nobody")
}

func TestWrongModelsAreRefused(t *testing.T) {
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	b, _ := load(t, "reid-0095")
	_, err = liveness.New(rt, liveness.Model{Name: "reid", Data: b}, liveness.Options{})
	require.ErrorIs(t, err, liveness.ErrModel)
	b, _ = load(t, "minifasnet")
	_, err = liveness.New(rt, liveness.Model{Name: "m", Data: b[:1000]}, liveness.Options{})
	require.Error(t, err)
	_, err = liveness.New(rt, liveness.Model{Name: "m", Data: b}, liveness.Options{Threshold: 1})
	require.Error(t, err)
}

// The stills of living people in the evaluation data count as live; odd
// positions, unnamed colours and places at the rim change nothing of that.
func TestStillsAreLive(t *testing.T) {
	d := open(t, liveness.Options{Parallel: 2})
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	b, i := load(t, "yunet")
	faces, err := onnx.NewYuNet(rt, onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, onnx.Options{})
	require.NoError(t, err)
	defer faces.Close()
	files, err := filepath.Glob(filepath.Join(testkit.Shared(t), "data/faces/stage-stills/*"))
	require.NoError(t, err)
	judged := 0
	for _, f := range files {
		p, c, ok := picture(t, f)
		if !ok {
			continue
		}
		list, err := faces.DetectFaces(t.Context(), p, nil)
		require.NoError(t, err)
		var best detect.Face
		for _, x := range list {
			if x.Box.Area() > best.Box.Area() {
				best = x
			}
		}
		score, err := d.Score(t.Context(), p, c, best.Box)
		require.NoError(t, err, f)
		require.Greater(t, score, float32(0.9), f)
		judged++
		one := best.Box
		one.X0, one.X1 = one.X0+1, one.X1+1
		moved, err := d.Score(t.Context(), p, c, one)
		require.NoError(t, err)
		require.InDelta(t, score, moved, 0.2, "%s: a pixel to the right", f)
	}
	require.GreaterOrEqual(t, judged, 4)
}

package canary_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/detect/canary"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/testkit"
)

func yunet(t *testing.T) detect.FaceDetector {
	t.Helper()
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	store, err := models.Open(models.Options{Mirrors: []string{testkit.Shared(t) + "/models"}, Offline: true})
	require.NoError(t, err)
	data, info, err := store.Load(t.Context(), "yunet")
	require.NoError(t, err)
	d, err := onnx.NewYuNet(rt, onnx.Model{Name: info.Name, Data: data, SHA256: info.SHA256}, onnx.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func TestYuNetSeesTheCanary(t *testing.T) {
	require.NoError(t, canary.New().Check(t.Context(), yunet(t)))
}

type fake struct {
	detect.FaceDetector
	faces []detect.Face
	err   error
}

func (f fake) DetectFaces(_ context.Context, _ frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	return append(dst, f.faces...), f.err
}

func TestWrongAnswersAreCaught(t *testing.T) {
	c := canary.New()
	boom := errors.New("boom")
	require.ErrorIs(t, c.Check(t.Context(), fake{}), canary.ErrBlind, "sees nothing")
	require.ErrorIs(t, c.Check(t.Context(), fake{faces: []detect.Face{{Box: canary.FaceBox()}}}),
		canary.ErrBlind, "sees the face everywhere")
	require.ErrorIs(t, c.Check(t.Context(), fake{faces: []detect.Face{{Box: canary.FaceBox().Shift(90, 0)}}}),
		canary.ErrBlind, "sees it elsewhere")
	require.ErrorIs(t, c.Check(t.Context(), fake{err: boom}), boom)
}

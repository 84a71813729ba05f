package onnx_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/detect/canary"
	"bystander/detect/detecttest"
	"bystander/detect/onnx"
)

func rfb(t testing.TB, o onnx.Options) *onnx.RFB {
	t.Helper()
	d, err := onnx.NewRFB(runtime(t), load(t, "rfb-640"), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestRFBConformance(t *testing.T) {
	detecttest.Faces(t, func(t testing.TB) detect.FaceDetector {
		return rfb(t, onnx.Options{Parallel: 2, Score: 0.05})
	})
}

// TestRFBSeesTheCanary: the judge passes the very check that the pipeline's
// detector has to pass, so a judge gone blind can be told from a clean picture.
func TestRFBSeesTheCanary(t *testing.T) {
	require.NoError(t, canary.New().Check(t.Context(), rfb(t, onnx.Options{})))
}

func TestRFBRefusesAnotherModel(t *testing.T) {
	_, err := onnx.NewRFB(runtime(t), load(t, "yunet"), onnx.Options{})
	require.ErrorIs(t, err, onnx.ErrModel)
}

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/detect/detecttest"
	"bystander/detect/onnx"
	"bystander/internal/app"
	"bystander/internal/frame"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/testkit"
)

// A made-up crowd goes in; the very detector that found every face finds none
// in what comes out, in any style.
//
// proves: INV-1
func TestNoFaceIsFoundInARedactedCrowd(t *testing.T) {
	shared := testkit.Shared(t)
	in := testkit.StreetCrowd(60).Write(t)
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	store, err := models.Open(models.Options{Mirrors: []string{filepath.Join(shared, "models")}, Offline: true})
	require.NoError(t, err)
	data, info, err := store.Load(t.Context(), "yunet")
	require.NoError(t, err)
	eye, err := onnx.NewYuNet(rt, onnx.Model{Name: info.Name, Data: data, SHA256: info.SHA256}, onnx.Options{Score: 0.5})
	require.NoError(t, err)
	defer eye.Close()
	faces := func(path string) (n int) {
		detecttest.Video(t, path, frame.Size{W: 1280, H: 720}, 6, func(_ int, p frame.Planes) bool {
			found, err := eye.DetectFaces(t.Context(), p, nil)
			require.NoError(t, err)
			n += len(found)
			return true
		})
		return n
	}
	require.Greater(t, faces(in), 40, "the drawn faces are found")
	for _, style := range []string{"frost", "solid", "mosaic"} {
		t.Run(style, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.mp4")
			o, stdout := redactOptions(in, out)
			o.Style = style
			require.NoError(t, app.RedactFile(context.Background(), o))
			require.Zero(t, faces(out))
			var sum struct{ Masked, Clear uint64 }
			require.NoError(t, json.Unmarshal(bytes.TrimSpace(stdout.Bytes()), &sum))
			require.NotZero(t, sum.Masked)
			require.Zero(t, sum.Clear)
		})
	}
}

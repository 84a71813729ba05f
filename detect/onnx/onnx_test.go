package onnx_test

import (
	"testing"

	"bystander/detect"
	"bystander/detect/detecttest"
	"bystander/detect/onnx"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/testkit"
)

// load reads a model from the evaluation data, verified by the manifest.
func load(t testing.TB, name string) onnx.Model {
	t.Helper()
	s, err := models.Open(models.Options{CacheDir: t.TempDir(), Mirrors: []string{testkit.Shared(t) + "/models"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	b, i, err := s.Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}
}

func runtime(t testing.TB) *ort.Runtime {
	t.Helper()
	rt, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func yunet(t testing.TB, name string, o onnx.Options) *onnx.YuNet {
	t.Helper()
	d, err := onnx.NewYuNet(runtime(t), load(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func yolox(t testing.TB, o onnx.Options) *onnx.YOLOX {
	t.Helper()
	d, err := onnx.NewYOLOX(runtime(t), load(t, "yolox-nano"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestConformance(t *testing.T) {
	t.Run("yunet", func(t *testing.T) {
		detecttest.Faces(t, func(t testing.TB) detect.FaceDetector {
			return yunet(t, "yunet", onnx.Options{Parallel: 2, Long: 320, Score: 0.05})
		})
	})
	t.Run("yunet-640", func(t *testing.T) {
		detecttest.Faces(t, func(t testing.TB) detect.FaceDetector { return yunet(t, "yunet-640", onnx.Options{}) })
	})
	t.Run("yolox", func(t *testing.T) {
		detecttest.Persons(t, func(t testing.TB) detect.PersonDetector {
			return yolox(t, onnx.Options{Parallel: 2, Score: 0.02})
		})
	})
}

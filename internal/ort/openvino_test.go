package ort_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bystander/internal/ort"
)

// Where OpenVINO is asked for and its library is not beside, the error tells how
// to get it.
func TestMissingLibraryIsTold(t *testing.T) {
	rt := open(t)
	if _, err := os.Stat(filepath.Join(filepath.Dir(rt.Library()), "libonnxruntime_providers_openvino.so")); err == nil {
		t.Skip("this library has OpenVINO")
	}
	_, err := rt.NewSession(model(t, "yunet_n_640_640.onnx"), ort.SessionOptions{Provider: ort.OpenVINO})
	if !errors.Is(err, ort.ErrProvider) || !strings.Contains(err.Error(), "make openvino") {
		t.Error(err)
	}
}

// The three models give the same numbers on OpenVINO in f32 as on the processor,
// within a ten-thousandth; auto takes OpenVINO where its library is beside.
func TestOpenVINOSameNumbers(t *testing.T) {
	if os.Getenv("BYSTANDER_OPENVINO") == "" {
		t.Skip("run by: make openvino-check")
	}
	rt, err := ort.Open(ort.Options{Library: ort.OpenVINOLibrary()})
	if err != nil {
		t.Fatalf("install it: make openvino (%v)", err)
	}
	for _, c := range []struct {
		file string
		side [3]int64
	}{
		{"yunet_n_dynamic.onnx", [3]int64{3, 192, 320}},
		{"yunet_n_dynamic.onnx", [3]int64{3, 384, 640}},
		{"yolox_nano.onnx", [3]int64{3, 416, 416}},
		{"face-reidentification-retail-0095-fp32.onnx", [3]int64{3, 128, 128}},
	} {
		m := model(t, c.file)
		if quick, n, err := ort.Leaky(m); err == nil && n > 0 {
			m = quick
		}
		pictures := made(3, c.side)
		var got [3][][][]float32
		for i, o := range []ort.SessionOptions{{Provider: ort.CPU}, {}, {Half: true}} {
			s, err := rt.NewSession(m, o)
			if err != nil {
				t.Fatal(err)
			}
			if want := []ort.Provider{ort.CPU, ort.OpenVINO, ort.OpenVINO}[i]; s.Choice().Provider != want {
				t.Errorf("%s runs on %v, want %s", c.file, s.Choice(), want)
			}
			if i == 1 && s.Choice().Precision != "f32" {
				t.Errorf("%s: %v", c.file, s.Choice())
			}
			got[i] = outputs(t, s, pictures, 1, c.side[:]...)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		f32, half := apart(got[0], got[1]), apart(got[0], got[2])
		t.Logf("%s %v: f32 within %.1e, with half %.1e", c.file, c.side, f32, half)
		if f32 > 1e-4 {
			t.Errorf("%s: %g apart", c.file, f32)
		}
	}
}

// apart is the greatest difference, as a part of the greatest value where that is
// above 1.
func apart(a, b [][][]float32) float64 {
	most, largest := 0.0, 1.0
	for k := range a {
		for j := range a[k] {
			for i, v := range a[k][j] {
				most = max(most, math.Abs(float64(v-b[k][j][i])))
				largest = max(largest, math.Abs(float64(v)))
			}
		}
	}
	return most / largest
}

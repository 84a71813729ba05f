package onnx_test

import (
	"math"
	"testing"

	"bystander/detect"
	"bystander/detect/detecttest"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
)

// The form that a processor runs finds the same faces and people as the model as
// it is in the file: on photographs of streets, wide and tall, within a
// hundredth of a pixel and a ten-thousandth of the score.
func TestLeanFindsTheSame(t *testing.T) {
	lean, whole := yunet(t, "yunet", onnx.Options{Provider: ort.CPU}), yunet(t, "yunet", onnx.Options{Provider: ort.CPU, Whole: true})
	fixed, fixedWhole := yunet(t, "yunet-640", onnx.Options{Provider: ort.CPU}), yunet(t, "yunet-640", onnx.Options{Provider: ort.CPU, Whole: true})
	people, peopleWhole := yolox(t, onnx.Options{Provider: ort.CPU}), yolox(t, onnx.Options{Provider: ort.CPU, Whole: true})
	for _, c := range []ort.Choice{lean.Choice(), fixed.Choice(), people.Choice()} {
		if c.Whole != "" {
			t.Errorf("it runs as it is in the file: %s", c.Whole)
		}
	}
	all := streetFaces(t, 1)
	var faces, persons int
	for i := 0; i < len(all); i += max(len(all)/8, 1) {
		for _, s := range []frame.Size{{W: 1280, H: 720}, {W: 480, H: 640}} {
			p := detecttest.Image(t, all[i].path, s)
			faces += sameFaces(t, p, lean, whole)
			persons += samePersons(t, p, people, peopleWhole)
		}
		faces += sameFaces(t, detecttest.Image(t, all[i].path, frame.Size{W: 640, H: 640}), fixed, fixedWhole)
	}
	if faces < 50 || persons < 30 {
		t.Errorf("%d faces and %d persons compared: that shows little", faces, persons)
	}
	t.Logf("%d faces and %d persons are the same", faces, persons)
}

func sameFaces(t *testing.T, p frame.Planes, a, b *onnx.YuNet) int {
	t.Helper()
	got, err := a.DetectFaces(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := b.DetectFaces(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d faces, want %d: %v, %v", len(got), len(want), got, want)
		return 0
	}
	for i, w := range want {
		alike(t, got[i].Box, w.Box, got[i].Score, w.Score)
		for k, m := range w.Landmarks {
			if o := got[i].Landmarks[k]; far(o.X, m.X) || far(o.Y, m.Y) {
				t.Errorf("landmark %d at %v, want %v", k, o, m)
			}
		}
	}
	return len(want)
}

func samePersons(t *testing.T, p frame.Planes, a, b detect.PersonDetector) int {
	t.Helper()
	got, err := a.DetectPersons(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := b.DetectPersons(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d persons, want %d: %v, %v", len(got), len(want), got, want)
		return 0
	}
	for i, w := range want {
		alike(t, got[i].Box, w.Box, got[i].Score, w.Score)
	}
	return len(want)
}

func alike(t *testing.T, got, want geom.Box, score, wanted float32) {
	t.Helper()
	if far(got.X0, want.X0) || far(got.Y0, want.Y0) || far(got.X1, want.X1) || far(got.Y1, want.Y1) ||
		math.Abs(float64(score-wanted)) > 1e-4 {
		t.Errorf("%v, score %v; want %v, score %v", got, score, want, wanted)
	}
}

func far(a, b float32) bool { return math.Abs(float64(a-b)) > 0.01 }

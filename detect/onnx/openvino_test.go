package onnx_test

import (
	"os"
	"testing"

	"bystander/detect"
	"bystander/detect/onnx"
	"bystander/internal/geom"
	"bystander/internal/ort"
)

// OpenVINO in f32 finds what the processor finds, within the bounds of a GPU. It
// runs in a process of its own, which loads the library that "make openvino"
// installs.
func TestOpenVINOAgrees(t *testing.T) {
	if os.Getenv("BYSTANDER_OPENVINO") == "" {
		t.Skip("run by: make openvino-check")
	}
	rt, err := ort.Open(ort.Options{Library: ort.OpenVINOLibrary()})
	if err != nil {
		t.Fatalf("install it: make openvino (%v)", err)
	}
	faces, err := onnx.NewYuNet(rt, load(t, "yunet"), onnx.Options{Provider: ort.OpenVINO})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = faces.Close() })
	people, err := onnx.NewYOLOX(rt, load(t, "yolox-nano"), onnx.Options{Provider: ort.OpenVINO})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = people.Close() })
	facesHere, peopleHere := yunet(t, "yunet", onnx.Options{Provider: ort.CPU}), yolox(t, onnx.Options{Provider: ort.CPU})
	found := 0
	for i, picture := range street(t, 20) {
		a, err := facesHere.DetectFaces(t.Context(), picture, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := faces.DetectFaces(t.Context(), picture, nil)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, i, a, b, func(f detect.Face) (geom.Box, float32) { return f.Box, f.Score })
		c, err := peopleHere.DetectPersons(t.Context(), picture, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := people.DetectPersons(t.Context(), picture, nil)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, i, c, d, func(p detect.Person) (geom.Box, float32) { return p.Box, p.Score })
		found += len(a) + len(c)
	}
	if found < 20 {
		t.Errorf("%d faces and people compared: that shows nothing", found)
	}
}

package onnx_test

import (
	"testing"

	"bystander/detect"
	"bystander/detect/detecttest"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
)

// TestAPartShowsWhatTheWholeShows: a face well inside a part is found there, in
// the same place, with the same landmarks, wherever the part begins.
func TestAPartShowsWhatTheWholeShows(t *testing.T) {
	d := yunet(t, "yunet", onnx.Options{Provider: ort.CPU})
	all := streetFaces(t, 1)
	compared, cheaper := 0, 0
	for i := 0; i < len(all); i += max(len(all)/12, 1) {
		p := detecttest.Image(t, all[i].path, frame.Size{W: 1280, H: 720})
		whole, err := d.DetectFaces(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		for j, f := range whole {
			if f.Score < 0.6 {
				continue
			}
			part := f.Box.Scale(3 + float32(j%3))
			found, all, err := d.DetectFacesIn(t.Context(), p, part, nil)
			if err != nil {
				t.Fatal(err)
			}
			compared++
			if !all {
				cheaper++
			}
			near, ok := same(found, f)
			if !ok {
				t.Errorf("the face at %v, score %.2f, is not found in %v; %v are", f.Box, f.Score, part, found)
				continue
			}
			for k, m := range near.Landmarks {
				if dx, dy := m.X-f.Landmarks[k].X, m.Y-f.Landmarks[k].Y; dx*dx+dy*dy > 0.04*f.Box.Area() {
					t.Errorf("landmark %d lies at %v in the part, at %v in the whole", k, m, f.Landmarks[k])
				}
			}
		}
	}
	if compared < 10 || cheaper < compared/2 {
		t.Fatalf("%d faces compared, %d of them in a part", compared, cheaper)
	}
}

// same gives the face found where f is.
func same(found []detect.Face, f detect.Face) (detect.Face, bool) {
	for _, g := range found {
		if g.Box.IoU(f.Box) >= 0.7 {
			return g, true
		}
	}
	return detect.Face{}, false
}

// TestPartsAtTheEdges: whatever part is asked for, faces lie in the picture, and
// a part that is none is the whole.
func TestPartsAtTheEdges(t *testing.T) {
	d := yunet(t, "yunet", onnx.Options{Provider: ort.CPU})
	all := streetFaces(t, 1)
	for _, s := range []frame.Size{{W: 1280, H: 720}, {W: 638, H: 362}, {W: 200, H: 500}, {W: 64, H: 48}} {
		p := detecttest.Image(t, all[0].path, s)
		w, h := float32(s.W), float32(s.H)
		for _, part := range []geom.Box{
			{X1: 10, Y1: 10},
			{X0: w - 10, Y0: h - 10, X1: w, Y1: h},
			{X0: -50, Y0: h / 3, X1: w / 4, Y1: h / 2},
			{X0: w / 3, Y0: -9, X1: w / 2, Y1: h + 9},
			{X0: 1, Y0: 1, X1: w - 1, Y1: h - 1},
			{},
			{X0: 5, X1: 3, Y1: 9},
			{X0: w + 1, Y0: 0, X1: w + 9, Y1: 9},
		} {
			found, whole, err := d.DetectFacesIn(t.Context(), p, part, nil)
			if err != nil {
				t.Fatalf("%v of %v: %v", part, s, err)
			}
			if part.Clip(s.W, s.H).Empty() && !whole {
				t.Errorf("%v of %v is no part", part, s)
			}
			for _, f := range found {
				if f.Box.Empty() || f.Box.Clip(s.W, s.H) != f.Box {
					t.Errorf("%v of %v: a face at %v", part, s, f.Box)
				}
			}
		}
	}
}

// TestAPartFindsNoCutFaces: where what is looked at ends within a face, what is
// seen of it is no face of that size.
func TestAPartFindsNoCutFaces(t *testing.T) {
	d := yunet(t, "yunet", onnx.Options{Provider: ort.CPU})
	all := streetFaces(t, 1)
	cut, cheaper := 0, 0
	for i := 0; i < len(all) && cheaper < 12; i += max(len(all)/12, 1) {
		p := detecttest.Image(t, all[i].path, frame.Size{W: 1280, H: 720})
		whole, err := d.DetectFaces(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range whole {
			if f.Score < 0.6 || f.Box.W() < 24 {
				continue
			}
			// Wherever its edge comes to lie, one of these has it within the face.
			for at := float32(0); at < 320; at += f.Box.W() / 3 {
				c := f.Box.Centre()
				part := geom.Box{X0: c.X - at, Y0: c.Y - 20, X1: c.X - at + 20, Y1: c.Y + 20}
				found, all, err := d.DetectFacesIn(t.Context(), p, part, nil)
				if err != nil {
					t.Fatal(err)
				}
				if all {
					continue
				}
				cheaper++
				for _, g := range found {
					if i := g.Box.IoU(f.Box); i > 0.05 && i < 0.7 {
						t.Errorf("in %v the face at %v is seen as one at %v", part, f.Box, g.Box)
					}
				}
				if _, ok := same(found, f); !ok {
					cut++
				}
			}
			break
		}
	}
	if cut == 0 {
		t.Fatalf("none of %d parts cuts a face", cheaper)
	}
}

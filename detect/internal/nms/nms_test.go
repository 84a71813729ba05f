package nms_test

import (
	"testing"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/geom"
)

func f(x0, y0, x1, y1, score float32) detect.Face {
	return detect.Face{Box: geom.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}, Score: score}
}

func TestFaces(t *testing.T) {
	for _, c := range []struct {
		name     string
		rule     nms.Rule
		in, want []detect.Face
	}{
		{"none", nms.Rule{IoU: 0.3}, nil, nil},
		{
			"best first",
			nms.Rule{IoU: 0.3},
			[]detect.Face{f(0, 0, 10, 10, 0.5), f(50, 0, 60, 10, 0.9)},
			[]detect.Face{f(50, 0, 60, 10, 0.9), f(0, 0, 10, 10, 0.5)},
		},
		{
			"overlap",
			nms.Rule{IoU: 0.3},
			[]detect.Face{f(1, 0, 11, 10, 0.5), f(0, 0, 10, 10, 0.9)},
			[]detect.Face{f(0, 0, 10, 10, 0.9)},
		},
		{
			"little overlap",
			nms.Rule{IoU: 0.3},
			[]detect.Face{f(8, 0, 18, 10, 0.5), f(0, 0, 10, 10, 0.9)},
			[]detect.Face{f(0, 0, 10, 10, 0.9), f(8, 0, 18, 10, 0.5)},
		},
		{
			"a part does not replace the whole",
			nms.Rule{IoU: 0.3, Inside: 0.7},
			[]detect.Face{f(0, 0, 4, 10, 0.9), f(0, 0, 20, 10, 0.5)},
			[]detect.Face{f(0, 0, 20, 10, 0.9)},
		},
		{
			"nested in a stronger one",
			nms.Rule{IoU: 0.3, Nested: 0.8},
			[]detect.Face{f(3, 3, 6, 6, 0.5), f(0, 0, 10, 10, 0.9)},
			[]detect.Face{f(0, 0, 10, 10, 0.9)},
		},
		{
			"a stronger one in a weaker stays",
			nms.Rule{IoU: 0.3, Nested: 0.8},
			[]detect.Face{f(3, 3, 6, 6, 0.9), f(0, 0, 10, 10, 0.5)},
			[]detect.Face{f(3, 3, 6, 6, 0.9), f(0, 0, 10, 10, 0.5)},
		},
		{
			"half outside stays",
			nms.Rule{IoU: 0.3, Nested: 0.8},
			[]detect.Face{f(8, 3, 12, 6, 0.5), f(0, 0, 10, 10, 0.9)},
			[]detect.Face{f(0, 0, 10, 10, 0.9), f(8, 3, 12, 6, 0.5)},
		},
		{
			"bounded",
			nms.Rule{IoU: 0.3, Most: 1},
			[]detect.Face{f(0, 0, 1, 1, 0.1), f(5, 5, 6, 6, 0.2)},
			[]detect.Face{f(5, 5, 6, 6, 0.2)},
		},
	} {
		got := c.rule.Faces(c.in)
		ok := len(got) == len(c.want)
		for i := 0; ok && i < len(got); i++ {
			ok = got[i] == c.want[i]
		}
		if !ok {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

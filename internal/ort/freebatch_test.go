package ort_test

import (
	"errors"
	"slices"
	"testing"

	"bystander/internal/ort"
)

// outputs gives each picture's outputs, taken n at a time.
func outputs(t *testing.T, s *ort.Session, pictures [][]float32, n int, side ...int64) [][][]float32 {
	t.Helper()
	var out [][][]float32
	for i := 0; i < len(pictures); i += n {
		b, err := s.Acquire(t.Context(), append([]int64{int64(n)}, side...)...)
		if err != nil {
			t.Fatal(err)
		}
		one := len(b.Input()) / n
		for k := range n {
			copy(b.Input()[k*one:(k+1)*one], pictures[i+k])
		}
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for k := range n {
			var each [][]float32
			for j := range s.Outputs() {
				v := b.Output(j)
				part := len(v) / n
				each = append(each, append([]float32(nil), v[k*part:(k+1)*part]...))
			}
			out = append(out, each)
		}
		b.Release()
	}
	return out
}

// Every model of the project gives the same numbers for a picture, bit by bit,
// whether it is taken alone or among others.
func TestFreeBatch(t *testing.T) {
	for _, c := range []struct {
		file string
		side [3]int64
		free bool // it takes any batch as it is
	}{
		{"yunet_n_dynamic.onnx", [3]int64{3, 192, 320}, true},
		{"yunet_n_640_640.onnx", [3]int64{3, 640, 640}, false},
		{"yolox_nano.onnx", [3]int64{3, 256, 416}, false},
		{"face-reidentification-retail-0095-fp32.onnx", [3]int64{3, 128, 128}, false},
		{"minifasnet_2.7_80x80.onnx", [3]int64{3, 80, 80}, false},
	} {
		t.Run(c.file, func(t *testing.T) {
			m := model(t, c.file)
			if sides, err := ort.FreeSides(m); err == nil && c.side[1] != c.side[2] {
				m = sides
			}
			free, err := ort.FreeBatch(m)
			switch {
			case c.free && !errors.Is(err, ort.ErrModel):
				t.Fatalf("a model that is free already: %v", err)
			case !c.free && err != nil:
				t.Fatal(err)
			case !c.free:
				m = free
			}
			s, err := open(t).NewSession(m, ort.SessionOptions{Provider: ort.CPU})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			pictures := made(3, c.side)
			alone, among := outputs(t, s, pictures, 1, c.side[:]...), outputs(t, s, pictures, 3, c.side[:]...)
			for k := range alone {
				for j := range alone[k] {
					if !slices.Equal(alone[k][j], among[k][j]) {
						t.Errorf("picture %d, output %d: %d values alone, %d among others, and they differ", k, j, len(alone[k][j]), len(among[k][j]))
					}
				}
			}
		})
	}
}

// made makes n different pictures.
func made(n int, side [3]int64) [][]float32 {
	var out [][]float32
	for k := range n {
		p := make([]float32, side[0]*side[1]*side[2])
		for i := range p {
			p[i] = float32((i*7919 + k*104729 + i*i%(97+k)) % 251)
		}
		out = append(out, p)
	}
	return out
}

func FuzzFreeBatch(f *testing.F) {
	// ModelProto{graph{input{type{tensor_type{shape{dim{1}}}}}}}
	f.Add([]byte{0x3a, 0x0c, 0x5a, 0x0a, 0x12, 0x08, 0x0a, 0x06, 0x12, 0x04, 0x0a, 0x02, 0x08, 0x01})
	// a Reshape by an initializer
	f.Add([]byte{0x3a, 0x12, 0x0a, 0x10, 0x0a, 0x01, 'x', 0x0a, 0x01, 's', 0x22, 0x07, 'R', 'e', 's', 'h', 'a', 'p', 'e', 0x12})
	f.Add([]byte{0x08, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := ort.FreeBatch(b)
		if err != nil && !errors.Is(err, ort.ErrModel) {
			t.Errorf("error %v is not ErrModel", err)
		}
		if err == nil && (len(out) != len(b) || slices.Equal(out, b)) {
			t.Errorf("%x became %x", b, out)
		}
	})
}

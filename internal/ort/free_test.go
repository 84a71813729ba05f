package ort_test

import (
	"bytes"
	"errors"
	"testing"

	"bystander/internal/ort"
)

func TestFreeSides(t *testing.T) {
	fixed := model(t, "yolox_nano.onnx")
	keep := bytes.Clone(fixed)
	free, err := ort.FreeSides(fixed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fixed, keep) || len(free) != len(fixed) {
		t.Error("the original changed, or the copy has another length")
	}
	outputs := map[[2]int64][]float32{}
	for _, b := range [][]byte{fixed, free} {
		s, err := open(t).NewSession(b, ort.SessionOptions{Provider: ort.CPU})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range [][2]int64{{416, 416}, {256, 416}} {
			bind, err := s.Acquire(t.Context(), 1, 3, d[0], d[1])
			if err != nil {
				if bytes.Equal(b, free) || d[0] == 416 {
					t.Errorf("%v: %v", d, err)
				}
				continue
			}
			for i := range bind.Input() {
				bind.Input()[i] = float32(i * 7919 % 251)
			}
			if err := bind.Run(t.Context()); err != nil {
				t.Error(err)
			}
			cells := d[0] * d[1] * 21 / 1024
			if bind.OutputShape(0)[1] != cells {
				t.Errorf("%v: %v, want %d cells", d, bind.OutputShape(0), cells)
			}
			out := append([]float32(nil), bind.Output(0)...)
			bind.Release()
			if old, ok := outputs[d]; ok {
				for i := range out {
					if out[i] != old[i] {
						t.Fatalf("%v: freeing changed output %d from %v to %v", d, i, old[i], out[i])
					}
				}
			}
			outputs[d] = out
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := ort.FreeSides(model(t, "yunet_n_dynamic.onnx")); !errors.Is(err, ort.ErrModel) {
		t.Errorf("a model that is free already: %v", err)
	}
}

func FuzzFreeSides(f *testing.F) {
	// ModelProto{graph{input{type{tensor_type{shape{dim{416}}}}}}}
	f.Add([]byte{0x3a, 0x0d, 0x5a, 0x0b, 0x12, 0x09, 0x0a, 0x07, 0x12, 0x05, 0x0a, 0x03, 0x08, 0xa0, 0x03})
	f.Add([]byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x08, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := ort.FreeSides(b)
		if err != nil && !errors.Is(err, ort.ErrModel) {
			t.Errorf("error %v is not ErrModel", err)
		}
		if err == nil && (len(out) != len(b) || bytes.Equal(out, b)) {
			t.Errorf("%x became %x", b, out)
		}
	})
}

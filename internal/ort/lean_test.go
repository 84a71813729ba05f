package ort_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"bystander/internal/ort"
)

// yunetHeads are the outputs of YuNet that are computed alike.
func yunetHeads() [][]string {
	var heads [][]string
	for _, s := range []int{8, 16, 32} {
		heads = append(heads, []string{fmt.Sprint("cls_", s), fmt.Sprint("obj_", s), fmt.Sprint("bbox_", s), fmt.Sprint("kps_", s)})
	}
	return heads
}

func joinHeads(m []byte) ([]byte, error) { return ort.JoinHeads(m, yunetHeads()...) }

func narrowPersons(m []byte) ([]byte, error) { return ort.Narrow(m, "output", 6) }

func leanPersons(m []byte) ([]byte, error) {
	m, err := narrowPersons(m)
	if err != nil {
		return nil, err
	}
	return ort.FoldFocus(m)
}

// rewriting is a form of a model that gives the same numbers but for rounding.
type rewriting struct {
	file   string
	sides  [][2]int64
	lean   func([]byte) ([]byte, error)
	row    int // how many values a row has; 0 where rows are as they were
	before int // the same of the model as it is
}

func rewritings() map[string]rewriting {
	yolox := [][2]int64{{256, 416}, {416, 416}, {416, 256}}
	return map[string]rewriting{
		"heads":          {"yunet_n_dynamic.onnx", [][2]int64{{384, 640}, {192, 320}, {96, 160}}, joinHeads, 0, 0},
		"heads of 640":   {"yunet_n_640_640.onnx", [][2]int64{{640, 640}}, joinHeads, 0, 0},
		"persons":        {"yolox_nano.onnx", yolox, narrowPersons, 6, 85},
		"focus":          {"yolox_nano.onnx", yolox, ort.FoldFocus, 0, 0},
		"persons, focus": {"yolox_nano.onnx", yolox, leanPersons, 6, 85},
	}
}

// A leaner form gives the same numbers, but for rounding, at several sizes, and
// the same for each of several pictures in one run.
func TestLean(t *testing.T) {
	for name, c := range rewritings() {
		t.Run(name, func(t *testing.T) {
			m := model(t, c.file)
			if free, err := ort.FreeSides(m); err == nil && len(c.sides) > 1 {
				m = free
			}
			for _, batch := range []int{1, 2} {
				if free, err := ort.FreeBatch(m); err == nil && batch > 1 {
					m = free
				}
				var both [2]*ort.Session
				for i, lean := range []func([]byte) ([]byte, error){nil, c.lean} {
					s, err := open(t).NewSession(m, ort.SessionOptions{Provider: ort.CPU, Lean: lean})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = s.Close() })
					if why := s.Choice().Whole; why != "" {
						t.Fatalf("the model runs as it is: %s", why)
					}
					both[i] = s
				}
				for _, side := range c.sides {
					d := [3]int64{3, side[0], side[1]}
					want, got := outputs(t, both[0], made(2, d), batch, d[:]...), outputs(t, both[1], made(2, d), batch, d[:]...)
					for k := range want {
						for j := range want[k] {
							nearly(t, fmt.Sprintf("%v, batch %d, picture %d, output %q", side, batch, k, both[0].Outputs()[j].Name),
								columns(want[k][j], c.before, c.row), got[k][j])
						}
					}
				}
			}
		})
	}
}

// columns are the first few values of each row.
func columns(v []float32, before, row int) []float32 {
	if row == before {
		return v
	}
	var out []float32
	for i := 0; i < len(v); i += before {
		out = append(out, v[i:i+row]...)
	}
	return out
}

func nearly(t *testing.T, what string, want, got []float32) {
	t.Helper()
	if len(want) != len(got) || len(want) == 0 {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	var worst float64
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i]-w))/max(1, math.Abs(float64(w))))
	}
	t.Logf("%s: off by %.1g", what, worst)
	if !(worst <= 1e-4) {
		t.Errorf("%s: off by %g", what, worst)
	}
}

// The models as they are on disk stay as they are, and a form is made once.
func TestLeanLeavesTheModel(t *testing.T) {
	for name, c := range rewritings() {
		m := model(t, c.file)
		keep := bytes.Clone(m)
		less, err := c.lean(m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(m, keep) || bytes.Equal(less, m) {
			t.Errorf("%s: the original changed, or nothing did", name)
		}
		if _, err := c.lean(less); !errors.Is(err, ort.ErrForm) {
			t.Errorf("%s, a second time: %v", name, err)
		}
		if _, err := c.lean([]byte{0x3a, 0x7f, 1}); !errors.Is(err, ort.ErrModel) {
			t.Errorf("%s of no model: %v", name, err)
		}
		for _, other := range []string{"face-reidentification-retail-0095-fp32.onnx", "minifasnet_2.7_80x80.onnx", "version-RFB-640.onnx"} {
			if _, err := c.lean(model(t, other)); !errors.Is(err, ort.ErrForm) {
				t.Errorf("%s of %s: %v", name, other, err)
			}
		}
	}
}

// What a rewriting knows is one form; a model of another runs as it is, and the
// choice says why.
func TestLeanOnlyWhatIsKnown(t *testing.T) {
	m := model(t, "yunet_n_dynamic.onnx")
	for name, heads := range map[string][][]string{
		"no such output":       {{"cls_8", "obj_9"}},
		"of two strides":       {{"cls_8", "obj_16"}},
		"one alone":            {{"cls_8"}},
		"none":                 {{}},
		"the same output once": {{"cls_8", "obj_8"}, {"cls_8", "bbox_8"}},
	} {
		if _, err := ort.JoinHeads(m, heads...); !errors.Is(err, ort.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	y := model(t, "yolox_nano.onnx")
	for _, keep := range []int64{0, 5, 85, 100, -1} {
		if _, err := ort.Narrow(y, "output", keep); !errors.Is(err, ort.ErrForm) {
			t.Errorf("%d of 85: %v", keep, err)
		}
	}
	if _, err := ort.Narrow(y, "outputs", 6); !errors.Is(err, ort.ErrForm) {
		t.Errorf("another output: %v", err)
	}
	s := lean(t, m, leanPersons)
	if why := s.Choice(); !strings.Contains(why.Whole, "output") || !strings.Contains(why.String(), "not a leaner form: ") || s.OutputIndex("kps_8") < 0 {
		t.Errorf("%v", why)
	}
	s = lean(t, m, func([]byte) ([]byte, error) { return []byte{0x3a, 0}, nil })
	if why := s.Choice(); why.Whole == "" || why.Provider != ort.CPU || s.OutputIndex("kps_8") < 0 {
		t.Errorf("a form that does not load: %v", why)
	}
}

func lean(t *testing.T, m []byte, lean func([]byte) ([]byte, error)) *ort.Session {
	t.Helper()
	s, err := open(t).NewSession(m, ort.SessionOptions{Provider: ort.CPU, Lean: lean})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkLean runs each detector as it is and in its leaner form, in turns, and
// reports the processor time of each.
func BenchmarkLean(b *testing.B) {
	for _, c := range []struct {
		file  string
		shape []int64
		lean  func([]byte) ([]byte, error)
	}{
		{"yunet_n_dynamic.onnx", []int64{1, 3, 384, 640}, joinHeads},
		{"yolox_nano.onnx", []int64{1, 3, 256, 416}, leanPersons},
	} {
		b.Run(c.file, func(b *testing.B) {
			m := model(b, c.file)
			if free, err := ort.FreeSides(m); err == nil {
				m = free
			}
			runtime.LockOSThread() // processor time is a thread's
			defer runtime.UnlockOSThread()
			var bind [2]*ort.Binding
			for i, lean := range []func([]byte) ([]byte, error){nil, c.lean} {
				s, err := open(b).NewSession(m, ort.SessionOptions{Provider: ort.CPU, Lean: lean})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close() //nolint:errcheck // it was only read
				if bind[i], err = s.Acquire(b.Context(), c.shape...); err != nil {
					b.Fatal(err)
				}
				defer bind[i].Release()
				for k := range bind[i].Input() {
					bind[i].Input()[k] = float32(k * 7919 % 251)
				}
			}
			var spent [2][]time.Duration
			for b.Loop() {
				for i := range bind {
					from := threadTime(b)
					if err := bind[i].Run(b.Context()); err != nil {
						b.Fatal(err)
					}
					spent[i] = append(spent[i], threadTime(b)-from)
				}
			}
			b.ReportMetric(median(spent[0]), "whole-cpu-ms")
			b.ReportMetric(median(spent[1]), "lean-cpu-ms")
		})
	}
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return d[len(d)/2].Seconds() * 1e3
}

package onnx_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"bystander/detect"
	"bystander/detect/canary"
	"bystander/detect/detecttest"
	"bystander/detect/onnx"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/internal/ort/batch"
)

// street gives a few labelled photographs, all scaled to one size.
func street(t *testing.T, n int) []frame.Planes {
	t.Helper()
	all := streetFaces(t, 1)
	var out []frame.Planes
	for i := range n {
		out = append(out, detecttest.Image(t, all[i*len(all)/n].path, frame.Size{W: 640, H: 384}))
	}
	return out
}

// Cameras that share runs of a model see exactly what each sees alone.
func TestSharedRunsChangeNothing(t *testing.T) {
	pictures := street(t, 4)
	alone := yunet(t, "yunet", onnx.Options{Provider: ort.CPU, Long: 320})
	shared := yunet(t, "yunet", onnx.Options{Provider: ort.CPU, Long: 320, Batch: 4, Wait: 200 * time.Millisecond})
	people := yolox(t, onnx.Options{Provider: ort.CPU})
	crowd := yolox(t, onnx.Options{Provider: ort.CPU, Batch: 4, Wait: 200 * time.Millisecond})
	var wg sync.WaitGroup
	found, all := make([]int, len(pictures)), make(chan struct{})
	for i, p := range pictures {
		f, err := alone.DetectFaces(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		h, err := people.DetectPersons(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		found[i] = len(f) + len(h)
		name := string(rune('a' + i))
		mine, err := shared.View(onnx.View{Camera: name, Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		ours, err := crowd.View(onnx.View{Camera: name, Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		// The queue knows of a camera once it has asked.
		if _, err := mine.DetectFaces(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := ours.DetectPersons(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			<-all
			got, err := mine.DetectFaces(t.Context(), p, nil)
			if err != nil || !slices.Equal(got, f) {
				t.Errorf("picture %d: %v\n%v in a shared run\n%v alone", i, err, got, f)
			}
			persons, err := ours.DetectPersons(t.Context(), p, nil)
			if err != nil || !slices.Equal(persons, h) {
				t.Errorf("picture %d: %v\n%v in a shared run\n%v alone", i, err, persons, h)
			}
			if mine.Spent() <= 0 {
				t.Errorf("picture %d took no processor time", i)
			}
			if err := errors.Join(mine.Close(), ours.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	close(all)
	wg.Wait()
	if slices.Max(found) == 0 {
		t.Error("nothing to compare was found")
	}
	for _, d := range []interface{ Devices() []batch.Status }{shared, crowd} {
		st := d.Devices()[0].Stats
		if st.Requests != 8 || st.Runs >= 8 {
			t.Errorf("%d requests in %d runs: none were shared", st.Requests, st.Runs)
		}
	}
}

// A view has its own size and least score, and leaves the model to the others.
func TestViews(t *testing.T) {
	d := yunet(t, "yunet", onnx.Options{Provider: ort.CPU})
	half, err := d.View(onnx.View{Long: 320, Score: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	want := yunet(t, "yunet", onnx.Options{Provider: ort.CPU, Long: 320, Score: 0.1})
	p := street(t, 1)[0]
	a, err := half.DetectFaces(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.DetectFaces(t.Context(), p, nil)
	if err != nil || !slices.Equal(a, b) {
		t.Errorf("%v: %v, want %v", err, a, b)
	}
	if _, err := d.View(onnx.View{Long: 333}); err == nil {
		t.Error("a side that is no multiple of 32 is taken")
	}
	if err := half.Close(); err != nil {
		t.Fatal(err)
	}
	if err := canary.New().Check(t.Context(), d); err != nil {
		t.Errorf("after a view was closed: %v", err)
	}
}

// A camera without patience is told so with the context's own word for late.
func TestLateIsDeadlineExceeded(t *testing.T) {
	d := yunet(t, "yunet", onnx.Options{Provider: ort.CPU})
	v, err := d.View(onnx.View{Camera: "hasty", Patience: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.DetectFaces(t.Context(), street(t, 1)[0], nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// What a GPU may differ by from the processor.
const (
	gpuScore  = 0.01 // of scores
	gpuPixels = 1.0  // of boxes and landmarks, in pictures of 640×384
)

// A GPU finds what the processor finds, within these bounds.
func TestGPUAgrees(t *testing.T) {
	for _, p := range []ort.Provider{ort.CUDA, ort.TensorRT} {
		t.Run(string(p), func(t *testing.T) {
			m := load(t, "yunet")
			gpu, err := onnx.NewYuNet(runtime(t), m, onnx.Options{Provider: p})
			if errors.Is(err, ort.ErrProvider) {
				t.Skipf("no GPU here: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = gpu.Close() })
			cpu := yunet(t, "yunet", onnx.Options{Provider: ort.CPU})
			people, err := onnx.NewYOLOX(runtime(t), load(t, "yolox-nano"), onnx.Options{Provider: p})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = people.Close() })
			there := yolox(t, onnx.Options{Provider: ort.CPU})
			for i, picture := range street(t, 40) {
				a, err := cpu.DetectFaces(t.Context(), picture, nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := gpu.DetectFaces(t.Context(), picture, nil)
				if err != nil {
					t.Fatal(err)
				}
				agree(t, i, a, b, func(f detect.Face) (geom.Box, float32) { return f.Box, f.Score })
				c, err := there.DetectPersons(t.Context(), picture, nil)
				if err != nil {
					t.Fatal(err)
				}
				d, err := people.DetectPersons(t.Context(), picture, nil)
				if err != nil {
					t.Fatal(err)
				}
				agree(t, i, c, d, func(f detect.Person) (geom.Box, float32) { return f.Box, f.Score })
			}
		})
	}
}

// agree checks that what one found the other found as well, but for what lies at
// the least score.
func agree[T any](t *testing.T, picture int, a, b []T, of func(T) (geom.Box, float32)) {
	t.Helper()
	const clear = 0.3 + gpuScore
	for _, lists := range [2][2][]T{{a, b}, {b, a}} {
		for _, x := range lists[0] {
			box, score := of(x)
			if score < clear {
				continue
			}
			near := func(y T) bool {
				other, s := of(y)
				off := max(math.Abs(float64(box.X0-other.X0)), math.Abs(float64(box.Y0-other.Y0)),
					math.Abs(float64(box.X1-other.X1)), math.Abs(float64(box.Y1-other.Y1)))
				return off <= gpuPixels && math.Abs(float64(score-s)) <= gpuScore
			}
			if !slices.ContainsFunc(lists[1], near) {
				t.Errorf("picture %d: %v (%.3f) has no like on the other", picture, box, score)
			}
		}
	}
}

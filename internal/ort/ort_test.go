package ort_test

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"bystander/internal/ort"
	"bystander/internal/testkit"
)

func open(t testing.TB) *ort.Runtime {
	t.Helper()
	rt, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func model(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Shared(t), "models", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func session(t testing.TB, file string, o ort.SessionOptions) *ort.Session {
	t.Helper()
	s, err := open(t).NewSession(model(t, file), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestOpenTwice(t *testing.T) {
	a, b := open(t), open(t)
	if a != b || a.Version() == "" || !filepath.IsAbs(a.Library()) {
		t.Errorf("%+v and %+v", a, b)
	}
	if _, err := ort.Open(ort.Options{Library: "/another/libonnxruntime.so"}); !errors.Is(err, ort.ErrNoLibrary) {
		t.Errorf("another library while one is loaded: %v", err)
	}
}

// A process without the library has to be told where it was looked for.
func TestNoLibrary(t *testing.T) {
	if os.Getenv("ORT_TEST_CHILD") == "1" {
		_, err := ort.Open(ort.Options{})
		if !errors.Is(err, ort.ErrNoLibrary) {
			t.Fatalf("got %v", err)
		}
		t.Log(err)
		return
	}
	notALibrary := filepath.Join(t.TempDir(), "libonnxruntime.so")
	if err := os.WriteFile(notALibrary, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, lib string
		want      []string
	}{
		{"absent", "/nowhere/libonnxruntime.so", []string{"/nowhere/libonnxruntime.so: no such file", ort.EnvLibrary, "make setup"}},
		{"directory", t.TempDir(), []string{"not a file"}},
		{"text file", notALibrary, []string{notALibrary}},
	} {
		// #nosec G204 -- this very test
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoLibrary$", "-test.v")
		cmd.Env = append(os.Environ(), "ORT_TEST_CHILD=1", ort.EnvLibrary+"="+c.lib)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
		for _, w := range c.want {
			if !strings.Contains(string(out), w) {
				t.Errorf("%s: %q is not in\n%s", c.name, w, out)
			}
		}
	}
}

func TestCandidates(t *testing.T) {
	t.Setenv(ort.EnvLibrary, "")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	if c := ort.Candidates(""); c[0] != "/cache/bystander/onnxruntime-1.30.0/libonnxruntime.so.1.30.0" || len(c) < 3 {
		t.Errorf("%v", c)
	}
	t.Setenv(ort.EnvLibrary, "/env.so")
	if c := ort.Candidates(""); !slices.Equal(c, []string{"/env.so"}) {
		t.Errorf("%v", c)
	}
	if c := ort.Candidates("/flag.so"); !slices.Equal(c, []string{"/flag.so"}) {
		t.Errorf("%v", c)
	}
}

func TestProviderChoice(t *testing.T) {
	s := session(t, "minifasnet_2.7_80x80.onnx", ort.SessionOptions{})
	c := s.Choice()
	if c.Provider == ort.CPU {
		// No GPU build here: each provider before it says why not.
		for _, p := range []ort.Provider{ort.TensorRT, ort.CUDA, ort.OpenVINO} {
			i := slices.IndexFunc(c.Refused, func(r ort.Refusal) bool { return r.Provider == p })
			if i < 0 || c.Refused[i].Reason == "" || !strings.Contains(c.String(), "not "+string(p)+": ") {
				t.Errorf("no reason for %s in %q", p, c)
			}
		}
	}
	t.Log(c)
	if _, err := open(t).NewSession(model(t, "minifasnet_2.7_80x80.onnx"), ort.SessionOptions{Provider: "npu"}); err == nil {
		t.Error("a provider that does not exist is taken")
	}
	if c.Provider != ort.CUDA && c.Provider != ort.TensorRT {
		_, err := open(t).NewSession(model(t, "minifasnet_2.7_80x80.onnx"), ort.SessionOptions{Provider: ort.CUDA})
		if !errors.Is(err, ort.ErrProvider) || !strings.Contains(err.Error(), "cuda") {
			t.Errorf("cuda without cuda: %v", err)
		}
	}
	for in, want := range map[string]ort.Provider{"": ort.Auto, " CPU ": ort.CPU, "TensorRT": ort.TensorRT} {
		if p, err := ort.ParseProvider(in); err != nil || p != want {
			t.Errorf("%q: %v, %v", in, p, err)
		}
	}
	if _, err := ort.ParseProvider("npu"); !errors.Is(err, ort.ErrProvider) {
		t.Errorf("npu: %v", err)
	}
}

func TestBadModels(t *testing.T) {
	good := model(t, "yunet_n_dynamic.onnx")
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("not a model"), "cut": good[:len(good)/2], "zeroes": make([]byte, 1000),
	} {
		if _, err := open(t).NewSession(b, ort.SessionOptions{}); !errors.Is(err, ort.ErrModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShapes(t *testing.T) {
	s := session(t, "yunet_n_dynamic.onnx", ort.SessionOptions{Provider: ort.CPU, Shapes: 2})
	if i := s.OutputIndex("cls_8"); i < 0 || s.OutputIndex("emotion") != -1 || len(s.Outputs()) != 12 {
		t.Errorf("outputs %v", s.Outputs())
	}
	for range 2 {
		for _, d := range [][2]int64{{64, 64}, {96, 64}, {64, 96}, {128, 128}} {
			b, err := s.Acquire(t.Context(), 1, 3, d[0], d[1])
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			i := s.OutputIndex("cls_8")
			if n := int(d[0] * d[1] / 64); len(b.Output(i)) != n || b.OutputShape(i)[1] != int64(n) {
				t.Errorf("%v: %d cells, shape %v, want %d", d, len(b.Output(i)), b.OutputShape(i), n)
			}
			b.Release()
			b.Release() // harmless
		}
	}
	for _, bad := range [][]int64{{}, {1, 3, 64}, {1, 4, 64, 64}, {1, 3, 0, 64}, {1, 3, -1, 64}} {
		if _, err := s.Acquire(t.Context(), bad...); !errors.Is(err, ort.ErrShape) {
			t.Errorf("shape %v: %v", bad, err)
		}
	}
}

func TestNotFinite(t *testing.T) {
	s := session(t, "minifasnet_2.7_80x80.onnx", ort.SessionOptions{Provider: ort.CPU})
	b, err := s.Acquire(t.Context(), 1, 3, 80, 80)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	for i := range b.Input() {
		b.Input()[i] = float32(math.NaN())
	}
	if err := b.Run(t.Context()); !errors.Is(err, ort.ErrNotFinite) {
		t.Errorf("NaN in, %v out", err)
	}
	clear(b.Input())
	if err := b.Run(t.Context()); err != nil {
		t.Errorf("after clearing: %v", err)
	}
	for n := range 9 {
		v := make([]float32, n)
		if !ort.Finite(v) {
			t.Errorf("%d zeroes are not finite", n)
		}
		for i := range v {
			for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				v[i] = float32(x)
				if ort.Finite(v) {
					t.Errorf("%v is finite", v)
				}
			}
			v[i] = -math.MaxFloat32
		}
		if !ort.Finite(v) {
			t.Errorf("%v is not finite", v)
		}
	}
}

// Runs under way at once give what each gives alone; a caller who gives up
// waiting is let go; Close waits.
func TestConcurrentAndClose(t *testing.T) {
	s, err := open(t).NewSession(model(t, "minifasnet_2.7_80x80.onnx"), ort.SessionOptions{Provider: ort.CPU, Parallel: 2})
	if err != nil {
		t.Fatal(err)
	}
	infer := func(v float32) ([3]float32, error) {
		b, err := s.Acquire(t.Context(), 1, 3, 80, 80)
		if err != nil {
			return [3]float32{}, err
		}
		defer b.Release()
		for i := range b.Input() {
			b.Input()[i] = v + float32(i%17)
		}
		err = b.Run(t.Context())
		return [3]float32(b.Output(0)), err
	}
	var want [4][3]float32
	for i := range want {
		if want[i], err = infer(float32(50 * i)); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			if got, err := infer(float32(50 * (g % 4))); err != nil || got != want[g%4] {
				t.Errorf("%v, %v; alone %v", got, err, want[g%4])
			}
		})
	}
	wg.Wait()

	a, err := s.Acquire(t.Context(), 1, 3, 80, 80)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Acquire(t.Context(), 1, 3, 80, 80)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := s.Acquire(ctx, 1, 3, 80, 80)
		waiting <- err
	}()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who gave up: %v", err)
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	a.Release()
	select {
	case <-closed:
		t.Error("Close did not wait for a run under way")
	default:
	}
	b.Release()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := s.Acquire(t.Context(), 1, 3, 80, 80); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	s := session(t, "minifasnet_2.7_80x80.onnx", ort.SessionOptions{Provider: ort.CPU})
	n := testing.AllocsPerRun(20, func() {
		b, err := s.Acquire(t.Context(), 1, 3, 80, 80)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Release()
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 {
		t.Errorf("%v allocations a run", n)
	}
}

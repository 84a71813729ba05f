package onnx_test

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/ort"
	"bystander/match"
	"bystander/match/onnx"
)

// openVINOCosine is the least that a face's embedding by OpenVINO in f32 agrees
// with the processor's; in bf16 it may fall to openVINOHalfCosine.
const (
	openVINOCosine     = 0.99999
	openVINOHalfCosine = 0.99
)

// openVINO loads the library that "make openvino" installs. It is one of its own,
// so that these tests run in a process that loads no other.
func openVINO(t *testing.T) *ort.Runtime {
	t.Helper()
	if os.Getenv("BYSTANDER_OPENVINO") == "" {
		t.Skip("run by: make openvino-check")
	}
	rt, err := ort.Open(ort.Options{Library: ort.OpenVINOLibrary()})
	require.NoError(t, err, "install it: make openvino")
	return rt
}

// What OpenVINO keeps of a face is overwritten as well.
func TestOpenVINOLeavesNoEmbedding(t *testing.T) {
	openVINO(t)
	for _, half := range []bool{false, true} {
		name := map[bool]string{false: "f32", true: "half"}[half]
		t.Run(name, func(t *testing.T) {
			nothingStays(t, 40, ort.SessionOptions{Provider: ort.OpenVINO, Half: half}, envHeapOpenVINO+"="+name)
		})
	}
}

// OpenVINO embeds a face as the processor does, alone and two at a time.
func TestOpenVINOEmbedsAlike(t *testing.T) {
	rt := openVINO(t)
	b, i := loadModel(t, "reid-0095")
	m := onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}
	cpu, d := newEmbedder(t), newDetector(t, 320)
	for _, c := range []struct {
		name  string
		half  bool
		least float32
	}{{"f32", false, openVINOCosine}, {"bf16 where the processor has it", true, openVINOHalfCosine}} {
		t.Run(c.name, func(t *testing.T) {
			e, err := onnx.Open(rt, m, onnx.Options{Provider: ort.OpenVINO, Half: c.half, Parallel: 2})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, e.Close()) })
			t.Log(e.Choice())
			require.Equal(t, ort.OpenVINO, e.Choice().Provider)
			compared, worst := 0, float32(1)
			for _, f := range strangerFiles(t, 30) {
				var here match.Probe
				ok, err := embedFile(t.Context(), d, cpu, f, &here)
				require.NoError(t, err)
				if !ok {
					continue
				}
				var there [2]match.Probe
				var errs [2]error
				var wg sync.WaitGroup
				for k := range there {
					wg.Go(func() { _, errs[k] = embedFile(t.Context(), d, e, f, &there[k]) })
				}
				wg.Wait()
				for k := range there {
					require.NoError(t, errs[k])
					worst = min(worst, here.Cosine(&there[k]))
				}
				compared++
			}
			require.Greater(t, compared, 15)
			t.Logf("%d faces, least cosine %.6f", compared, worst)
			require.GreaterOrEqual(t, worst, c.least)
		})
	}
}

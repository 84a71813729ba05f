package onnx_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/ort"
	"bystander/match"
	"bystander/match/onnx"
)

// gpuCosine is the least that a face's embedding on a GPU agrees with that of
// the processor. Thresholds are calibrated to the second digit.
const gpuCosine = 0.9999

// A GPU embeds a face as the processor does.
func TestGPUEmbedsAlike(t *testing.T) {
	b, i := loadModel(t, "reid-0095")
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	m := onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}
	for _, p := range []ort.Provider{ort.CUDA, ort.TensorRT} {
		t.Run(string(p), func(t *testing.T) {
			gpu, err := onnx.New(rt, m, ort.SessionOptions{Provider: p})
			if errors.Is(err, ort.ErrProvider) {
				t.Skipf("no GPU here: %v", err)
			}
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, gpu.Close()) })
			cpu, d := newEmbedder(t), newDetector(t, 320)
			compared := 0
			for _, f := range strangerFiles(t, 40) {
				var here, there match.Probe
				ok, err := embedFile(t.Context(), d, cpu, f, &here)
				require.NoError(t, err)
				if !ok {
					continue
				}
				_, err = embedFile(t.Context(), d, gpu, f, &there)
				require.NoError(t, err)
				require.GreaterOrEqual(t, here.Cosine(&there), float32(gpuCosine), f)
				compared++
			}
			require.Greater(t, compared, 20)
		})
	}
}

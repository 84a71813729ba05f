package ort

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	ortgo "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/cpu"
)

// OpenVINOVersion is the release of ONNX Runtime with OpenVINO that "make
// openvino" installs.
const OpenVINOVersion = "1.24.1"

// OpenVINOLibrary is where "make openvino" puts ONNX Runtime with OpenVINO;
// empty when this user has no cache directory.
func OpenVINOLibrary() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "bystander", "openvino-onnxruntime-"+OpenVINOVersion, "libonnxruntime.so."+OpenVINOVersion)
}

// appendOpenVINO has a session run in OpenVINO's plugin for processors. Each run
// is its caller's, on its own thread, as on the plain processor; threads are not
// pinned, since others need the cores as well.
//
// OpenVINO would choose 16 bits by itself where the processor has them. What may
// be lost by that is not its to say, so that the precision is always named. It
// keeps no cache: compiling takes a fifth of a second, and what was hashed is
// what runs.
func appendOpenVINO(o *ortgo.SessionOptions, so SessionOptions) error {
	config, err := json.Marshal(map[string]map[string]string{"CPU": {
		"INFERENCE_PRECISION_HINT": openVINOPrecision(so.Half),
		"INFERENCE_NUM_THREADS":    strconv.Itoa(max(so.Threads, 1)),
		"NUM_STREAMS":              "1",
		"ENABLE_CPU_PINNING":       "NO",
		"PERFORMANCE_HINT":         "LATENCY",
	}})
	if err != nil {
		return fmt.Errorf("ort: openvino: %w", err)
	}
	return o.AppendExecutionProviderOpenVINO(map[string]string{"device_type": "CPU", "load_config": string(config)})
}

// openVINOPrecision is bf16 where it is allowed and the processor computes in it.
func openVINOPrecision(half bool) string {
	if half && hasBF16() {
		return precisionBF16
	}
	return precisionF32
}

// hasBF16 reports whether the processor multiplies 16-bit floats.
func hasBF16() bool { return cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16 }

// The precisions that a provider may compute in.
const (
	precisionF32  = "f32"
	precisionF16  = "f16 where faster"
	precisionBF16 = "bf16"
)

// precision is what a session on p computes in.
func (o SessionOptions) precision(p Provider) string {
	switch {
	case p == OpenVINO:
		return openVINOPrecision(o.Half)
	case p == TensorRT && o.Half:
		return precisionF16
	}
	return precisionF32
}

package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	ortgo "github.com/yalue/onnxruntime_go"
)

// Provider names where a model is computed.
type Provider string

// The providers. Auto takes the first that works, in the order of this list.
const (
	Auto     Provider = "auto"
	TensorRT Provider = "tensorrt"
	CUDA     Provider = "cuda"
	OpenVINO Provider = "openvino"
	CPU      Provider = "cpu"
)

// ParseProvider reads a provider's name; empty means Auto.
func ParseProvider(s string) (Provider, error) {
	switch p := Provider(strings.ToLower(strings.TrimSpace(s))); p {
	case "":
		return Auto, nil
	case Auto, TensorRT, CUDA, OpenVINO, CPU:
		return p, nil
	default:
		return "", fmt.Errorf("%w: %q is not one of auto, tensorrt, cuda, openvino, cpu", ErrProvider, s)
	}
}

func (p Provider) order() []Provider {
	if p == Auto || p == "" {
		return []Provider{TensorRT, CUDA, OpenVINO, CPU}
	}
	return []Provider{p}
}

// Refusal says why a provider was not taken.
type Refusal struct {
	Provider Provider
	Reason   string
}

// Choice is the provider taken and why those before it were not.
type Choice struct {
	Provider Provider
	// Precision is what it computes in: "f32", "bf16", or "f16 where faster".
	Precision string
	Refused   []Refusal
	// Whole is why the processor computes the whole model where a form that takes
	// less was asked for; empty when it computes that form or none was.
	Whole string
}

// String says it in one line for the log, e.g. "cpu (not tensorrt: not in this
// build of ONNX Runtime)" or "openvino in bf16".
func (c Choice) String() string {
	if c.Whole != "" {
		c.Refused = append(slices.Clip(c.Refused), Refusal{"a leaner form", c.Whole})
	}
	name := string(c.Provider)
	if c.Precision != "" && c.Precision != precisionF32 {
		name += " in " + c.Precision
	}
	if len(c.Refused) == 0 {
		return name
	}
	parts := make([]string, len(c.Refused))
	for i, r := range c.Refused {
		parts[i] = fmt.Sprintf("not %s: %s", r.Provider, r.Reason)
	}
	return fmt.Sprintf("%s (%s)", name, strings.Join(parts, "; "))
}

// refusal turns ONNX Runtime's words into ones that tell what to do.
func refusal(p Provider, err error) Refusal {
	msg := strings.Join(strings.Fields(err.Error()), " ")
	low := strings.ToLower(msg)
	switch {
	case strings.Contains(low, "not enabled in this build"), strings.Contains(low, "unknown provider"),
		strings.Contains(low, "not supported in this build"), strings.Contains(low, "failed to find"):
		msg = "not in this build of ONNX Runtime (its GPU wheel has it)"
	case strings.Contains(low, "cannot open shared object"):
		msg = "a library it needs is missing: " + msg
	case strings.Contains(low, "no cuda-capable device"), strings.Contains(low, "driver version is insufficient"):
		msg = "no usable GPU or driver: " + msg
	}
	const most = 300
	if len(msg) > most {
		msg = msg[:most] + "…"
	}
	return Refusal{Provider: p, Reason: msg}
}

// sessionOptions makes the options of a session on provider p. The caller
// destroys them.
func (r *Runtime) sessionOptions(p Provider, so SessionOptions) (*ortgo.SessionOptions, error) {
	if err := r.beside(p); err != nil {
		return nil, err
	}
	o, err := ortgo.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		o.SetIntraOpNumThreads(so.Threads),
		o.SetInterOpNumThreads(1),
		o.SetGraphOptimizationLevel(ortgo.GraphOptimizationLevelEnableAll),
		// A spinning pool would burn the cores that decoders and encoders need.
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		o.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	)
	if err == nil {
		err = r.appendProvider(o, p, so)
	}
	if err != nil {
		return nil, errors.Join(err, o.Destroy())
	}
	return o, nil
}

// beside checks that the provider's own library is there. Asking ONNX Runtime
// for one that is not makes it search and complain at length.
func (r *Runtime) beside(p Provider) error {
	if p == CPU || !filepath.IsAbs(r.library) {
		return nil
	}
	file := "libonnxruntime_providers_" + string(p) + ".so"
	if _, err := os.Stat(filepath.Join(filepath.Dir(r.library), file)); err != nil {
		hint := ""
		if p == OpenVINO {
			hint = "; \"make openvino\" installs it and says what to set"
		}
		return fmt.Errorf("no %s beside %s%s", file, filepath.Base(r.library), hint)
	}
	return nil
}

func (r *Runtime) appendProvider(o *ortgo.SessionOptions, p Provider, so SessionOptions) error {
	switch p {
	case TensorRT:
		if err := r.appendTensorRT(o, so); err != nil {
			return err
		}
		// What TensorRT cannot compile runs on CUDA rather than on the CPU.
		return appendCUDA(o, so)
	case CUDA:
		return appendCUDA(o, so)
	case OpenVINO:
		return appendOpenVINO(o, so)
	case CPU, Auto:
	}
	return nil
}

func (r *Runtime) appendTensorRT(o *ortgo.SessionOptions, so SessionOptions) error {
	t, err := ortgo.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	opts := map[string]string{"device_id": strconv.Itoa(so.Device)}
	if so.Half {
		opts["trt_fp16_enable"] = "1"
	}
	if r.cacheDir != "" && os.MkdirAll(r.cacheDir, 0o700) == nil {
		// Building an engine takes minutes; it is kept for the next start.
		opts["trt_engine_cache_enable"] = "1"
		opts["trt_engine_cache_path"] = r.cacheDir
		opts["trt_timing_cache_enable"] = "1"
	}
	if err = t.Update(opts); err == nil {
		err = o.AppendExecutionProviderTensorRT(t)
	}
	return errors.Join(err, t.Destroy())
}

func appendCUDA(o *ortgo.SessionOptions, so SessionOptions) error {
	c, err := ortgo.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	// TF32 moves scores by up to 1e-3, which would shift calibrated thresholds.
	err = c.Update(map[string]string{
		"use_tf32": "0", "device_id": strconv.Itoa(so.Device),
		// The exhaustive search, the default, stalls at each new input shape.
		"cudnn_conv_algo_search": "HEURISTIC",
	})
	if err == nil {
		err = o.AppendExecutionProviderCUDA(c)
	}
	return errors.Join(err, c.Destroy())
}

// GPUs counts the NVIDIA GPUs whose device files this process can see.
func GPUs() int {
	found, err := filepath.Glob("/dev/nvidia[0-9]*")
	if err != nil {
		return 0
	}
	return len(found)
}

// OnGPU reports whether the provider computes on a GPU.
func (p Provider) OnGPU() bool { return p == TensorRT || p == CUDA }

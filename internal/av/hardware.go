package av

// #include "av.h"
import "C"

import (
	"fmt"
	"strings"
)

// Hardware says which coders besides libav's own may be tried. What cannot be had
// is passed over, so that pictures flow as they would without it.
type Hardware string

// The kinds of hardware.
const (
	HardwareNone   Hardware = "" // libav's own coders
	HardwareNVIDIA Hardware = "nvidia"
	HardwareAuto   Hardware = "auto" // the first that works
)

// ParseHardware reads a name; "none" and nothing mean HardwareNone.
func ParseHardware(s string) (Hardware, error) {
	switch h := Hardware(strings.ToLower(strings.TrimSpace(s))); h {
	case "none", HardwareNone:
		return HardwareNone, nil
	case HardwareNVIDIA, HardwareAuto:
		return h, nil
	case "cuda": // as libav calls it
		return HardwareNVIDIA, nil
	default:
		return "", fmt.Errorf("%w: hardware %q is not one of none, nvidia, auto", ErrConfig, s)
	}
}

// Coder is who codes.
type Coder struct {
	// Name is libav's name of a hardware coder; empty for its own coders.
	Name string
	// Refused says why each hardware coder that was tried does not serve.
	Refused []string
}

// String says it in one line for the log, e.g. "software (not h264_cuvid: …)".
func (c Coder) String() string {
	name := c.Name
	if name == "" {
		name = "software"
	}
	if len(c.Refused) == 0 {
		return name
	}
	return fmt.Sprintf("%s (%s)", name, strings.Join(c.Refused, "; "))
}

func (c *Coder) refuse(name string, rc C.int, e *C.by_err) {
	why := ""
	switch rc {
	case C.BY_NO_DECODER, C.BY_NO_ENCODER:
		why = "not in this build of libav"
	default:
		why = explain("open", rc, e).Error()
	}
	c.Refused = append(c.Refused, fmt.Sprintf("not %s: %s", name, why))
	c.Name = ""
}

// decoders are the hardware decoders of a codec that may be tried. They give
// pictures in ordinary memory, as the software ones do.
func (h Hardware) decoders(c Codec) []string {
	if h == HardwareNone {
		return nil
	}
	switch c {
	case CodecH264, CodecH265, CodecVP8, CodecVP9:
		name := string(c)
		if c == CodecH265 {
			name = "hevc"
		}
		return []string{name + "_cuvid"}
	}
	return nil
}

// encoder is the hardware encoder for a configuration; empty when none can do it.
func (h Hardware) encoder(c EncoderConfig) string {
	if h == HardwareNone || c.Codec != CodecH264 && c.Codec != "" || c.Lossless || (c.Size.W|c.Size.H)&1 != 0 {
		return ""
	}
	return "h264_nvenc"
}

package av

// #include "av.h"
import "C"

import (
	"fmt"

	"bystander/internal/frame"
)

// MostQuantiser is H.264's coarsest; 0 is the finest, and six more halve the bits.
const MostQuantiser = 51

// Quantised is an H.264 encoder whose caller chooses the quantiser of each
// picture. An Encoder that is told a quality or a rate searches each picture at
// half its size beforehand, only to guess what it will cost: with the fastest
// preset that takes a third of its time. Who knows what the picture before took
// needs no guess.
//
// It makes one packet for each picture, at once, as Encoder does.
type Quantised struct {
	c    *C.by_x264
	size frame.Size
	raw  C.by_packet
	out  [1]Packet
}

// NewQuantised returns an encoder that the caller closes. Size, TimeBase,
// FrameRate, Preset, Tune, Profile, KeyInterval, Threads, Colour and Aspect count
// as for NewEncoder. It fails with ErrUnsupported where libav's x264 is another
// than this program was built for, for an odd side, and for what NewEncoder alone
// knows: other codecs, hardware, lossless coding, a Muxer's global header.
func NewQuantised(cfg EncoderConfig) (*Quantised, error) {
	start()
	if cfg.Codec != "" && cfg.Codec != CodecH264 || cfg.Lossless || cfg.GlobalHeader ||
		cfg.Hardware != HardwareNone || (cfg.Size.W|cfg.Size.H)&1 != 0 {
		return nil, fmt.Errorf("av: encoder by quantiser: %w: plain H.264 with even sides alone", ErrUnsupported)
	}
	c, err := encoderConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("av: encoder by quantiser: %w", err)
	}
	x := &Quantised{size: cfg.Size}
	if rc := C.by_x264_open(&x.c, &c); rc < 0 {
		return nil, fmt.Errorf("av: encoder by quantiser: %w", failure(rc))
	}
	return x, nil
}

// Size is the coded size.
func (x *Quantised) Size() frame.Size { return x.size }

// Encode codes one picture with a quantiser of 0 to MostQuantiser. What else
// holds of Encoder.Encode holds here.
func (x *Quantised) Encode(p frame.Planes, pts int64, forceKey bool, quantiser int) ([]Packet, error) {
	if x.c == nil {
		return nil, ErrClosed
	}
	if p.Size != x.size {
		return nil, fmt.Errorf("%w: encoder takes %v, planes are %v", ErrPlanes, x.size, p.Size)
	}
	if err := checkPlanes(p); err != nil {
		return nil, err
	}
	if quantiser < 0 || quantiser > MostQuantiser {
		return nil, fmt.Errorf("%w: quantiser %d lies outside 0–%d", ErrConfig, quantiser, MostQuantiser)
	}
	rc := C.by_x264_encode(x.c, bytePtr(p.Y), bytePtr(p.U), bytePtr(p.V),
		C.int(p.StrideY), C.int(p.StrideC), C.int64_t(pts), cBool(forceKey), C.int(quantiser), &x.raw)
	if rc < 0 {
		return nil, fmt.Errorf("av: encode: %w", failure(rc))
	}
	x.out[0] = packetOf(&x.raw)
	return x.out[:], nil
}

// Close frees the encoder; more calls do nothing.
func (x *Quantised) Close() {
	C.by_x264_close(x.c)
	x.c = nil
	x.out[0] = Packet{}
}

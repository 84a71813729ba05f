package av

// #include "av.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"bystander/internal/frame"
)

// EncoderConfig says what an Encoder makes. Zero values are defaults.
type EncoderConfig struct {
	Codec Codec // H.264 by default, VP8, VP9
	Size  frame.Size
	// TimeBase is the unit of pts, as a rule the input's own.
	TimeBase frame.Rational
	// FrameRate is a hint for rate control; time stamps may vary freely.
	FrameRate frame.Rational
	// Bitrate in bit/s asks for an average, CRF for a constant quality (H.264:
	// 1 to 51, 23 by default; VP8 and VP9: 4 to 63, 31 by default). MaxRate in
	// bit/s caps either (H.264); Buffer is its window in bits, MaxRate by default.
	Bitrate, MaxRate, Buffer int
	CRF                      float64
	// Lossless keeps every sample (H.264, VP9).
	Lossless bool
	// Preset and Tune are x264's, "ultrafast" and "zerolatency" by default;
	// Tune "none" asks for none.
	Preset, Tune string
	// Profile is x264's: "baseline" for WebRTC, "" for what fits.
	Profile string
	// KeyInterval is the largest distance of key pictures, in pictures; 250 by
	// default.
	KeyInterval int
	// Threads is 1 when 0.
	Threads int
	// GlobalHeader keeps the parameter sets out of the stream, for a Muxer:
	// see Extradata. Otherwise each key picture carries them.
	GlobalHeader bool
	Colour       frame.Colour
	Aspect       frame.Rational
	// Hardware lets a card encode H.264 where there is one: even sides, no
	// lossless coding. Preset and Tune are then the card's own. See
	// Encoder.Coder.
	Hardware Hardware
}

// Encoder turns pictures into packets, one for each and at once: there are no
// B-frames and no look-ahead.
//
// H.264 cannot code an odd side in 4:2:0. With a Profile below high444, which
// decoders were promised, such a picture is padded to even sides by repeating its last
// column and row, and Size tells so. Without a Profile it is coded 4:4:4 in
// its very size, each chroma sample repeated (High 4:4:4 Predictive, which
// browsers and libav play but few hardware decoders do). VP8 and VP9 know odd
// sides.
type Encoder struct {
	c    *C.by_encoder
	size frame.Size
	raw  C.by_packet
	out  []Packet
	by   Coder
}

// NewEncoder returns an encoder that the caller closes. It fails with
// ErrConfig, frame.ErrSize, ErrUnsupported, or libav's words.
func NewEncoder(cfg EncoderConfig) (*Encoder, error) {
	start()
	c, err := encoderConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("av: encoder: %w", err)
	}
	x := &Encoder{size: cfg.Size}
	var e C.by_err
	if name := cfg.Hardware.encoder(cfg); name != "" {
		hard := c
		hard.nvenc = 1
		if rc := C.by_enc_open(&x.c, &hard, &e); rc >= 0 {
			x.by.Name = name
			return x, nil
		} else {
			x.by.refuse(name, rc, &e)
		}
	}
	if rc := C.by_enc_open(&x.c, &c, &e); rc < 0 {
		if rc == C.BY_NO_ENCODER {
			return nil, fmt.Errorf("av: encoder: %w: no encoder for %q", ErrUnsupported, string(cfg.Codec))
		}
		return nil, explain("open encoder", rc, &e)
	}
	return x, nil
}

func encoderConfig(cfg EncoderConfig) (c C.by_enccfg, err error) {
	if err = cfg.Size.Check(); err != nil {
		return c, err
	}
	if cfg.Codec == "" {
		cfg.Codec = CodecH264
	}
	switch cfg.Codec {
	case CodecH264:
	case CodecVP8, CodecVP9:
		if cfg.Codec == CodecVP8 && cfg.Lossless {
			return c, fmt.Errorf("%w: VP8 has no lossless mode", ErrUnsupported)
		}
	default:
		return c, fmt.Errorf("%w: no encoder for %q: use h264, vp8 or vp9", ErrUnsupported, string(cfg.Codec))
	}
	if !cfg.TimeBase.Valid() {
		return c, fmt.Errorf("%w: time base %d/%d", ErrConfig, cfg.TimeBase.Num, cfg.TimeBase.Den)
	}
	if cfg.CRF < 0 || cfg.CRF > 63 || cfg.Bitrate < 0 || cfg.MaxRate < 0 || cfg.Buffer < 0 {
		return c, fmt.Errorf("%w: CRF must lie in 0–63, rates must not be negative", ErrConfig)
	}
	id, err := cfg.Codec.id()
	if err != nil {
		return c, err
	}
	c = C.by_enccfg{
		codec_id: C.int32_t(id), w: C.int32_t(cfg.Size.W), h: C.int32_t(cfg.Size.H),
		tb: rationalTo(cfg.TimeBase), rate: rationalTo(cfg.FrameRate), sar: rationalTo(cfg.Aspect),
		threads: C.int32_t(max(cfg.Threads, 1)), colour: colourTo(cfg.Colour),
		lossless: C.int32_t(cBool(cfg.Lossless)), global_header: C.int32_t(cBool(cfg.GlobalHeader)),
		gop: 250, crf: -1,
	}
	if cfg.KeyInterval > 0 {
		c.gop = C.int32_t(cfg.KeyInterval)
	}
	rates(&c, cfg)
	return c, names(&c, cfg)
}

func rates(c *C.by_enccfg, cfg EncoderConfig) {
	c.bitrate, c.maxrate = C.int64_t(cfg.Bitrate), C.int64_t(cfg.MaxRate)
	c.bufsize = C.int64_t(cfg.Buffer)
	if cfg.Buffer == 0 {
		c.bufsize = c.maxrate
	}
	vpx := cfg.Codec == CodecVP8 || cfg.Codec == CodecVP9
	switch {
	case cfg.Lossless:
	case cfg.CRF > 0:
		c.crf = C.double(cfg.CRF)
	case cfg.Bitrate == 0 && vpx:
		c.crf = 31
	case cfg.Bitrate == 0:
		c.crf = 23
	}
	if vpx {
		c.maxrate, c.bufsize = 0, 0
	}
	// libvpx's VP8 takes CRF as a floor beneath a target rate and falls back
	// to a tiny default rate without one.
	if cfg.Codec == CodecVP8 && cfg.Bitrate == 0 {
		fps := cfg.FrameRate.Float()
		if fps <= 0 || fps > 240 {
			fps = 25
		}
		c.bitrate = C.int64_t(float64(cfg.Size.W*cfg.Size.H) * fps * 0.2)
	}
}

// What libx264 knows by name. It prints a complaint about others by itself.
var (
	presets = []string{"ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"}
	tunes   = []string{"", "film", "animation", "grain", "stillimage", "psnr", "ssim", "fastdecode", "zerolatency"}
	// profiles: the last alone knows 4:4:4 and lossless coding.
	profiles = []string{"", "baseline", "main", "high", "high444"}
)

// names checks the options that are names and copies them in.
func names(c *C.by_enccfg, cfg EncoderConfig) error {
	if cfg.Preset == "" {
		cfg.Preset = "ultrafast"
	}
	switch cfg.Tune {
	case "":
		cfg.Tune = "zerolatency"
	case "none":
		cfg.Tune = ""
	}
	for _, n := range []struct {
		what, s string
		known   []string
		dst     []C.char
	}{
		{"preset", cfg.Preset, presets, c.preset[:]},
		{"tune", cfg.Tune, tunes, c.tune[:]},
		{"profile", cfg.Profile, profiles, c.profile[:]},
	} {
		if !slices.Contains(n.known, n.s) {
			return fmt.Errorf("%w: %s %q is none of %q", ErrConfig, n.what, n.s, n.known)
		}
		for i := range len(n.s) {
			n.dst[i] = C.char(n.s[i])
		}
	}
	if cfg.Profile != "" && cfg.Profile != "high444" {
		if cfg.Lossless {
			return fmt.Errorf("%w: profile %q has no lossless mode", ErrConfig, cfg.Profile)
		}
		c.pad = 1
	}
	return nil
}

// Coder tells who encodes, and why hardware that was allowed does not.
func (x *Encoder) Coder() Coder { return x.by }

// Size is the coded size; it differs from the configured one only where an odd
// side had to be padded.
func (x *Encoder) Size() frame.Size {
	if x.c == nil {
		return frame.Size{}
	}
	return frame.Size{W: int(x.c.ctx.width), H: int(x.c.ctx.height)}
}

// Extradata are the parameter sets for a Muxer when GlobalHeader is set: SPS
// and PPS as Annex B for H.264, which Muxer turns into avcC; nil otherwise. It
// is valid until Close.
func (x *Encoder) Extradata() []byte {
	if x.c == nil {
		return nil
	}
	return cBytes((*C.uint8_t)(x.c.ctx.extradata), C.int32_t(x.c.ctx.extradata_size))
}

// Encode codes one picture of the configured size; pts must grow. The planes
// are lent for the call and copied once, by the encoder itself. The packets,
// one as a rule, are valid until the next call: who keeps one copies its Data.
// H.264 is an Annex B access unit. forceKey asks for a key picture (IDR).
func (x *Encoder) Encode(p frame.Planes, pts int64, forceKey bool) ([]Packet, error) {
	if x.c == nil {
		return nil, ErrClosed
	}
	if p.Size != x.size {
		return nil, fmt.Errorf("%w: encoder takes %v, planes are %v", ErrPlanes, x.size, p.Size)
	}
	if err := checkPlanes(p); err != nil {
		return nil, err
	}
	rc := C.by_enc_send(x.c, bytePtr(p.Y), bytePtr(p.U), bytePtr(p.V),
		C.int(p.StrideY), C.int(p.StrideC), C.int64_t(pts), cBool(forceKey))
	if rc < 0 {
		return nil, fmt.Errorf("av: encode: %w", failure(rc))
	}
	return x.collect()
}

// Flush ends the stream and returns the packets that were still inside, valid
// until Close. Nothing can be encoded afterwards.
func (x *Encoder) Flush() ([]Packet, error) {
	if x.c == nil {
		return nil, ErrClosed
	}
	if rc := C.by_enc_drain(x.c); rc < 0 {
		return nil, fmt.Errorf("av: flush encoder: %w", failure(rc))
	}
	return x.collect()
}

func (x *Encoder) collect() ([]Packet, error) {
	x.out = x.out[:0]
	for {
		rc := C.by_enc_receive(x.c, C.int(len(x.out)), &x.raw)
		if rc >= 0 {
			x.out = append(x.out, packetOf(&x.raw))
			continue
		}
		if err := failure(rc); !errors.Is(err, ErrAgain) && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("av: encode: %w", err)
		}
		return x.out, nil
	}
}

// Close frees the encoder; more calls do nothing.
func (x *Encoder) Close() {
	C.by_enc_close(x.c)
	x.c = nil
	x.out = nil
}

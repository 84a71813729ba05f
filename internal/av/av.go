// Package av is the house's only door to libav (ffmpeg 5.1: libavformat 59,
// libavcodec 59, libswscale 6): read a recording, decode, encode, write a
// recording. Pictures cross it as planar YUV 4:2:0 (frame.Planes), coded bytes
// as Packet. Audio is never read.
//
// No type here is safe for concurrent use; different values may be used by
// different goroutines at once. Nothing calls back into Go, and in steady
// state nothing is allocated on the Go heap per picture.
package av

// #cgo pkg-config: libavformat libavcodec libswscale libavutil
// #cgo CFLAGS: -O3 -Wall -Wno-deprecated-declarations
// #cgo noescape by_dec_send
// #cgo nocallback by_dec_send
// #cgo noescape by_dec_receive
// #cgo nocallback by_dec_receive
// #cgo noescape by_dec_copy
// #cgo nocallback by_dec_copy
// #cgo noescape by_dmx_read
// #cgo nocallback by_dmx_read
// #cgo noescape by_enc_send
// #cgo nocallback by_enc_send
// #cgo noescape by_enc_receive
// #cgo nocallback by_enc_receive
// #cgo noescape by_x264_encode
// #cgo nocallback by_x264_encode
// #cgo noescape by_mux_write
// #cgo nocallback by_mux_write
// #include <stdlib.h>
// #include "av.h"
import "C"

import (
	"fmt"
	"math"
	"sync"
	"unsafe"

	"bystander/internal/frame"
)

// Codec names a video coding by libav's descriptor name, with "h265" for HEVC.
// A recording may hold any codec that libav decodes.
type Codec string

// The codecs that the house names itself. Encoder makes H.264, VP8 and VP9.
const (
	CodecH264  Codec = "h264"
	CodecH265  Codec = "h265"
	CodecVP8   Codec = "vp8"
	CodecVP9   Codec = "vp9"
	CodecAV1   Codec = "av1"
	CodecMJPEG Codec = "mjpeg"
	CodecMPEG4 Codec = "mpeg4"
)

// NoPTS marks a time stamp that is not known.
const NoPTS int64 = math.MinInt64

// Packet is one coded picture (access unit) with time stamps in ticks of its
// stream's time base.
//
// Data that comes out of a Demuxer or an Encoder lies in C memory and is valid
// until the next call on that value; who keeps it copies it.
type Packet struct {
	Data     []byte
	PTS      int64 // NoPTS when unknown
	DTS      int64 // NoPTS when unknown
	Duration int64 // 0 when unknown
	Key      bool
	// Discard tells that the picture is to be decoded but not shown (an edit
	// list cuts it away); the decoder then gives no picture for it.
	Discard bool
	// Damaged tells that the container knows the packet to be incomplete.
	Damaged bool
	// Extradata, nearly always nil, are parameter sets that replace the
	// stream's from this packet on. It lives as long as Data.
	Extradata []byte
}

// start makes libav silent, once in a process.
var start = sync.OnceFunc(func() { C.by_log_init(); C.by_x264_init() })

func (c Codec) id() (C.int, error) {
	name := string(c)
	if c == CodecH265 {
		name = "hevc"
	}
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	id := C.by_codec_id(s)
	if id == 0 {
		return 0, fmt.Errorf("%w: codec %q is unknown to libav", ErrUnsupported, string(c))
	}
	return id, nil
}

func codecOf(name string) Codec {
	if name == "hevc" {
		return CodecH265
	}
	return Codec(name)
}

func colourOf(c C.by_colour) frame.Colour {
	return frame.Colour{
		FullRange: c.full_range != 0,
		Primaries: uint8(c.primaries), Transfer: uint8(c.transfer), Matrix: uint8(c.matrix),
	}
}

// colourTo maps the zero value of the code points, which is reserved, to
// "unspecified".
func colourTo(c frame.Colour) C.by_colour {
	point := func(v uint8) C.int32_t {
		if v == 0 {
			return 2
		}
		return C.int32_t(v)
	}
	o := C.by_colour{primaries: point(c.Primaries), transfer: point(c.Transfer), matrix: point(c.Matrix)}
	if c.FullRange {
		o.full_range = 1
	}
	return o
}

func rationalOf(r C.AVRational) frame.Rational {
	if r.num <= 0 || r.den <= 0 {
		return frame.Rational{}
	}
	return frame.Rational{Num: int(r.num), Den: int(r.den)}
}

// rationalTo returns 0/1 for an invalid or too large fraction.
func rationalTo(r frame.Rational) C.AVRational {
	if !r.Valid() || r.Num > math.MaxInt32 || r.Den > math.MaxInt32 {
		return C.AVRational{num: 0, den: 1}
	}
	return C.AVRational{num: C.int(r.Num), den: C.int(r.Den)}
}

func bytePtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

// cBytes is a view of n bytes of C memory, nil when there are none.
func cBytes(p *C.uint8_t, n C.int32_t) []byte {
	if p == nil || n <= 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p), int(n))
}

func cBool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// checkPlanes makes sure that C may touch every sample of p.
func checkPlanes(p frame.Planes) error {
	if err := p.Check(); err != nil {
		return err
	}
	c := p.Chroma()
	holds := func(b []byte, stride, w, h int) bool {
		return stride >= w && stride <= math.MaxInt32 && len(b) >= stride*(h-1)+w
	}
	if !holds(p.Y, p.StrideY, p.W, p.H) || !holds(p.U, p.StrideC, c.W, c.H) ||
		!holds(p.V, p.StrideC, c.W, c.H) {
		return fmt.Errorf("%w: planes too short for %v", ErrPlanes, p.Size)
	}
	return nil
}

// packetOf views a packet of C.
func packetOf(p *C.by_packet) Packet {
	return Packet{
		Data: cBytes(p.data, p.len), Extradata: cBytes(p.extra, p.extra_len),
		PTS: int64(p.pts), DTS: int64(p.dts), Duration: int64(p.duration),
		Key:     p.flags&C.AV_PKT_FLAG_KEY != 0,
		Discard: p.flags&C.AV_PKT_FLAG_DISCARD != 0,
		Damaged: p.flags&C.AV_PKT_FLAG_CORRUPT != 0,
	}
}

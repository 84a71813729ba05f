// Package driver is the contract between a camera's worker process and the
// code in it that speaks one protocol. A driver knows how to reach a camera and
// hands on coded access units; the worker decodes them, keeps time, writes the
// pictures to shared memory, and decides when to try again.
package driver

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"bystander/ingest"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// Codec names a video coding.
type Codec = av.Codec

// The codings that network drivers announce. A file may hold any that libav
// decodes.
const (
	H264  = av.CodecH264
	H265  = av.CodecH265
	VP8   = av.CodecVP8
	VP9   = av.CodecVP9
	MJPEG = av.CodecMJPEG
)

// Config is what a driver knows of its camera.
type Config struct {
	ingest.Spec
	Log zerolog.Logger // writes to the worker's standard error; no credentials
	// ReadTimeout is how long the other side may be silent, and how long a
	// connection may take, before the driver gives up with CodeTimeout.
	ReadTimeout time.Duration
}

// NoPTS is the time stamp of a unit that has none.
const NoPTS = av.NoPTS

// Params describes the units that follow.
type Params struct {
	Codec Codec
	// Extra is the codec's out-of-band data as the container holds it: avcC or
	// hvcC, or Annex B parameter sets; nil when they come in band.
	Extra []byte
	// File carries a demuxer's own parameters to the decoder; nil for network
	// cameras.
	File     *av.Params
	TimeBase frame.Rational // seconds a tick; must be valid
	Rate     frame.Rational // nominal pictures a second; invalid when unknown
}

// Unit is one coded access unit: all that belongs to one picture.
type Unit struct {
	// Data is H.264 and H.265 in Annex B form (start codes) unless Extra says
	// otherwise; one whole frame for the other codecs. The worker has read it
	// by the time Out.Unit returns.
	Data []byte
	// PTS and DTS count ticks of Params.TimeBase, or are NoPTS. A live driver
	// extends its 32-bit RTP time itself, and need not set DTS.
	PTS, DTS int64
	// Duration in ticks, 0 when unknown.
	Duration int64
	Key      bool // decoding can start here
	// Discard, Damaged and Extra are a demuxer's; see av.Packet.
	Discard, Damaged bool
	Extra            []byte
	Captured         time.Time // the camera's own wall clock; zero when it gives none
	Arrived          time.Time // when the last byte was here; zero means now
}

// Out takes what a driver receives. A driver calls it from one goroutine at a
// time.
type Out interface {
	// Video announces a stream and begins a new epoch. It must come before the
	// first Unit, once for every connection, and again when the codec changes.
	// It fails with ingest.CodeUnsupportedCodec.
	Video(Params) error
	// Unit hands over one access unit. For a live camera it never blocks for
	// long: units are dropped up to the next key unit when decoding falls
	// behind. Otherwise it waits until there is room. An error (the worker is
	// stopping, or the stream cannot be decoded) ends Run.
	Unit(Unit) error
	// Lost counts packets that were lost or made no sense; any goroutine may
	// call it.
	Lost(n int)
}

// Driver reaches one camera.
type Driver interface {
	// Run makes one attempt: it connects, calls out.Video and then out.Unit
	// until the stream ends, and leaves nothing running when it returns. It
	// returns nil at the regular end of a file, ctx's error when cancelled,
	// out's error, or an *ingest.Error that says what went wrong; the worker
	// sees to waiting and trying again. Run may be called again.
	Run(ctx context.Context, cfg Config, out Out) error
}

// Negotiator is a Driver that answers WebRTC offers. The worker calls it from
// another goroutine than Run, and only while Run is running; the driver's Run
// waits for a publisher, and returns when the publisher has left.
type Negotiator interface {
	// Negotiate answers an SDP offer. A refused offer is an *ingest.Error or
	// any error; it does not end Run.
	Negotiate(ctx context.Context, offer string) (answer string, err error)
}

// KeyFramer is a Driver that can ask its camera for a key frame (RTCP PLI). The
// worker calls it, at most about once a second, from another goroutine than Run
// when it waits for one.
type KeyFramer interface {
	RequestKeyFrame()
}

// Set makes drivers by name; the worker's main is given one.
type Set map[ingest.Driver]func() Driver

package rtsp

import (
	"errors"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpvp8"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpvp9"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/vp9"
	"github.com/pion/rtp"

	"bystander/ingest/driver"
)

// depacketizer joins RTP packets to access units.
type depacketizer interface {
	// add takes a packet. It appends a finished unit to buf and returns it with
	// the RTP time it belongs to, or nil when more packets are needed.
	add(pkt *rtp.Packet, buf []byte) (ts uint32, unit []byte, key bool, err error)
}

// depacketizerFor returns nil when the format is not supported.
func depacketizerFor(f format.Format) (depacketizer, driver.Params, error) {
	switch f := f.(type) {
	case *format.H264:
		d, err := f.CreateDecoder()
		sps, pps := f.SafeParams()
		return &nalus{decode: d.Decode, key: h264.IsRandomAccess},
			driver.Params{Codec: driver.H264, Extra: annexB(nil, sps, pps)}, err
	case *format.H265:
		d, err := f.CreateDecoder()
		vps, sps, pps := f.SafeParams()
		return &nalus{decode: d.Decode, key: h265.IsRandomAccess},
			driver.Params{Codec: driver.H265, Extra: annexB(nil, vps, sps, pps)}, err
	case *format.MJPEG:
		d, err := f.CreateDecoder()
		return &frames{decode: d.Decode, key: func([]byte) bool { return true }}, driver.Params{Codec: driver.MJPEG}, err
	case *format.VP8:
		d, err := f.CreateDecoder()
		return &frames{decode: d.Decode, key: vp8Key}, driver.Params{Codec: driver.VP8}, err
	case *format.VP9:
		d, err := f.CreateDecoder()
		return &frames{decode: d.Decode, key: vp9Key}, driver.Params{Codec: driver.VP9}, err
	}
	return nil, driver.Params{}, nil
}

// waiting tells errors that are a matter of course from losses.
func waiting(err error) bool {
	for _, w := range []error{
		rtph264.ErrMorePacketsNeeded, rtph264.ErrNonStartingPacketAndNoPrevious,
		rtph265.ErrMorePacketsNeeded, rtph265.ErrNonStartingPacketAndNoPrevious,
		rtpmjpeg.ErrMorePacketsNeeded, rtpmjpeg.ErrNonStartingPacketAndNoPrevious,
		rtpvp8.ErrMorePacketsNeeded, rtpvp8.ErrNonStartingPacketAndNoPrevious,
		rtpvp9.ErrMorePacketsNeeded, rtpvp9.ErrNonStartingPacketAndNoPrevious,
	} {
		if errors.Is(err, w) {
			return true
		}
	}
	return false
}

// nalus serves H.264 and H.265. Some cameras leave out the marker bit; the
// library then gives a unit out with the first packet of the next, so the time
// of a unit is that of its own first packet.
type nalus struct {
	decode  func(*rtp.Packet) ([][]byte, error)
	key     func([][]byte) bool
	pending bool
	ts      uint32
}

func (n *nalus) add(pkt *rtp.Packet, buf []byte) (uint32, []byte, bool, error) {
	if !n.pending {
		n.pending, n.ts = true, pkt.Timestamp
	}
	au, err := n.decode(pkt)
	if err != nil {
		if waiting(err) {
			return 0, nil, false, nil
		}
		n.pending = false
		return 0, nil, false, err
	}
	ts := n.ts
	// After a split by time stamp the packet at hand has begun the next unit.
	n.pending, n.ts = ts != pkt.Timestamp, pkt.Timestamp
	unit := annexB(buf, au...)
	if len(unit) == 0 {
		return 0, nil, false, nil
	}
	return ts, unit, n.key(au), nil
}

// annexB appends units with start codes to b; empty ones are left out.
func annexB(b []byte, units ...[]byte) []byte {
	for _, u := range units {
		if len(u) > 0 {
			b = append(b, 0, 0, 0, 1)
			b = append(b, u...)
		}
	}
	return b
}

// frames serves the codecs whose units are plain bytes.
type frames struct {
	decode func(*rtp.Packet) ([]byte, error)
	key    func([]byte) bool
}

func (f *frames) add(pkt *rtp.Packet, buf []byte) (uint32, []byte, bool, error) {
	b, err := f.decode(pkt)
	if err != nil {
		if waiting(err) {
			return 0, nil, false, nil
		}
		return 0, nil, false, err
	}
	if len(b) == 0 {
		return 0, nil, false, nil
	}
	return pkt.Timestamp, append(buf, b...), f.key(b), nil
}

// vp8Key reads the inverse key frame flag (RFC 6386, 9.1).
func vp8Key(b []byte) bool { return b[0]&1 == 0 }

func vp9Key(b []byte) bool {
	var h vp9.Header
	return h.Unmarshal(b) == nil && !h.NonKeyFrame
}

package live

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Header extensions, offered by browsers.
const (
	playoutDelayURI   = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
	absCaptureTimeURI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
)

// track sends units to one viewer, with time stamps, sequence numbers and
// header extensions of its own. Nothing is allocated per packet here. After
// Bind, write and report belong to one goroutine.
type track struct {
	id     string
	bound  atomic.Pointer[binding]
	offset uint32 // of time stamps
	seq    uint16
	count  uint32 // packets and
	octets uint32 // payload bytes sent, for reports
}

// binding is what the negotiation settled.
type binding struct {
	w            webrtc.TrackLocalWriter
	first, other rtp.Header // of the first packet of a picture and of the rest
	captured     []byte     // abs-capture-time's value inside first, nil when not negotiated
}

var _ webrtc.TrackLocal = (*track)(nil)

func newTrack(camera string) *track {
	return &track{id: camera, offset: random32(), seq: uint16(random32())} //nolint:gosec // any start will do
}

// Bind implements webrtc.TrackLocal: it picks the codec and the extensions.
func (t *track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codec, ok := pickCodec(c.CodecParameters())
	if !ok {
		return webrtc.RTPCodecParameters{}, ErrNoCodec
	}
	h := rtp.Header{Version: 2, PayloadType: uint8(codec.PayloadType), SSRC: uint32(c.SSRC())}
	b := &binding{w: c.WriteStream(), first: h, other: h}
	for _, x := range c.HeaderExtensions() {
		var value []byte
		switch x.URI {
		case playoutDelayURI:
			value = make([]byte, 3) // from 0 to 0: show at once
		case absCaptureTimeURI:
			value = make([]byte, 8)
			b.captured = value
		default:
			continue
		}
		if err := b.first.SetExtension(uint8(x.ID), value); err != nil { //nolint:gosec // 1 to 14
			return codec, fmt.Errorf("live: header extension %d: %w", x.ID, err)
		}
	}
	t.bound.Store(b)
	return codec, nil
}

// pickCodec prefers what the encoder makes, constrained baseline with
// packetization-mode 1, and takes any H.264 in that mode: every decoder of a
// higher profile plays constrained baseline.
func pickCodec(codecs []webrtc.RTPCodecParameters) (best webrtc.RTPCodecParameters, ok bool) {
	for _, c := range codecs {
		if !strings.EqualFold(c.MimeType, webrtc.MimeTypeH264) || !strings.Contains(c.SDPFmtpLine, "packetization-mode=1") {
			continue
		}
		if strings.Contains(strings.ToLower(c.SDPFmtpLine), "profile-level-id=42e0") {
			return c, true
		}
		if !ok {
			best, ok = c, true
		}
	}
	return best, ok
}

// Unbind implements webrtc.TrackLocal.
func (t *track) Unbind(webrtc.TrackLocalContext) error {
	t.bound.Store(nil)
	return nil
}

// ID, RID, StreamID and Kind implement webrtc.TrackLocal.
func (t *track) ID() string { return "video" }

// RID is empty: one resolution only.
func (t *track) RID() string { return "" }

// StreamID is the camera.
func (t *track) StreamID() string { return t.id }

// Kind is video.
func (t *track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeVideo }

// write sends u and returns the payload bytes and packets that went out.
func (t *track) write(u *unit) (n, packets int, err error) {
	b := t.bound.Load()
	if b == nil {
		return 0, 0, ErrClosed
	}
	if b.captured != nil {
		var stamp uint64
		if !u.captured.IsZero() {
			stamp = ntp(u.captured)
		}
		binary.BigEndian.PutUint64(b.captured, stamp)
	}
	err = u.payloads(func(p []byte, first, last bool) error {
		h := &b.other
		if first {
			h = &b.first
		}
		h.SequenceNumber, h.Timestamp, h.Marker = t.seq, u.rtp+t.offset, last
		t.seq++
		if _, err := b.w.WriteRTP(h, p); err != nil {
			return fmt.Errorf("live: send: %w", err)
		}
		n += len(p)
		packets++
		return nil
	})
	t.count += uint32(packets) //nolint:gosec // modulo 2³², RFC 3550
	t.octets += uint32(n)      //nolint:gosec // modulo 2³², RFC 3550
	return n, packets, err
}

// report ties u's time stamp to the wall-clock time of its capture, so that
// the viewer can tell how old a picture is.
func (t *track) report(u *unit) *rtcp.SenderReport {
	r := &rtcp.SenderReport{
		NTPTime: ntp(u.captured), RTPTime: u.rtp + t.offset,
		PacketCount: t.count, OctetCount: t.octets,
	}
	if b := t.bound.Load(); b != nil {
		r.SSRC = b.first.SSRC
	}
	return r
}

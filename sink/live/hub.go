// Package live shows redacted cameras to browsers over WebRTC, by WHEP. A Hub
// holds one Stream per camera; each Stream takes encoded pictures and sends
// them to its viewers. No viewer can hold up the pipeline or another viewer.
package live

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/webrtc/v4"

	"bystander/internal/rtc"
)

// nackMemory is how many packets are kept for a viewer who lost some.
const nackMemory = 512

// Hub serves the live views of all cameras. It is safe for concurrent use.
type Hub struct {
	cfg Config
	net *network
	api *webrtc.API

	mu      sync.Mutex
	streams map[string]*Stream
	busy    int // sessions and offers of all cameras
	closed  bool
	wg      sync.WaitGroup // the same sessions and offers; Close waits for them
}

// New opens the sockets. The error names the field or address that is wrong.
func New(cfg Config) (*Hub, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	n, err := listen(cfg)
	if err != nil {
		return nil, err
	}
	h := &Hub{cfg: cfg, net: n, streams: make(map[string]*Stream)}
	if h.api, err = newAPI(cfg, n); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return h, nil
}

func newAPI(cfg Config, n *network) (*webrtc.API, error) {
	var s webrtc.SettingEngine
	s.LoggerFactory = rtc.Log(cfg.Log)
	// ICE lite: the hub answers checks and sends none, so that an offer can't
	// make it send packets to addresses of the offer's choice.
	s.SetLite(true)
	s.DisableActiveTCP(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(cfg.DeadTimeout/2, cfg.DeadTimeout/2, 2*time.Second)
	if err := n.apply(&s, cfg.PublicAddrs); err != nil {
		return nil, err
	}
	m := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	// Besides what the encoder makes, take the profiles that some viewers offer
	// alone; all of them play constrained baseline.
	for i, profile := range []string{"42e01f", "42001f", "4d001f", "64001f"} {
		err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeH264, ClockRate: clockRate, RTCPFeedback: feedback,
				SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile,
			},
			PayloadType: webrtc.PayloadType(102 + i), //nolint:gosec // small
		}, webrtc.RTPCodecTypeVideo)
		if err != nil {
			return nil, fmt.Errorf("live: register codec: %w", err)
		}
	}
	for _, uri := range []string{playoutDelayURI, absCaptureTimeURI} {
		err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri},
			webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverDirectionSendonly)
		if err != nil {
			return nil, fmt.Errorf("live: register header extension: %w", err)
		}
	}
	resend, err := nack.NewResponderInterceptor(nack.ResponderSize(nackMemory))
	if err != nil {
		return nil, fmt.Errorf("live: retransmission: %w", err)
	}
	r := &interceptor.Registry{}
	r.Add(resend)
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r)), nil
}

// Stream returns the camera's stream, making it at first use. After Close it
// returns a stream that refuses every packet.
func (h *Hub) Stream(camera string) *Stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.streams[camera]; ok {
		return s
	}
	s := newStream(h, camera)
	if h.closed {
		s.closed = true
		return s
	}
	h.streams[camera] = s
	return s
}

func (h *Hub) forget(s *Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams[s.camera] == s {
		delete(h.streams, s.camera)
	}
}

// Addrs lists the UDP addresses that viewers reach.
func (h *Hub) Addrs() []netip.AddrPort { return h.net.ports() }

// Close ends every session, waits for them and closes the sockets.
func (h *Hub) Close() error {
	h.mu.Lock()
	h.closed = true
	all := make([]*Stream, 0, len(h.streams))
	for _, s := range h.streams {
		all = append(all, s)
	}
	h.mu.Unlock()
	var errs []error
	for _, s := range all {
		errs = append(errs, s.Close())
	}
	h.wg.Wait()
	return errors.Join(append(errs, h.net.close())...)
}

package live

import (
	"context"
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"bystander/internal/rtc"
)

// What an offer may hold.
const (
	// MaxOffer is the greatest size of an SDP offer in bytes.
	MaxOffer      = 64 << 10
	maxMedia      = 8
	maxAttributes = 2000
)

// Offer lets a viewer in: it answers an SDP offer to receive the camera's
// video. All ICE candidates are in the answer. The session ends by Hub.End,
// when the viewer goes silent, or with the stream. Errors: ErrUnknownCamera,
// ErrTooManyViewers, ErrBadOffer, ErrNoCodec, ErrClosed, or ctx's.
func (h *Hub) Offer(ctx context.Context, camera, offer string) (session, answer string, err error) {
	return h.OfferAs(ctx, camera, offer, Full)
}

// OfferAs is Offer for a viewer who begins with the given rendition.
func (h *Hub) OfferAs(ctx context.Context, camera, offer string, r Rendition) (session, answer string, err error) {
	if err := checkOffer(offer); err != nil {
		return "", "", err
	}
	s, err := h.enter(camera)
	if err != nil {
		return "", "", err
	}
	v, answer, err := h.negotiate(ctx, s, offer, r)
	if err != nil {
		h.leave()
		_ = s.settle(nil) // nothing to fail
		return "", "", err
	}
	return v.id, answer, nil
}

// enter takes a place on the hub and at the camera.
func (h *Hub) enter(camera string) (*Stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrClosed
	}
	s, ok := h.streams[camera]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownCamera, camera)
	}
	if h.busy >= h.cfg.MaxSessions {
		s.count.refused.Add(1)
		return nil, fmt.Errorf("%w (all cameras together have %d)", ErrTooManyViewers, h.cfg.MaxSessions)
	}
	if err := s.reserve(); err != nil {
		return nil, err
	}
	h.busy++
	h.wg.Add(1)
	return s, nil
}

func (h *Hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy--
	h.wg.Done()
}

func (h *Hub) negotiate(ctx context.Context, s *Stream, offer string, r Rendition) (_ *viewer, _ string, err error) {
	pc, err := h.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", fmt.Errorf("live: new session: %w", err)
	}
	defer func() {
		if err != nil {
			_ = pc.GracefulClose() // the first error is the one to tell
		}
	}()
	t := newTrack(s.camera)
	tr, err := pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, "", fmt.Errorf("live: new session: %w", err)
	}
	if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err = pc.SetLocalDescription(answer); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return nil, "", fmt.Errorf("live: answer: %w", ctx.Err())
	}
	if t.bound.Load() == nil {
		return nil, "", ErrNoCodec
	}
	text, err := rtc.HomeCandidates(pc.LocalDescription().SDP)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	v := newViewer(s, pc, t, r)
	if err = s.settle(v); err != nil {
		return nil, "", err
	}
	v.start(tr.Sender())
	return v, text, nil
}

// checkOffer refuses early what the WebRTC library need not see.
func checkOffer(offer string) error {
	if len(offer) > MaxOffer {
		return fmt.Errorf("%w: longer than %d bytes", ErrBadOffer, MaxOffer)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil {
		return fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	if n := len(d.MediaDescriptions); n == 0 || n > maxMedia {
		return fmt.Errorf("%w: %d media sections, expected 1 to %d", ErrBadOffer, n, maxMedia)
	}
	attributes, usable := len(d.Attributes), false
	for _, m := range d.MediaDescriptions {
		attributes += len(m.Attributes)
		switch m.MediaName.Media {
		case "video":
			usable = usable || receivesH264(m)
		case "audio": // will be rejected in the answer
		default:
			return fmt.Errorf("%w: a live view has video only, no %.20q section", ErrBadOffer, m.MediaName.Media)
		}
	}
	if attributes > maxAttributes {
		return fmt.Errorf("%w: more than %d attributes", ErrBadOffer, maxAttributes)
	}
	if !usable {
		return ErrNoCodec
	}
	return nil
}

func receivesH264(m *sdp.MediaDescription) bool {
	codec, mode := false, false
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendonly", "inactive":
			return false
		case "rtpmap":
			codec = codec || strings.Contains(strings.ToUpper(a.Value), " H264/90000")
		case "fmtp":
			mode = mode || strings.Contains(a.Value, "packetization-mode=1")
		}
	}
	return codec && mode
}

// Has reports whether the camera has the session.
func (h *Hub) Has(camera, session string) bool {
	h.mu.Lock()
	s := h.streams[camera]
	h.mu.Unlock()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.viewers[session] != nil
}

// Resize has a session change over to another rendition, without a break. It
// fails with ErrUnknownSession.
func (h *Hub) Resize(camera, session string, to Rendition) error {
	h.mu.Lock()
	s := h.streams[camera]
	h.mu.Unlock()
	if s == nil {
		return ErrUnknownSession
	}
	s.mu.Lock()
	v := s.viewers[session]
	s.mu.Unlock()
	if v == nil {
		return ErrUnknownSession
	}
	s.resize(v, to)
	return nil
}

// End ends a session of the camera and waits for it. It fails with
// ErrUnknownSession, also where the session belongs to another camera.
func (h *Hub) End(camera, session string) error {
	h.mu.Lock()
	s := h.streams[camera]
	h.mu.Unlock()
	if s != nil {
		s.mu.Lock()
		v := s.viewers[session]
		s.mu.Unlock()
		if v != nil {
			v.cancel()
			<-v.done
			return nil
		}
	}
	return ErrUnknownSession
}

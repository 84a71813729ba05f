package whip

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"bystander/ingest"
	"bystander/internal/rtc"
)

// What an offer may hold.
const (
	maxOffer      = 64 << 10 // bytes
	maxMedia      = 8
	maxAttributes = 2000
	maxSprop      = 4 << 10 // bytes of parameter sets
)

// askEvery is the least time between two requests for a key picture.
const askEvery = 500 * time.Millisecond

// session is one publisher. Its end is ctx's.
type session struct {
	run    *run
	pc     *webrtc.PeerConnection
	ctx    context.Context
	cancel context.CancelFunc
	sprop  []byte // H.264 parameter sets from the offer, Annex B

	once     sync.Once
	track    *webrtc.TrackRemote // set before the session is delivered
	wall     atomic.Pointer[wall]
	askedKey atomic.Int64   // Unix ns
	reports  sync.WaitGroup // the reader of sender reports
}

func newSession(r *run, pc *webrtc.PeerConnection, offer string) *session {
	s := &session{run: r, pc: pc, sprop: parameterSets(offer)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		if st == webrtc.PeerConnectionStateFailed || st == webrtc.PeerConnectionStateClosed {
			s.cancel()
		}
	})
	pc.OnTrack(func(t *webrtc.TrackRemote, recv *webrtc.RTPReceiver) {
		s.once.Do(func() { // one video; what else comes is left unread
			s.track = t
			s.reports.Go(func() { s.readReports(recv, t.SSRC()) })
			r.deliver(s)
		})
	})
	return s
}

// answer negotiates to receive one video, all candidates in the answer.
func (s *session) answer(ctx context.Context, offer string) (string, error) {
	gathered, err := s.describe(offer)
	if err != nil {
		return "", &ingest.Error{Code: ingest.CodeConfig, Text: "the publisher's offer cannot be used", Err: err}
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	text, err := rtc.HomeCandidates(s.pc.LocalDescription().SDP)
	if err != nil {
		return "", &ingest.Error{Code: ingest.CodeConfig, Text: "the publisher's offer cannot be accepted", Err: err}
	}
	return text, nil
}

func (s *session) describe(offer string) (gathered <-chan struct{}, err error) {
	_, err = s.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	if err != nil {
		return nil, err
	}
	if err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return nil, err
	}
	a, err := s.pc.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	gathered = webrtc.GatheringCompletePromise(s.pc)
	return gathered, s.pc.SetLocalDescription(a)
}

// live waits for the session's end and cleans up.
func (s *session) live() {
	defer s.run.wg.Done()
	<-s.ctx.Done()
	_ = s.pc.GracefulClose() // its errors tell only that the peer has gone already
	s.reports.Wait()
	s.run.forget(s)
}

func (r *run) forget(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == s {
		r.pending = nil
	}
	if r.current == s {
		r.current = nil
	}
}

// readReports keeps the newest relation of RTP time to wall clock.
func (s *session) readReports(recv *webrtc.RTPReceiver, ssrc webrtc.SSRC) {
	for {
		packets, _, err := recv.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == uint32(ssrc) {
				s.wall.Store(newWall(sr.NTPTime, sr.RTPTime, time.Now()))
			}
		}
	}
}

// askKey asks for a key picture, at most once in askEvery.
func (s *session) askKey() {
	now := time.Now().UnixNano()
	last := s.askedKey.Load()
	if now-last < int64(askEvery) || !s.askedKey.CompareAndSwap(last, now) {
		return
	}
	// A lost request is made again while no key picture has come.
	_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(s.track.SSRC())}})
}

// checkOffer refuses early what the WebRTC library need not see.
func checkOffer(offer string) error {
	if len(offer) > maxOffer {
		return ingest.Errorf(ingest.CodeConfig, "the publisher's offer is longer than %d bytes", maxOffer)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil {
		return ingest.Errorf(ingest.CodeConfig, "the publisher's offer is no SDP")
	}
	if n := len(d.MediaDescriptions); n == 0 || n > maxMedia {
		return ingest.Errorf(ingest.CodeConfig, "the publisher's offer has %d media sections, expected 1 to %d", n, maxMedia)
	}
	attributes, video, codec := len(d.Attributes), false, false
	for _, m := range d.MediaDescriptions {
		attributes += len(m.Attributes)
		switch m.MediaName.Media {
		case "video":
			v, c := publishes(m)
			video, codec = video || v, codec || v && c
		case "audio": // will be rejected in the answer
		default:
			return ingest.Errorf(ingest.CodeConfig, "a camera publishes video only, no %.20q section", m.MediaName.Media)
		}
	}
	switch {
	case attributes > maxAttributes:
		return ingest.Errorf(ingest.CodeConfig, "the publisher's offer has more than %d attributes", maxAttributes)
	case !video:
		return ingest.Errorf(ingest.CodeNoVideo, "the publisher offers no video to send")
	case !codec:
		return ingest.Errorf(ingest.CodeUnsupportedCodec, "the publisher offers neither H.264 nor VP8; choose one of them there")
	}
	return nil
}

// publishes reports whether m sends video, and in a coding we take.
func publishes(m *sdp.MediaDescription) (video, codec bool) {
	for _, a := range m.Attributes {
		switch a.Key {
		case "recvonly", "inactive":
			return false, false
		case "rtpmap":
			v := strings.ToUpper(a.Value)
			codec = codec || strings.HasSuffix(v, " H264/90000") || strings.HasSuffix(v, " VP8/90000")
		}
	}
	return m.MediaName.Port.Value != 0, codec
}

// parameterSets returns the H.264 parameter sets that some senders put into the
// offer instead of the stream (RFC 6184, sprop-parameter-sets), in Annex B
// form, nil without any.
func parameterSets(offer string) []byte {
	_, rest, ok := strings.Cut(offer, "sprop-parameter-sets=")
	if !ok {
		return nil
	}
	if i := strings.IndexAny(rest, "; \r\n"); i >= 0 {
		rest = rest[:i]
	}
	if len(rest) > maxSprop {
		return nil
	}
	var out []byte
	for set := range strings.SplitSeq(rest, ",") {
		b, err := base64.StdEncoding.DecodeString(set)
		if err != nil || len(b) == 0 {
			return nil
		}
		out = append(append(out, 0, 0, 0, 1), b...)
	}
	return out
}

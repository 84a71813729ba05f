// Package whip lets a camera publish to us: a browser, OBS, GStreamer or any
// other WHIP client sends H.264 or VP8 over WebRTC. It runs in the camera's
// worker; package whiphttp is the side that speaks HTTP.
package whip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/internal/rtc"
)

// HangUp stands in place of an offer to end the present publisher; the answer
// is HangUp again.
const HangUp = "hangup"

// defaultSilence bounds silence where the configuration doesn't.
const defaultSilence = 10 * time.Second

// Driver waits for publishers. One publishes at a time; a new one takes over
// as soon as its video arrives. It implements driver.Driver, Negotiator and
// KeyFramer.
type Driver struct {
	mu  sync.Mutex
	run *run // the Run in progress
}

var (
	_ driver.Driver     = (*Driver)(nil)
	_ driver.Negotiator = (*Driver)(nil)
	_ driver.KeyFramer  = (*Driver)(nil)
)

// New returns a driver.
func New() driver.Driver { return &Driver{} }

// Run waits for a publisher and hands on its video until it leaves. Errors:
// CodeConfig for a wrong address, CodeLost when the publisher left, CodeTimeout
// when it fell silent.
func (d *Driver) Run(ctx context.Context, cfg driver.Config, out driver.Out) error {
	n, err := parseNetwork(cfg.URL)
	if err != nil {
		return err
	}
	if cfg.ReadTimeout <= 0 {
		cfg.ReadTimeout = defaultSilence
	}
	api, err := newAPI(n, cfg)
	if err != nil {
		return ingest.Permanentf(ingest.CodeConfig, "WHIP camera: %v", err)
	}
	r := &run{api: api, cfg: cfg, ready: make(chan *session, 1)}
	d.mu.Lock()
	if d.run != nil {
		d.mu.Unlock()
		return errors.New("whip: run twice at a time")
	}
	d.run = r
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.run = nil
		d.mu.Unlock()
		r.close()
	}()
	return r.serve(ctx, out)
}

// Negotiate answers a publisher's offer to send one video, or takes HangUp.
// Errors: CodeUnsupportedCodec, CodeConfig for an unusable offer, CodeLost
// while no Run waits, or ctx's.
func (d *Driver) Negotiate(ctx context.Context, offer string) (string, error) {
	d.mu.Lock()
	r := d.run
	d.mu.Unlock()
	if r == nil {
		return "", ingest.Errorf(ingest.CodeLost, "the camera is not ready for a publisher yet; try again in a moment")
	}
	if offer == HangUp {
		r.hangUp()
		return HangUp, nil
	}
	return r.negotiate(ctx, offer)
}

// RequestKeyFrame asks the publisher for a key picture.
func (d *Driver) RequestKeyFrame() {
	d.mu.Lock()
	r := d.run
	d.mu.Unlock()
	if r != nil {
		r.askKey()
	}
}

func newAPI(n network, cfg driver.Config) (*webrtc.API, error) {
	var s webrtc.SettingEngine
	s.LoggerFactory = rtc.Log(cfg.Log)
	s.SetReceiveMTU(maxPacket)
	s.SetICETimeouts(cfg.ReadTimeout/2, cfg.ReadTimeout/2, 2*time.Second)
	if err := n.apply(&s); err != nil {
		return nil, err
	}
	m := &webrtc.MediaEngine{}
	if err := registerCodecs(m); err != nil {
		return nil, fmt.Errorf("register codec: %w", err)
	}
	i := &interceptor.Registry{}
	lost, err := nack.NewGeneratorInterceptor()
	if err != nil {
		return nil, fmt.Errorf("nack: %w", err)
	}
	reports, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, fmt.Errorf("receiver reports: %w", err)
	}
	i.Add(lost)
	i.Add(reports)
	// Without it browsers stay at a low bit rate.
	if err := webrtc.ConfigureTWCCSender(m, i); err != nil {
		return nil, fmt.Errorf("congestion feedback: %w", err)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(i)), nil
}

// registerCodecs registers video alone: sound is never set up, so an offer of
// sound is rejected in the answer.
func registerCodecs(m *webrtc.MediaEngine) error {
	feedback := []webrtc.RTCPFeedback{
		{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, {Type: "transport-cc"},
	}
	pt := webrtc.PayloadType(100)
	add := func(mime, fmtp string) error {
		pt++
		return m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: mime, ClockRate: clockRate, SDPFmtpLine: fmtp, RTCPFeedback: feedback,
			},
			PayloadType: pt,
		}, webrtc.RTPCodecTypeVideo)
	}
	var errs []error
	for _, profile := range []string{"42e01f", "42001f", "4d001f", "64001f", "640c1f"} {
		for _, mode := range []string{"1", "0"} {
			errs = append(errs, add(webrtc.MimeTypeH264,
				"level-asymmetry-allowed=1;packetization-mode="+mode+";profile-level-id="+profile))
		}
	}
	return errors.Join(append(errs, add(webrtc.MimeTypeVP8, ""))...)
}

// Package rtsp is the default driver for network cameras, on gortsplib: RTSP
// over TCP or with RTP over UDP, H.264, H.265, MJPEG, VP8 and VP9, Basic and
// Digest sign-in (MD5, SHA-256). It sets up one video track and nothing else;
// sound is never asked for.
package rtsp

import (
	"context"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/internal/frame"
)

// udpBuffer holds about a key picture of a 4K camera while the reader is away.
// The system may grant less.
const udpBuffer = 4 << 20

// Driver implements driver.Driver.
type Driver struct{}

// New returns the driver.
func New() driver.Driver { return &Driver{} }

// Run implements driver.Driver.
func (*Driver) Run(ctx context.Context, cfg driver.Config, out driver.Out) error {
	u, err := base.ParseURL(cfg.URL)
	if err != nil {
		return ingest.Permanentf(ingest.CodeConfig,
			"camera %q: the address %s is not one; write rtsp://user:password@host:554/path", cfg.ID, ingest.Redact(cfg.URL))
	}
	s := &stream{cfg: cfg, out: out, url: u, failed: make(chan error, 1)}
	proto := gortsplib.ProtocolTCP
	if cfg.Transport == "udp" {
		proto = gortsplib.ProtocolUDP
	}
	s.client = &gortsplib.Client{
		Scheme: u.Scheme, Host: u.Host,
		ReadTimeout: cfg.ReadTimeout, WriteTimeout: cfg.ReadTimeout,
		InitialUDPReadTimeout: cfg.ReadTimeout,
		UDPReadBufferSize:     udpBuffer,
		Protocol:              &proto,
		UserAgent:             "bystander",
		DialContext:           onlyTo(u.Host),
		OnPacketsLost:         func(n uint64) { out.Lost(lost(n)) },
		OnDecodeError:         func(error) { out.Lost(1) },
	}
	if err := s.client.Start(); err != nil {
		return s.explain(err)
	}
	stop := context.AfterFunc(ctx, s.client.Close)
	defer func() {
		stop()
		s.client.Close() // returns when nothing of the client runs any more
	}()
	err = s.play(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// stream is one connection.
type stream struct {
	cfg    driver.Config
	out    driver.Out
	url    *base.URL
	client *gortsplib.Client
	media  *description.Media
	failed chan error
	once   sync.Once

	depack depacketizer
	clock  rtpClock
	buf    []byte
}

// play connects, sets up the one track, and receives until something ends it.
func (s *stream) play(ctx context.Context) error {
	desc, _, err := s.client.Describe(s.url)
	if err != nil {
		return s.explain(err)
	}
	forma, params, err := s.choose(desc)
	if err != nil {
		return err
	}
	if err := s.out.Video(params); err != nil {
		return err
	}
	if _, err := s.client.Setup(desc.BaseURL, s.media, 0, 0); err != nil {
		return s.explain(err)
	}
	s.client.OnPacketRTP(s.media, forma, s.packet)
	if _, err := s.client.Play(nil); err != nil {
		return s.explain(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.client.Wait() }() // ends with Close, which Run calls
	select {
	case err := <-s.failed:
		return err
	case err := <-ended:
		select {
		case ferr := <-s.failed:
			return ferr
		default:
		}
		return s.explain(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// choose picks the first video track that can be decoded.
func (s *stream) choose(desc *description.Session) (format.Format, driver.Params, error) {
	other := ""
	for _, m := range desc.Medias {
		if m.Type != description.MediaTypeVideo || m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			d, p, err := depacketizerFor(f)
			if err != nil || d == nil {
				other = f.Codec()
				continue
			}
			s.media, s.depack = m, d
			p.TimeBase = frame.Rational{Num: 1, Den: f.ClockRate()}
			return f, p, nil
		}
	}
	if other != "" {
		return nil, driver.Params{}, ingest.Errorf(ingest.CodeUnsupportedCodec,
			"camera %q offers video as %s only; set it to H.264 or H.265", s.cfg.ID, other)
	}
	return nil, driver.Params{}, ingest.Errorf(ingest.CodeNoVideo,
		"camera %q offers no video at this address; check the path of its stream", s.cfg.ID)
}

// packet is called by the client's one reader.
func (s *stream) packet(pkt *rtp.Packet) {
	ts, unit, key, err := s.depack.add(pkt, s.buf[:0])
	if err != nil {
		s.out.Lost(1)
		return
	}
	if unit == nil {
		return
	}
	s.buf = unit
	u := driver.Unit{
		Data: unit, PTS: s.clock.extend(ts), DTS: driver.NoPTS, Key: key, Arrived: time.Now(),
	}
	if ntp, ok := s.client.PacketNTP(s.media, pkt); ok && pkt.Timestamp == ts && plausible(ntp) {
		u.Captured = ntp
	}
	if err := s.out.Unit(u); err != nil {
		s.once.Do(func() { s.failed <- err })
	}
}

// plausible tells whether a camera's wall clock was ever set: many start in 1900
// or 1970.
func plausible(t time.Time) bool { return t.Year() >= 2015 && t.Year() < 2150 }

// rtpClock extends RTP's 32-bit time stamps. Which way a step goes is decided
// by the shorter way round.
type rtpClock struct {
	last    uint32
	at      int64
	started bool
}

func (c *rtpClock) extend(ts uint32) int64 {
	if c.started {
		c.at += int64(int32(ts - c.last)) //nolint:gosec // wrapping is meant
	}
	c.last, c.started = ts, true
	return c.at
}

// lost tells packets that were lost from a jump of the sequence numbers, which
// is one mishap and not tens of thousands.
func lost(n uint64) int {
	if n > 1000 {
		return 1
	}
	return int(n) //nolint:gosec // small
}

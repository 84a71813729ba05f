// Package vdk is a second driver for network cameras, on deepch/vdk's rtspv2:
// H.264 over TCP, for cameras that the first driver does not get on with.
//
// The library reads in a goroutine of its own and panics there on some
// malformed packets. No caller can recover from that, which is one reason why
// drivers live in a worker process. It also strips parameter sets from the
// stream and gives out one packet a slice; both are made good here.
package vdk

import (
	"context"
	"encoding/binary"
	"strings"
	"time"

	vdkav "github.com/deepch/vdk/av"
	"github.com/deepch/vdk/codec/h264parser"
	"github.com/deepch/vdk/format/rtspv2"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/rtsp"
	"bystander/internal/frame"
)

// Driver implements driver.Driver.
type Driver struct{}

// New returns the driver.
func New() driver.Driver { return &Driver{} }

// dialed is the outcome of rtspv2.Dial, which cannot be cancelled.
type dialed struct {
	client *rtspv2.RTSPClient
	err    error
}

// Run implements driver.Driver.
func (*Driver) Run(ctx context.Context, cfg driver.Config, out driver.Out) error {
	ready := make(chan dialed, 1)
	go func() { // ends within the read timeout; the buffer takes its result
		c, err := rtspv2.Dial(rtspv2.RTSPClientOptions{
			URL: cfg.URL, DisableAudio: true,
			DialTimeout: cfg.ReadTimeout, ReadWriteTimeout: cfg.ReadTimeout,
		})
		ready <- dialed{c, err}
	}()
	var d dialed
	select {
	case d = <-ready:
	case <-ctx.Done():
		go func() { // waits out the dialling, so that its connection is closed
			if late := <-ready; late.err == nil {
				closeClient(late.client)
			}
		}()
		return ctx.Err()
	}
	if d.err != nil {
		return explain(ctx, cfg, d.err)
	}
	defer closeClient(d.client)
	s := &stream{cfg: cfg, out: out, client: d.client}
	return s.run(ctx)
}

// closeClient closes the connection, and waits until the library's reader has
// noticed and gone.
func closeClient(c *rtspv2.RTSPClient) {
	c.Close()
	for {
		select {
		case sig := <-c.Signals:
			if sig == rtspv2.SignalStreamRTPStop {
				return
			}
		case <-c.OutgoingPacketQueue: // the reader may be about to put one more
		}
	}
}

type stream struct {
	cfg    driver.Config
	out    driver.Out
	client *rtspv2.RTSPClient
	open   bool
	sets   []byte // SPS and PPS as Annex B

	unit    []byte // slices of the unit that is being joined
	time    time.Duration
	key     bool
	arrived time.Time
	clock   clock
}

func (s *stream) run(ctx context.Context) error {
	if err := s.codec(); err != nil {
		return err
	}
	silence := time.NewTimer(s.cfg.ReadTimeout)
	defer silence.Stop()
	// A unit is whole when a slice with another time comes, or when none came
	// for a moment: waiting for the next picture would add its whole distance.
	flush := time.NewTimer(time.Hour)
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case sig := <-s.client.Signals:
			if sig == rtspv2.SignalStreamRTPStop {
				s.client.Signals <- sig // for closeClient; there is room, it was just taken
				return s.flushThen(ingest.Errorf(ingest.CodeLost,
					"camera %q at %s ended the connection, or fell silent; it is made again", s.cfg.ID, ingest.Redact(s.cfg.URL)))
			}
			if err := s.codec(); err != nil {
				return err
			}
		case p := <-s.client.OutgoingPacketQueue:
			silence.Reset(s.cfg.ReadTimeout)
			if err := s.packet(p); err != nil {
				return err
			}
			flush.Reset(joinWithin)
		case <-flush.C:
			if err := s.send(); err != nil {
				return err
			}
		case <-silence.C:
			return ingest.Errorf(ingest.CodeTimeout,
				"camera %q at %s has stopped sending; check that it is on", s.cfg.ID, ingest.Redact(s.cfg.URL))
		}
	}
}

// joinWithin bounds the wait for further slices of a unit.
const joinWithin = 8 * time.Millisecond

func (s *stream) flushThen(err error) error {
	if serr := s.send(); serr != nil {
		return serr
	}
	return err
}

// codec follows the library's view of the stream: its parameter sets go in
// front of each key unit, since the library takes them out of the stream.
func (s *stream) codec() error {
	for _, c := range s.client.CodecData {
		if !c.Type().IsVideo() {
			continue
		}
		h, ok := c.(h264parser.CodecData)
		if !ok {
			return ingest.Errorf(ingest.CodeUnsupportedCodec,
				"camera %q does not send H.264, which is all that the vdk driver knows; use the rtsp driver", s.cfg.ID)
		}
		if len(h.RecordInfo.SPS) > 0 && len(h.RecordInfo.PPS) > 0 {
			s.sets = annexB(annexB(nil, h.SPS()), h.PPS())
		}
		if s.open {
			return nil
		}
		s.open = true
		return s.out.Video(driver.Params{
			Codec: driver.H264, Extra: s.sets, TimeBase: frame.Rational{Num: 1, Den: 1000},
		})
	}
	return ingest.Errorf(ingest.CodeNoVideo,
		"camera %q offers no video at this address; check the path of its stream", s.cfg.ID)
}

// packet adds a slice to the unit it belongs to.
func (s *stream) packet(p *vdkav.Packet) error {
	nal := p.Data
	if len(nal) < 5 || int(binary.BigEndian.Uint32(nal)) != len(nal)-4 {
		s.out.Lost(1)
		return nil
	}
	if len(s.unit) > 0 && p.Time != s.time {
		if err := s.send(); err != nil {
			return err
		}
	}
	if len(s.unit)+len(nal) > maxUnit {
		s.unit = s.unit[:0]
		s.out.Lost(1)
		return nil
	}
	if len(s.unit) == 0 {
		s.time, s.key = p.Time, false
	}
	// The library's own mark is wrong for slices that came in an aggregate.
	if nal[4]&0x1f == 5 && !s.key {
		s.key = true
		s.unit = append(s.unit, s.sets...)
	}
	s.unit = annexB(s.unit, nal[4:])
	s.arrived = time.Now()
	return nil
}

const maxUnit = 16 << 20

// send hands on the unit that was joined.
func (s *stream) send() error {
	if len(s.unit) == 0 {
		return nil
	}
	err := s.out.Unit(driver.Unit{
		Data: s.unit, PTS: s.clock.extend(s.time), DTS: driver.NoPTS, Key: s.key, Arrived: s.arrived,
	})
	s.unit = s.unit[:0]
	return err
}

// clock undoes the wrap of the 32-bit RTP time behind the library's whole
// milliseconds.
type clock struct {
	last, add int64
	started   bool
}

const wrap = int64(1<<32) / 90 // ms

func (c *clock) extend(t time.Duration) int64 {
	ms := t.Milliseconds()
	if c.started {
		switch d := ms - c.last; {
		case d < -wrap/2:
			c.add += wrap
		case d > wrap/2:
			c.add -= wrap
		}
	}
	c.last, c.started = ms, true
	return ms + c.add
}

func annexB(b, nal []byte) []byte {
	b = append(b, 0, 0, 0, 1)
	return append(b, nal...)
}

// explain puts the library's errors, some of which are plain text, into words.
func explain(ctx context.Context, cfg driver.Config, err error) error {
	at := ingest.Redact(cfg.URL)
	switch text := err.Error(); {
	case strings.Contains(text, "401"):
		return ingest.Errorf(ingest.CodeUnauthorized,
			"camera %q at %s refuses the user name or password; correct them in its address "+
				"(special characters written as %%40 and so on)", cfg.ID, at)
	case strings.Contains(text, "404"):
		return ingest.Errorf(ingest.CodeNotFound,
			"camera %q: there is no stream at %s; check the path in the camera's manual, and that the stream is on", cfg.ID, at)
	case strings.HasPrefix(text, "Camera send status"):
		return ingest.Errorf(ingest.CodeLost, "camera %q at %s answers %q; it is tried again", cfg.ID, at,
			strings.TrimPrefix(text, "Camera send status"))
	}
	e := rtsp.Explain(cfg.ID, cfg.URL, err)
	if e.Code == ingest.CodeLost {
		// The library overlooks a refusal after which the camera hangs up.
		if why := rtsp.Why(ctx, cfg); why != nil {
			return why
		}
	}
	return e
}

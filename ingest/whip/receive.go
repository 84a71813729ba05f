package whip

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/internal/frame"
)

const (
	wake       = 100 * time.Millisecond // the longest wait for a packet before looking around
	wakeGap    = 20 * time.Millisecond  // the same while a packet is missing
	askPatient = time.Second            // between requests while a key picture is awaited
	maxErrors  = 1000                   // unreadable packets in a row
)

// receiver turns one publisher's packets into access units. It belongs to Run's
// goroutine.
type receiver struct {
	s   *session
	cfg driver.Config
	out driver.Out

	buf   [maxPacket]byte
	order reorder
	units *assembly
	clock extender
	pt    uint8
	heard time.Time // last packet
	asked time.Time // last request for a key picture
	lost  int       // to be told to out
	gap   bool      // packets were lost since the last payload
	now   time.Time // of the packet in hand
}

func newReceiver(s *session, cfg driver.Config, out driver.Out) *receiver {
	return &receiver{s: s, cfg: cfg, out: out}
}

// receive runs until the publisher leaves (CodeLost) or falls silent
// (CodeTimeout), ctx ends, out fails, or somebody comes through next, who is
// returned.
func (r *receiver) receive(ctx context.Context, next <-chan *session) (*session, error) {
	r.heard = time.Now()
	failed := 0
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.s.ctx.Done():
			return nil, ingest.Errorf(ingest.CodeLost, "the publisher has left; waiting for the next")
		case s := <-next:
			return s, nil
		default:
		}
		n, err := r.read()
		r.now = time.Now()
		var timeout net.Error
		switch {
		case err == nil:
			failed, r.heard = 0, r.now
			r.packet(r.buf[:n])
		case errors.As(err, &timeout) && timeout.Timeout():
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || failed > maxErrors:
			return nil, &ingest.Error{Code: ingest.CodeLost, Text: "the publisher has left; waiting for the next", Err: err}
		default:
			failed++
			r.lost++
		}
		if r.now.Sub(r.heard) > r.cfg.ReadTimeout {
			return nil, ingest.Errorf(ingest.CodeTimeout, "the publisher sends nothing for %v", r.cfg.ReadTimeout)
		}
		if err := r.deliver(); err != nil {
			return nil, err
		}
	}
}

func (r *receiver) read() (int, error) {
	wait := wake
	if r.order.held > 0 {
		wait = wakeGap
	}
	if err := r.s.track.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	n, _, err := r.s.track.Read(r.buf[:])
	return n, err
}

// packet takes one RTP packet into the order.
func (r *receiver) packet(b []byte) {
	if len(b) < 12 || b[0]>>6 != 2 {
		r.lost++
		return
	}
	if !r.order.push(uint16(b[2])<<8|uint16(b[3]), b) {
		r.lost++
	}
}

// deliver hands on what is in order.
func (r *receiver) deliver() error {
	for {
		b, lost := r.order.pop(r.now)
		if b == nil {
			break
		}
		r.lost += lost
		if err := r.payload(b, lost > 0); err != nil {
			return err
		}
	}
	if r.units != nil && r.units.wantKey && r.now.Sub(r.asked) >= askPatient {
		r.asked = r.now
		r.s.askKey()
	}
	if r.lost > 0 {
		r.out.Lost(r.lost)
		r.lost = 0
	}
	return nil
}

func (r *receiver) payload(b []byte, lost bool) error {
	r.gap = r.gap || lost
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil {
		r.lost++
		r.gap = true
		return nil //nolint:nilerr // one unreadable packet is counted, and the stream goes on
	}
	if len(p.Payload) == 0 {
		return nil // padding, sent to probe the bandwidth
	}
	if r.units == nil || p.PayloadType != r.pt {
		if err := r.begin(p.PayloadType); err != nil {
			return err
		}
	}
	err := r.units.add(p.Timestamp, p.Marker, p.Payload, r.gap, r.emit)
	r.gap = false
	r.lost += r.units.dropped
	r.units.dropped = 0
	return err
}

// begin announces a stream; the publisher may change its codec on the way.
func (r *receiver) begin(pt uint8) error {
	var codec driver.Codec
	mime := ""
	for _, c := range r.codecs() {
		if uint8(c.PayloadType) == pt {
			mime = c.MimeType
		}
	}
	switch {
	case strings.EqualFold(mime, webrtc.MimeTypeH264):
		codec = driver.H264
	case strings.EqualFold(mime, webrtc.MimeTypeVP8):
		codec = driver.VP8
	default:
		return ingest.Errorf(ingest.CodeUnsupportedCodec, "the publisher sends payload type %d, which it did not offer as H.264 or VP8", pt)
	}
	r.pt, r.units, r.clock = pt, newAssembly(codec), extender{}
	return r.announce()
}

func (r *receiver) codecs() []webrtc.RTPCodecParameters {
	var all []webrtc.RTPCodecParameters
	for _, t := range r.s.pc.GetTransceivers() {
		if recv := t.Receiver(); recv != nil {
			all = append(all, recv.GetParameters().Codecs...)
		}
	}
	return all
}

func (r *receiver) announce() error {
	p := driver.Params{Codec: r.units.codec, TimeBase: frame.Rational{Num: 1, Den: clockRate}}
	if p.Codec == driver.H264 {
		p.Extra = r.s.sprop
	}
	return r.out.Video(p)
}

// emit hands one access unit to the worker.
func (r *receiver) emit(u accessUnit) error {
	ticks, broken := r.clock.extend(u.ts)
	if broken {
		if err := r.announce(); err != nil {
			return err
		}
		if !u.key {
			r.units.wantKey = true
			return nil
		}
	}
	return r.out.Unit(driver.Unit{
		Data: u.data, PTS: ticks, DTS: driver.NoPTS, Key: u.key,
		Captured: r.s.wall.Load().of(u.ts), Arrived: r.now,
	})
}

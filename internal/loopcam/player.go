package loopcam

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"bystander/internal/av"
)

const (
	clockRate   = 90000
	reportEvery = 2 * time.Second
	// maxGap is the longest pause of a recording that is kept.
	maxGap = 10 * time.Second
	// maxLag is how far the schedule may fall behind (a machine that slept)
	// before it starts anew instead of racing to catch up.
	maxLag = 2 * time.Second
)

// player sends a source's packets when they are due. The schedule is absolute:
// each picture is due at the start plus its time in the recording, summed over
// the turns in ticks, so nothing drifts.
type player struct {
	src    *source
	stream *gortsplib.ServerStream
	media  *description.Media
	spoil  func(*rtp.Packet) bool // nil for none
	now    func() time.Time

	start   time.Time
	rtp0    uint32
	step    int64 // ticks of one picture
	pos     int64 // decoding time of the last packet, in ticks since start
	last    int64 // and in the recording's own
	begun   bool  // a packet was sent
	newTurn bool  // the next packet begins a turn
	inTurn  int   // packets of the turn

	packets, octets uint32
	reported        time.Time
}

// run plays until ctx ends or something fails; it always returns why.
func (p *player) run(ctx context.Context) error {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	p.rtp0 = binary.BigEndian.Uint32(b[:])
	p.start = p.now()
	p.step = p.nominalStep()
	for {
		pkt, err := p.src.next()
		if errors.Is(err, io.EOF) {
			if p.inTurn == 0 {
				return errors.New("loopcam: the recording holds no picture")
			}
			p.newTurn, p.inTurn = true, 0
			continue
		}
		if err != nil {
			return err
		}
		if err := p.send(ctx, pkt); err != nil {
			return err
		}
	}
}

func (p *player) nominalStep() int64 {
	r := p.src.info.AvgRate
	if !r.Valid() {
		r = p.src.info.RealRate
	}
	fps := r.Float()
	if fps <= 0 || fps > 1000 {
		fps = 25
	}
	return max(1, int64(1/(fps*p.src.info.TimeBase.Float())+0.5))
}

// send waits until the packet is due and sends it.
func (p *player) send(ctx context.Context, pkt av.Packet) error {
	dts, pts := pkt.DTS, pkt.PTS
	if dts == av.NoPTS {
		dts = pts
	}
	if dts == av.NoPTS {
		dts = p.last + p.step
	}
	if pts == av.NoPTS {
		pts = dts
	}
	p.advance(dts)
	p.inTurn++
	if err := p.wait(ctx, p.start.Add(p.span(p.pos))); err != nil {
		return err
	}
	units, err := p.src.nal.split(pkt.Data, pkt.Key)
	if err != nil || len(units) == 0 {
		return nil //nolint:nilerr // a damaged picture of the recording is left out
	}
	packets, err := p.src.encode(units)
	if err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	return p.write(packets, p.span(p.pos+pts-dts))
}

// advance moves the schedule on to a packet. Turns, and jumps within the
// recording, join at the distance of one picture.
func (p *player) advance(dts int64) {
	gap := dts - p.last
	switch {
	case !p.begun:
		gap = 0
	case p.newTurn, gap < 0, p.span(gap) > maxGap:
		gap = p.step
	}
	p.pos += gap
	p.last, p.begun, p.newTurn = dts, true, false
}

// span converts ticks to time.
func (p *player) span(ticks int64) time.Duration {
	b := p.src.info.TimeBase
	sec, rest := ticks*int64(b.Num)/int64(b.Den), ticks*int64(b.Num)%int64(b.Den)
	return time.Duration(sec)*time.Second + time.Duration(rest)*time.Second/time.Duration(b.Den)
}

func (p *player) wait(ctx context.Context, due time.Time) error {
	d := due.Sub(p.now())
	if d < -maxLag {
		p.start = p.start.Add(-d)
	}
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write sends one picture's packets with its time, and now and then a report
// that ties RTP time to the wall clock.
func (p *player) write(packets []*rtp.Packet, at time.Duration) error {
	ts := p.rtp0 + rtpTime(at)
	for _, k := range packets {
		k.Timestamp = ts
		if p.spoil != nil && !p.spoil(k) {
			continue
		}
		if err := p.stream.WritePacketRTP(p.media, k); err != nil {
			return fmt.Errorf("loopcam: send: %w", err)
		}
		p.packets++
		p.octets += uint32(len(k.Payload))
	}
	now := p.now()
	if now.Sub(p.reported) < reportEvery || len(packets) == 0 {
		return nil
	}
	p.reported = now
	err := p.stream.WritePacketRTCP(p.media, &rtcp.SenderReport{
		SSRC:    packets[0].SSRC, // the server has set it
		NTPTime: ntp.Encode(p.start.Add(at)), RTPTime: ts,
		PacketCount: p.packets, OctetCount: p.octets,
	})
	if err != nil {
		return fmt.Errorf("loopcam: report: %w", err)
	}
	return nil
}

// rtpTime converts to RTP ticks, rounded, modulo 2³².
func rtpTime(d time.Duration) uint32 {
	sec, rest := int64(d/time.Second), int64(d%time.Second)
	return uint32(sec*clockRate + (rest*clockRate+int64(time.Second)/2)/int64(time.Second))
}

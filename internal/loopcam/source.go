package loopcam

import (
	"errors"
	"fmt"
	"io"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"bystander/internal/av"
)

// maxKept bounds the bytes of a recording that is kept in memory, so that its
// turns join without opening it anew.
const maxKept = 64 << 20

// payloadType is the first dynamic one (RFC 3551).
const payloadType = 96

// source reads a recording's units, turn after turn.
type source struct {
	d      *av.Demuxer
	info   av.Info
	nal    *nalus
	format format.Format
	encode func([][]byte) ([]*rtp.Packet, error)

	kept   []av.Packet // the first turn, while it fits
	bytes  int
	whole  bool // kept holds all of it
	tooBig bool
	at     int
}

func openSource(path string) (*source, error) {
	d, err := av.OpenFile(path)
	if err != nil {
		return nil, fmt.Errorf("loopcam: %w", err)
	}
	s := &source{d: d, info: d.Info()}
	if err := s.describe(); err != nil {
		d.Close()
		return nil, err
	}
	return s, nil
}

// describe makes the RTP format and its packetizer.
func (s *source) describe() error {
	var err error
	if s.nal, err = newNALUs(s.info.Codec, s.info.Extradata); err != nil {
		return err
	}
	sps, pps := s.nal.set(kindSPS), s.nal.set(kindPPS)
	if s.info.Codec == av.CodecH265 {
		f := &format.H265{PayloadTyp: payloadType, VPS: s.nal.set(kindVPS), SPS: sps, PPS: pps}
		e, err := f.CreateEncoder()
		if err != nil {
			return fmt.Errorf("loopcam: %w", err)
		}
		s.format, s.encode = f, e.Encode
		return nil
	}
	f := &format.H264{PayloadTyp: payloadType, SPS: sps, PPS: pps, PacketizationMode: 1}
	e, err := f.CreateEncoder()
	if err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	s.format, s.encode = f, e.Encode
	return nil
}

// next returns the next packet, valid until the following call, or io.EOF at
// the end of a turn; the call after that begins the next turn.
func (s *source) next() (av.Packet, error) {
	if s.whole {
		if s.at == len(s.kept) {
			s.at = 0
			return av.Packet{}, io.EOF
		}
		s.at++
		return s.kept[s.at-1], nil
	}
	p, err := s.d.ReadPacket()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, av.ErrCorrupt):
		if !s.tooBig {
			s.whole, s.at = true, 0
			s.d.Close()
		} else if err := s.d.Rewind(); err != nil {
			return av.Packet{}, fmt.Errorf("loopcam: play again: %w", err)
		}
		return av.Packet{}, io.EOF
	case err != nil:
		return av.Packet{}, fmt.Errorf("loopcam: %w", err)
	}
	s.keep(p)
	return p, nil
}

func (s *source) keep(p av.Packet) {
	if s.tooBig {
		return
	}
	if s.bytes += len(p.Data); s.bytes > maxKept {
		s.tooBig, s.kept = true, nil
		return
	}
	p.Data = append([]byte(nil), p.Data...)
	p.Extradata = nil
	s.kept = append(s.kept, p)
}

func (s *source) close() { s.d.Close() }

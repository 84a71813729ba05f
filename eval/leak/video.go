package leak

import (
	"errors"
	"fmt"
	"io"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// Pictures gives a recording's pictures in order. The planes are valid until
// the next call; the end is io.EOF.
type Pictures interface {
	Next() (frame.Planes, error)
}

// Video decodes a recording. It is used by one goroutine.
type Video struct {
	path string
	mux  *av.Demuxer
	dec  *av.Decoder
	buf  []byte
	pkt  av.Packet
	held bool // pkt was refused with ErrAgain
	eof  bool
}

// OpenVideo opens a recording; the caller closes it.
func OpenVideo(path string) (*Video, error) {
	m, err := av.OpenFile(path)
	if err != nil {
		return nil, err
	}
	d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params(), Threads: 2})
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("leak: %s: %w", path, err)
	}
	return &Video{path: path, mux: m, dec: d}, nil
}

// Frames is the container's count of pictures, 0 when it does not tell.
func (v *Video) Frames() int64 { return v.mux.Info().Frames }

// Rate is the mean number of pictures a second, 0 when unknown.
func (v *Video) Rate() float64 { return v.mux.Info().AvgRate.Float() }

// Close frees the decoder.
func (v *Video) Close() {
	v.dec.Close()
	v.mux.Close()
}

// Next implements Pictures. A damaged packet is skipped, as every player does.
func (v *Video) Next() (frame.Planes, error) {
	for {
		pic, err := v.dec.Receive()
		switch {
		case err == nil:
			return v.copy(pic)
		case errors.Is(err, io.EOF):
			return frame.Planes{}, io.EOF
		case errors.Is(err, av.ErrCorrupt):
			continue
		case !errors.Is(err, av.ErrAgain):
			return frame.Planes{}, fmt.Errorf("leak: %s: %w", v.path, err)
		}
		if err := v.feed(); err != nil {
			return frame.Planes{}, err
		}
	}
}

func (v *Video) feed() error {
	if !v.held && !v.eof {
		p, err := v.mux.ReadPacket()
		switch {
		case errors.Is(err, io.EOF):
			v.eof = true
			return v.dec.Drain()
		case err != nil:
			return fmt.Errorf("leak: %s: %w", v.path, err)
		}
		v.pkt = p
	}
	err := v.dec.Send(v.pkt)
	v.held = errors.Is(err, av.ErrAgain)
	if err == nil || v.held || errors.Is(err, av.ErrCorrupt) {
		return nil
	}
	return fmt.Errorf("leak: %s: %w", v.path, err)
}

func (v *Video) copy(pic *av.Picture) (frame.Planes, error) {
	s := pic.Size()
	if n := s.Bytes(); cap(v.buf) < n {
		v.buf = make([]byte, n)
	}
	p := frame.PlanesOver(v.buf[:s.Bytes()], s)
	if err := pic.CopyTo(p); err != nil {
		return frame.Planes{}, fmt.Errorf("leak: %s: %w", v.path, err)
	}
	return p, nil
}

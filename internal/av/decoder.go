package av

// #include "av.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"unsafe"

	"bystander/internal/frame"
)

var errTooLarge = fmt.Errorf("%w: coded picture above %d pixels", frame.ErrSize, frame.MaxPixels)

// DecoderConfig says what a Decoder will be fed with.
type DecoderConfig struct {
	// Codec is needed unless Params is given.
	Codec Codec
	// Extradata are the parameter sets where the stream does not carry them
	// (avcC, hvcC, or Annex B); nil otherwise.
	Extradata []byte
	// Params, from Demuxer.Params, describe a recording's stream in full and
	// bring its rotation; they are copied.
	Params *Params
	// Threads is 1 when 0: there are many cameras and few cores.
	Threads int
	// LowDelay gives a picture as soon as its packet is in. For live streams
	// without B-frames; with them pictures would come out of order.
	LowDelay bool
	// Hardware lets a card decode where there is one. See Decoder.Coder.
	Hardware Hardware
}

// Decoder turns packets into pictures, in the order of their presentation.
type Decoder struct {
	c    *C.by_decoder
	info C.by_picinfo
	pic  Picture
	by   Coder
}

// NewDecoder returns a decoder that the caller closes. It fails with
// ErrUnsupported when libav has no such decoder, frame.ErrSize when the
// picture is too large, and ErrCorrupt when the parameter sets are wrong.
func NewDecoder(cfg DecoderConfig) (*Decoder, error) {
	start()
	var (
		id  C.int
		par *C.AVCodecParameters
		tb  C.AVRational
		o   C.by_orient
		e   C.by_err
		err error
	)
	if p := cfg.Params; p != nil {
		if p.d.c == nil {
			return nil, ErrClosed
		}
		par, tb, o = p.par, p.tb, p.orient
		cfg.Codec = p.d.info.Codec
	} else if id, err = cfg.Codec.id(); err != nil {
		return nil, err
	}
	d := &Decoder{}
	var rc C.int
	for _, name := range append(cfg.Hardware.decoders(cfg.Codec), "") {
		var n *C.char
		if name != "" {
			n = C.CString(name)
		}
		rc = C.by_dec_open(&d.c, n, id, bytePtr(cfg.Extradata), C.int(len(cfg.Extradata)), par, tb, o,
			C.int(max(cfg.Threads, 1)), cBool(cfg.LowDelay), frame.MaxPixels, &e)
		C.free(unsafe.Pointer(n))
		d.by.Name = name
		if rc >= 0 || name == "" {
			break
		}
		d.by.refuse(name, rc, &e)
	}
	if rc < 0 {
		if rc == C.BY_NO_DECODER {
			return nil, fmt.Errorf("av: decoder: %w: no decoder for %q", ErrUnsupported, string(cfg.Codec))
		}
		return nil, explain("open decoder", rc, &e)
	}
	d.pic.d = d
	return d, nil
}

// Coder tells who decodes, and why hardware that was allowed does not.
func (d *Decoder) Coder() Coder { return d.by }

// Send gives the decoder one packet; the bytes are copied. Afterwards Receive
// is called until ErrAgain. Send fails with ErrCorrupt (the packet is used up;
// go on), frame.ErrSize (the stream holds too large a picture) or ErrAgain
// (Receive first, then send again).
func (d *Decoder) Send(p Packet) error {
	if d.c == nil {
		return ErrClosed
	}
	var flags C.int
	if p.Key {
		flags |= C.AV_PKT_FLAG_KEY
	}
	if p.Discard {
		flags |= C.AV_PKT_FLAG_DISCARD
	}
	if p.Damaged {
		flags |= C.AV_PKT_FLAG_CORRUPT
	}
	rc := C.by_dec_send(d.c, bytePtr(p.Data), C.int(len(p.Data)), bytePtr(p.Extradata),
		C.int(len(p.Extradata)), C.int64_t(p.PTS), C.int64_t(p.DTS), C.int64_t(p.Duration), flags)
	return decodeError("send", rc)
}

// Drain tells the decoder that no packet follows: Receive then gives what is
// still inside, and io.EOF. Flush makes the decoder usable again.
func (d *Decoder) Drain() error {
	if d.c == nil {
		return ErrClosed
	}
	return decodeError("drain", C.by_dec_drain(d.c))
}

// Receive returns the next picture, a view that is valid until the next call
// on the decoder. It fails with ErrAgain (send more), io.EOF (drained),
// ErrCorrupt or frame.ErrSize (count it and go on).
func (d *Decoder) Receive() (*Picture, error) {
	if d.c == nil {
		return nil, ErrClosed
	}
	if rc := C.by_dec_receive(d.c, &d.info); rc < 0 {
		return nil, decodeError("receive", rc)
	}
	return &d.pic, nil
}

// Flush forgets everything that was sent, as after a seek or a loss.
func (d *Decoder) Flush() {
	if d.c != nil {
		C.by_dec_flush(d.c)
	}
}

// Close frees the decoder; more calls do nothing.
func (d *Decoder) Close() {
	C.by_dec_close(d.c)
	d.c = nil
}

// decodeError maps what libav returns for hostile bytes, which is any of many
// codes, to ErrCorrupt. Lack of memory stays itself.
func decodeError(what string, rc C.int) error {
	if rc >= 0 {
		return nil
	}
	err := failure(rc)
	if err == ErrAgain || err == io.EOF { //nolint:errorlint // bare by construction, and on the hot path
		return err
	}
	var no syscall.Errno
	if errors.As(err, &no) && no != syscall.ENOMEM {
		return fmt.Errorf("av: %s: %w (%w)", what, ErrCorrupt, no)
	}
	return fmt.Errorf("av: %s: %w", what, err)
}

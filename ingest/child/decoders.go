package child

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/internal/wire"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// cardRest is how long no card decodes after one failed at a picture.
const cardRest = time.Minute

// decoder is what the loop needs of av.Decoder.
type decoder interface {
	Send(av.Packet) error
	Receive() (*av.Picture, error)
	Drain() error
	Close()
	Coder() av.Coder
}

// decoders open a camera's decoders: on a card where the orders allow it and it
// works, else in software. A card that fails at a picture gives way to software for
// a while, so that pictures go on. The driver's and the decoder's goroutine use it.
type decoders struct {
	name string // the camera's, for people
	live bool
	hw   av.Hardware
	make func(av.DecoderConfig) (decoder, error)
	now  func() time.Time

	mu   sync.Mutex
	rest time.Time // until then software decodes
	why  string    // how the card failed
}

func newDecoders(name string, live bool, hw av.Hardware) *decoders {
	return &decoders{name: name, live: live, hw: hw, now: time.Now, make: func(cfg av.DecoderConfig) (decoder, error) {
		d, err := av.NewDecoder(cfg)
		if err != nil {
			return nil, err // not a nil *av.Decoder in an interface
		}
		return d, nil
	}}
}

// open opens the decoder of a stream.
func (o *decoders) open(p driver.Params) (decoder, error) {
	threads := 1 // many cameras share the cores, and threads of a decoder add delay
	if !o.live {
		threads = min(runtime.NumCPU(), 4)
	}
	cfg := av.DecoderConfig{Codec: p.Codec, Extradata: p.Extra, Params: p.File, Threads: threads}
	if !o.resting() {
		cfg.Hardware = o.hw
	}
	d, err := o.make(cfg)
	if err != nil && p.File == nil && len(p.Extra) > 0 && errors.Is(err, av.ErrCorrupt) {
		// Some cameras announce nonsense and send the right parameters in band.
		cfg.Extradata = nil
		d, err = o.make(cfg)
	}
	switch {
	case err == nil:
		if cfg.Hardware != av.HardwareNone {
			o.asked(d.Coder())
		}
		return d, nil
	case errors.Is(err, av.ErrUnsupported):
		return nil, ingest.Permanentf(ingest.CodeUnsupportedCodec,
			"%s sends %s, which cannot be decoded here; use H.264 or H.265", o.name, p.Codec)
	case errors.Is(err, frame.ErrSize):
		return nil, ingest.Permanentf(ingest.CodeUnsupportedCodec,
			"%s sends pictures of more than %d pixels; use a smaller size", o.name, frame.MaxPixels)
	}
	return nil, ingest.Errorf(ingest.CodeDecode, "%s: its stream cannot be decoded: %v", o.name, err)
}

// failed has software decode for a while.
func (o *decoders) failed(name string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest, o.why = o.now().Add(cardRest), fmt.Sprintf("%s failed at a picture: %v", name, err)
}

// asked takes note of who decodes after a card was asked for.
func (o *decoders) asked(by av.Coder) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if by.Name != "" {
		o.why = ""
	} else if o.why != "" { // not at each key picture
		o.rest = o.now().Add(cardRest)
	}
}

func (o *decoders) resting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now().Before(o.rest)
}

// again tells that a card which failed has rested, and may take over from d at a
// picture that builds on no other.
func (o *decoders) again(d decoder) bool {
	if o.hw == av.HardwareNone || d.Coder().Name != "" {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.why != "" && !o.now().Before(o.rest)
}

// tell says in a state who decodes, and why not the card; nothing where no card is
// allowed.
func (o *decoders) tell(d decoder, s *wire.State) {
	if o.hw == av.HardwareNone || d == nil {
		return
	}
	by := d.Coder()
	if s.Decoder = by.Name; by.Name != "" {
		return
	}
	s.Decoder = ingest.DecoderSoftware
	o.mu.Lock()
	why := o.why
	o.mu.Unlock()
	if len(by.Refused) > 0 {
		why = strings.Join(by.Refused, "; ")
	}
	s.NoCard = ingest.PlainText(why, wire.MaxText)
}

// refused takes note that the decoder refused what it was given. Where that is a
// card, software decodes from here on: what is wrong may be the card. An error ends
// the attempt.
func (d *decoding) refused(err error) error {
	by := d.dec.Coder().Name
	if by == "" {
		d.w.corrupt.Add(1)
		d.markDamaged()
		return nil
	}
	d.w.decoders.failed(by, err)
	if d.params.File != nil && d.w.spec.Live {
		// The demuxer is in use by the driver's goroutine.
		return ingest.Errorf(ingest.CodeDecode, "%s: %s failed at a picture; it is played anew in software", d.w.name(), by)
	}
	dec, oerr := d.w.decoders.open(d.params)
	if oerr != nil {
		return oerr
	}
	d.exchange(dec)
	if !d.unitIn.Key { // it builds on pictures that only the card has
		d.skip = d.w.decoders.now().Add(keyPatience)
		d.w.dropped.Add(1)
		d.markDamaged()
		return nil
	}
	if err := dec.Send(d.unitIn); err != nil {
		d.w.corrupt.Add(1)
		d.markDamaged()
	}
	return nil
}

// cardAgain lets a card that has rested take over, as a key unit comes.
func (d *decoding) cardAgain() error {
	if d.params.File != nil || !d.w.decoders.again(d.dec) {
		return nil
	}
	dec, err := d.w.decoders.open(d.params)
	if err != nil {
		return nil //nolint:nilerr // what decodes now goes on
	}
	if err := d.drain(); err != nil {
		dec.Close()
		return err
	}
	d.exchange(dec)
	return nil
}

// exchange has dec decode on within the same stream, and lets the edge know.
func (d *decoding) exchange(dec decoder) {
	d.dec.Close()
	d.dec, d.told = dec, false
}

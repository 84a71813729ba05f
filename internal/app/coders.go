package app

import (
	"sync"
	"time"

	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink/encode"
)

// coderRest is how long no hardware encodes after it failed at a picture.
const coderRest = time.Minute

// coders make encoders: on hardware where that is allowed and works, else in
// software. One that fails while it encodes gives way to software for a while, so
// that video goes on.
type coders struct {
	hw   av.Hardware
	log  zerolog.Logger
	now  func() time.Time
	open func(av.EncoderConfig) (encode.Encoder, av.Coder, error)

	mu   sync.Mutex
	said string    // logged last
	why  string    // why hardware that is wanted does not encode; empty while it does
	rest time.Time // until then software encodes
}

func newCoders(hw av.Hardware, log zerolog.Logger) *coders {
	return &coders{hw: hw, log: log, now: time.Now, open: openCoder}
}

// openCoder makes an encoder on hardware where cfg allows it and it works, else in
// software, and tells which.
func openCoder(cfg av.EncoderConfig) (encode.Encoder, av.Coder, error) {
	var by av.Coder
	if cfg.Hardware != av.HardwareNone {
		x, err := av.NewEncoder(cfg)
		if err != nil {
			return nil, by, err
		}
		if by = x.Coder(); by.Name != "" {
			return x, by, nil
		}
		x.Close()
	}
	x, err := encode.Software(cfg)
	return x, by, err
}

// encoder makes an encoder; it fits encode.Config.New.
func (c *coders) encoder(cfg av.EncoderConfig) (encode.Encoder, error) {
	if cfg.Hardware = c.hw; c.resting() {
		cfg.Hardware = av.HardwareNone
	}
	x, by, err := c.open(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Hardware != av.HardwareNone {
		c.chosen(by)
	}
	if by.Name == "" {
		return x, nil
	}
	return &hardEncoder{x, c}, nil
}

func (c *coders) resting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Before(c.rest)
}

// chosen logs who encodes, once until that changes.
func (c *coders) chosen(by av.Coder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.why = ""
	if by.Name == "" && len(by.Refused) > 0 {
		c.why = by.String()
	}
	if s := by.String(); s != c.said {
		c.said = s
		c.log.Info().Str("component", "encode").Str("coder", s).Msg("encoder chosen")
	}
}

// failed has software encode for a while.
func (c *coders) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest, c.why = c.now().Add(coderRest), "software (the hardware failed: "+err.Error()+")"
	if c.why != c.said {
		c.said = c.why
		c.log.Error().Str("component", "encode").Err(err).Dur("rest", coderRest).Msg("the hardware encoder failed; software encodes")
	}
}

// notices tell when hardware that is wanted does not encode; there are none where
// nothing is encoded.
func (c *coders) notices() []api.Notice {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == "" {
		return nil
	}
	return []api.Notice{{Level: "warning", Code: api.NoticeEncoding, Text: "Video is not encoded on the hardware that encode.hardware asks for: " + c.why + "."}}
}

// hardEncoder tells of its failures.
type hardEncoder struct {
	encode.Encoder
	c *coders
}

// Encode implements encode.Encoder.
func (x *hardEncoder) Encode(p frame.Planes, pts int64, forceKey bool) ([]av.Packet, error) {
	out, err := x.Encoder.Encode(p, pts, forceKey)
	if err != nil {
		x.c.failed(err)
	}
	return out, err
}

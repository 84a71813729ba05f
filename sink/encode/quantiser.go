package encode

import (
	"errors"
	"math"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// Software makes an encoder for this machine's processors: one that is told each
// picture's quantiser where cfg asks for a constant quality, beneath a cap or
// without one, and where this build can have one; else libav's.
func Software(cfg av.EncoderConfig) (Encoder, error) {
	cfg.Hardware = av.HardwareNone
	if cfg.CRF > 0 && cfg.Bitrate == 0 {
		x, err := av.NewQuantised(cfg)
		if err == nil {
			return &steady{enc: x, tick: cfg.TimeBase.Float(), budget: newBudget(cfg.CRF, cfg.MaxRate)}, nil
		}
		if !errors.Is(err, av.ErrUnsupported) {
			return nil, err
		}
	}
	return av.NewEncoder(cfg)
}

// steady encodes with the quantiser that its budget chooses.
type steady struct {
	enc    *av.Quantised
	tick   float64 // seconds that a unit of time stamps takes
	last   int64   // time stamp of the picture before
	begun  bool
	budget budget
}

// Encode implements Encoder.
func (s *steady) Encode(p frame.Planes, pts int64, forceKey bool) ([]av.Packet, error) {
	gap := 0.0
	if s.begun {
		gap = float64(pts-s.last) * s.tick
	}
	q := s.budget.quantiser(forceKey || !s.begun, gap)
	out, err := s.enc.Encode(p, pts, forceKey, q)
	if err != nil {
		return nil, err
	}
	s.begun, s.last = true, pts
	s.budget.took(8*len(out[0].Data), q, out[0].Key)
	return out, nil
}

func (s *steady) Size() frame.Size { return s.enc.Size() }
func (s *steady) Close()           { s.enc.Close() }

// A budget keeps the quality constant while its bits fit beneath the cap, and
// coarser by as much as they would not. It is a bucket that holds what the cap
// lets through in a second: every picture pours its bits in, and it drains at
// the cap's rate. Pictures are coarse enough for it to stay about half full, so
// that a key picture, or a sudden change of the scene, finds room.
type budget struct {
	finest float64 // the quantiser of constant quality
	limit  float64 // bit/s, and the bucket's bits; 0 is no cap
	held   float64 // bits in the bucket
	coarse float64 // the quantiser of the last picture that was no key picture
	key    cost
	other  cost
}

// cost is about what a picture of one kind would take at quantiser 0, in bits:
// six more of it halve them.
type cost float64

const (
	// x264's CRF 24 gives quantisers about 26 on busy scenes with these settings:
	// the same bits and SSIM (docs/adr/0020-we-choose-the-quantiser.md).
	aboveCRF = 2
	// A key picture is what all that follow it are copied from: finer by what
	// x264 takes, a factor of 1.4 in its step.
	finerKey = 3
	// keyPart is the part of the room that a key picture may take.
	keyPart = 0.8
	// slack is how much more than its share a picture may take while nothing is
	// held, and less than its share when the bucket is full.
	slack = 0.5
	// longest is the gap that counts in full.
	longest = 1.0
)

func newBudget(crf float64, maxRate int) budget {
	q := crf + aboveCRF
	return budget{finest: q, limit: float64(maxRate), coarse: q}
}

// quantiser chooses that of the next picture, gap seconds after the one before.
func (b *budget) quantiser(key bool, gap float64) int {
	floor, known := b.finest, b.other
	if key {
		// As much finer than the pictures around it where these are coarse.
		floor, known = b.coarse-finerKey, b.key
	}
	q := floor
	if b.limit > 0 {
		gap = min(max(gap, 0), longest)
		b.held = max(b.held-b.limit*gap, 0)
		room := b.limit - b.held
		may := min(b.limit*gap*(1+slack-b.held/b.limit), room)
		if key {
			may = keyPart * room
		}
		q = max(q, known.quantiser(may))
	}
	return int(math.Ceil(min(max(q, 0), av.MostQuantiser)))
}

// took notes what a picture took with quantiser q.
func (b *budget) took(bits, q int, key bool) {
	b.held += float64(bits)
	if key {
		b.key.observe(bits, q)
		return
	}
	b.coarse = float64(q)
	b.other.observe(bits, q)
}

// quantiser is the finest with which a picture takes no more than bits.
func (c cost) quantiser(bits float64) float64 {
	if bits <= 0 {
		return av.MostQuantiser
	}
	return 6 * math.Log2(max(float64(c), 1)/bits)
}

// observe follows a rise at once and a fall slowly.
func (c *cost) observe(bits, q int) {
	seen := cost(float64(bits) * math.Exp2(float64(q)/6))
	if seen < *c {
		seen = *c + (seen-*c)/4
	}
	*c = seen
}

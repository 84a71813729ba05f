// Package encode turns redacted pictures into the H.264 stream that live view
// and recorder share: each rule's pictures are encoded once. It takes nothing
// but frame.Redacted, so no raw picture can reach an encoder.
package encode

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink"
)

// Encoder is what a Stream needs of an encoder; *av.Encoder is one.
type Encoder interface {
	Encode(p frame.Planes, pts int64, forceKey bool) ([]av.Packet, error)
	Size() frame.Size
	Close()
}

// Config says how a stream is encoded. The zero value is usable.
type Config struct {
	// FrameRate is a hint for rate control, 25/s when unknown. What is measured
	// takes its place at the next key picture.
	FrameRate frame.Rational
	KeyEvery  time.Duration // longest time between key pictures; 2 s
	CRF       float64       // constant quality, 24
	MaxRate   int           // bit/s; by size (see MaxRate) when 0
	Profile   string        // of H.264; "baseline", which every browser plays
	Preset    string        // of x264; "ultrafast"
	Threads   int           // 1
	Lossless  bool          // every sample kept, for tests of redaction
	// Fit, when set, makes pictures that do not fit into it smaller, with their own
	// shape.
	Fit frame.Size
	// New makes an encoder; Software when nil.
	New func(av.EncoderConfig) (Encoder, error)
	Now func() time.Time
}

// timeBase is the unit of the time stamps that the encoder sees.
const timeBase = 90000

// Stream encodes one camera's pictures for one rule. Encode is for one
// goroutine; RequestKey and Stats may be called from any.
type Stream struct {
	cfg     Config
	wantKey atomic.Bool

	mu     sync.Mutex // held during Encode and Close
	closed bool
	enc    Encoder
	like   likeness // of the pictures that enc was made for
	buf    slab
	fit    fitter

	started  bool
	begin    time.Duration // the picture's PTS at which the epoch began
	base     time.Duration // the stream's PTS there
	last     time.Duration // the stream's PTS of the last picture
	lastTick int64
	lastIn   frame.Meta
	step     time.Duration // between the last two pictures of an epoch
	mean     time.Duration // of the steps, smoothed
	steps    int           // that went into mean since the encoder was made
	rate     float64       // pictures a second that the encoder reckons with
	keyAt    time.Duration // of the last key picture
	fails    int           // in a row
	retryAt  time.Time

	frames, keys, bytes, errs, rebuilt atomic.Uint64
}

// likeness is what must stay the same for one encoder to go on.
type likeness struct {
	size   frame.Size
	epoch  uint32
	colour frame.Colour
	aspect frame.Rational
}

// New returns a stream. Its encoder is made with the first picture.
func New(cfg Config) *Stream {
	if cfg.KeyEvery <= 0 {
		cfg.KeyEvery = 2 * time.Second
	}
	if cfg.CRF <= 0 {
		cfg.CRF = 24
	}
	if cfg.Profile == "" && !cfg.Lossless {
		cfg.Profile = "baseline"
	}
	if cfg.New == nil {
		cfg.New = Software
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Stream{cfg: cfg}
}

// RequestKey asks that the next picture be a key picture, as when a viewer
// joins or has lost something. Requests before it is made count as one.
func (s *Stream) RequestKey() { s.wantKey.Store(true) }

// Encode encodes a picture, which stays the caller's: it is only read, and only
// during the call. The packet is immutable and lives as long as somebody holds
// it; there is nothing to release. Its data lie in blocks of 256 KiB that many
// packets share, so a holder of one small packet keeps one block.
//
// On error there is no packet, the encoder is discarded, and nothing more is
// encoded until a new one could be made, which begins with a key picture:
// ErrStopped, ErrClosed, frame.ErrSize or the encoder's error.
func (s *Stream) Encode(f *frame.Redacted) (*sink.Packet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	m := f.Meta()
	like := likeness{fitInto(f.Size(), s.cfg.Fit), m.Epoch, m.Colour, m.Aspect}
	if s.enc != nil && (like != s.like || m.PTS <= s.lastIn.PTS || s.misjudged(m)) {
		s.discard()
	}
	fresh := s.enc == nil
	if fresh {
		if err := s.build(like); err != nil {
			return nil, err
		}
	}
	pts := s.place(m, fresh)
	tick := max(int64(pts/time.Microsecond)*9/100, s.lastTick+1)
	asked := s.wantKey.Swap(false) // by this picture also where the encoder is new
	force := fresh || asked || pts-s.keyAt >= s.cfg.KeyEvery
	planes := f.Planes()
	if like.size != f.Size() {
		planes = s.fit.do(planes, like.size)
	}
	out, err := s.enc.Encode(planes, tick, force)
	if err == nil && (len(out) != 1 || len(out[0].Data) == 0 || force && !out[0].Key) {
		err = fmt.Errorf("%w: %d packets for one picture", ErrOutput, len(out))
	}
	if err != nil {
		return nil, s.fail(err)
	}
	s.fails = 0
	s.lastTick = tick
	s.note(m, pts, fresh)
	return s.packet(f, m, pts, out[0]), nil
}

// Skip lets a picture pass that nobody wants: it takes its place on the stream's
// time line, which Skip returns, and costs nothing. The encoder goes, so that the
// next picture to be encoded is a key picture.
func (s *Stream) Skip(f *frame.Redacted) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discard()
	m := f.Meta()
	pts := s.place(m, true)
	s.note(m, pts, true)
	return pts
}

func (s *Stream) packet(f *frame.Redacted, m frame.Meta, pts time.Duration, out av.Packet) *sink.Packet {
	p := s.buf.packet(out.Data)
	p.PTS, p.Captured, p.Seq = pts, m.Captured, m.Seq
	p.Key, p.FullMask, p.Size = out.Key, f.FullMask(), s.enc.Size()
	s.frames.Add(1)
	s.bytes.Add(uint64(len(p.Data)))
	if out.Key {
		s.keyAt = pts
		s.keys.Add(1)
	}
	return p
}

// place maps a picture's time onto the stream's, which never goes back. A new
// epoch follows the old one by the time that passed on this machine's clock.
func (s *Stream) place(m frame.Meta, fresh bool) time.Duration {
	if !s.started {
		s.begin, s.base = m.PTS, 0
		return 0
	}
	if fresh && (m.Epoch != s.lastIn.Epoch || m.PTS <= s.lastIn.PTS) {
		step := s.step
		if step <= 0 {
			step = time.Second / 25
		}
		gap := m.Arrived.Sub(s.lastIn.Arrived)
		if m.Arrived.IsZero() || s.lastIn.Arrived.IsZero() || gap > 24*time.Hour {
			gap = 0 // unknown, or the clock was set
		}
		s.begin, s.base = m.PTS, s.last+max(gap, step)
	}
	return max(s.base+m.PTS-s.begin, s.last+time.Microsecond)
}

func (s *Stream) note(m frame.Meta, pts time.Duration, fresh bool) {
	if s.started && !fresh {
		s.step = pts - s.last
		if s.mean == 0 {
			s.mean = s.step
		}
		s.mean += (s.step - s.mean) / 32
		s.steps++
	}
	s.started, s.last, s.lastIn = true, pts, m
}

// enoughSteps are needed to judge a rate: a new encoder also begins a new
// recording, so a few pictures dropped at the start must not make one.
const enoughSteps = 40

// misjudged reports, when a key picture is due anyway, that the pictures come at
// another rate than the encoder reckons with, which would make its bit rate
// wrong by as much.
func (s *Stream) misjudged(m frame.Meta) bool {
	if s.steps < enoughSteps || s.base+m.PTS-s.begin-s.keyAt < s.cfg.KeyEvery {
		return false
	}
	off := s.rate * s.mean.Seconds()
	return off < 0.6 || off > 1.6
}

// rateHint is the rate of pictures to reckon with: what was measured, else what
// was configured, else 25.
func (s *Stream) rateHint() frame.Rational {
	switch {
	case s.mean > 0:
		fps := min(max(1/s.mean.Seconds(), 1), 240)
		return frame.Rational{Num: int(fps*1000 + 0.5), Den: 1000}
	case s.cfg.FrameRate.Valid():
		return s.cfg.FrameRate
	}
	return frame.Rational{Num: 25, Den: 1}
}

func (s *Stream) build(like likeness) error {
	now := s.cfg.Now()
	if s.fails > 0 && now.Before(s.retryAt) {
		return ErrStopped
	}
	// Without a rate the encoder would take the time base for it, and starve
	// every picture of bits.
	hint, rate := s.rateHint(), s.cfg.MaxRate
	s.rate, s.steps = hint.Float(), 0
	if rate == 0 {
		rate = MaxRate(like.size, hint)
	}
	cfg := av.EncoderConfig{
		Codec: av.CodecH264, Size: like.size,
		TimeBase: frame.Rational{Num: 1, Den: timeBase}, FrameRate: hint,
		CRF: s.cfg.CRF, MaxRate: rate, Preset: s.cfg.Preset, Profile: s.cfg.Profile,
		// Key pictures are asked for by time; the encoder's own count is only
		// a bound for sources without sensible time stamps.
		KeyInterval: 600, Threads: s.cfg.Threads, Lossless: s.cfg.Lossless,
		Colour: like.colour, Aspect: like.aspect,
	}
	if s.cfg.Lossless {
		cfg.CRF, cfg.MaxRate = 0, 0
	}
	enc, err := s.cfg.New(cfg)
	if err != nil {
		return s.fail(err)
	}
	s.enc, s.like = enc, like
	s.rebuilt.Add(1)
	return nil
}

// fail discards the encoder and puts the next attempt off, longer each time.
func (s *Stream) fail(err error) error {
	s.discard()
	s.errs.Add(1)
	wait := min(100*time.Millisecond<<min(s.fails, 6), 5*time.Second)
	s.fails++
	s.retryAt = s.cfg.Now().Add(wait)
	return fmt.Errorf("encode: %w", err)
}

func (s *Stream) discard() {
	if s.enc != nil {
		s.enc.Close()
		s.enc = nil
	}
}

// Close frees the encoder.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.discard()
	return nil
}

// Stats counts since the stream began.
type Stats struct {
	Frames, Keys, Bytes uint64
	Errors              uint64 // pictures that failed to encode
	Encoders            uint64 // made, the first one included
}

// Stats returns a snapshot.
func (s *Stream) Stats() Stats {
	return Stats{
		Frames: s.frames.Load(), Keys: s.keys.Load(), Bytes: s.bytes.Load(),
		Errors: s.errs.Load(), Encoders: s.rebuilt.Load(),
	}
}

// slab hands out room for packets from larger blocks, which the garbage
// collector frees when the last packet in them is gone. Sinks hold packets for
// as long as they please and nobody counts references, so no packet can be
// overwritten while somebody reads it.
type slab struct {
	data []byte
	pkts []sink.Packet
}

const (
	slabBytes   = 256 << 10
	slabPackets = 64
)

func (s *slab) packet(data []byte) *sink.Packet {
	if cap(s.data)-len(s.data) < len(data) {
		s.data = make([]byte, 0, max(slabBytes, len(data)))
	}
	at := len(s.data)
	s.data = append(s.data, data...)
	if len(s.pkts) == 0 {
		s.pkts = make([]sink.Packet, slabPackets)
	}
	p := &s.pkts[0]
	s.pkts = s.pkts[1:]
	p.Data = s.data[at:len(s.data):len(s.data)]
	return p
}

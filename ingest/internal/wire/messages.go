package wire

import (
	"encoding/binary"
	"time"

	"bystander/internal/frame"
)

// MaxSlots bounds the number of pictures in shared memory.
const MaxSlots = 64

// Start tells the worker everything about its camera. Durations are bounded to
// a day.
type Start struct {
	ID, Driver, URL, Transport    string
	Live, Loop, Pace, KeepDamaged bool
	Hardware                      string // av.Hardware: who besides libav may decode; nearly always nobody
	Card                          bool   // a card's device files are open to the worker
	Slots                         uint16
	SlotSize                      uint64 // bytes of each slot
	ReadTimeout                   time.Duration
	Beat                          time.Duration
	BackoffMin, BackoffMax        time.Duration
	Stall                         time.Duration // units but no whole picture for so long: reconnect
}

// Type implements Message.
func (Start) Type() Type { return TypeStart }

func (m Start) appendBody(b []byte) []byte {
	for _, s := range []string{m.ID, m.Driver, m.URL, m.Transport} {
		b = appendString(b, s)
	}
	for _, v := range []bool{m.Live, m.Loop, m.Pace, m.KeepDamaged, m.Card} {
		b = appendBool(b, v)
	}
	b = appendString(b, m.Hardware)
	b = binary.LittleEndian.AppendUint16(b, m.Slots)
	b = binary.LittleEndian.AppendUint64(b, m.SlotSize)
	for _, d := range []time.Duration{m.ReadTimeout, m.Beat, m.BackoffMin, m.BackoffMax, m.Stall} {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	return b
}

// ParseStart reads the body of a Start.
func ParseStart(body []byte) (Start, error) {
	r := reader{b: body}
	var m Start
	m.ID = r.string("camera id", MaxName)
	m.Driver = r.string("driver", MaxName)
	m.URL = r.string("address", MaxURL)
	m.Transport = r.string("transport", MaxName)
	for _, v := range []*bool{&m.Live, &m.Loop, &m.Pace, &m.KeepDamaged, &m.Card} {
		*v = r.bool()
	}
	m.Hardware = r.string("hardware", MaxName)
	m.Slots = r.u16()
	m.SlotSize = r.u64()
	for _, d := range []*time.Duration{&m.ReadTimeout, &m.Beat, &m.BackoffMin, &m.BackoffMax, &m.Stall} {
		*d = time.Duration(r.i64())
		if *d <= 0 || *d > 24*time.Hour {
			r.fail("duration %d", *d)
		}
	}
	if m.Slots == 0 || m.Slots > MaxSlots {
		r.fail("%d slots", m.Slots)
	}
	if m.SlotSize == 0 || m.SlotSize > uint64(2*frame.MaxPixels) {
		r.fail("slots of %d bytes", m.SlotSize)
	}
	return m, r.end()
}

// Release gives a slot back to the worker.
type Release struct{ Slot uint16 }

// Type implements Message.
func (Release) Type() Type { return TypeRelease }

func (m Release) appendBody(b []byte) []byte {
	return binary.LittleEndian.AppendUint16(b, m.Slot)
}

// ParseRelease reads the body of a Release.
func ParseRelease(body []byte, slots int) (Release, error) {
	r := reader{b: body}
	m := Release{Slot: r.u16()}
	if int(m.Slot) >= slots {
		r.fail("slot %d of %d", m.Slot, slots)
	}
	return m, r.end()
}

// Offer carries a WebRTC offer.
type Offer struct {
	ID  uint32
	SDP string
}

// Type implements Message.
func (Offer) Type() Type { return TypeOffer }

func (m Offer) appendBody(b []byte) []byte {
	return appendString(binary.LittleEndian.AppendUint32(b, m.ID), m.SDP)
}

// ParseOffer reads the body of an Offer.
func ParseOffer(body []byte) (Offer, error) {
	r := reader{b: body}
	m := Offer{ID: r.u32(), SDP: r.string("offer", MaxSDP)}
	return m, r.end()
}

// Stop asks the worker to end.
type Stop struct{}

// Type implements Message.
func (Stop) Type() Type { return TypeStop }

func (Stop) appendBody(b []byte) []byte { return b }

// Hello tells that the worker has applied its limits.
type Hello struct{}

// Type implements Message.
func (Hello) Type() Type { return TypeHello }

func (Hello) appendBody(b []byte) []byte { return b }

// ParseEmpty checks the body of a message that has none.
func ParseEmpty(body []byte) error { return (&reader{b: body}).end() }

// Phase is how far a worker has got with its camera.
type Phase uint8

// The phases of a worker.
const (
	PhaseConnecting Phase = 1
	PhaseConnected  Phase = 2
	PhaseRetrying   Phase = 3
	PhaseEnded      Phase = 4 // the file is over, all its pictures were sent
	PhaseFailed     Phase = 5 // trying again cannot help
)

// State tells a change of phase. Code and Text are empty unless there is
// trouble; NextTry is set while retrying. Codec and Decoder are set while
// connected; NoCard says why a card that was allowed does not decode.
type State struct {
	Phase      Phase
	Code, Text string
	Codec      string
	Decoder    string
	NoCard     string
	NextTry    time.Time
}

// Type implements Message.
func (State) Type() Type { return TypeState }

func (m State) appendBody(b []byte) []byte {
	b = append(b, byte(m.Phase))
	b = appendString(b, m.Code)
	b = appendString(b, m.Text)
	b = appendString(b, m.Codec)
	b = appendString(b, m.Decoder)
	b = appendString(b, m.NoCard)
	return appendTime(b, m.NextTry)
}

// ParseState reads the body of a State. Text still has to be cleaned before it
// is shown.
func ParseState(body []byte) (State, error) {
	r := reader{b: body}
	m := State{
		Phase: Phase(r.u8()),
		Code:  r.string("code", 32), Text: r.string("text", MaxText), Codec: r.string("codec", 32),
		Decoder: r.string("decoder", 32), NoCard: r.string("reason", MaxText),
		NextTry: r.time(),
	}
	if m.Phase < PhaseConnecting || m.Phase > PhaseFailed {
		r.fail("phase %d", m.Phase)
	}
	return m, r.end()
}

// Frame announces the picture in a slot: rows packed, Y then U then V.
type Frame struct {
	Slot  uint16
	Size  frame.Size
	Seq   uint64 // counts the pictures this worker decoded
	Epoch uint32 // counts this worker's epochs
	PTS   time.Duration
	Ticks int64
	Base  frame.Rational
	// Captured is zero when the camera gives no time.
	Captured, Arrived time.Time
	Clock             frame.Clock
	Colour            frame.Colour
	Aspect            frame.Rational
}

// Type implements Message.
func (Frame) Type() Type { return TypeFrame }

func (m Frame) appendBody(b []byte) []byte { return m.AppendBody(b) }

// AppendBody adds the body alone; senders of many frames use it with a buffer
// of their own.
func (m *Frame) AppendBody(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, m.Slot)
	b = le.AppendUint32(b, uint32(m.Size.W))
	b = le.AppendUint32(b, uint32(m.Size.H))
	b = le.AppendUint64(b, m.Seq)
	b = le.AppendUint32(b, m.Epoch)
	b = le.AppendUint64(b, uint64(m.PTS))
	b = le.AppendUint64(b, uint64(m.Ticks))
	b = appendRational(b, m.Base)
	b = appendTime(b, m.Captured)
	b = appendTime(b, m.Arrived)
	b = append(b, byte(m.Clock))
	b = appendBool(b, m.Colour.FullRange)
	b = append(b, m.Colour.Primaries, m.Colour.Transfer, m.Colour.Matrix)
	return appendRational(b, m.Aspect)
}

// ParseFrame reads the body of a Frame and checks that the slot exists. The
// size is well formed only as far as 32 bits go: whether the slot can hold it
// is for the caller to judge by frame.Size.Check and the slot's size.
func ParseFrame(body []byte, slots int) (Frame, error) {
	r := reader{b: body}
	m := Frame{
		Slot: r.u16(),
		Size: frame.Size{W: int(r.u32()), H: int(r.u32())},
		Seq:  r.u64(), Epoch: r.u32(),
		PTS: time.Duration(r.i64()), Ticks: r.i64(), Base: r.rational(),
		Captured: r.time(), Arrived: r.time(),
		Clock: frame.Clock(r.u8()),
	}
	m.Colour = frame.Colour{FullRange: r.bool(), Primaries: r.u8(), Transfer: r.u8(), Matrix: r.u8()}
	m.Aspect = r.rational()
	switch {
	case int(m.Slot) >= slots:
		r.fail("slot %d of %d", m.Slot, slots)
	case m.PTS < 0:
		r.fail("time stamp %d", m.PTS)
	case !m.Base.Valid():
		r.fail("time base %v", m.Base)
	case m.Clock > frame.ClockCamera:
		r.fail("clock %d", m.Clock)
	case m.Clock == frame.ClockCamera && m.Captured.IsZero():
		r.fail("a camera clock without a time")
	case m.Arrived.IsZero():
		r.fail("no arrival time")
	}
	return m, r.end()
}

// Beat shows that the worker is alive and carries its totals.
type Beat struct {
	Units     uint64 // access units received
	Pictures  uint64 // pictures decoded
	Dropped   uint64 // pictures or units given up for lack of time or room
	Corrupt   uint64 // packets and pictures that were refused
	Reconnect uint64
}

// Type implements Message.
func (Beat) Type() Type { return TypeBeat }

func (m Beat) appendBody(b []byte) []byte {
	for _, v := range []uint64{m.Units, m.Pictures, m.Dropped, m.Corrupt, m.Reconnect} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// ParseBeat reads the body of a Beat.
func ParseBeat(body []byte) (Beat, error) {
	r := reader{b: body}
	m := Beat{r.u64(), r.u64(), r.u64(), r.u64(), r.u64()}
	return m, r.end()
}

// Answer carries the answer to an offer, or why there is none.
type Answer struct {
	ID         uint32
	SDP        string // empty when refused
	Code, Text string // set when refused
}

// Type implements Message.
func (Answer) Type() Type { return TypeAnswer }

func (m Answer) appendBody(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, m.ID)
	b = appendString(b, m.SDP)
	b = appendString(b, m.Code)
	return appendString(b, m.Text)
}

// ParseAnswer reads the body of an Answer.
func ParseAnswer(body []byte) (Answer, error) {
	r := reader{b: body}
	m := Answer{
		ID: r.u32(), SDP: r.string("answer", MaxSDP),
		Code: r.string("code", 32), Text: r.string("text", MaxText),
	}
	if (m.SDP == "") == (m.Code == "") {
		r.fail("an answer needs either an SDP or a code")
	}
	return m, r.end()
}

// maxTime bounds wall-clock times: years 1970 to 2200 in nanoseconds.
const maxTime = int64(230 * 365.25 * 24 * float64(time.Hour))

func appendTime(b []byte, t time.Time) []byte {
	var n int64
	if !t.IsZero() {
		n = min(max(t.UnixNano(), 1), maxTime)
	}
	return binary.LittleEndian.AppendUint64(b, uint64(n))
}

func (r *reader) time() time.Time {
	n := r.i64()
	if n < 0 || n > maxTime {
		r.fail("time %d", n)
		return time.Time{}
	}
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func appendRational(b []byte, v frame.Rational) []byte {
	if !v.Valid() || v.Num > 1<<31-1 || v.Den > 1<<31-1 {
		v = frame.Rational{}
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(v.Num))
	return binary.LittleEndian.AppendUint32(b, uint32(v.Den))
}

// rational reads a fraction that is either positive or all zero.
func (r *reader) rational() frame.Rational {
	v := frame.Rational{Num: int(r.i32()), Den: int(r.i32())}
	if v != (frame.Rational{}) && !v.Valid() {
		r.fail("fraction %d/%d", v.Num, v.Den)
	}
	return v
}

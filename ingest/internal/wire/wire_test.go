package wire_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"bystander/ingest/internal/wire"
	"bystander/internal/frame"
)

const slots = 4

func good() []wire.Message {
	now := time.Unix(1_700_000_000, 5)
	return []wire.Message{
		wire.Start{
			ID: "gate", Driver: "rtsp", URL: "rtsp://u:p@h/x", Transport: "udp", Live: true, Pace: true, Hardware: "nvidia", Card: true,
			Slots: 4, SlotSize: 1 << 20, ReadTimeout: time.Second, Beat: time.Second,
			BackoffMin: 1, BackoffMax: time.Minute, Stall: time.Second,
		},
		wire.Release{Slot: 3},
		wire.Offer{ID: 7, SDP: "v=0\r\n"},
		wire.Stop{},
		wire.Hello{},
		wire.State{Phase: wire.PhaseRetrying, Code: "TIMEOUT", Text: "silent", Codec: "h264", NextTry: now},
		wire.Frame{
			Slot: 1, Size: frame.Size{W: 1920, H: 1080}, Seq: 9, Epoch: 2, PTS: time.Second, Ticks: -90000,
			Base: frame.Rational{Num: 1, Den: 90000}, Captured: now, Arrived: now, Clock: frame.ClockCamera,
			Colour: frame.Colour{FullRange: true, Primaries: 1, Transfer: 2, Matrix: 3},
			Aspect: frame.Rational{Num: 4, Den: 3},
		},
		wire.Beat{Units: 1, Pictures: 2, Dropped: 3, Corrupt: 4, Reconnect: 5},
		wire.Answer{ID: 7, SDP: "v=0\r\n"},
		wire.State{Phase: wire.PhaseConnected, Codec: "h264", Decoder: "software", NoCard: "not h264_cuvid"},
		wire.Answer{ID: 8, Code: "TIMEOUT", Text: "no"},
	}
}

func parse(t wire.Type, body []byte) (wire.Message, error) {
	switch t {
	case wire.TypeStart:
		return wire.ParseStart(body)
	case wire.TypeRelease:
		return wire.ParseRelease(body, slots)
	case wire.TypeOffer:
		return wire.ParseOffer(body)
	case wire.TypeStop:
		return wire.Stop{}, wire.ParseEmpty(body)
	case wire.TypeHello:
		return wire.Hello{}, wire.ParseEmpty(body)
	case wire.TypeState:
		return wire.ParseState(body)
	case wire.TypeFrame:
		return wire.ParseFrame(body, slots)
	case wire.TypeBeat:
		return wire.ParseBeat(body)
	case wire.TypeAnswer:
		return wire.ParseAnswer(body)
	}
	return nil, wire.ErrMalformed
}

func TestMessagesSurviveTheWire(t *testing.T) {
	fa, fb, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	a, err := wire.NewConn(fa)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.NewConn(fb)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, m := range good() {
		if err := a.Send(m); err != nil {
			t.Fatal(err)
		}
		typ, body, err := b.Receive()
		if err != nil {
			t.Fatal(err)
		}
		got, err := parse(typ, body)
		if err != nil || got != m {
			t.Errorf("got %+v, %v; want %+v", got, err, m)
		}
	}
	f := good()[6].(wire.Frame)
	if err := a.SendFrame(&f); err != nil {
		t.Fatal(err)
	}
	if typ, body, err := b.Receive(); err != nil || typ != wire.TypeFrame {
		t.Fatal(typ, err)
	} else if got, err := wire.ParseFrame(body, slots); err != nil || got != f {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := a.SendRelease(3); err != nil {
		t.Fatal(err)
	}
	if typ, body, err := b.Receive(); err != nil || typ != wire.TypeRelease {
		t.Fatal(typ, err)
	} else if got, err := wire.ParseRelease(body, slots); err != nil || got.Slot != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	_ = b.SetReceiveDeadline(time.Now().Add(-time.Second))
	if _, _, err := b.Receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	_ = b.SetReceiveDeadline(time.Time{})
	_ = a.Close()
	if _, _, err := b.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("after close: %v", err)
	}
}

func TestOversizedMessagesAreRefused(t *testing.T) {
	if _, err := wire.Append(nil, wire.Offer{SDP: strings.Repeat("x", wire.MaxMessage)}); err == nil {
		t.Error("a message above the limit was built")
	}
	b, err := wire.Append(nil, wire.Offer{SDP: strings.Repeat("x", wire.MaxSDP+1)})
	if err != nil {
		t.Fatal(err)
	}
	_, body, err := wire.Split(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ParseOffer(body); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("an offer above the limit: %v", err)
	}
}

func TestHostileFieldsAreRefused(t *testing.T) {
	base := good()[6].(wire.Frame)
	for name, spoil := range map[string]func(*wire.Frame){
		"slot beyond the last": func(f *wire.Frame) { f.Slot = slots },
		"negative time":        func(f *wire.Frame) { f.PTS = -1 },
		"no time base":         func(f *wire.Frame) { f.Base = frame.Rational{} },
		"unknown clock":        func(f *wire.Frame) { f.Clock = 9 },
		"clock without time":   func(f *wire.Frame) { f.Captured = time.Time{} },
		"no arrival":           func(f *wire.Frame) { f.Arrived = time.Time{} },
	} {
		f := base
		spoil(&f)
		if _, err := wire.ParseFrame(f.AppendBody(nil), slots); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse feeds both sides' parsers: whatever is accepted must have exactly
// one form.
func FuzzParse(f *testing.F) {
	for _, m := range good() {
		b, err := wire.Append(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
		f.Add(append(b, 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, body, err := wire.Split(b)
		if err != nil {
			return
		}
		m, err := parse(typ, body)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		again, err := wire.Append(nil, m)
		if err != nil || string(again) != string(b) {
			t.Fatalf("%+v: % x became % x, %v", m, b, again, err)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	f := good()[6].(wire.Frame)
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = f.AppendBody(buf[:0])
		if _, err := wire.ParseFrame(buf, slots); err != nil {
			b.Fatal(err)
		}
	}
}

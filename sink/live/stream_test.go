package live_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"bystander/sink"
	"bystander/sink/live"
)

// gate is a viewer's connection that lets packets through only while open.
type gate struct {
	open    chan struct{} // closed: packets pass
	entered chan struct{} // one value for every packet that arrived at the gate
	passed  atomic.Int64
	seen    []byte // NAL type of the first packet of each picture
	fresh   bool
}

func newGate() *gate {
	return &gate{open: make(chan struct{}), entered: make(chan struct{}, 1000), fresh: true}
}

func (g *gate) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	g.entered <- struct{}{}
	<-g.open
	if g.fresh {
		g.seen = append(g.seen, p[0]&0x1f)
	}
	g.fresh = h.Marker
	g.passed.Add(1)
	return len(p), nil
}

func (*gate) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

var _ webrtc.TrackLocalWriter = (*gate)(nil)

// tiny returns a picture with one NAL unit.
func tiny(n int, key bool) *sink.Packet {
	kind := byte(0x41)
	if key {
		kind = 0x65
	}
	return &sink.Packet{Data: []byte{0, 0, 0, 1, kind, byte(n), 0x80}, PTS: time.Duration(n) * 40 * time.Millisecond, Key: key}
}

func newHub(t testing.TB, cfg live.Config) *live.Hub {
	t.Helper()
	if cfg.OnKeyFrameNeeded == nil {
		cfg.OnKeyFrameNeeded = func(string) {}
	}
	hub, err := live.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() })
	return hub
}

// TestSlowViewer holds one viewer up: nobody else notices, it loses pictures,
// and it goes on with a key picture.
func TestSlowViewer(t *testing.T) {
	hub := newHub(t, live.Config{Queue: 4})
	s := hub.Stream("c")
	slow, fast := newGate(), newGate()
	close(fast.open)
	removeSlow, _ := live.AddWriter(s, slow)
	removeFast, _ := live.AddWriter(s, fast)
	write := func(n int, key bool) {
		if err := s.WritePacket(tiny(n, key)); err != nil {
			t.Fatal(err)
		}
		<-fast.entered
	}
	write(0, true)
	<-slow.entered // it hangs in picture 0; four more fit into its queue
	for n := 1; n < 30; n++ {
		write(n, n == 10 || n == 20) // key pictures that it has no room for
	}
	if d := hub.Stats().Cameras["c"].Dropped; d != 25 {
		t.Errorf("%d pictures dropped, want 25", d)
	}
	close(slow.open)
	for range 4 {
		<-slow.entered // the queue drains
	}
	for n := 30; n < 40; n++ {
		write(n, n == 35)
	}
	for range 5 {
		<-slow.entered // 35 to 39
	}
	removeSlow()
	removeFast()
	if got, want := slow.seen, []byte{5, 1, 1, 1, 1, 5, 1, 1, 1, 1}; !bytes.Equal(got, want) {
		t.Errorf("the slow viewer got pictures %v, want %v", got, want)
	}
	if n := fast.passed.Load(); n != 40 {
		t.Errorf("the fast viewer got %d of 40 pictures", n)
	}
}

// TestStuckViewer drops a viewer whose connection takes nothing for long.
func TestStuckViewer(t *testing.T) {
	hub := newHub(t, live.Config{})
	s := hub.Stream("c")
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.open, g.entered = make(chan struct{}), make(chan struct{}, 1000)
		remove, ended := live.AddWriter(s, g)
		_ = s.WritePacket(tiny(0, true))
		<-g.entered
		for n := range 20 {
			time.Sleep(300 * time.Millisecond) // of the bubble's clock
			if err := s.WritePacket(tiny(n+1, false)); err != nil {
				t.Error(err)
			}
		}
		select {
		case <-ended:
		default:
			t.Error("not dropped after 6 s")
		}
		close(g.open)
		remove()
	})
}

// TestKeyLimiter asks at most once an interval, and not for what has come.
func TestKeyLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		want, satisfied, stop := live.NewKeyLimiter(500*time.Millisecond, func() { asked.Add(1) })
		expect := func(n int64, why string) {
			t.Helper()
			synctest.Wait()
			if got := asked.Load(); got != n {
				t.Errorf("%s: asked %d times, want %d", why, got, n)
			}
		}
		want()
		expect(0+1, "the first at once")
		for range 10 {
			want()
		}
		expect(1, "more within the interval wait")
		time.Sleep(500 * time.Millisecond)
		expect(2, "and become one")
		want()
		satisfied()
		time.Sleep(time.Second)
		expect(2, "a key picture came first")
		want()
		expect(3, "after a pause at once")
		want()
		stop()
		time.Sleep(time.Second)
		expect(3, "none after stop")
		want()
		expect(3, "nor later")
	})
}

// TestPacketErrors refuses what holds no picture.
func TestPacketErrors(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty": {}, "no start code": {0x65, 1, 2, 3}, "parameter sets only": {0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2},
		"delimiter only": {0, 0, 0, 1, 9, 0x10}, "start code only": {0, 0, 0, 1}, "RTP's own type": {0, 0, 1, 0x7c, 0x85, 1},
	} {
		if _, _, err := live.Payloads(&sink.Packet{Data: data}); !errors.Is(err, live.ErrNotH264) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzPayloads cuts any bytes; put together again they are the NAL units.
func FuzzPayloads(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0x65, 1, 2, 3, 0, 0, 1, 0x41, 9, 9})
	f.Add(append([]byte{0, 0, 1, 0x67, 1, 0, 0, 1, 0x65}, bytes.Repeat([]byte{7}, 5000)...))
	f.Add([]byte{0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x65})
	f.Fuzz(func(t *testing.T, data []byte) {
		payloads, key, err := live.Payloads(&sink.Packet{Data: data})
		if err != nil {
			return
		}
		var got, want []byte
		for _, p := range payloads {
			switch {
			case len(p) == 0 || len(p) > 1200:
				t.Fatalf("payload of %d bytes", len(p))
			case p[0]&0x1f != 28:
				got = append(append(got, 0, 0, 1), p...)
			default:
				if p[1]&0x80 != 0 {
					got = append(got, 0, 0, 1, p[0]&0xe0|p[1]&0x1f)
				}
				got = append(got, p[2:]...)
			}
		}
		sawKey := false
		for i, nal := range bytes.Split(data, []byte{0, 0, 1}) {
			nal = bytes.TrimRight(nal, "\x00")
			if i == 0 || len(nal) == 0 {
				continue
			}
			if k := nal[0] & 0x1f; k == 0 || k == 9 || k == 12 || k >= 24 {
				continue
			}
			sawKey = sawKey || nal[0]&0x1f == 5
			want = append(append(want, 0, 0, 1), nal...)
		}
		if !bytes.Equal(got, want) || key != sawKey {
			t.Fatalf("key %v\n got %x\nwant %x", key, got, want)
		}
	})
}

// discard is a connection that takes everything.
type discard struct{ n atomic.Int64 }

func (d *discard) WriteRTP(_ *rtp.Header, p []byte) (int, error) { d.n.Add(1); return len(p), nil }
func (*discard) Write(b []byte) (int, error)                     { return len(b), nil }

// BenchmarkWritePacket hands a picture of 8 kB to 4 viewers.
func BenchmarkWritePacket(b *testing.B) {
	hub := newHub(b, live.Config{Queue: 64})
	s := hub.Stream("c")
	for range 4 {
		remove, _ := live.AddWriter(s, &discard{})
		defer remove()
	}
	data := make([]byte, 8000)
	for i := range data {
		data[i] = byte(i%250) + 1
	}
	binary.BigEndian.PutUint32(data, 1)
	data[4] = 0x65
	p := &sink.Packet{Data: data, Key: true}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := s.WritePacket(p); err != nil {
			b.Fatal(err)
		}
	}
}

package live_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"bystander/sink/live"
)

// viewer is a WHEP viewer made with pion.
type viewer struct {
	pc      *webrtc.PeerConnection
	id      string
	ssrc    webrtc.SSRC
	packets chan *rtp.Packet
	reports chan *rtcp.SenderReport
	state   chan webrtc.PeerConnectionState
}

// join lets a pion viewer in. set may change its engine.
func join(t *testing.T, hub *live.Hub, camera string, set func(*webrtc.SettingEngine)) *viewer {
	t.Helper()
	v, err := tryJoin(t, hub, camera, set)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func tryJoin(t *testing.T, hub *live.Hub, camera string, set func(*webrtc.SettingEngine)) (*viewer, error) {
	t.Helper()
	pc, offer := newOffer(t, set)
	v := &viewer{
		pc: pc, packets: make(chan *rtp.Packet, 4096), reports: make(chan *rtcp.SenderReport, 64),
		state: make(chan webrtc.PeerConnectionState, 16),
	}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { v.state <- s })
	pc.OnTrack(func(tr *webrtc.TrackRemote, recv *webrtc.RTPReceiver) {
		go func() {
			for {
				all, _, err := recv.ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range all {
					if sr, ok := p.(*rtcp.SenderReport); ok {
						v.reports <- sr
					}
				}
			}
		}()
		v.ssrc = tr.SSRC()
		for {
			p, _, err := tr.ReadRTP()
			if err != nil {
				close(v.packets)
				return
			}
			v.packets <- p
		}
	})
	id, answer, err := hub.Offer(t.Context(), camera, offer)
	if err != nil {
		return nil, err
	}
	v.id = id
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	return v, nil
}

func newOffer(t testing.TB, set func(*webrtc.SettingEngine)) (*webrtc.PeerConnection, string) {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	if set != nil {
		set(&s)
	}
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-done
	return pc, pc.LocalDescription().SDP
}

// picture is what a viewer got for one picture.
type picture struct {
	nals []byte // Annex B with long start codes
	ts   uint32
}

// pictures takes n pictures, checking sequence numbers and markers.
func (v *viewer) pictures(t *testing.T, n int) []picture {
	t.Helper()
	var out []picture
	var d codecs.H264Packet
	var cur picture
	var last uint16
	limit := time.After(15 * time.Second)
	for first := true; len(out) < n; first = false {
		select {
		case p, ok := <-v.packets:
			if !ok {
				t.Fatalf("the stream ended after %d pictures", len(out))
			}
			if !first && p.SequenceNumber != last+1 {
				t.Fatalf("packet %d follows %d", p.SequenceNumber, last)
			}
			last = p.SequenceNumber
			if len(p.Payload) > 1200 {
				t.Fatalf("payload of %d bytes", len(p.Payload))
			}
			if cur.nals != nil && cur.ts != p.Timestamp {
				t.Fatal("a new time stamp without a marker before it")
			}
			b, err := d.Unmarshal(p.Payload)
			if err != nil {
				t.Fatal(err)
			}
			cur.ts = p.Timestamp
			cur.nals = append(cur.nals, b...)
			if p.Marker {
				out = append(out, cur)
				cur = picture{}
			}
		case <-limit:
			t.Fatalf("%d of %d pictures within 15 s", len(out), n)
		}
	}
	return out
}

// plain is a film unit as a viewer gets it: without delimiter, long start codes.
func plain(unit []byte) []byte {
	var out []byte
	for _, nal := range bytes.Split(bytes.ReplaceAll(unit, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1}) {
		if len(nal) > 0 && nal[0]&0x1f != 9 {
			out = append(append(out, 0, 0, 0, 1), bytes.TrimRight(nal, "\x00")...)
		}
	}
	return out
}

// TestViewer compares what a viewer receives with what was written, byte by
// byte, and the reports with the capture times.
func TestViewer(t *testing.T) {
	hub, player, _ := serve(t, live.Config{})
	v := join(t, hub, "arcade", nil)
	got := v.pictures(t, 60)
	order, when := player.played()
	from := 0
	for from < len(order) && !bytes.Equal(plain(player.film[order[from]]), got[0].nals) {
		from++
	}
	if from == len(order) || order[from]%filmGOP != 0 {
		t.Fatalf("the first picture is packet %d, want a key picture", from)
	}
	for i, g := range got {
		seq := int(g.ts-got[0].ts) * filmFPS / 90000
		if seq != i || g.ts-got[0].ts != uint32(i*90000/filmFPS) {
			t.Fatalf("picture %d has time %d", i, g.ts-got[0].ts)
		}
		if !bytes.Equal(g.nals, plain(player.film[order[from+i]])) {
			t.Fatalf("picture %d differs from what was written", i)
		}
	}
	if len(v.reports) < 2 {
		t.Fatalf("%d sender reports within 2.4 s", len(v.reports))
	}
	sr := <-v.reports
	at := time.Unix(int64(sr.NTPTime>>32)-2208988800, int64(sr.NTPTime&0xffffffff)*1e9>>32)
	i := int(sr.RTPTime-got[0].ts) * filmFPS / 90000
	if d := when[from+i].Sub(at).Abs(); d > time.Microsecond {
		t.Errorf("the report puts picture %d %v away from its capture", i, d)
	}
}

// TestPictureLoss sends PLI and FIR in a storm: key pictures come, at most two
// a second.
func TestPictureLoss(t *testing.T) {
	hub, _, _ := serve(t, live.Config{})
	v := join(t, hub, "arcade", nil)
	v.pictures(t, 2)
	before := hub.Stats().Cameras["arcade"].KeyRequests
	began := time.Now()
	for range 60 {
		err := v.pc.WriteRTCP([]rtcp.Packet{
			&rtcp.PictureLossIndication{MediaSSRC: uint32(v.ssrc)},
			&rtcp.FullIntraRequest{MediaSSRC: uint32(v.ssrc), FIR: []rtcp.FIREntry{{SSRC: uint32(v.ssrc)}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		v.pictures(t, 1)
	}
	asked := hub.Stats().Cameras["arcade"].KeyRequests - before
	most := uint64(time.Since(began)/(500*time.Millisecond)) + 1
	if asked < 2 || asked > most {
		t.Errorf("%d key pictures asked for, want 2 to %d", asked, most)
	}
}

// TestLimits fills a camera and the hub.
func TestLimits(t *testing.T) {
	hub, _, _ := serve(t, live.Config{MaxViewers: 2, MaxSessions: 3})
	hub.Stream("stage")
	a, b := join(t, hub, "arcade", nil), join(t, hub, "arcade", nil)
	if _, err := tryJoin(t, hub, "arcade", nil); !errors.Is(err, live.ErrTooManyViewers) {
		t.Errorf("third viewer: %v", err)
	}
	join(t, hub, "stage", nil)
	if _, err := tryJoin(t, hub, "stage", nil); !errors.Is(err, live.ErrTooManyViewers) {
		t.Errorf("fourth session: %v", err)
	}
	if err := hub.End("stage", a.id); !errors.Is(err, live.ErrUnknownSession) {
		t.Errorf("end by another camera's address: %v", err)
	}
	for _, v := range []*viewer{a, b} {
		if err := hub.End("arcade", v.id); err != nil {
			t.Error(err)
		}
		if err := hub.End("arcade", v.id); !errors.Is(err, live.ErrUnknownSession) {
			t.Errorf("end twice: %v", err)
		}
	}
	join(t, hub, "arcade", nil).pictures(t, 1)
	if c := hub.Stats().Cameras["arcade"]; c.Viewers != 1 || c.Refused != 1 || c.Sessions != 3 {
		t.Errorf("%+v", c)
	}
}

// gone waits until the camera has n viewers.
func gone(t *testing.T, hub *live.Hub, n int, limit time.Duration) time.Duration {
	t.Helper()
	began := time.Now()
	for hub.Stats().Viewers != n {
		if time.Since(began) > limit {
			t.Fatalf("%d viewers after %v, want %d", hub.Stats().Viewers, limit, n)
		}
		time.Sleep(10 * time.Millisecond) // polling what has no event
	}
	return time.Since(began)
}

// TestDeadViewer cuts a viewer's network without a word.
func TestDeadViewer(t *testing.T) {
	hub, _, _ := serve(t, live.Config{DeadTimeout: time.Second})
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := webrtc.NewICEUDPMux(nil, conn)
	v := join(t, hub, "arcade", func(s *webrtc.SettingEngine) { s.SetICEUDPMux(mux) })
	v.pictures(t, 5)
	if err := errors.Join(mux.Close(), ignoreClosed(conn.Close())); err != nil {
		t.Fatal(err)
	}
	t.Logf("removed after %v", gone(t, hub, 0, 5*time.Second))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// TestLeavingViewer closes a viewer's connection in the regular way.
func TestLeavingViewer(t *testing.T) {
	hub, _, _ := serve(t, live.Config{})
	v := join(t, hub, "arcade", nil)
	v.pictures(t, 2)
	if err := v.pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	gone(t, hub, 0, 3*time.Second)
}

// TestNeverConnects leaves an answer unused.
func TestNeverConnects(t *testing.T) {
	hub, _, _ := serve(t, live.Config{ConnectTimeout: 300 * time.Millisecond})
	_, offer := newOffer(t, nil)
	if _, _, err := hub.Offer(t.Context(), "arcade", offer); err != nil {
		t.Fatal(err)
	}
	gone(t, hub, 0, 3*time.Second)
}

// TestStreamClose takes a camera away under its viewers' feet, and back.
func TestStreamClose(t *testing.T) {
	p := newPlayer(t)
	hub, err := live.New(live.Config{OnKeyFrameNeeded: p.keyFrame})
	if err != nil {
		t.Fatal(err)
	}
	s := hub.Stream("door")
	stop := p.play(s)
	v := join(t, hub, "door", nil)
	v.pictures(t, 3)
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.WritePacket(p.packet(0, 0, time.Now())); !errors.Is(err, live.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	if _, err := tryJoin(t, hub, "door", nil); !errors.Is(err, live.ErrUnknownCamera) {
		t.Errorf("offer after close: %v", err)
	}
	stop = p.play(hub.Stream("door"))
	join(t, hub, "door", nil).pictures(t, 3)
	stop()
	if err := hub.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := tryJoin(t, hub, "door", nil); !errors.Is(err, live.ErrClosed) {
		t.Errorf("offer after the hub's close: %v", err)
	}
}

// TestPublicAddress names the NAT's address instead of our own.
func TestPublicAddress(t *testing.T) {
	hub, _, _ := serve(t, live.Config{
		PublicAddrs: []netip.Addr{netip.MustParseAddr("203.0.113.7")}, UDPPort: 28551, UDPPortMax: 28560,
	})
	_, offer := newOffer(t, nil)
	_, answer, err := hub.Offer(t.Context(), "arcade", offer)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer, " 203.0.113.7 "+strconv.Itoa(int(hub.Addrs()[0].Port()))+" typ host") || strings.Contains(answer, " 127.0.0.1 ") {
		t.Errorf("candidates:\n%s", answer)
	}
}

// TestPortTaken tells which setting is wrong.
func TestPortTaken(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	_, err = live.New(live.Config{UDPPort: port, OnKeyFrameNeeded: func(string) {}})
	if err == nil || !strings.Contains(err.Error(), "udp_port") {
		t.Errorf("got %v", err)
	}
}

// TestOfferCancelled gives up while an answer is made.
func TestOfferCancelled(t *testing.T) {
	hub, _, _ := serve(t, live.Config{})
	_, offer := newOffer(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := hub.Offer(ctx, "arcade", offer); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

package whip_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/whip"
	"bystander/ingest/whip/whiphttp"
)

// clip is 50 pictures of H.264 in access units, key pictures every 10.
var clip = sync.OnceValues(func() ([][]byte, error) {
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-frames:v", "50",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
		"-x264-params", "keyint=10:min-keyint=10:scenecut=0:aud=1:repeat-headers=1", "-f", "h264", "-").Output()
	if err != nil {
		return nil, err
	}
	delimiter := []byte{0, 0, 0, 1, 9}
	units := bytes.Split(out, delimiter)[1:]
	for i := range units {
		units[i] = append(bytes.Clone(delimiter), units[i]...)
	}
	return units, nil
})

// publisher is a WHIP client made with pion.
type publisher struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP
	seq   uint16
	key   chan struct{} // PLI received
	up    chan struct{} // connected
	where string        // of the session
}

func newPublisher(t *testing.T, url string) *publisher {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	p := &publisher{pc: pc, key: make(chan struct{}, 100), up: make(chan struct{}), seq: 65500}
	p.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1",
	}, "video", "door")
	if err != nil {
		t.Fatal(err)
	}
	sender, err := pc.AddTrack(p.track)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the connection; goleak watches
		for {
			all, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, r := range all {
				if _, ok := r.(*rtcp.PictureLossIndication); ok {
					p.key <- struct{}{}
				}
			}
		}
	}()
	pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		if st == webrtc.PeerConnectionStateConnected {
			close(p.up)
		}
	})
	p.negotiate(t, url)
	return p
}

func (p *publisher) negotiate(t *testing.T, url string) {
	t.Helper()
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-done
	res, err := http.Post(url+"/whip/door", "application/sdp", strings.NewReader(p.pc.LocalDescription().SDP))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(res.Body); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("%v %s %s", err, res.Status, &answer)
	}
	p.where = url + res.Header.Get("Location")
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.String()}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.up:
	case <-time.After(10 * time.Second):
		t.Fatal("no connection")
	}
}

// packets cuts a unit; the last one has the marker.
func (p *publisher) packets(unit []byte, ts uint32) []*rtp.Packet {
	var out []*rtp.Packet
	for _, payload := range new(codecs.H264Payloader).Payload(1100, unit) {
		out = append(out, &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: p.seq, Timestamp: ts}, Payload: payload})
		p.seq++
	}
	out[len(out)-1].Marker = true
	return out
}

func (p *publisher) send(t *testing.T, packets ...*rtp.Packet) {
	t.Helper()
	for _, x := range packets {
		if err := p.track.WriteRTP(x); err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Fatal(err)
		}
	}
}

// warm sends the first picture again and again until one has come through:
// what is sent before the other side has finished its handshake is lost. It
// returns the time that follows and how many pictures have come.
func (p *publisher) warm(t *testing.T, r *rig, ts uint32) (next uint32, came int) {
	t.Helper()
	before := r.out.count()
	key := film(t)[0]
	for range 500 {
		p.send(t, p.packets(key, ts)...)
		ts += 3600
		time.Sleep(10 * time.Millisecond) // a camera's pace
		if r.out.count() > before {
			r.out.settle(t)
			return ts, r.out.count()
		}
	}
	t.Fatal("nothing comes through")
	return 0, 0
}

// units sends film units at a pace that no socket buffer minds.
func (p *publisher) units(t *testing.T, units [][]byte, ts uint32) {
	t.Helper()
	for _, u := range units {
		p.send(t, p.packets(u, ts)...)
		ts += 3600
		time.Sleep(2 * time.Millisecond) // a camera's pace
	}
}

func film(t *testing.T) [][]byte {
	t.Helper()
	c, err := clip()
	if err != nil || len(c) != 50 {
		t.Fatalf("make the clip (is ffmpeg installed?): %v, %d units", err, len(c))
	}
	return c
}

// TestPublisher sends packets out of order and over the wrap of sequence
// numbers; all units come whole.
func TestPublisher(t *testing.T) {
	r := newRig(t, "")
	p := newPublisher(t, r.url)
	ts, came := p.warm(t, r, 4294900000)
	for i, u := range film(t) {
		all := p.packets(u, ts+uint32(i)*3600)
		for k := 0; k+1 < len(all); k += 2 {
			all[k], all[k+1] = all[k+1], all[k]
		}
		p.send(t, all...)
		time.Sleep(2 * time.Millisecond) // a camera's pace
	}
	r.out.wait(t, came+50)
	e := r.out.snapshot()
	if len(e) != 1 || r.out.lost != 0 {
		t.Fatalf("%d epochs, %d lost", len(e), r.out.lost)
	}
	units := e[0].units[came:]
	for i, u := range units {
		if u.PTS != units[0].PTS+int64(i)*3600 || u.Key != (i%10 == 0) {
			t.Errorf("unit %d: time %d, key %v", i, u.PTS, u.Key)
		}
	}
	if n := decode(t, driver.H264, units); n != 50 {
		t.Errorf("%d pictures decoded", n)
	}
}

// TestLoss loses a packet for good: a key picture is asked for, and nothing
// comes until there is one.
func TestLoss(t *testing.T) {
	r := newRig(t, "")
	p := newPublisher(t, r.url)
	c := film(t)
	ts, came := p.warm(t, r, 0)
	for i := range 15 {
		all := p.packets(c[i], ts+uint32(i)*3600)
		if i == 3 {
			all = all[1:]
		}
		p.send(t, all...)
		time.Sleep(2 * time.Millisecond) // a camera's pace
	}
	r.out.wait(t, came+8) // 0 to 2 and, after the wait for the lost one, 10 to 14
	select {
	case <-p.key:
	case <-time.After(5 * time.Second):
		t.Error("no request for a key picture")
	}
	units := r.out.snapshot()[0].units[came:]
	var numbers []int64
	for _, u := range units {
		numbers = append(numbers, (u.PTS-units[0].PTS)/3600)
	}
	if want := []int64{0, 1, 2, 10, 11, 12, 13, 14}; !slices.Equal(numbers, want) {
		t.Fatalf("units %v, want %v", numbers, want)
	}
	if r.out.lost == 0 {
		t.Error("the loss wasn't counted")
	}
	r.d.RequestKeyFrame() // must be harmless at any time
}

// TestGarbage sends packets that make no sense, then a picture.
func TestGarbage(t *testing.T) {
	r := newRig(t, "")
	p := newPublisher(t, r.url)
	c := film(t)
	ts, came := p.warm(t, r, 0)
	for i, bad := range []string{"\x7c", "\x7c\x85", "\x78\xff\xff", "\x78", "\x1f\xff", "\x00", "\x7d\x00\x00", "\x5c\x05\xff", "\x7c\x45z"} {
		p.send(t, &rtp.Packet{Header: rtp.Header{Version: 2, Marker: i%2 == 0, SequenceNumber: p.seq, Timestamp: ts + uint32(i+1)*90}, Payload: []byte(bad)})
		p.seq++
	}
	p.send(t, p.packets(c[10], ts+3600)...)
	r.out.wait(t, came+1)
	e := r.out.snapshot()
	if n := decode(t, driver.H264, e[0].units); n != came+1 {
		t.Errorf("%d of %d pictures decoded", n, came+1)
	}
	if r.out.lost == 0 {
		t.Error("the garbage wasn't counted")
	}
}

// TestTakeOver lets a second publisher take the camera over, as a new epoch.
// The first one's address no longer ends the session.
func TestTakeOver(t *testing.T) {
	r := newRig(t, "")
	a := newPublisher(t, r.url)
	c := film(t)
	ts, came := a.warm(t, r, 0)
	a.units(t, c[:10], ts)
	r.out.wait(t, came+10)
	b := newPublisher(t, r.url)
	ts, came = b.warm(t, r, 777)
	b.units(t, c[:10], ts)
	r.out.wait(t, came+10)
	if e := r.out.snapshot(); len(e) != 2 || e[1].units[0].PTS != 0 || !e[1].units[0].Key {
		t.Fatalf("%d epochs", len(e))
	}
	if code := remove(t, a.where); code != http.StatusNotFound {
		t.Errorf("DELETE of the first session: %d", code)
	}
	if code := remove(t, b.where); code != http.StatusOK {
		t.Errorf("DELETE of the second session: %d", code)
	}
	if err := <-r.end; ingest.CodeOf(err, "") != ingest.CodeLost {
		t.Errorf("Run ended with %v", err)
	}
	if _, err := r.d.Negotiate(t.Context(), "v=0"); ingest.CodeOf(err, "") != ingest.CodeLost {
		t.Errorf("offer after Run: %v", err)
	}
}

func remove(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestSilence ends Run when the publisher stays connected and sends nothing.
func TestSilence(t *testing.T) {
	r := newRig(t, "")
	p := newPublisher(t, r.url)
	p.warm(t, r, 0)
	select {
	case err := <-r.end:
		if ingest.CodeOf(err, "") != ingest.CodeTimeout {
			t.Errorf("Run ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Run goes on")
	}
}

// TestHTTP walks through the errors.
func TestHTTP(t *testing.T) {
	r := newRig(t, "")
	h := whiphttp.New("whip", func(c string) (whiphttp.Negotiator, bool) { return r.d, c == "door" })
	const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	for _, c := range []struct {
		name, method, path, kind, body string
		want                           int
	}{
		{"unknown camera", "POST", "/whip/x", "application/sdp", head, 404},
		{"elsewhere", "POST", "/x", "application/sdp", head, 404},
		{"no type", "POST", "/whip/door", "", head, 415},
		{"too large", "POST", "/whip/door", "application/sdp", strings.Repeat("x", whiphttp.MaxOffer+1), 413},
		{"empty", "POST", "/whip/door", "application/sdp", "", 400},
		{"garbage", "POST", "/whip/door", "application/sdp", "\xff\x00", 400},
		{"our own word", "POST", "/whip/door", "application/sdp", whip.HangUp, 400},
		{"no video", "POST", "/whip/door", "application/sdp", head + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", 406},
		{"AV1 only", "POST", "/whip/door", "application/sdp", head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 AV1/90000\r\n", 406},
		{"receives", "POST", "/whip/door", "application/sdp", head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\n", 406},
		{"no keys", "POST", "/whip/door", "application/sdp", head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n", 400},
		{"data channel", "POST", "/whip/door", "application/sdp", head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", 400},
		{"options", "OPTIONS", "/whip/door", "", "", 204},
		{"get", "GET", "/whip/door", "", "", 405},
		{"patch", "PATCH", "/whip/door/x", "", "", 405},
		{"unknown session", "DELETE", "/whip/door/x", "", "", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			req.Header.Set("Content-Type", c.kind)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != c.want || c.want >= 400 && w.Body.Len() == 0 {
				t.Errorf("%d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

// FuzzOffer gives the driver any bytes as offer: an answer or a refusal.
func FuzzOffer(f *testing.F) {
	const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n"
	f.Add("")
	f.Add(head + "a=group:BUNDLE 0\r\na=fingerprint:sha-256 " + strings.Repeat("AA:", 31) + "AA\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\na=ssrc:5 cname:x\r\n")
	r := newRig(f, "")
	f.Fuzz(func(t *testing.T, offer string) {
		answer, err := r.d.Negotiate(t.Context(), offer)
		if err == nil && offer != whip.HangUp && !strings.HasPrefix(answer, "v=0") {
			t.Fatalf("answer %q", answer)
		}
		var e *ingest.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("refused by %v", err)
		}
		if _, err := r.d.Negotiate(t.Context(), whip.HangUp); err != nil {
			t.Fatal(err)
		}
	})
}

package live_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bystander/internal/testkit/browser"
	"bystander/sink/live"
)

// watchPage plays a WHEP view as any page would: default RTCPeerConnection, no
// STUN server, no flags.
const watchPage = `<!doctype html><video id=v muted autoplay playsinline></video><script>
const canvas = new OffscreenCanvas(160, 4), ctx = canvas.getContext('2d', {willReadFrequently: true});
const seen = []; let pc, session, began, firstAt = 0;
function number(v) {
  ctx.drawImage(v, 0, 0, v.videoWidth, 64, 0, 0, 160, 4);
  const d = ctx.getImageData(0, 0, 160, 4).data; let n = 0;
  for (let bit = 0; bit < 10; bit++) if (d[(2*160 + bit*16 + 8)*4 + 1] > 128) n |= 1 << bit;
  return n;
}
async function watch(camera, opts = {}) {
  began = performance.now();
  pc = new RTCPeerConnection();
  if (opts.soundFirst) pc.addTransceiver('audio', {direction: 'recvonly'});
  const tr = pc.addTransceiver('video', {direction: 'recvonly'});
  if (opts.audio) pc.addTransceiver('audio', {direction: 'recvonly'});
  if (opts.extensions && tr.setHeaderExtensionsToNegotiate) {
    const x = tr.getHeaderExtensionsToNegotiate();
    for (const e of x) if (/abs-capture-time|playout-delay/.test(e.uri)) e.direction = 'sendrecv';
    tr.setHeaderExtensionsToNegotiate(x);
  }
  const v = document.getElementById('v');
  pc.ontrack = e => { if (e.track.kind != 'video') return; e.receiver.jitterBufferTarget = 0; v.srcObject = new MediaStream([e.track]); };
  const each = (now, m) => {
    if (!firstAt) firstAt = performance.now() - began;
    seen.push({n: number(v), at: performance.timeOrigin + performance.now(), count: m.presentedFrames,
      captured: m.captureTime ? performance.timeOrigin + m.captureTime : 0, w: m.width, h: m.height});
    v.requestVideoFrameCallback(each);
  };
  v.requestVideoFrameCallback(each);
  await pc.setLocalDescription(await pc.createOffer());
  const res = await fetch('/whep/' + camera, {method: 'POST', headers: {'Content-Type': 'application/sdp'}, body: pc.localDescription.sdp});
  if (res.status != 201) throw new Error(res.status + ' ' + await res.text());
  session = res.headers.get('Location');
  let sdp = await res.text();
  if (opts.tcpOnly) sdp = sdp.split('\r\n').filter(l => !/^a=candidate:.* udp /i.test(l)).join('\r\n');
  await pc.setRemoteDescription({type: 'answer', sdp});
  return sdp;
}
async function frames(n, ms) {
  const until = performance.now() + ms;
  while (seen.length < n) {
    if (performance.now() > until) throw new Error(seen.length + ' pictures only, ice ' + pc.iceConnectionState + ', dtls ' + pc.connectionState);
    await new Promise(r => setTimeout(r, 20));
  }
}
</script>`

type watched struct {
	First  float64
	Frames []struct {
		N, Count, W, H int
		At, Captured   float64 // Unix ms
	}
	Transport, Codec string
	Lost, Decoded    int
}

// watch opens the page and plays count pictures.
func watch(t *testing.T, p *browser.Page, camera, opts string, count int) watched {
	t.Helper()
	var out watched
	script := `await watch('` + camera + `', ` + opts + `); await frames(` + strconv.Itoa(count) + `, 20000);
	const out = {First: firstAt, Frames: seen.map(s => ({N: s.n, Count: s.count, W: s.w, H: s.h, At: s.at, Captured: s.captured}))};
	const stats = await pc.getStats(); let codec;
	for (const s of stats.values()) if (s.type == 'inbound-rtp') { out.Lost = s.packetsLost; out.Decoded = s.framesDecoded; codec = stats.get(s.codecId); }
	out.Codec = codec.mimeType + ' ' + codec.sdpFmtpLine;
	for (const s of stats.values()) if (s.type == 'transport') { const pair = stats.get(s.selectedCandidatePairId);
	  const l = stats.get(pair.localCandidateId), r = stats.get(pair.remoteCandidateId); out.Transport = l.candidateType + '/' + r.candidateType + ' ' + l.protocol + ' to ' + r.address; }
	return out;`
	p.Eval(script, &out)
	return out
}

// serve mounts the hub as the application does.
func serve(t *testing.T, cfg live.Config) (*live.Hub, *player, string) {
	t.Helper()
	p := newPlayer(t)
	cfg.OnKeyFrameNeeded = p.keyFrame
	hub, err := live.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/whep/", live.NewHandler(hub, "/whep"))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(watchPage)) })
	srv := httptest.NewServer(mux)
	stop := p.play(hub.Stream("arcade"))
	t.Cleanup(func() {
		stop()
		if err := hub.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		srv.Close()
	})
	return hub, p, srv.URL
}

// TestBrowser plays the view in a browser with default settings, the server
// listening on 127.0.0.1 alone, and measures it.
func TestBrowser(t *testing.T) {
	hub, player, url := serve(t, live.Config{})
	page := browser.Open(t, url)
	got := watch(t, page, "arcade", "{}", 150)
	t.Logf("first picture after %.0f ms, %s, %s, lost %d", got.First, got.Transport, got.Codec, got.Lost)
	if got.First > 1000 {
		t.Errorf("first picture after %.0f ms, want less than 1000", got.First)
	}
	var delays []time.Duration
	for _, f := range got.Frames[25:] {
		at := time.UnixMicro(int64(f.At * 1000))
		sent := player.sentBefore(f.N, at)
		if sent.IsZero() || f.W != filmSize.W || f.H != filmSize.H {
			t.Fatalf("picture %d of %d×%d was never sent", f.N, f.W, f.H)
		}
		delays = append(delays, at.Sub(sent))
	}
	slices.Sort(delays)
	p50, p95 := delays[len(delays)/2], delays[len(delays)*95/100]
	t.Logf("delay from WritePacket to the page's callback: p50 %v, p95 %v of %d pictures", p50, p95, len(delays))
	if p50 > 250*time.Millisecond {
		t.Errorf("delay p50 %v", p50)
	}
	t.Logf("%+v", hub.Stats())
	page.Eval(`const r = await fetch(session, {method: 'DELETE'}); if (r.status != 200) throw new Error(r.status); pc.close();`, nil)
	if v := hub.Stats().Viewers; v != 0 {
		t.Errorf("%d viewers after DELETE", v)
	}
}

// TestBrowserWays plays over each way in that an ordinary browser may need.
func TestBrowserWays(t *testing.T) {
	_, _, blank := serve(t, live.Config{})
	plain := browser.Open(t, blank) // as an ordinary user's
	for _, c := range []struct {
		name, opts, before, want string
		cfg                      live.Config
	}{
		{name: "all addresses", opts: `{}`, want: "udp to ", cfg: live.Config{Addrs: []netip.Addr{netip.IPv4Unspecified()}}},
		{name: "TCP", opts: `{tcpOnly: true}`, want: "tcp to 127.0.0.1", cfg: live.Config{TCPPort: freePort(t)}},
		{name: "with audio and extensions", opts: `{audio: true, extensions: true}`, want: "udp to 127.0.0.1"},
		{name: "sound first", opts: `{soundFirst: true}`, want: "udp to 127.0.0.1"},
		{name: "camera allowed, so candidates are plain", before: `await navigator.mediaDevices.getUserMedia({video: true});`, opts: `{}`, want: "udp to 127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, url := serve(t, c.cfg)
			page := plain
			if c.before == "" {
				page.Goto(url)
			} else {
				page = browser.Open(t, url, browser.FakeCamera, browser.AllowMedia)
				page.Eval(c.before, nil)
			}
			got := watch(t, page, "arcade", c.opts, 30)
			t.Logf("first picture after %.0f ms, %s", got.First, got.Transport)
			if !strings.Contains(got.Transport, c.want) {
				t.Errorf("transport %q, want %q", got.Transport, c.want)
			}
			var age float64 // ms, by the extension or, without it, by the newest report
			page.Eval(`const unix = 2208988800000, s = pc.getReceivers()[0].getSynchronizationSources()[0];
				if (s.captureTimestamp) return s.timestamp - (s.captureTimestamp - unix);
				for (const r of (await pc.getStats()).values()) if (r.type == 'remote-outbound-rtp') return r.timestamp - r.remoteTimestamp;
				throw new Error('the page cannot tell how old a picture is');`, &age)
			if age < -5 || age > 500 {
				t.Errorf("the page takes a picture for %.0f ms old", age)
			}
		})
	}
}

// freePort is a TCP port that was free a moment ago.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

package whip_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/whip"
	"bystander/ingest/whip/whiphttp"
	"bystander/internal/testkit/browser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// taken is a driver.Out that keeps what it is given.
type taken struct {
	mu     sync.Mutex
	epochs []epoch
	lost   int
	each   func(n int) // called with the number of units so far, unlocked
}

type epoch struct {
	params driver.Params
	units  []driver.Unit
}

func (o *taken) Video(p driver.Params) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.epochs = append(o.epochs, epoch{params: p})
	return nil
}

func (o *taken) Unit(u driver.Unit) error {
	o.mu.Lock()
	e := &o.epochs[len(o.epochs)-1]
	u.Data = bytes.Clone(u.Data)
	e.units = append(e.units, u)
	n := 0
	for _, e := range o.epochs {
		n += len(e.units)
	}
	each := o.each
	o.mu.Unlock()
	if each != nil {
		each(n)
	}
	return nil
}

func (o *taken) Lost(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost += n
}

func (o *taken) snapshot() []epoch {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]epoch, len(o.epochs))
	copy(out, o.epochs)
	return out
}

func (o *taken) count() int {
	n := 0
	for _, e := range o.snapshot() {
		n += len(e.units)
	}
	return n
}

// settle waits until no more units come: what is under way has arrived.
func (o *taken) settle(t *testing.T) {
	t.Helper()
	for n, same := -1, 0; same < 5; same++ {
		if now := o.count(); now != n {
			n, same = now, 0
		}
		time.Sleep(10 * time.Millisecond) // the network gives no sign
	}
}

// wait returns once at least n units have come.
func (o *taken) wait(t *testing.T, n int) {
	t.Helper()
	reached := make(chan struct{})
	var once sync.Once
	o.mu.Lock()
	o.each = func(have int) {
		if have >= n {
			once.Do(func() { close(reached) })
		}
	}
	each := o.each
	o.mu.Unlock()
	have := o.count()
	each(have) // they may be here already
	select {
	case <-reached:
	case <-time.After(10 * time.Second):
		t.Fatalf("fewer than %d units within 10 s, %d at first: %d epochs, %d lost", n, have, len(o.snapshot()), o.lost)
	}
}

// rig is a driver with Run running and its HTTP side.
type rig struct {
	d   *whip.Driver
	out *taken
	url string
	end chan error
}

func newRig(t testing.TB, page string) *rig {
	t.Helper()
	r := &rig{d: &whip.Driver{}, out: &taken{}, end: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		r.end <- r.d.Run(ctx, driver.Config{ReadTimeout: 4 * time.Second, Log: zerolog.Nop()}, r.out)
		close(r.end)
	}()
	mux := http.NewServeMux()
	mux.Handle("/whip/", whiphttp.New("/whip/", func(c string) (whiphttp.Negotiator, bool) { return r.d, c == "door" }))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) })
	srv := httptest.NewServer(mux)
	r.url = srv.URL
	t.Cleanup(func() {
		cancel()
		<-r.end
		srv.Close()
	})
	r.ready(t)
	return r
}

// ready waits until Run takes offers.
func (r *rig) ready(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		_, err := r.d.Negotiate(t.Context(), whip.HangUp)
		if err == nil {
			return
		}
		time.Sleep(time.Millisecond) // Run gives no sign of its own
	}
	t.Fatal("Run does not begin")
}

const publishPage = `<script>
let pc, session;
async function publish(codec, size) {
  const stream = await navigator.mediaDevices.getUserMedia({video: size, audio: true});
  pc = new RTCPeerConnection();
  for (const tr of stream.getTracks()) {
    const x = pc.addTransceiver(tr, {direction: 'sendonly', streams: [stream]});
    if (tr.kind == 'video') x.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(c => c.mimeType == codec));
  }
  await pc.setLocalDescription(await pc.createOffer());
  const res = await fetch('/whip/door', {method: 'POST', headers: {'Content-Type': 'application/sdp'}, body: pc.localDescription.sdp});
  if (res.status != 201) throw new Error(res.status + ' ' + await res.text());
  session = res.headers.get('Location');
  const sdp = await res.text();
  await pc.setRemoteDescription({type: 'answer', sdp});
  return sdp;
}
</script>`

// TestBrowserPublishes takes the picture of a real browser's camera (its fake
// one) and decodes it.
func TestBrowserPublishes(t *testing.T) {
	for _, c := range []struct {
		mime  string
		codec driver.Codec
	}{{"video/VP8", driver.VP8}, {"video/H264", driver.H264}} {
		t.Run(string(c.codec), func(t *testing.T) {
			r := newRig(t, publishPage)
			p := browser.Open(t, r.url, browser.FakeCamera, browser.AllowMedia)
			var answer string
			p.Eval(`return await publish('`+c.mime+`', {width: 640, height: 480});`, &answer)
			if !regexp.MustCompile(`m=audio 0 `).MatchString(answer) {
				t.Errorf("sound must be rejected:\n%s", answer)
			}
			r.out.wait(t, 60)
			p.Eval(`const r = await fetch(session, {method: 'DELETE'}); if (r.status != 200) throw new Error(r.status);`, nil)
			if err := <-r.end; !errors.Is(err, &ingest.Error{Code: ingest.CodeLost}) {
				t.Errorf("Run ended with %v", err)
			}
			check(t, r.out, c.codec, 60)
		})
	}
}

// check looks at time stamps and decodes the units with ffmpeg.
func check(t *testing.T, out *taken, codec driver.Codec, least int) {
	t.Helper()
	epochs := out.snapshot()
	if len(epochs) != 1 || epochs[0].params.Codec != codec {
		t.Fatalf("%d epochs, first %+v", len(epochs), epochs[0].params)
	}
	units := epochs[0].units
	if !units[0].Key || units[0].PTS != 0 {
		t.Errorf("first unit: key %v, time %d", units[0].Key, units[0].PTS)
	}
	stamped := 0
	for i, u := range units {
		if i > 0 && u.PTS <= units[i-1].PTS {
			t.Errorf("unit %d: time %d after %d", i, u.PTS, units[i-1].PTS)
		}
		if !u.Captured.IsZero() {
			stamped++
			if d := u.Arrived.Sub(u.Captured); d < -50*time.Millisecond || d > 2*time.Second {
				t.Errorf("unit %d: captured %v before it arrived", i, d)
			}
		}
	}
	if stamped == 0 {
		t.Error("no unit has the publisher's wall-clock time")
	}
	if got := decode(t, codec, units); got < least || got != len(units) {
		t.Errorf("%d pictures decoded from %d units", got, len(units))
	}
	t.Logf("%d units, %d with wall clock, %d packets lost", len(units), stamped, out.lost)
}

// decode returns how many pictures ffmpeg makes of the units; any complaint of
// the decoder fails the test.
func decode(t *testing.T, codec driver.Codec, units []driver.Unit) int {
	t.Helper()
	var in bytes.Buffer
	format := "h264"
	if codec == driver.VP8 {
		format = "ivf"
		in.WriteString("DKIF\x00\x00\x20\x00VP80")
		in.Write(make([]byte, 4)) // size: in the stream
		for _, v := range []uint32{90000, 1, uint32(len(units)), 0} {
			_ = binary.Write(&in, binary.LittleEndian, v)
		}
	}
	for i, u := range units {
		if codec == driver.VP8 {
			_ = binary.Write(&in, binary.LittleEndian, uint32(len(u.Data)))
			_ = binary.Write(&in, binary.LittleEndian, uint64(i))
		}
		in.Write(u.Data)
	}
	cmd := exec.Command("ffmpeg", "-v", "warning", "-stats", "-f", format, "-i", "-", "-vsync", "passthrough", "-f", "null", "-")
	cmd.Stdin = &in
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, text)
	}
	if bad := regexp.MustCompile(`(?i)error|conceal|corrupt|missing`).Find(text); bad != nil {
		t.Errorf("the decoder complains:\n%s", text)
	}
	all := regexp.MustCompile(`frame=\s*(\d+)`).FindAllSubmatch(text, -1)
	if len(all) == 0 {
		t.Fatalf("ffmpeg tells no count:\n%s", text)
	}
	n, _ := strconv.Atoi(string(all[len(all)-1][1]))
	return n
}

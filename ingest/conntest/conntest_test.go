package conntest_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/ingest"
	"bystander/ingest/conntest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"

const (
	h264  = sdp + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n"
	av1   = sdp + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 AV1/90000\r\na=control:trackID=0\r\n"
	sound = sdp + "m=audio 0 RTP/AVP 0\r\na=control:trackID=0\r\n"
)

// camera answers RTSP as told; it is no camera otherwise.
type camera struct {
	t        *testing.T
	ln       net.Listener
	login    string // user:password it wants
	describe string // status of the description
	sdp      string
	wg       sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
}

func serve(t *testing.T, c *camera) string {
	t.Helper()
	var err error
	c.t, c.open = t, map[net.Conn]bool{}
	c.ln, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c.wg.Go(func() {
		for {
			conn, err := c.ln.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.open[conn] = true
			c.mu.Unlock()
			c.wg.Go(func() { c.talk(conn) })
		}
	})
	t.Cleanup(func() {
		_ = c.ln.Close()
		c.mu.Lock()
		for conn := range c.open {
			_ = conn.Close()
		}
		c.mu.Unlock()
		c.wg.Wait()
	})
	return c.ln.Addr().String()
}

func (c *camera) talk(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		var method, seq, auth string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimSpace(line)
			if line == "" {
				break
			}
			if method == "" {
				method, _, _ = strings.Cut(line, " ")
			}
			if v, ok := strings.CutPrefix(line, "CSeq: "); ok {
				seq = v
			}
			if v, ok := strings.CutPrefix(line, "Authorization: Basic "); ok {
				auth = v
			}
		}
		status, head, body := "200 OK", "Public: DESCRIBE, SETUP, PLAY\r\n", ""
		if method == "DESCRIBE" {
			want := base64.StdEncoding.EncodeToString([]byte(c.login))
			switch {
			case c.login != "" && auth != want:
				status, head = "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"
			case c.describe != "":
				status = c.describe
			default:
				head, body = "Content-Type: application/sdp\r\nContent-Base: rtsp://127.0.0.1/x/\r\n", c.sdp
			}
		}
		_, err := fmt.Fprintf(conn, "RTSP/1.0 %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s", status, seq, head, len(body), body)
		if err != nil {
			return
		}
	}
}

// names knows two names.
type names struct{ at string }

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "camera.example" {
		return []netip.Addr{netip.MustParseAddr(n.at)}, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func sees(context.Context, string, string) (conntest.Picture, error) {
	return conntest.Picture{Width: 1280, Height: 720, FPS: 25, First: 300 * time.Millisecond}, nil
}

func try(t *testing.T, address string, look conntest.Look) conntest.Report {
	t.Helper()
	return conntest.Run(t.Context(), address, "tcp", conntest.Options{Look: look, Resolver: names{"127.0.0.1"}})
}

// failure returns the step that failed, and checks that all before it went well
// and nothing was tried after it.
func failure(t *testing.T, r conntest.Report) (conntest.Step, conntest.Code) {
	t.Helper()
	require.False(t, r.OK)
	var at conntest.Result
	for _, s := range r.Steps {
		switch {
		case at.Step != "":
			require.Equal(t, "skipped", s.State, s.Step)
		case s.State == "failed":
			at = s
			require.NotEmpty(t, s.Text, "every failure says the way out")
		default:
			require.Equal(t, "ok", s.State, s.Step)
		}
	}
	require.NotEmpty(t, at.Step)
	return at.Step, at.Code
}

func TestACameraThatWorks(t *testing.T) {
	at := serve(t, &camera{sdp: h264 + "m=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n"})
	_, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	r := try(t, "rtsp://camera.example:"+port+"/x", sees)
	require.True(t, r.OK, "%+v", r)
	require.Equal(t, []string{"127.0.0.1"}, r.Addresses)
	require.Equal(t, "H264", r.Codec)
	require.True(t, r.Audio)
	require.Equal(t, []int{1280, 720}, []int{r.Width, r.Height})
	require.InDelta(t, 300, r.FirstMS, 1)
	require.Len(t, r.Steps, 8, "no TLS step without TLS")
}

func TestEachFailureIsToldAtItsStep(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	web := httptest.NewUnstartedServer(http.NotFoundHandler())
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // it is hung up on
	web.StartTLS()
	t.Cleanup(web.Close)
	for name, c := range map[string]struct {
		address string
		camera  *camera
		look    conntest.Look
		step    conntest.Step
		code    conntest.Code
	}{
		"not an address":     {address: "not an address", step: conntest.StepAddress, code: conntest.CodeForm},
		"another protocol":   {address: "http://127.0.0.1/x", step: conntest.StepAddress, code: conntest.CodeForm},
		"a file":             {address: "file:///etc/passwd", step: conntest.StepAddress, code: conntest.CodeForm},
		"no host":            {address: "rtsp:///x", step: conntest.StepAddress, code: conntest.CodeForm},
		"a port beyond":      {address: "rtsp://camera.example:70000/x", step: conntest.StepAddress, code: conntest.CodeForm},
		"an unknown name":    {address: "rtsp://nobody.example/x", step: conntest.StepName, code: conntest.CodeUnknownName},
		"everywhere":         {address: "rtsp://0.0.0.0/x", step: conntest.StepName, code: conntest.CodeForbidden},
		"many":               {address: "rtsp://224.0.0.1/x", step: conntest.StepName, code: conntest.CodeForbidden},
		"nobody listens":     {address: "rtsp://" + closed.Addr().String() + "/x", step: conntest.StepTCP, code: conntest.CodeRefused},
		"unknown issuer":     {address: "rtsps://" + web.Listener.Addr().String() + "/x", step: conntest.StepTLS, code: conntest.CodeCertificate},
		"asks for a sign-in": {address: "rtsp://%s/x", camera: &camera{login: "me:secret"}, step: conntest.StepSignIn, code: conntest.CodeNeedsLogin},
		"wrong password":     {address: "rtsp://me:wrong@%s/x", camera: &camera{login: "me:secret"}, step: conntest.StepSignIn, code: conntest.CodeLogin},
		"no such path":       {address: "rtsp://%s/x", camera: &camera{describe: "404 Not Found"}, step: conntest.StepDescribe, code: conntest.CodeNotFound},
		"another refusal":    {address: "rtsp://%s/x", camera: &camera{describe: "453 Not Enough Bandwidth"}, step: conntest.StepDescribe, code: conntest.CodeStatus},
		"sound only":         {address: "rtsp://%s/x", camera: &camera{sdp: sound}, step: conntest.StepCodec, code: conntest.CodeNoVideo},
		"another codec":      {address: "rtsp://%s/x", camera: &camera{sdp: av1}, step: conntest.StepCodec, code: conntest.CodeCodec},
		"no picture": {
			address: "rtsp://%s/x", camera: &camera{sdp: h264}, step: conntest.StepPicture, code: conntest.CodeNoPicture,
			look: func(context.Context, string, string) (conntest.Picture, error) {
				return conntest.Picture{}, ingest.Errorf(ingest.CodeDecode, "no whole picture")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := c.address
			if c.camera != nil {
				address = fmt.Sprintf(address, serve(t, c.camera))
			}
			look := c.look
			if look == nil {
				look = sees
			}
			step, code := failure(t, try(t, address, look))
			require.Equal(t, c.step, step)
			require.Equal(t, c.code, code)
		})
	}
}

func TestTheRightPasswordGetsOn(t *testing.T) {
	at := serve(t, &camera{login: "me:sec@ret", sdp: h264})
	r := try(t, "rtsp://me:sec%40ret@"+at+"/x", sees)
	require.True(t, r.OK, "%+v", r)
}

// proves: A-15
func TestWhateverElseAnswersIsNotReadOut(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.2 the banner of another service\r\n"))
			_ = c.Close()
		}
	})
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { _ = ln.Close() })
	r := try(t, "rtsp://"+ln.Addr().String()+"/x", sees)
	step, _ := failure(t, r)
	require.Equal(t, conntest.StepOptions, step)
	require.NotContains(t, fmt.Sprintf("%+v", r), "SSH")
}

// proves: A-19
func TestNoCredentialsInAReport(t *testing.T) {
	for _, c := range []*camera{{login: "me:secret"}, {sdp: h264}, {describe: "404 Not Found"}} {
		at := serve(t, c)
		r := try(t, "rtsp://user9:pass9@"+at+"/x?token=tok9", func(_ context.Context, address, _ string) (conntest.Picture, error) {
			return conntest.Picture{}, errors.Join(ingest.Errorf(ingest.CodeLost, "at %s", address))
		})
		for _, secret := range []string{"user9", "pass9", "tok9"} {
			require.NotContains(t, fmt.Sprintf("%+v", r), secret)
		}
	}
}

func TestASilentOneEndsInTime(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	begun := time.Now()
	r := conntest.Run(ctx, "rtsp://"+ln.Addr().String()+"/x", "tcp", conntest.Options{Look: sees, Resolver: names{}})
	step, code := failure(t, r)
	require.Equal(t, conntest.StepOptions, step)
	require.Equal(t, conntest.CodeSilent, code)
	require.Less(t, time.Since(begun), 3*time.Second)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"rtsp://h/x", "rtsps://u:p@[::1]:322/x?y", "http://h", "rtsp://", "rtsp://h:99999/", "rtsp:h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := conntest.Parse(address)
		if err == nil && (u.Hostname() == "" || u.Scheme != "rtsp" && u.Scheme != "rtsps") {
			t.Fatalf("%q was taken as %v", address, u)
		}
	})
}

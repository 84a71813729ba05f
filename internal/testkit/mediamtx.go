package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	mediaMTXModule  = "github.com/bluenviron/mediamtx"
	mediaMTXVersion = "v1.13.0"
)

// MediaMTX is a running mediamtx, a media server that is no code of ours. It
// plays the camera, and the other side of WHIP and WHEP.
type MediaMTX struct {
	Host               string
	RTSPPort, HTTPPort int // HTTPPort serves WHIP and WHEP, 0 without WebRTC

	t      testing.TB
	binary string
	config string
	cmd    *exec.Cmd
	log    *bytes.Buffer
	exited chan error
}

// MediaMTXOptions are the settings of a MediaMTX.
type MediaMTXOptions struct {
	// User and Password are asked of readers when User is not empty;
	// publishers need none.
	User, Password string
	AuthMethod     string // "basic" (default) or "digest"
	WebRTC         bool
	// Pull makes the server fetch a stream itself, such as whep://…, and offer
	// it at the path "pulled".
	Pull string
}

// StartMediaMTX builds mediamtx if there is none in the cache yet (about a
// minute), and starts it on free ports of this machine until the test ends. Any
// path may be published to.
func StartMediaMTX(t testing.TB, opt MediaMTXOptions) *MediaMTX {
	t.Helper()
	m := &MediaMTX{t: t, Host: "127.0.0.1", binary: buildMediaMTX(t)}
	m.RTSPPort = FreePort(t)
	rtp := freePortPair(t)
	method := opt.AuthMethod
	if method == "" {
		method = "basic"
	}
	reader := "any"
	if opt.User != "" {
		reader = fmt.Sprintf("%q\n    pass: %q", opt.User, opt.Password)
	}
	web := "webrtc: no\n"
	if opt.WebRTC {
		m.HTTPPort = FreePort(t)
		web = fmt.Sprintf("webrtc: yes\nwebrtcAddress: 127.0.0.1:%d\nwebrtcLocalUDPAddress: 127.0.0.1:%d\n"+
			"webrtcIPsFromInterfaces: no\nwebrtcAdditionalHosts: [127.0.0.1]\n", m.HTTPPort, FreePort(t))
	}
	text := fmt.Sprintf(`logLevel: warn
api: no
metrics: no
pprof: no
playback: no
rtmp: no
hls: no
srt: no
rtsp: yes
rtspTransports: [udp, tcp]
rtspAddress: 127.0.0.1:%d
rtpAddress: 127.0.0.1:%d
rtcpAddress: 127.0.0.1:%d
rtspAuthMethods: [%s]
%sauthInternalUsers:
  - user: any
    permissions:
      - action: publish
  - user: %s
    permissions:
      - action: read
paths:
  all_others:
%s`, m.RTSPPort, rtp, rtp+1, method, web, reader, pulled(opt.Pull))
	m.config = filepath.Join(t.TempDir(), "mediamtx.yml")
	if err := os.WriteFile(m.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Start()
	t.Cleanup(m.Stop)
	return m
}

func pulled(source string) string {
	if source == "" {
		return ""
	}
	return fmt.Sprintf("  pulled:\n    source: %q\n", source)
}

// URL is the RTSP address of a path.
func (m *MediaMTX) URL(path string) string {
	return fmt.Sprintf("rtsp://%s:%d/%s", m.Host, m.RTSPPort, path)
}

// Start starts the server again, on the same ports, after Stop.
func (m *MediaMTX) Start() {
	m.t.Helper()
	m.log = &bytes.Buffer{}
	m.cmd = exec.Command(m.binary, m.config) //nolint:noctx // ended by Stop
	m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatalf("mediamtx: %v", err)
	}
	exited := make(chan error, 1)
	m.exited = exited
	cmd := m.cmd
	go func() { exited <- cmd.Wait() }() // taken by Stop
	addr := net.JoinHostPort(m.Host, fmt.Sprint(m.RTSPPort))
	deadline := time.Now().Add(15 * time.Second)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second) //nolint:noctx // bounded
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case err := <-exited:
			exited <- err
			m.t.Fatalf("mediamtx ended: %v\n%s", err, m.log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("mediamtx does not listen: %v", err)
		}
	}
}

// Stop kills the server, as a power cut would; more calls do nothing.
func (m *MediaMTX) Stop() {
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Kill()
	<-m.exited //nolint:errcheck // "signal: killed", as a rule
	if m.t.Failed() {
		m.t.Logf("mediamtx: %s", m.log)
	}
	m.cmd = nil
}

// Publish has ffmpeg publish to path over RTSP until the returned function is
// called or the test ends. input are ffmpeg's arguments before the output, e.g.
// a lavfi source and an encoder.
func (m *MediaMTX) Publish(path string, input ...string) (stop func()) {
	m.t.Helper()
	args := append([]string{"-v", "error", "-nostdin"}, input...)
	args = append(args, "-f", "rtsp", "-rtsp_transport", "tcp", m.URL(path))
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	first := make(chan error, 1)
	done := make(chan struct{})
	go func() { // ended by stop
		defer close(done)
		for range publishTries {
			out.Reset()
			cmd := exec.CommandContext(ctx, "ffmpeg", args...)
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Start()
			select {
			case first <- err:
			default:
			}
			if err != nil || cmd.Wait() == nil || ctx.Err() != nil || !refused(out.Bytes()) {
				return
			}
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}()
	if err := <-first; err != nil {
		cancel()
		m.t.Fatalf("ffmpeg: %v", err)
	}
	stop = func() {
		cancel()
		<-done
	}
	m.t.Cleanup(func() {
		stop()
		if m.t.Failed() {
			m.t.Logf("ffmpeg: %s", out.String())
		}
	})
	return stop
}

// publishTries is how often a camera that the server turned away at the door
// asks again: a busy server answers 400 to a session that it was slow to begin.
const publishTries = 5

// refused reports whether ffmpeg ended before its first picture was taken.
func refused(out []byte) bool { return bytes.Contains(out, []byte("Could not write header")) }

// FreePort returns a port that was free a moment ago, for TCP and UDP.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		p, perr := net.ListenPacket("udp", l.Addr().String()) //nolint:noctx // local
		_ = l.Close()
		if perr == nil {
			_ = p.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// freePortPair returns the first, even one of two free UDP ports.
func freePortPair(t testing.TB) int {
	t.Helper()
	for range 200 {
		p := FreePort(t) &^ 1
		a, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p)) //nolint:noctx // local
		if err != nil {
			continue
		}
		b, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p+1)) //nolint:noctx // local
		_ = a.Close()
		if err == nil {
			_ = b.Close()
			return p
		}
	}
	t.Fatal("no free pair of ports")
	return 0
}

// buildMediaMTX returns the path of the program, which it builds from the module
// proxy the first time. Two files that its own build downloads are made here:
// the version, and a player's script that is not used.
func buildMediaMTX(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("mediamtx: no cache folder: %v", err)
	}
	dir := filepath.Join(cache, "bystander", "peers")
	binary := filepath.Join(dir, "mediamtx-"+mediaMTXVersion)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(binary+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close() //nolint:errcheck // gives the lock up
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	t.Logf("building mediamtx %s, about a minute, once", mediaMTXVersion)
	src := t.TempDir()
	copyModule(t, src)
	for name, text := range map[string]string{
		"internal/core/VERSION":           mediaMTXVersion,
		"internal/servers/hls/hls.min.js": "",
	} {
		if err := os.WriteFile(filepath.Join(src, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tmp := binary + ".new"
	goTool(t, src, "build", "-o", tmp, ".")
	if err := os.Rename(tmp, binary); err != nil {
		t.Fatal(err)
	}
	return binary
}

// copyModule copies the module's sources to dst, where they may be written to.
func copyModule(t testing.TB, dst string) {
	t.Helper()
	out := goTool(t, dst, "mod", "download", "-json", mediaMTXModule+"@"+mediaMTXVersion)
	var mod struct{ Dir string }
	if err := json.Unmarshal(out, &mod); err != nil || mod.Dir == "" {
		t.Fatalf("mediamtx: %v in %s", err, out)
	}
	if err := os.CopyFS(dst, os.DirFS(mod.Dir)); err != nil {
		t.Fatal(err)
	}
	// Files of the module cache are read-only, and so are their copies.
	err := filepath.WalkDir(dst, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(p, 0o755)
		}
		return os.Chmod(p, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func goTool(t testing.TB, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...) //nolint:noctx // a build takes what it takes
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}

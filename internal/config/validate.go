package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

type checker struct{ errs []error }

func (k *checker) fail(path, format string, args ...any) {
	k.errs = append(k.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (k *checker) oneOf(path, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		k.fail(path, "%q is not one of %s", v, strings.Join(allowed, ", "))
	}
}

func checkRange[T int | float64 | time.Duration | Bytes](k *checker, path string, v, lo, hi T) {
	if v >= lo && v <= hi { // false for a NaN
		return
	}
	k.fail(path, "%v is outside %v to %v", v, lo, hi)
}

// Validate checks every key and reports every fault at once, each with its key
// path.
func (c *Config) Validate() error {
	var k checker
	if c.Data == "" {
		k.fail("data", "name a folder")
	}
	c.Server.check(&k)
	c.Live.check(&k)
	c.Accounts.check(&k, c.Server.HTTPS, c.Server.Hosts)
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", c.Log.Format, "console", "json")
	c.checkCameras(&k)
	c.Detect.check(&k)
	k.oneOf("redact.style", c.Redact.Style, "frost", "solid", "mosaic")
	k.oneOf("redact.coverage", c.Redact.Coverage, "head", "person")
	checkRange(&k, "redact.hold", c.Redact.Hold, 0, 50)
	checkRange(&k, "redact.margin", c.Redact.Margin, 0.25, 2)
	checkRange(&k, "redact.track_hold", c.Redact.TrackHold, time.Second, time.Minute)
	if c.Redact.CheckEvery != 0 {
		checkRange(&k, "redact.check_every", c.Redact.CheckEvery, 500*time.Millisecond, time.Hour)
	}
	k.oneOf("redact.on_leak", c.Redact.OnLeak, "alarm", "mask")
	if c.Redact.OnLeak == "mask" && c.Redact.CheckEvery == 0 {
		k.fail("redact.on_leak", "mask needs the check; set redact.check_every, e.g. 5s")
	}
	if c.Redact.LeakHold != 0 {
		checkRange(&k, "redact.leak_hold", c.Redact.LeakHold, time.Minute, 7*24*time.Hour)
	}
	k.oneOf("decode.hardware", c.Decode.Hardware, "none", "auto", "nvidia", "cuda")
	checkRange(&k, "encode.bitrate", c.Encode.Bitrate, 0, 100_000)
	k.oneOf("encode.preset", c.Encode.Preset,
		"ultrafast", "superfast", "veryfast", "faster", "fast", "medium")
	k.oneOf("encode.hardware", c.Encode.Hardware, "none", "auto", "nvidia", "cuda")
	checkRange(&k, "encode.key_interval", c.Encode.KeyInterval, 200*time.Millisecond, 10*time.Second)
	if c.Record.Enabled {
		checkRange(&k, "record.segment", c.Record.Segment, 2*time.Second, time.Hour)
		checkRange(&k, "record.max_age", c.Record.MaxAge, time.Minute, 5*365*24*time.Hour)
		checkRange(&k, "record.max_bytes", c.Record.MaxBytes, 16<<20, 1<<50)
	}
	checkRange(&k, "events.max_age", c.Events.MaxAge, 24*time.Hour, 10*365*24*time.Hour)
	c.Events.checkBus(&k)
	c.checkPolicy(&k)
	c.Store.check(&k, c.IsEdge())
	c.checkPeers(&k)
	c.Rights.check(&k)
	c.Merkle.check(&k)
	c.Capacity.check(&k)
	c.Observe.check(&k)
	checkRange(&k, "events.spool_max_bytes", c.Events.SpoolMax, 1<<20, 1<<40)
	return errors.Join(k.errs...)
}

func (m Merkle) check(k *checker) {
	checkRange(k, "merkle.every", m.Every, time.Second, time.Hour)
	if strings.ContainsFunc(m.Origin, func(r rune) bool { return r <= ' ' || r == '+' || r > 0x7e }) {
		k.fail("merkle.origin", "%q: use a name such as venue.example/edge-1, without spaces and plus signs", m.Origin)
	}
	if (m.Witness.URL == "") != (m.Witness.Key == "") {
		k.fail("merkle.witness", "give both url and key, or neither")
	}
	if u, err := url.Parse(m.Witness.URL); m.Witness.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		k.fail("merkle.witness.url", "should be an address such as https://witness.example/log")
	}
}

func (s Server) check(k *checker) {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil || port == "" {
		k.fail("server.listen", "%q is not host:port, e.g. 127.0.0.1:8080", s.Listen)
		return
	}
	s.checkReach(k, host)
	checkRange(k, "server.max_viewers", s.MaxViewers, 1, 1000)
}

func (d Detect) check(k *checker) {
	k.oneOf("detect.provider", d.Provider, "auto", "tensorrt", "cuda", "openvino", "cpu")
	checkRange(k, "detect.face_long_side", d.FaceLongSide, 320, 1920)
	if d.FaceLongSide%32 != 0 {
		k.fail("detect.face_long_side", "%d is not a multiple of 32", d.FaceLongSide)
	}
	checkRange(k, "detect.face_every", d.FaceEvery, 1, 5)
	checkRange(k, "detect.person_every", d.PersonEvery, 1, 15)
	checkRange(k, "detect.face_score", d.FaceScore, 0.05, 0.6)
	checkRange(k, "detect.person_score", d.PersonScore, 0.05, 0.6)
	checkRange(k, "detect.batch", d.Batch, 0, 64)
	checkRange(k, "detect.batch_wait", d.BatchWait, 0, 100*time.Millisecond)
	checkRange(k, "detect.patience", d.Patience, 100*time.Millisecond, 10*time.Second)
	for i, n := range d.Devices {
		checkRange(k, fmt.Sprintf("detect.devices[%d]", i), n, 0, 63)
		if slices.Index(d.Devices, n) < i {
			k.fail(fmt.Sprintf("detect.devices[%d]", i), "%d is given twice", n)
		}
	}
}

func (c Capacity) check(k *checker) {
	checkRange(k, "capacity.cores", c.Cores, 0, 4096)
	checkRange(k, "capacity.camera_memory", c.CameraMemory, 16<<20, 1<<40)
}

func (c *Config) checkCameras(k *checker) {
	seen := map[string]bool{}
	for i, cam := range c.Cameras {
		at := fmt.Sprintf("cameras[%d]", i)
		switch {
		case !idPattern.MatchString(cam.ID):
			k.fail(at+".id", "%q should be 1 to 63 small letters, digits, - or _", cam.ID)
		case seen[cam.ID]:
			k.fail(at+".id", "%q is given twice", cam.ID)
		}
		seen[cam.ID] = true
		cam.check(k, at)
	}
}

func (cam Camera) check(k *checker, at string) {
	k.oneOf(at+".driver", cam.Driver, "rtsp", "vdk", "whip", "file")
	k.oneOf(at+".transport", cam.Transport, "tcp", "udp")
	switch cam.Rotation {
	case 0, 90, 180, 270:
	default:
		k.fail(at+".rotation", "%d is not 0, 90, 180 or 270 degrees", cam.Rotation)
	}
	if cam.URL != "" && cam.URLFile != "" {
		k.fail(at+".url_file", "give url or url_file, not both")
		return
	}
	addr, err := cam.Address()
	if err != nil {
		k.fail(at+".url_file", "%v", err)
		return
	}
	switch cam.Driver {
	case "whip":
		if addr != "" && !strings.HasPrefix(addr, "whip://?") {
			k.fail(at+".url", "a whip camera publishes to us; leave url out, or say at which of this machine's "+
				"addresses: whip://?addr=IP&udp=PORT-PORT&public=IP")
		}
	case "file":
		if _, err := os.Stat(addr); err != nil {
			k.fail(at+".url", "no such file: %s", addr)
		}
	default:
		u, err := url.Parse(addr)
		if err != nil || (u.Scheme != "rtsp" && u.Scheme != "rtsps") || u.Host == "" {
			k.fail(at+".url", "should be an address such as rtsp://user:password@camera:554/stream")
		}
	}
	if cam.Driver == "vdk" && cam.Transport == "udp" {
		k.fail(at+".transport", "the vdk driver speaks TCP only; use driver: rtsp for UDP")
	}
}

// Address returns the camera's address or path, read from URLFile where that
// is how it is given.
func (cam Camera) Address() (string, error) {
	if cam.URLFile == "" {
		return cam.URL.Reveal(), nil
	}
	b, err := os.ReadFile(cam.URLFile)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

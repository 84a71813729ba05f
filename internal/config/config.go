// Package config says how a Bystander is set up: defaults, then a strict YAML
// file, then the environment, then one check that names every fault at once.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bystander/internal/kafkax"
	"bystander/internal/strictyaml"
)

// Config is everything that a user can set. Defaults are in Default.
type Config struct {
	// From is the file that it was loaded from; empty for none.
	From string `yaml:"-"`

	// Role is what this process does: all (default), or edge or control, each on
	// machines of its own.
	Role string `yaml:"role"`
	// Site is the path of the site file: zones, signs, scenes, assessments.
	// Without one nothing is embedded and everybody is masked.
	Site     string   `yaml:"site"`
	Data     string   `yaml:"data"` // folder of stores and recordings
	Keys     string   `yaml:"keys"` // folder of keys; default <data>/keys
	Store    Store    `yaml:"store"`
	Server   Server   `yaml:"server"`
	Live     Live     `yaml:"live"`
	Accounts Accounts `yaml:"accounts"`
	Log      Log      `yaml:"log"`
	Cameras  []Camera `yaml:"cameras"`
	Detect   Detect   `yaml:"detect"`
	Redact   Redact   `yaml:"redact"`
	Decode   Decode   `yaml:"decode"`
	Encode   Encode   `yaml:"encode"`
	Record   Record   `yaml:"record"`
	Events   Events   `yaml:"events"`
	Writer   Writer   `yaml:"writer"`
	Policy   Policy   `yaml:"policy"`
	Peers    Peers    `yaml:"peers"`
	Rights   Rights   `yaml:"rights"`
	Verify   Verify   `yaml:"verify"`
	Merkle   Merkle   `yaml:"merkle"`
	Models   Models   `yaml:"models"`
	Capacity Capacity `yaml:"capacity"`
	Observe  Observe  `yaml:"observe"`
}

// Capacity is what the cameras may use of this machine.
type Capacity struct {
	// Cores is how many processor cores there are for cameras; 0 takes the
	// machine's.
	Cores float64 `yaml:"cores"`
	// CameraMemory is the most that one camera's pictures may take; a camera
	// that needs more does not begin. Its size and redact.hold decide.
	CameraMemory Bytes `yaml:"camera_memory"`
	// Ladder lets cameras be looked at less often, sent with fewer pictures and
	// made smaller while the machine cannot keep up. What is covered stays
	// covered.
	Ladder bool `yaml:"ladder"`
}

// Server is the web side.
type Server struct {
	Listen string `yaml:"listen"`
	// Hosts are further names by which browsers may call the server.
	Hosts []string `yaml:"hosts"`
	// SignIn is required (default), or loopback: whoever sits at this machine
	// may watch it without an account.
	SignIn string `yaml:"sign_in"`
	// HTTPS says that browsers reach the server by https, through a proxy that
	// ends TLS. Cookies are then bound to it.
	HTTPS bool `yaml:"https"`
	// AllowInsecureNetwork lets the server listen beyond this machine although
	// what travels there is not encrypted.
	AllowInsecureNetwork bool `yaml:"allow_insecure_network"`
	// MaxViewers bounds the live viewers of one camera.
	MaxViewers int `yaml:"max_viewers"`
}

// Log is what is written about the running system.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // console or json
}

// Camera is one picture source.
type Camera struct {
	ID     string `yaml:"id"`
	Name   string `yaml:"name"`
	Driver string `yaml:"driver"` // rtsp (default), vdk, whip, file
	// URL is an rtsp address or a file's path. For whip it may say where
	// publishers reach this machine (whip://?addr=IP&udp=PORT-PORT&public=IP);
	// without, only those on the machine itself can publish.
	URL Secret `yaml:"url"`
	// URLFile names a file that holds the address, for secrets kept apart.
	URLFile   string `yaml:"url_file"`
	Transport string `yaml:"transport"` // tcp (default) or udp
	Scene     string `yaml:"scene"`     // in the site file
	// Rotation is by how many degrees pictures are turned clockwise to stand
	// upright: 0, 90, 180 or 270.
	Rotation int `yaml:"rotation"`
}

// Detect is what looks for people.
type Detect struct {
	Provider     string  `yaml:"provider"`       // auto, tensorrt, cuda, cpu
	FaceLongSide int     `yaml:"face_long_side"` // pixels, multiple of 32
	FaceEvery    int     `yaml:"face_every"`     // look for faces in every n-th picture
	PersonEvery  int     `yaml:"person_every"`   // and for whole people
	FaceScore    float64 `yaml:"face_score"`
	PersonScore  float64 `yaml:"person_score"`
	Library      string  `yaml:"onnxruntime"` // path of libonnxruntime.so; found by itself when empty

	// Batch is how many cameras' pictures one run of a model takes at most; 0 is
	// 1 on processors and 8 on GPUs.
	Batch int `yaml:"batch"`
	// BatchWait is how long a picture waits for others to share its run; 0 is
	// not at all on processors and 2ms on GPUs.
	BatchWait time.Duration `yaml:"batch_wait"`
	// Patience is how long a live picture waits for a detector before it is
	// covered as a whole.
	Patience time.Duration `yaml:"patience"`
	Devices  []int         `yaml:"devices"` // GPUs to use, counted from 0; empty for all
	Half     bool          `yaml:"half"`    // let TensorRT and OpenVINO compute in 16 bits
}

// Redact is how people are covered. Nothing here turns covering off.
type Redact struct {
	Style     string        `yaml:"style"`    // frost, solid, mosaic
	Coverage  string        `yaml:"coverage"` // head, person
	Hold      int           `yaml:"hold"`     // pictures held back, 0–50
	Margin    float64       `yaml:"margin"`   // added around a head, as a part of its size
	TrackHold time.Duration `yaml:"track_hold"`
	// CheckEvery is how often one redacted picture of each camera is looked at
	// by a second, independent detector; 0 turns that off.
	CheckEvery time.Duration `yaml:"check_every"`
	// OnLeak is what a face found there leads to: alarm, or mask, which covers
	// that camera's pictures as a whole.
	OnLeak string `yaml:"on_leak"`
	// LeakHold is how long the finding lasts after the last such face; 0 until
	// a person restarts the program.
	LeakHold time.Duration `yaml:"leak_hold"`
}

// Decode is how cameras' pictures are decoded.
type Decode struct {
	// Hardware is none, auto or nvidia: a card that decodes cameras' pictures. Its
	// driver then runs in the process that reads a stranger's bytes, so nothing but
	// this key turns it on. auto asks only where a card's device files are.
	Hardware string `yaml:"hardware"`
}

// Encode is the redacted video.
type Encode struct {
	Bitrate     int           `yaml:"bitrate"` // kbit/s at most; 0 chooses by size
	Preset      string        `yaml:"preset"`
	KeyInterval time.Duration `yaml:"key_interval"`
	// Hardware is none, auto or nvidia: a card that encodes what viewers see,
	// where there is one.
	Hardware string `yaml:"hardware"`
}

// Verify is the 1:1 interface for other programs, which sign with keys made by
// "bystander verify-key".
type Verify struct {
	Enabled bool `yaml:"enabled"`
	// PlainOverTLS lists the scenes that take pictures which are not encrypted
	// besides by TLS.
	PlainOverTLS []string `yaml:"plain_over_tls"`
	LegacySHA1   bool     `yaml:"legacy_sha1"` // take sign_version hmac_sha1, which does not cover the body
}

// Record is the recorder of redacted video.
type Record struct {
	Enabled  bool          `yaml:"enabled"`
	Segment  time.Duration `yaml:"segment"`
	MaxAge   time.Duration `yaml:"max_age"`
	MaxBytes Bytes         `yaml:"max_bytes"`
}

// Events is the edge's own store of events.
type Events struct {
	Edge     string        `yaml:"edge"` // name of this edge in the log; default the host's
	MaxAge   time.Duration `yaml:"max_age"`
	SpoolMax Bytes         `yaml:"spool_max_bytes"`
	// Kafka carries events to other machines, when brokers are named; they then
	// also stay here.
	Kafka  kafkax.Config `yaml:"kafka"`
	Topics Topics        `yaml:"topics"`
	// Writers is the folder of the writers' public keys, NAME.pub each: who may
	// have events sent again. Where it is not set, whoever may write to the
	// replay topic.
	Writers    string     `yaml:"writers"`
	ClickHouse ClickHouse `yaml:"clickhouse"`
}

// Merkle is the public log of the events' hashes, and who signs its checkpoints.
type Merkle struct {
	// Origin names the log to outsiders, such as venue.example/edge-1; the name
	// of its key. Default bystander.local/ and the edge's name.
	Origin string `yaml:"origin"`
	// Every is how often a checkpoint is signed while the log grows.
	Every time.Duration `yaml:"every"`
	// History is the file that keeps every checkpoint; put it where who can
	// change the data cannot. Default beside the log.
	History string  `yaml:"history"`
	Witness Witness `yaml:"witness"`
}

// Witness is a server that signs consistent checkpoints (c2sp.org/tlog-witness).
type Witness struct {
	URL string `yaml:"url"`
	Key string `yaml:"key"` // its verifier key, for cosignatures
}

// Models is where model files come from, besides the cache and upstream.
type Models struct {
	Mirrors []string `yaml:"mirrors"`
	Offline bool     `yaml:"offline"` // never ask upstream
}

// Default returns the configuration that holds where nothing else is said.
func Default() Config {
	return Config{
		Role:   RoleAll,
		Data:   "data",
		Server: Server{Listen: "127.0.0.1:8080", SignIn: SignInRequired, MaxViewers: 16},
		Log:    Log{Level: "info", Format: "console"},
		Detect: Detect{
			Provider: "auto", FaceLongSide: 640, FaceEvery: 3, PersonEvery: 9,
			FaceScore: 0.3, PersonScore: 0.25, Patience: 2 * time.Second,
		},
		Redact: Redact{
			Style: "frost", Coverage: "head", Hold: 8, Margin: 0.25, TrackHold: time.Second,
			CheckEvery: 5 * time.Second, OnLeak: "alarm",
		},
		Decode: Decode{Hardware: "none"},
		Encode: Encode{Preset: "ultrafast", KeyInterval: 2 * time.Second, Hardware: "none"},
		Record: Record{
			Enabled: true, Segment: time.Minute,
			MaxAge: 72 * time.Hour, MaxBytes: 20 << 30,
		},
		Events:   Events{MaxAge: 184 * 24 * time.Hour, SpoolMax: 2 << 30},
		Merkle:   Merkle{Every: time.Minute},
		Policy:   Policy{From: PolicyHere},
		Capacity: Capacity{CameraMemory: 1 << 30, Ladder: true},
	}
}

// Load reads the file at path over the defaults, applies the environment and
// checks the result. Relative paths in the file are taken from its folder. An
// empty path means defaults and environment only.
func Load(path string, env []string) (Config, error) {
	c := Default()
	var errs []error
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("config: %w (write one after the README's example, or name another with --config)", err)
		}
		errs = append(errs, strictyaml.Decode(path, b, &c))
		c.resolve(filepath.Dir(path))
		c.From = path
	}
	errs = append(errs, c.applyEnv(env))
	c.fill()
	return c, errors.Join(append(errs, c.Validate())...)
}

func (c *Config) resolve(dir string) {
	for _, p := range []*string{&c.Site, &c.Data, &c.Keys, &c.Merkle.History, &c.Policy.Key, &c.Events.Writers, &c.Store.PasswordFile, &c.Peers.CA, &c.Peers.Dir} {
		*p = under(dir, *p)
	}
	for i := range c.Accounts.OIDC {
		o := &c.Accounts.OIDC[i]
		o.SecretFile = under(dir, o.SecretFile)
	}
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		cam.URLFile = under(dir, cam.URLFile)
		if cam.Driver == "file" {
			cam.URL = Secret(under(dir, string(cam.URL)))
		}
	}
}

func under(dir, p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(dir, p)
}

// fill derives what follows from other settings.
func (c *Config) fill() {
	if c.Keys == "" {
		c.Keys = filepath.Join(c.Data, "keys")
	}
	c.Peers.fill(c.Keys)
	if c.Events.Edge == "" {
		c.Events.Edge = hostName()
	}
	for i := range c.Accounts.OIDC {
		o := &c.Accounts.OIDC[i]
		if o.Label == "" {
			o.Label = o.ID
		}
		if o.GroupsClaim == "" {
			o.GroupsClaim = "groups"
		}
	}
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		if cam.Driver == "" {
			cam.Driver = "rtsp"
		}
		if cam.Transport == "" {
			cam.Transport = "tcp"
		}
		if cam.Name == "" {
			cam.Name = cam.ID
		}
	}
}

func hostName() string {
	h, err := os.Hostname()
	if err != nil || h == "" {
		return "edge"
	}
	return h
}

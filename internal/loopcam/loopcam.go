// Package loopcam is a network camera for demonstrations and tests: an RTSP
// server on this machine that plays a file in a loop, at the file's own speed
// and with time stamps that run on over the turns, as a camera's do.
//
// H.264 and H.265 are packed anew and not coded again. Other files, and files
// that are to be scaled, are coded to H.264 once and kept in a cache.
//
// It stands for the camera, outside the boundary that the rest of the house
// keeps: its cache holds copies of the recordings it was given, not redacted,
// in a folder that only their user can read. No camera's pictures come there.
package loopcam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"
	"github.com/rs/zerolog"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// ErrConfig reports settings that make no sense.
var ErrConfig = errors.New("loopcam: wrong configuration")

// Config says what to play and where.
type Config struct {
	// File is the recording to play.
	File string
	// Addr is the address to listen at, a loopback address as a rule;
	// "127.0.0.1:0" by default, which picks a free port.
	Addr string
	// Path is the stream's path without a leading slash; "cam" by default.
	Path string
	// Size scales the pictures; zero keeps the file's size. Sides must be even.
	Size frame.Size
	// Every keeps one picture of so many, for a slower camera; 0 and 1 keep all.
	Every int
	// Spoil, when set, sees each RTP packet before it is sent, which it may change,
	// and tells whether it is sent at all: for cameras that send nonsense. It is
	// called by one goroutine.
	Spoil func(*rtp.Packet) (send bool)
	// User and Password are asked of readers when User is not empty.
	User, Password string
	// UDP also offers RTP over UDP.
	UDP bool
	// CacheDir holds files that had to be coded again; by default
	// "bystander/loopcam" in the user's cache folder.
	CacheDir string
	// Progress is told how far coding has come, in pictures, if it is needed;
	// total is 0 when unknown. May be nil.
	Progress func(done, total int64)
	Log      zerolog.Logger
}

// Camera is a running loopback camera.
type Camera struct {
	cfg    Config
	file   string // what is played: the recording, or its coded copy
	info   av.Info
	server *gortsplib.Server
	stream *gortsplib.ServerStream
	media  *description.Media
	addr   string
	cancel context.CancelFunc
	done   chan struct{}
	closed sync.Once
	ready  sync.RWMutex // held for writing until the stream exists
	mu     sync.Mutex
	err    error
}

// Start prepares the file, which may take a while the first time, and starts
// the camera. It fails with ErrConfig, the errors of av.OpenFile, or the
// network's; an occupied port is named.
func Start(ctx context.Context, cfg Config) (*Camera, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	path, err := prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	c := &Camera{cfg: cfg, file: path, info: src.info, done: make(chan struct{})}
	if err := c.serve(src); err != nil {
		src.close()
		return nil, err
	}
	ctx, c.cancel = context.WithCancel(ctx)
	go c.run(ctx, src) // waited for by Close
	return c, nil
}

func (c Config) check() (Config, error) {
	if c.File == "" {
		return c, fmt.Errorf("%w: no file is named", ErrConfig)
	}
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Path == "" {
		c.Path = "cam"
	}
	c.Path = strings.Trim(c.Path, "/")
	if c.Every < 0 {
		return c, fmt.Errorf("%w: one picture of %d", ErrConfig, c.Every)
	}
	if c.Size != (frame.Size{}) {
		if err := c.Size.Check(); err != nil {
			return c, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		if c.Size.W%2 != 0 || c.Size.H%2 != 0 {
			return c, fmt.Errorf("%w: the sides of %v must be even", ErrConfig, c.Size)
		}
	}
	return c, nil
}

// serve starts the RTSP server with the stream of src.
func (c *Camera) serve(src *source) error {
	c.ready.Lock() // readers wait until the stream is there
	defer c.ready.Unlock()
	c.server = &gortsplib.Server{
		Handler: (*handler)(c), RTSPAddress: c.cfg.Addr,
		DisableRTCPSenderReports: true, // sent here, sooner and more often
		WriteQueueSize:           1024, // a key picture of a large camera at once
	}
	if c.cfg.UDP {
		if err := c.pickUDP(); err != nil {
			return err
		}
	}
	if err := c.server.Start(); err != nil {
		return fmt.Errorf("loopcam: listen at %s: %w; name another address, or end the program that holds it", c.cfg.Addr, err)
	}
	c.addr = c.server.NetListener().Addr().String()
	c.media = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{src.format}}
	c.stream = &gortsplib.ServerStream{Server: c.server, Desc: &description.Session{Medias: []*description.Media{c.media}}}
	if err := c.stream.Initialize(); err != nil {
		c.server.Close()
		return fmt.Errorf("loopcam: %w", err)
	}
	return nil
}

// pickUDP finds a free pair of ports, the first one even as RTP has it.
func (c *Camera) pickUDP() error {
	host, _, err := net.SplitHostPort(c.cfg.Addr)
	if err != nil {
		return fmt.Errorf("%w: address %q: %w", ErrConfig, c.cfg.Addr, err)
	}
	for range 100 {
		p, err := net.ListenPacket("udp", net.JoinHostPort(host, "0")) //nolint:noctx // local, returns at once
		if err != nil {
			return fmt.Errorf("loopcam: %w", err)
		}
		addr, ok := p.LocalAddr().(*net.UDPAddr)
		_ = p.Close()
		if !ok || addr.Port%2 != 0 {
			continue
		}
		rtcp := net.JoinHostPort(host, fmt.Sprint(addr.Port+1))
		q, err := net.ListenPacket("udp", rtcp) //nolint:noctx // local, returns at once
		if err != nil {
			continue
		}
		_ = q.Close()
		c.server.UDPRTPAddress, c.server.UDPRTCPAddress = addr.String(), rtcp
		return nil
	}
	return errors.New("loopcam: no free pair of UDP ports")
}

// URL is the camera's address, without credentials.
func (c *Camera) URL() string { return "rtsp://" + c.addr + "/" + c.cfg.Path }

// Addr is the address that the server listens at.
func (c *Camera) Addr() string { return c.addr }

// File is the path of what is played: the recording itself, or the copy that had
// to be coded.
func (c *Camera) File() string { return c.file }

// Info describes what is played: codec, size and rate.
func (c *Camera) Info() av.Info { return c.info }

// Done is closed when the camera has stopped playing; Err tells why.
func (c *Camera) Done() <-chan struct{} { return c.done }

// Err is what ended the camera, nil while it plays or after Close.
func (c *Camera) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close disconnects all readers and waits until nothing runs; more calls do
// nothing.
func (c *Camera) Close() error {
	c.closed.Do(func() {
		c.cancel()
		<-c.done
		c.stream.Close()
		c.server.Close()
	})
	return nil
}

func (c *Camera) run(ctx context.Context, src *source) {
	defer close(c.done)
	defer src.close()
	err := (&player{src: src, stream: c.stream, media: c.media, spoil: c.cfg.Spoil, now: time.Now}).run(ctx)
	if ctx.Err() == nil {
		c.cfg.Log.Error().Err(err).Msg("the loopback camera has stopped")
		c.mu.Lock()
		c.err = err
		c.mu.Unlock()
	}
}

// handler answers readers.
type handler Camera

// OnDescribe implements gortsplib's handler.
func (h *handler) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return h.admit(ctx.Conn, ctx.Request, ctx.Path)
}

// OnSetup implements gortsplib's handler.
func (h *handler) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return h.admit(ctx.Conn, ctx.Request, ctx.Path)
}

// OnPlay implements gortsplib's handler.
func (*handler) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (h *handler) admit(conn *gortsplib.ServerConn, req *base.Request, path string) (*base.Response, *gortsplib.ServerStream, error) {
	h.ready.RLock()
	defer h.ready.RUnlock()
	if h.cfg.User != "" && !conn.VerifyCredentials(req, h.cfg.User, h.cfg.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if strings.Trim(path, "/") != h.cfg.Path || h.stream == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, h.stream, nil
}

package conntest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"bystander/ingest"
)

// codecs are those that the drivers decode.
var codecs = []string{"H264", "H265", "M-JPEG", "VP8", "VP9"}

// session is one conversation with the camera.
type session struct {
	client *gortsplib.Client
	url    *base.URL
	asked  atomic.Bool // it asked who we are
	desc   *description.Session
	err    error // of the description
}

func (t *test) close() {
	if t.client != nil {
		t.client.client.Close()
	}
}

// handshake checks the certificate before anything is said.
func (t *test) handshake(ctx context.Context) error {
	d := tls.Dialer{Config: &tls.Config{ServerName: t.url.Hostname(), MinVersion: tls.VersionTLS12}}
	c, err := d.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return err
	}
	return c.Close()
}

// options greets the camera: whoever answers this speaks RTSP.
func (t *test) options(ctx context.Context) error {
	u, err := base.ParseURL(t.url.String())
	if err != nil {
		return fail(CodeForm, "the address is not one; write special characters as %40 and so on")
	}
	proto := gortsplib.ProtocolTCP
	s := &session{url: u}
	s.client = &gortsplib.Client{
		Scheme: u.Scheme, Host: u.Host, Protocol: &proto, ReadTimeout: stepLimit, WriteTimeout: stepLimit, UserAgent: "bystander",
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, t.addr)
		},
		OnResponse: func(r *base.Response) {
			if r.StatusCode == base.StatusUnauthorized {
				s.asked.Store(true)
			}
		},
	}
	if err := s.client.Start(); err != nil {
		return err
	}
	t.client = s
	stop := context.AfterFunc(ctx, s.client.Close)
	defer stop()
	_, err = s.client.Options(u)
	var status liberrors.ErrClientBadStatusCode
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &status): // it speaks RTSP; a camera may ask for a sign-in here already
		return nil
	case err != nil && !isNetwork(err):
		return fail(CodeNotRTSP, "something answers there, but it does not speak RTSP; check the port")
	}
	return err
}

// signIn asks for the description and looks only at whether we were let in.
func (t *test) signIn(ctx context.Context) error {
	s := t.client
	stop := context.AfterFunc(ctx, s.client.Close)
	defer stop()
	s.desc, _, s.err = s.client.Describe(s.url)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var status liberrors.ErrClientBadStatusCode
	var auth liberrors.ErrClientAuthSetup
	switch {
	case errors.As(s.err, &auth):
		return fail(CodeLoginKind, "the camera asks for a way of signing in that is not known here; allow Basic or Digest in its settings")
	case errors.As(s.err, &status) && (status.Code == base.StatusUnauthorized || status.Code == base.StatusForbidden):
		if t.url.User == nil {
			return fail(CodeNeedsLogin, "the camera asks for a user name and password; enter them")
		}
		return fail(CodeLogin, "the camera refuses the user name or password; mind upper and lower case, and that some cameras have accounts of their own for RTSP")
	}
	return nil
}

// describe looks at what the camera offers.
func (t *test) describe(context.Context) error {
	var status liberrors.ErrClientBadStatusCode
	switch err := t.client.err; {
	case err == nil:
	case errors.As(err, &status) && (status.Code == base.StatusNotFound || status.Code == base.StatusGone):
		return fail(CodeNotFound, "the camera knows no stream of this path; look the path up in its manual")
	case errors.As(err, &status):
		return &trouble{code: CodeStatus, status: int(status.Code), text: "the camera refuses to describe the stream"}
	default:
		return err
	}
	for _, m := range t.client.desc.Medias {
		t.report.Audio = t.report.Audio || m.Type == description.MediaTypeAudio
	}
	return nil
}

// codec picks the first video that can be decoded.
func (t *test) codec(context.Context) error {
	other := ""
	for _, m := range t.client.desc.Medias {
		if m.Type != description.MediaTypeVideo || m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			if other = ingest.PlainText(f.Codec(), 40); slices.Contains(codecs, f.Codec()) {
				t.report.Codec = other
				return nil
			}
		}
	}
	if other == "" {
		return fail(CodeNoVideo, "the stream holds no video; choose the camera's video stream")
	}
	t.report.Codec = other
	return fail(CodeCodec, "the video is coded as "+other+"; set the camera to "+strings.Join(codecs[:2], " or "))
}

// look plays the stream until there is a picture.
func (t *test) look(ctx context.Context) error {
	t.client.client.Close() // many cameras serve one viewer at a time
	p, err := t.o.Look(ctx, t.url.String(), t.transport)
	var e *ingest.Error
	switch {
	case errors.As(err, &e) && (e.Code == ingest.CodeTimeout || e.Code == ingest.CodeDecode), errors.Is(err, context.DeadlineExceeded):
		return fail(CodeNoPicture, "no whole picture came in time; try the other transport, and a shorter interval of key pictures in the camera")
	case err != nil:
		return err
	}
	t.report.Width, t.report.Height, t.report.FPS = p.Width, p.Height, p.FPS
	t.report.FirstMS = float64(p.First.Microseconds()) / 1000
	return nil
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// explain turns an error of the network into a step's trouble.
func explain(err error) *trouble {
	var (
		e       *ingest.Error
		badCert *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		header  tls.RecordHeaderError
		netErr  net.Error
	)
	say := func(c Code, text string) *trouble { return &trouble{code: c, text: text} }
	switch {
	case errors.As(err, &e):
		return say(Code(e.Code), e.Text)
	case errors.As(err, &badCert), errors.As(err, &unknown):
		return say(CodeCertificate, "this machine does not trust the camera's certificate; install its issuer here, or use rtsp:// on a protected network")
	case errors.As(err, &header):
		return say(CodeCertificate, "no TLS answers at this port; use rtsp://, or the camera's port for rtsps")
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(CodeRefused, "nobody listens at this port; check it, and that RTSP is switched on")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return say(CodeNoRoute, "there is no way through the network; check that the camera is on and in a network that this machine reaches")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return say(CodeSilent, "no answer came in time; check that the camera is on, and that no firewall is in between")
	}
	return say(CodeLost, "the connection ended before the answer")
}

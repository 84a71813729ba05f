package rtsp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"bystander/ingest"
	"bystander/ingest/driver"
)

// explain puts an error of the client or the network into words.
func (s *stream) explain(err error) error {
	var e *ingest.Error
	if errors.As(err, &e) {
		return e
	}
	return Explain(s.cfg.ID, s.cfg.URL, err)
}

// Explain puts an error of an RTSP client or of the network into words.
func Explain(id, address string, err error) *ingest.Error {
	at := ingest.Redact(address)
	var (
		status  liberrors.ErrClientBadStatusCode
		auth    liberrors.ErrClientAuthSetup
		dns     *net.DNSError
		netErr  net.Error
		badCert *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, ErrElsewhere):
		return ingest.Errorf(ingest.CodeUnreachable,
			"camera %q at %s wants to send us to another address, which is not followed; "+
				"if you trust that, write the other address into the configuration", id, at)
	case errors.As(err, &status):
		return explainStatus(id, at, status)
	case errors.As(err, &auth):
		return ingest.Errorf(ingest.CodeUnauthorized,
			"camera %q at %s asks for a way of signing in that is not known here (%v); "+
				"allow Basic or Digest in its settings", id, at, auth.Err)
	case errors.As(err, &dns):
		return ingest.Errorf(ingest.CodeUnreachable,
			"camera %q: the name %s is not known; check the address and the name service", id, dns.Name)
	case errors.As(err, &badCert), errors.As(err, &unknown):
		return ingest.Errorf(ingest.CodeUnreachable,
			"camera %q at %s shows a certificate that this machine does not trust; "+
				"install its issuer here, or use rtsp:// on a protected network", id, at)
	case errors.Is(err, syscall.ECONNREFUSED):
		return ingest.Errorf(ingest.CodeUnreachable,
			"camera %q: nobody listens at %s; check the address and the port, and that RTSP is switched on", id, at)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return ingest.Errorf(ingest.CodeUnreachable,
			"camera %q: no way through the network to %s; check that the camera is on and connected", id, at)
	case isTimeout(err), errors.As(err, &netErr) && netErr.Timeout(),
		errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return ingest.Errorf(ingest.CodeTimeout,
			"camera %q at %s does not answer, or has stopped sending; check that it is on, and that no firewall is in between "+
				"(with transport udp, try tcp)", id, at)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ingest.Errorf(ingest.CodeLost, "camera %q at %s ended the connection; it is made again", id, at)
	}
	return ingest.Errorf(ingest.CodeLost, "camera %q at %s: %s; it is tried again", id, at, ingest.Redact(err.Error()))
}

func isTimeout(err error) bool {
	var (
		tcp liberrors.ErrClientTCPTimeout
		udp liberrors.ErrClientUDPTimeout
		req liberrors.ErrClientRequestTimedOut
	)
	return errors.As(err, &tcp) || errors.As(err, &udp) || errors.As(err, &req)
}

func explainStatus(id, at string, e liberrors.ErrClientBadStatusCode) *ingest.Error {
	switch e.Code {
	case base.StatusUnauthorized, base.StatusForbidden:
		return ingest.Errorf(ingest.CodeUnauthorized,
			"camera %q at %s refuses the user name or password; correct them in its address "+
				"(special characters written as %%40 and so on)", id, at)
	case base.StatusNotFound, base.StatusGone:
		return ingest.Errorf(ingest.CodeNotFound,
			"camera %q: there is no stream at %s; check the path in the camera's manual, and that the stream is on", id, at)
	case base.StatusUnsupportedTransport:
		return ingest.Errorf(ingest.CodeConfig, "camera %q at %s refuses this transport; try the other of tcp and udp", id, at)
	}
	return ingest.Errorf(ingest.CodeLost, "camera %q at %s answers %d %s; it is tried again", id, at, e.Code, e.Message)
}

// Why asks the camera once more for its description, to tell why another driver
// got nowhere with it. It returns nil when this works, or says no more.
func Why(ctx context.Context, cfg driver.Config) *ingest.Error {
	u, err := base.ParseURL(cfg.URL)
	if err != nil {
		return nil
	}
	proto := gortsplib.ProtocolTCP
	c := &gortsplib.Client{
		Scheme: u.Scheme, Host: u.Host, Protocol: &proto,
		ReadTimeout: cfg.ReadTimeout, WriteTimeout: cfg.ReadTimeout, UserAgent: "bystander",
		DialContext: onlyTo(u.Host),
	}
	if c.Start() != nil {
		return nil
	}
	stop := context.AfterFunc(ctx, c.Close)
	defer c.Close()
	defer stop()
	if _, _, err = c.Describe(u); err == nil {
		return nil
	}
	if e := Explain(cfg.ID, cfg.URL, err); e.Code != ingest.CodeLost {
		return e
	}
	return nil
}

package pki

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"time"
)

// ServerTLS is for a listener that other processes of the house come to. A
// certificate that is shown must be believed; whether one is needed, and of which
// role, is for the handler to say (see Caller): those who join have none yet.
func (m *Member) ServerTLS() *tls.Config {
	base := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true, Time: m.now}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		cert, _, trust := m.current()
		now := base.Clone()
		now.GetConfigForClient = nil
		now.Certificates = []tls.Certificate{withRoots(cert, trust)}
		now.ClientAuth, now.ClientCAs = tls.VerifyClientCertIfGiven, trust.pool
		now.VerifyConnection = func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return nil
			}
			_, err := trust.Check(s.PeerCertificates[0], "", m.now())
			return err
		}
		return now, nil
	}
	return base
}

// withRoots sends the roots along, so that those who join can compare a
// fingerprint.
func withRoots(cert *tls.Certificate, trust *Trust) tls.Certificate {
	out := *cert
	out.Certificate = append([][]byte{}, cert.Certificate[0])
	for _, r := range trust.roots {
		out.Certificate = append(out.Certificate, r.Raw)
	}
	return out
}

// Caller returns who is at the other end of a connection: an identity of the role
// that is wanted, checked anew, since a connection may outlive a certificate. It
// fails as Trust.Check does, and with ErrRole when no certificate was shown.
func (m *Member) Caller(s *tls.ConnectionState, role Role) (Identity, error) {
	if s == nil || len(s.PeerCertificates) == 0 {
		return Identity{}, fmt.Errorf("%w: no certificate was shown", ErrRole)
	}
	return m.Trust().Check(s.PeerCertificates[0], role, m.now())
}

// Dialer connects to processes of one role. It takes up new certificates with
// each connection.
func (m *Member) Dialer(role Role) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if err := m.Own(); err != nil {
			return nil, err
		}
		cert, _, trust := m.current()
		d := tls.Dialer{Config: &tls.Config{
			MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
			RootCAs: trust.pool, ServerName: serverName(role), Certificates: []tls.Certificate{*cert}, Time: m.now,
			VerifyConnection: func(s tls.ConnectionState) error {
				_, err := trust.Check(s.PeerCertificates[0], role, m.now())
				return err
			},
		}}
		return d.DialContext(ctx, network, addr)
	}
}

// PinnedDialer connects to a control whose authority is known by the fingerprint
// of its root alone, as those who join have it. Nothing is shown to it.
func PinnedDialer(fingerprint string, now func() time.Time) (func(ctx context.Context, network, addr string) (net.Conn, error), error) {
	want, err := hex.DecodeString(strings.ToLower(strings.ReplaceAll(fingerprint, ":", "")))
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("%w: the fingerprint should be 64 hex digits, as bystander edge invite prints it", ErrTrust)
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := tls.Dialer{Config: &tls.Config{
			MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, ServerName: serverName(Control),
			InsecureSkipVerify: true, //nolint:gosec // VerifyConnection verifies, against the root that is pinned
			VerifyConnection:   func(s tls.ConnectionState) error { return pinned(s, want, now()) },
		}}
		return d.DialContext(ctx, network, addr)
	}, nil
}

func pinned(s tls.ConnectionState, want []byte, now time.Time) error {
	for _, c := range s.PeerCertificates[1:] {
		if sum := sha256.Sum256(c.Raw); string(sum[:]) != string(want) {
			continue
		}
		t, err := ParseTrust(certPEM(c.Raw))
		if err != nil {
			return err
		}
		_, err = t.Check(s.PeerCertificates[0], Control, now)
		if err != nil {
			return err
		}
		_, err = s.PeerCertificates[0].Verify(x509.VerifyOptions{
			Roots: t.pool, CurrentTime: now, DNSName: serverName(Control), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		})
		return err
	}
	return fmt.Errorf("%w: whoever answers there is not of the authority with that fingerprint; compare it with what bystander edge invite printed", ErrTrust)
}

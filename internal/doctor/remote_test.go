package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/doctor"
)

// shows is the far end of a connection: a machine with a certificate that holds
// until left from now; it asks for one of ours where wants says so.
func shows(t *testing.T, left time.Duration, wants tls.ClientAuthType, version uint16) (dial func(context.Context) (net.Conn, error), trusted *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker-1"}, DNSNames: []string{"broker.example"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.Add(left), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	trusted = x509.NewCertPool()
	trusted.AddCert(leaf)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{ //nolint:gosec // the version is what is tried
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, ClientAuth: wants, MaxVersion: version,
	})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { // waited for below
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake() //nolint:forcetypeassert // of a TLS listener
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { require.NoError(t, ln.Close()); <-done })
	dial = func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", ln.Addr().String())
	}
	return dial, trusted
}

// proves: A-35
func TestWhatOthersShow(t *testing.T) {
	conf := func(pool *x509.CertPool) *tls.Config {
		return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, ServerName: "broker.example", Time: func() time.Time { return now }}
	}
	for left, want := range map[time.Duration]doctor.Level{
		-time.Hour: doctor.Bad, 3 * 24 * time.Hour: doctor.Bad, 20 * 24 * time.Hour: doctor.Warn, 90 * 24 * time.Hour: doctor.Fine,
	} {
		dial, pool := shows(t, left, tls.NoClientCert, tls.VersionTLS13)
		f := whole(t, doctor.Presented(t.Context(), "kafka b:9093", dial, conf(pool), now))[0]
		require.Equal(t, want, f.Level, "%v left: %s", left, f.Text)
		require.Contains(t, f.Text, "kafka b:9093")
	}
	dial, _ := shows(t, 90*24*time.Hour, tls.NoClientCert, tls.VersionTLS13)
	f := whole(t, doctor.Presented(t.Context(), "kafka", dial, conf(x509.NewCertPool()), now))[0]
	require.Equal(t, doctor.Bad, f.Level, "of another authority")
	require.Contains(t, f.Text, "not believed")

	// That the other side wants a certificate of ours is no fault of its own.
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		dial, pool := shows(t, 20*24*time.Hour, tls.RequireAnyClientCert, v)
		f := whole(t, doctor.Presented(t.Context(), "kafka", dial, conf(pool), now))[0]
		require.Equal(t, doctor.Warn, f.Level, f.Text)
		require.Contains(t, f.Text, "broker-1")
	}
	f = whole(t, doctor.Presented(t.Context(), "kafka", func(context.Context) (net.Conn, error) { return nil, errors.New("refused") }, conf(nil), now))[0]
	require.Equal(t, doctor.Warn, f.Level)
	plain := func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		return near, far.Close()
	}
	f = whole(t, doctor.Presented(t.Context(), "kafka", plain, conf(nil), now))[0]
	require.Equal(t, doctor.Warn, f.Level, "it speaks no TLS")
}

// proves: A-35
func TestAuthority(t *testing.T) {
	const day = 24 * time.Hour
	root := func(left time.Duration) doctor.Held {
		return doctor.Held{ID: "root 1", From: now.AddDate(-4, 0, 0), Until: now.Add(left)}
	}
	month := func(id string, left time.Duration) doctor.Held {
		return doctor.Held{ID: id, From: now.Add(left - 30*day), Until: now.Add(left)}
	}
	all := whole(t, doctor.Authority(now, []doctor.Held{root(400 * day)}, []doctor.Held{month("edge/hall", 11*day), month("control/main", 29*day)})...)
	require.Len(t, all, 2)
	require.Equal(t, doctor.Fine, all[0].Level)
	require.Equal(t, doctor.Fine, all[1].Level)
	all = whole(t, doctor.Authority(now, []doctor.Held{root(60 * day)}, []doctor.Held{month("edge/hall", 2*day), month("writer/w1", 2*day)})...)
	require.Len(t, all, 3)
	require.Equal(t, doctor.Warn, all[0].Level)
	require.Contains(t, all[0].Fix, "rotate")
	require.Contains(t, all[1].Fix, "invite --id hall")
	require.Contains(t, all[2].Fix, "ca renew")
	require.Equal(t, doctor.Bad, whole(t, doctor.Authority(now, []doctor.Held{root(10 * day)}, nil)...)[0].Level)
	// An old root may end once there is another.
	require.False(t, doctor.Sick(whole(t, doctor.Authority(now, []doctor.Held{root(10 * day), root(900 * day)}, nil)...)))
}

func TestVersionsOfOthers(t *testing.T) {
	require.Equal(t, doctor.Fine, whole(t, doctor.Runtime("1.30.0", "/lib/x.so", "1.30.0"))[0].Level)
	require.Equal(t, doctor.Warn, whole(t, doctor.Runtime("1.17.0", "/lib/x.so", "1.30.0"))[0].Level)
	require.Equal(t, doctor.Fine, whole(t, doctor.Broker("3.9", true))[0].Level)
	require.Equal(t, doctor.Warn, whole(t, doctor.Broker("2.1", false))[0].Level)
}

// TestAMonthsCertificateIsNoAlarm: one that is renewed by itself in its last third
// is not told of before.
func TestAMonthsCertificateIsNoAlarm(t *testing.T) {
	for left, want := range map[time.Duration]doctor.Level{25 * 24 * time.Hour: doctor.Fine, 7 * 24 * time.Hour: doctor.Warn, 24 * time.Hour: doctor.Bad} {
		require.Equal(t, want, doctor.Certificates(now, put(t, t.TempDir()+"/c.pem", monthly(t, left), 0o600))[0].Level, "%v", left)
	}
}

func monthly(t *testing.T, left time.Duration) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(left - 30*24*time.Hour), NotAfter: now.Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

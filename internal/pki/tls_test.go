package pki_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/pki"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// member writes an identity and roots into a folder and opens it.
func member(t *testing.T, ca *pki.CA, who string, now func() time.Time) *pki.Member {
	t.Helper()
	dir := t.TempDir()
	key, _, err := pki.NewRequest(id(t, who))
	require.NoError(t, err)
	leaf, _, err := ca.Issue(id(t, who), key.Public(), 0)
	require.NoError(t, err)
	require.NoError(t, pki.WriteIdentity(dir, key, leaf))
	require.NoError(t, pki.WriteTrust(dir, trust(t, ca).PEM()))
	m, err := pki.OpenMember(dir, "", now)
	require.NoError(t, err)
	return m
}

// serve answers with who asks, as the role edge alone may.
func serve(t *testing.T, m *pki.Member) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := m.Caller(r.TLS, pki.Edge)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, err.Error())
			return
		}
		_, _ = io.WriteString(w, who.String())
	}))
	ln := tls.NewListener(srv.Listener, m.ServerTLS())
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

// get asks on a connection of its own.
func get(t *testing.T, addr string, dial dialer) (int, string, error) {
	t.Helper()
	tr := &http.Transport{DialTLSContext: dial}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+addr+"/", http.NoBody)
	require.NoError(t, err)
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(b), nil
}

// proves: A-19, B-63
func TestMutualTLS(t *testing.T) {
	ca, clock := newCA(t)
	control := member(t, ca, "control/main", clock.now)
	addr := serve(t, control)
	edge, writer := member(t, ca, "edge/hall", clock.now), member(t, ca, "writer/w1", clock.now)

	code, who, err := get(t, addr, edge.Dialer(pki.Control))
	require.NoError(t, err)
	require.Equal(t, 200, code)
	require.Equal(t, "edge/hall", who)
	code, why, err := get(t, addr, writer.Dialer(pki.Control))
	require.NoError(t, err)
	require.Equal(t, 403, code, "a writer is no edge")
	require.Contains(t, why, "writer/w1 is no edge")

	_, _, err = get(t, addr, edge.Dialer(pki.Writer))
	require.Error(t, err, "a control is no writer")
	other, _ := newCA(t)
	_, _, err = get(t, addr, member(t, other, "edge/hall", clock.now).Dialer(pki.Control))
	require.Error(t, err, "another house's edge")

	plain := func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}} //nolint:gosec // refused, that is the point
		return d.DialContext(ctx, network, addr)
	}
	_, _, err = get(t, addr, plain)
	require.Error(t, err, "TLS 1.2 is refused")
	res, err := http.Get("http://" + addr + "/") //nolint:noctx // a test
	if err == nil {
		require.NoError(t, res.Body.Close())
		require.Equal(t, 400, res.StatusCode)
	}

	_, err = ca.Revoke("edge/hall", "stolen")
	require.NoError(t, err)
	require.NoError(t, control.ReplaceTrust(trust(t, ca).PEM()))
	_, _, err = get(t, addr, edge.Dialer(pki.Control))
	require.Error(t, err, "revoked: without a restart")
}

// A connection that stays open outlives no certificate.
func TestCallerIsAskedAnew(t *testing.T) {
	ca, clock := newCA(t)
	control, edge := member(t, ca, "control/main", clock.now), member(t, ca, "edge/hall", clock.now)
	addr := serve(t, control)
	tr := &http.Transport{DialTLSContext: edge.Dialer(pki.Control)}
	defer tr.CloseIdleConnections()
	ask := func() int {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+addr+"/", http.NoBody)
		require.NoError(t, err)
		res, err := (&http.Client{Transport: tr}).Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		return res.StatusCode
	}
	require.Equal(t, 200, ask())
	_, err := ca.Revoke("edge/hall", "stolen")
	require.NoError(t, err)
	require.NoError(t, control.ReplaceTrust(trust(t, ca).PEM()))
	require.Equal(t, 403, ask(), "on the same connection")
}

func TestFilesAreTakenUpWithoutARestart(t *testing.T) {
	ca, clock := newCA(t)
	m := member(t, ca, "edge/hall", clock.now)
	was := m.Leaf()
	require.False(t, m.Due())
	clock.turn(pki.LeafTerm * 3 / 4)
	require.True(t, m.Due())

	key, _, err := pki.NewRequest(m.ID())
	require.NoError(t, err)
	leaf, _, err := ca.Issue(m.ID(), key.Public(), 0)
	require.NoError(t, err)
	require.NoError(t, pki.WriteIdentity(m.Dir(), key, leaf), "as another process does")
	clock.turn(time.Second)
	require.True(t, m.Leaf().Equal(leaf))
	require.False(t, m.Leaf().Equal(was))
	require.False(t, m.Due())

	require.NoError(t, os.WriteFile(filepath.Join(m.Dir(), pki.IdentityFile), []byte("half"), 0o600))
	clock.turn(time.Second)
	require.True(t, m.Leaf().Equal(leaf), "a spoilt file changes nothing")
	require.ErrorContains(t, m.Spoilt(), pki.IdentityFile, "and is told of")
	other, _ := newCA(t)
	require.ErrorIs(t, m.ReplaceTrust(trust(t, other).PEM()), pki.ErrTrust, "another authority's roots are not taken")

	clock.turn(pki.LeafTerm)
	require.ErrorIs(t, m.Own(), pki.ErrEnded)
	_, err = m.Dialer(pki.Control)(t.Context(), "tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, pki.ErrEnded, "it is told before anybody is asked")
}

func TestJoiningKnowsTheAuthorityByItsFingerprint(t *testing.T) {
	ca, clock := newCA(t)
	control := member(t, ca, "control/main", clock.now)
	addr := serve(t, control)
	dial, err := pki.PinnedDialer(pki.Fingerprint(control.Issuer()), clock.now)
	require.NoError(t, err)
	code, why, err := get(t, addr, dial)
	require.NoError(t, err)
	require.Equal(t, 403, code)
	require.Contains(t, why, "no certificate was shown")

	other, _ := newCA(t)
	roots, err := other.Roots()
	require.NoError(t, err)
	dial, err = pki.PinnedDialer(roots[0].Fingerprint, clock.now)
	require.NoError(t, err)
	_, _, err = get(t, addr, dial)
	require.ErrorIs(t, err, pki.ErrTrust)
	edgeAddr := serve(t, member(t, ca, "edge/hall", clock.now))
	dial, err = pki.PinnedDialer(pki.Fingerprint(control.Issuer()), clock.now)
	require.NoError(t, err)
	_, _, err = get(t, edgeAddr, dial)
	require.ErrorIs(t, err, pki.ErrRole, "an edge of the house cannot pass for its control")
	for _, bad := range []string{"", "zz", "00"} {
		_, err := pki.PinnedDialer(bad, clock.now)
		require.ErrorIs(t, err, pki.ErrTrust)
	}
}

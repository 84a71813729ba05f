package pki_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/pki"
)

// clock is a clock that a test turns.
type clock struct{ at time.Time }

func (c *clock) now() time.Time        { return c.at }
func (c *clock) turn(by time.Duration) { c.at = c.at.Add(by) }

func newCA(t *testing.T) (*pki.CA, *clock) {
	t.Helper()
	c := &clock{time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
	ca, err := pki.Init(filepath.Join(t.TempDir(), "ca"), c.now)
	require.NoError(t, err)
	return ca, c
}

func id(t *testing.T, s string) pki.Identity {
	t.Helper()
	i, err := pki.Parse(s)
	require.NoError(t, err)
	return i
}

func issue(t *testing.T, ca *pki.CA, who string, term time.Duration) *x509.Certificate {
	t.Helper()
	_, csr, err := pki.NewRequest(id(t, who))
	require.NoError(t, err)
	pub, err := pki.ParseRequest(csr)
	require.NoError(t, err)
	leaf, _, err := ca.Issue(id(t, who), pub, term)
	require.NoError(t, err)
	return leaf
}

func trust(t *testing.T, ca *pki.CA) *pki.Trust {
	t.Helper()
	tr, err := ca.Trust()
	require.NoError(t, err)
	return tr
}

// proves: A-19, B-63
func TestCertificatesSayWhoseTheyAreAndEnd(t *testing.T) {
	ca, clock := newCA(t)
	leaf := issue(t, ca, "edge/hall", 0)
	got, err := trust(t, ca).Check(leaf, pki.Edge, clock.now())
	require.NoError(t, err)
	require.Equal(t, "edge/hall", got.String())
	require.Equal(t, pki.LeafTerm, leaf.NotAfter.Sub(clock.now()))

	_, err = trust(t, ca).Check(leaf, pki.Control, clock.now())
	require.ErrorIs(t, err, pki.ErrRole)
	clock.turn(pki.LeafTerm + time.Second)
	_, err = trust(t, ca).Check(leaf, pki.Edge, clock.now())
	require.ErrorIs(t, err, pki.ErrEnded)
	require.ErrorContains(t, err, "the certificate of edge/hall ended on 2027-03-31")
	require.ErrorContains(t, err, "bystander edge invite --id hall")
	clock.turn(-2 * pki.LeafTerm)
	_, err = trust(t, ca).Check(leaf, pki.Edge, clock.now())
	require.ErrorIs(t, err, pki.ErrEnded)
	require.ErrorContains(t, err, "clock")
}

func TestAnotherAuthorityIsNotBelieved(t *testing.T) {
	ca, clock := newCA(t)
	other, _ := newCA(t)
	_, err := trust(t, ca).Check(issue(t, other, "edge/hall", 0), pki.Edge, clock.now())
	require.ErrorIs(t, err, pki.ErrTrust)
	require.ErrorContains(t, err, "another authority")
}

func TestRevoked(t *testing.T) {
	ca, clock := newCA(t)
	first, second, other := issue(t, ca, "edge/hall", 0), issue(t, ca, "edge/hall", time.Hour), issue(t, ca, "edge/door", 0)
	_, err := ca.Revoke("edge/none", "typo")
	require.ErrorIs(t, err, pki.ErrNone)
	list, err := ca.Revoke("edge/hall", "stolen")
	require.NoError(t, err)
	require.Len(t, list, 2)
	for _, c := range []*x509.Certificate{first, second} {
		_, err := trust(t, ca).Check(c, pki.Edge, clock.now())
		require.ErrorIs(t, err, pki.ErrRevoked)
	}
	_, err = trust(t, ca).Check(other, pki.Edge, clock.now())
	require.NoError(t, err)
	_, err = trust(t, ca).Check(issue(t, ca, "edge/hall", 0), pki.Edge, clock.now())
	require.NoError(t, err, "a new one, for the machine that took its place, holds")
	_, err = ca.Revoke(other.SerialNumber.Text(16), "by its number")
	require.NoError(t, err)
	_, err = trust(t, ca).Check(other, pki.Edge, clock.now())
	require.ErrorIs(t, err, pki.ErrRevoked)
	issued, err := ca.List()
	require.NoError(t, err)
	require.Len(t, issued, 4)
	require.Equal(t, "edge/door", issued[0].ID)
	require.Equal(t, "by its number", issued[0].Reason)
}

// A root is replaced while certificates of both are in use; nothing stops.
func TestRotation(t *testing.T) {
	ca, clock := newCA(t)
	before := trust(t, ca)
	old := issue(t, ca, "edge/hall", 0)
	from, err := ca.Rotate(pki.Overlap)
	require.NoError(t, err)
	require.Equal(t, clock.now().Add(pki.Overlap), from)
	both := trust(t, ca)
	still := issue(t, ca, "edge/door", 0)
	_, err = before.Check(still, "", clock.now())
	require.NoError(t, err, "until then nothing is issued under the new root")

	clock.turn(pki.Overlap)
	next := issue(t, ca, "edge/door", 0)
	_, err = before.Check(next, "", clock.now())
	require.ErrorIs(t, err, pki.ErrTrust, "who missed the overlap does not know the new root")
	for _, c := range []*x509.Certificate{old, still, next} {
		_, err = both.Check(c, "", clock.now())
		require.NoError(t, err)
	}
	require.NoError(t, ca.Refresh())
	roots, err := ca.Roots()
	require.NoError(t, err)
	require.Len(t, roots, 2, "the old root's certificates hold still")
	_, err = ca.Revoke(old.SerialNumber.Text(16), "an old one")
	require.NoError(t, err)
	_, err = trust(t, ca).Check(old, "", clock.now())
	require.ErrorIs(t, err, pki.ErrRevoked, "what is under the old root can be taken back")

	clock.turn(pki.LeafTerm)
	last := issue(t, ca, "edge/hall", 0)
	require.NoError(t, ca.Refresh())
	roots, err = ca.Roots()
	require.NoError(t, err)
	require.Len(t, roots, 1)
	require.Equal(t, 2, roots[0].N)
	_, err = trust(t, ca).Check(last, "", clock.now())
	require.NoError(t, err)
}

func TestAnAuthorityIsMadeOnceAndOnPurpose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	_, err := pki.Open(dir, nil)
	require.ErrorIs(t, err, pki.ErrNoCA)
	require.ErrorContains(t, err, "bystander ca init")
	_, err = pki.Init(dir, nil)
	require.NoError(t, err)
	_, err = pki.Init(dir, nil)
	require.ErrorIs(t, err, pki.ErrExists)
	key := filepath.Join(dir, "root-1.key")
	info, err := os.Stat(key)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	ca, err := pki.Open(dir, nil)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(key, 0o640))
	_, csr, err := pki.NewRequest(id(t, "edge/a"))
	require.NoError(t, err)
	pub, err := pki.ParseRequest(csr)
	require.NoError(t, err)
	_, _, err = ca.Issue(id(t, "edge/a"), pub, 0)
	require.ErrorIs(t, err, pki.ErrFile)
	require.ErrorContains(t, err, "chmod 600")

	open := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.MkdirAll(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o755)) //nolint:gosec // that is what is refused
	_, err = pki.Init(open, nil)
	require.ErrorContains(t, err, "chmod 700")
}

func TestIdentities(t *testing.T) {
	for _, s := range []string{"edge", "edge/", "edge/Hall", "edge/a b", "king/a", "edge/../x", "/a", "edge/a/b", "edge/" + string(make([]byte, 80))} {
		_, err := pki.Parse(s)
		require.ErrorIs(t, err, pki.ErrIdentity, s)
	}
	ca, _ := newCA(t)
	_, csr, err := pki.NewRequest(pki.Identity{Role: "edge", Name: "hall"})
	require.NoError(t, err)
	pub, err := pki.ParseRequest(csr)
	require.NoError(t, err)
	_, _, err = ca.Issue(pki.Identity{Role: "king", Name: "hall"}, pub, 0)
	require.ErrorIs(t, err, pki.ErrIdentity)
	for _, term := range []time.Duration{time.Second, -time.Hour, pki.MaxLeafTerm + 1} {
		_, _, err = ca.Issue(id(t, "edge/hall"), pub, term)
		require.ErrorIs(t, err, pki.ErrRequest, term)
	}
}

func FuzzParseTrust(f *testing.F) {
	ca, err := pki.Init(filepath.Join(f.TempDir(), "ca"), nil)
	require.NoError(f, err)
	tr, err := ca.Trust()
	require.NoError(f, err)
	f.Add(tr.PEM())
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := pki.ParseTrust(b)
		if err != nil {
			require.ErrorIs(t, err, pki.ErrTrust)
			return
		}
		require.Equal(t, b, tr.PEM())
	})
}

func FuzzParseRequest(f *testing.F) {
	_, csr, err := pki.NewRequest(pki.Identity{Role: pki.Edge, Name: "hall"})
	require.NoError(f, err)
	f.Add(csr)
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := pki.ParseRequest(b); err != nil {
			require.ErrorIs(t, err, pki.ErrRequest)
		}
	})
}

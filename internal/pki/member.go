package pki

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// IdentityFile holds a process's key and certificate in one, so that they never
// fail to fit.
const IdentityFile = "identity.pem"

// Member is this process among those of the house: its key and certificate, and
// whom it believes. Files that change are taken up by the next connection. It is
// safe for concurrent use.
type Member struct {
	identity, trust string // files
	now             func() time.Time

	mu     sync.Mutex
	looked time.Time
	seen   [2]stamp
	cert   *tls.Certificate
	id     Identity
	whom   *Trust
	spoilt error // why changed files were not taken up
}

// stamp tells whether a file is the one that was read.
type stamp struct {
	size  int64
	inode uint64
	at    time.Time
}

// lookAgain is how often files are looked at for changes.
const lookAgain = 500 * time.Millisecond

// OpenMember opens the identity in a folder; trust is the file of roots and
// revocations, and lies in the same folder when empty. It fails with ErrFile,
// ErrTrust and ErrIdentity, not for a certificate that is over: who uses it says
// that better.
func OpenMember(dir, trust string, now func() time.Time) (*Member, error) {
	if now == nil {
		now = time.Now
	}
	if trust == "" {
		trust = filepath.Join(dir, TrustFile)
	}
	m := &Member{identity: filepath.Join(dir, IdentityFile), trust: trust, now: now}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m, m.read()
}

// read takes the files up; the caller holds the lock.
func (m *Member) read() error {
	seen := [2]stamp{stampOf(m.identity), stampOf(m.trust)}
	b, err := readSecret(m.identity)
	if err != nil {
		return err
	}
	cert, err := parseIdentity(b)
	if err != nil {
		return fmt.Errorf("%s: %w", m.identity, err)
	}
	id, err := Of(cert.Leaf)
	if err != nil {
		return fmt.Errorf("%s: %w", m.identity, err)
	}
	if b, err = readBounded(m.trust); err != nil {
		return err
	}
	whom, err := ParseTrust(b)
	if err != nil {
		return fmt.Errorf("%s: %w", m.trust, err)
	}
	m.cert, m.id, m.whom, m.seen, m.looked, m.spoilt = cert, id, whom, seen, m.now(), nil
	return nil
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{size: info.Size(), inode: inodeOf(info), at: info.ModTime()}
}

// current returns identity and trust as they stand. Files that are half written or
// spoilt change nothing: what was read before goes on.
func (m *Member) current() (*tls.Certificate, Identity, *Trust) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if since := m.now().Sub(m.looked); since < 0 || since >= lookAgain {
		m.looked = m.now()
		if m.seen != [2]stamp{stampOf(m.identity), stampOf(m.trust)} {
			m.spoilt = m.read()
		}
	}
	return m.cert, m.id, m.whom
}

// Spoilt is why files that changed could not be taken up, nil when those that lie
// there are in use. It must be told: among the change may be a revocation.
func (m *Member) Spoilt() error {
	m.current()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.spoilt == nil {
		return nil
	}
	return fmt.Errorf("what was read before goes on: %w", m.spoilt)
}

// Dir is the folder of its key and certificate.
func (m *Member) Dir() string { return filepath.Dir(m.identity) }

// ID is who this process is.
func (m *Member) ID() Identity { _, id, _ := m.current(); return id }

// Leaf is this process's certificate.
func (m *Member) Leaf() *x509.Certificate { c, _, _ := m.current(); return c.Leaf }

// Issuer is the root that signed it, nil when none that is believed did.
func (m *Member) Issuer() *x509.Certificate {
	c, _, t := m.current()
	for _, r := range t.roots {
		if c.Leaf.CheckSignatureFrom(r) == nil {
			return r
		}
	}
	return nil
}

// Trust is whom this process believes.
func (m *Member) Trust() *Trust { _, _, t := m.current(); return t }

// Own reports what is wrong with this process's own certificate, nil when
// nothing is.
func (m *Member) Own() error {
	c, _, t := m.current()
	_, err := t.Check(c.Leaf, "", m.now())
	return err
}

// Due reports whether the certificate should be renewed: less than a third of
// its term is left.
func (m *Member) Due() bool {
	leaf := m.Leaf()
	return m.now().After(leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3))
}

// Replace writes a new key and certificate, and takes them up.
func (m *Member) Replace(key crypto.Signer, leaf *x509.Certificate) error {
	if err := WriteIdentity(filepath.Dir(m.identity), key, leaf); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read()
}

// ReplaceTrust writes roots and revocations that the control sent, and takes them
// up. They must come from a root that is believed already: one of theirs has to
// be one of ours.
func (m *Member) ReplaceTrust(b []byte) error {
	next, err := ParseTrust(b)
	if err != nil {
		return err
	}
	_, _, now := m.current()
	if !shares(now.roots, next.roots) {
		return fmt.Errorf("%w: the new roots are of another authority", ErrTrust)
	}
	if err := writeWhole(m.trust, b, 0o644); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read()
}

func shares(a, b []*x509.Certificate) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Equal(y) {
				return true
			}
		}
	}
	return false
}

// WriteIdentity writes a key and its certificate into a folder, which is made
// where it is missing.
func WriteIdentity(dir string, key crypto.Signer, leaf *x509.Certificate) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	b, err := keyPEM(key)
	if err != nil {
		return err
	}
	b = append(b, certPEM(leaf.Raw)...)
	if _, err := parseIdentity(b); err != nil { // above all that they fit
		return err
	}
	return writeWhole(filepath.Join(dir, IdentityFile), b, 0o600)
}

// WriteTrust writes roots and revocations into a folder.
func WriteTrust(dir string, b []byte) error {
	if _, err := ParseTrust(b); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	return writeWhole(filepath.Join(dir, TrustFile), b, 0o644)
}

// HasIdentity reports whether a folder holds an identity.
func HasIdentity(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, IdentityFile))
	return !errors.Is(err, fs.ErrNotExist)
}

func parseIdentity(b []byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(b, b)
	if err != nil {
		return nil, fmt.Errorf("%w: it should hold a key and its certificate: %w", ErrFile, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
	}
	return &pair, nil
}

func oneCert(b []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: it should hold one certificate", ErrFile)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return c, nil
}

func oneKey(b []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%w: it should hold a private key", ErrFile)
	}
	return parseKey(block.Bytes)
}

// ParseCert reads one certificate in PEM; it fails with ErrFile.
func ParseCert(b []byte) (*x509.Certificate, error) { return oneCert(b) }

// CertPEM writes a certificate in PEM.
func CertPEM(c *x509.Certificate) []byte { return certPEM(c.Raw) }

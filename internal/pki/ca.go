package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// How long things hold where nobody says otherwise.
const (
	RootTerm    = 5 * 365 * 24 * time.Hour
	LeafTerm    = 30 * 24 * time.Hour
	MaxLeafTerm = 90 * 24 * time.Hour
	MinLeafTerm = time.Minute
	// Overlap is for how long a new root is believed before anything is issued
	// under it, so that every process has heard of it by then.
	Overlap = 24 * time.Hour
	// backdate lets a certificate be used at once by a clock that is late.
	backdate = 5 * time.Minute
)

// Files of an authority's folder.
const (
	caFile    = "ca.json"
	TrustFile = "trust.pem" // roots and revocations: what every process gets
	lockFile  = ".lock"
	issuedDir = "issued"
)

// CA is an authority in a folder. It is safe for concurrent use, also by several
// processes over one folder.
type CA struct {
	dir string
	now func() time.Time
}

// state is what ca.json holds.
type state struct {
	Roots []rootState `json:"roots"` // oldest first
}

type rootState struct {
	N       int       `json:"n"`
	UseFrom time.Time `json:"use_from"` // nothing is issued under it before
}

// root is one that something can be issued under.
type root struct {
	n    int
	cert *x509.Certificate
	key  crypto.Signer
}

// Init makes an authority in a folder that has none. now reads the clock; nil
// takes time.Now.
func Init(dir string, now func() time.Time) (*CA, error) {
	c := at(dir, now)
	if err := os.MkdirAll(filepath.Join(dir, issuedDir), 0o700); err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: the folder %s can be read by others; run: chmod 700 %s", ErrFile, dir, dir)
	}
	return c, c.locked(func() error {
		if _, err := os.Stat(c.path(caFile)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s; to replace its root: bystander ca rotate", ErrExists, dir)
		}
		now := c.now().UTC()
		if err := c.makeRoot(1, now); err != nil {
			return err
		}
		s := state{Roots: []rootState{{N: 1, UseFrom: now}}}
		if err := c.writeTrust(&s); err != nil {
			return err
		}
		return c.save(s)
	})
}

// Open opens an authority that Init made; it fails with ErrNoCA.
func Open(dir string, now func() time.Time) (*CA, error) {
	c := at(dir, now)
	if _, err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

func at(dir string, now func() time.Time) *CA {
	if now == nil {
		now = time.Now
	}
	return &CA{dir: dir, now: now}
}

func (c *CA) path(name string) string { return filepath.Join(c.dir, name) }

// TrustPath is the file of roots and revocations.
func (c *CA) TrustPath() string { return c.path(TrustFile) }

// Trust reads the roots and revocations as they stand.
func (c *CA) Trust() (*Trust, error) {
	b, err := readBounded(c.TrustPath())
	if err != nil {
		return nil, err
	}
	return ParseTrust(b)
}

// locked runs f while nobody else changes the folder.
func (c *CA) locked(f func() error) error {
	lock, err := os.OpenFile(c.path(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	defer lock.Close()                                               // which unlocks
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil { //nolint:gosec // a file descriptor
		return fmt.Errorf("pki: lock %s: %w", c.dir, err)
	}
	return f()
}

func (c *CA) load() (s state, err error) {
	b, err := readBounded(c.path(caFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("%w: %s; make one with: bystander ca init --dir %s", ErrNoCA, c.dir, c.dir)
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil || len(s.Roots) == 0 {
		return s, fmt.Errorf("%w: %s is damaged; restore it from a backup", ErrFile, c.path(caFile))
	}
	return s, nil
}

func (c *CA) save(s state) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	return writeWhole(c.path(caFile), append(b, '\n'), 0o600)
}

func (c *CA) rootPath(n int, kind string) string {
	return c.path("root-" + strconv.Itoa(n) + "." + kind)
}

func (c *CA) makeRoot(n int, now time.Time) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	serial, err := newSerial()
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Bystander root " + strconv.Itoa(n)},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(RootTerm),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return fmt.Errorf("pki: root: %w", err)
	}
	b, err := keyPEM(key)
	if err != nil {
		return err
	}
	if err := writeWhole(c.rootPath(n, "key"), b, 0o600); err != nil {
		return err
	}
	return writeWhole(c.rootPath(n, "crt"), certPEM(der), 0o644)
}

func newSerial() (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	b[0] = b[0]&0x7f | 0x40 // positive, and of one length
	return new(big.Int).SetBytes(b), nil
}

func (c *CA) readRoot(n int) (*root, error) {
	certs, err := readBounded(c.rootPath(n, "crt"))
	if err != nil {
		return nil, err
	}
	cert, err := oneCert(certs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.rootPath(n, "crt"), err)
	}
	b, err := readSecret(c.rootPath(n, "key"))
	if err != nil {
		return nil, err
	}
	key, err := oneKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.rootPath(n, "key"), err)
	}
	return &root{n, cert, key}, nil
}

// current is the root that certificates are issued under now.
func (c *CA) current(s state) (*root, error) {
	use := s.Roots[0]
	for _, r := range s.Roots[1:] {
		if !c.now().Before(r.UseFrom) {
			use = r
		}
	}
	return c.readRoot(use.N)
}

// Rotate makes the next root. It is believed at once, and certificates are issued
// under it after the overlap; the old root is dropped when nothing that holds is
// under it any more.
func (c *CA) Rotate(overlap time.Duration) (useFrom time.Time, err error) {
	if overlap < 0 {
		return useFrom, fmt.Errorf("%w: an overlap of %v", ErrRequest, overlap)
	}
	return useFrom, c.locked(func() error {
		s, err := c.load()
		if err != nil {
			return err
		}
		if len(s.Roots) >= maxRoots {
			return fmt.Errorf("%w: %d roots are believed already; wait until the old ones' certificates have ended", ErrRequest, len(s.Roots))
		}
		next := rootState{N: s.Roots[len(s.Roots)-1].N + 1, UseFrom: c.now().UTC().Add(overlap)}
		if err := c.makeRoot(next.N, c.now().UTC()); err != nil {
			return err
		}
		s.Roots, useFrom = append(s.Roots, next), next.UseFrom
		if err := c.writeTrust(&s); err != nil {
			return err
		}
		return c.save(s)
	})
}

// Refresh drops roots that nothing depends on any more. Who keeps an authority
// open calls it now and then.
func (c *CA) Refresh() error {
	return c.locked(func() error {
		s, err := c.load()
		if err != nil {
			return err
		}
		if len(s.Roots) == 1 {
			return nil
		}
		if err := c.writeTrust(&s); err != nil {
			return err
		}
		return c.save(s)
	})
}

// Issue makes a certificate for a public key, to hold for the term, 0 for the
// default. It is noted in the folder before it is given out. The DER of the
// certificate comes back, and that of the root that signed it.
func (c *CA) Issue(id Identity, pub crypto.PublicKey, term time.Duration) (leaf, issuer *x509.Certificate, err error) {
	if term == 0 {
		term = LeafTerm
	}
	if _, err := New(id.Role, id.Name); err != nil {
		return nil, nil, err
	}
	if term < MinLeafTerm || term > MaxLeafTerm {
		return nil, nil, fmt.Errorf("%w: a term of %v; between %v and %v", ErrRequest, term, MinLeafTerm, MaxLeafTerm)
	}
	err = c.locked(func() error {
		s, err := c.load()
		if err != nil {
			return err
		}
		r, err := c.current(s)
		if err != nil {
			return err
		}
		leaf, issuer, err = c.sign(r, id, pub, term)
		return err
	})
	return leaf, issuer, err
}

func (c *CA) sign(r *root, id Identity, pub crypto.PublicKey, term time.Duration) (leaf, issuer *x509.Certificate, err error) {
	serial, err := newSerial()
	if err != nil {
		return nil, nil, err
	}
	now := c.now().UTC().Truncate(time.Second)
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id.String()},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(term),
		URIs: []*url.URL{id.uri()}, DNSNames: []string{serverName(id.Role)},
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if t.NotAfter.After(r.cert.NotAfter) {
		return nil, nil, fmt.Errorf("%w: root %d ends on %s; replace it: bystander ca rotate", ErrEnded, r.n, r.cert.NotAfter.Format(time.RFC3339))
	}
	der, err := x509.CreateCertificate(rand.Reader, t, r.cert, pub, r.key)
	if err != nil {
		return nil, nil, fmt.Errorf("pki: issue: %w", err)
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return nil, nil, fmt.Errorf("pki: issue: %w", err)
	}
	note := Issued{Serial: serial.Text(16), ID: id.String(), Root: r.n, From: t.NotBefore, Until: t.NotAfter}
	return leaf, r.cert, c.note(note)
}

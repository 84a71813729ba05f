package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keepEnded is for how long the note of a certificate that is over stays, to say
// who had which when.
const keepEnded = 365 * 24 * time.Hour

// listTerm is how long a list of revocations says that it holds. It is renewed
// with each change, and a process that cannot get a newer one keeps the old: a
// late list must not stop cameras from being covered.
const listTerm = 365 * 24 * time.Hour

// Issued is what the authority notes of a certificate.
type Issued struct {
	Serial  string    `json:"serial"` // hex
	ID      string    `json:"id"`     // as Identity.String
	Root    int       `json:"root"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Revoked time.Time `json:"revoked,omitzero"`
	Reason  string    `json:"reason,omitempty"`
}

// Holds reports whether the certificate is to be believed at now.
func (i Issued) Holds(now time.Time) bool {
	return i.Revoked.IsZero() && !now.Before(i.From) && !now.After(i.Until)
}

func (c *CA) note(i Issued) error {
	b, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	return writeWhole(filepath.Join(c.path(issuedDir), i.Serial+".json"), b, 0o600)
}

// List returns what was issued, by whose and how long it holds.
func (c *CA) List() ([]Issued, error) {
	files, err := os.ReadDir(c.path(issuedDir))
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	var out []Issued
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		b, err := readBounded(filepath.Join(c.path(issuedDir), f.Name()))
		if err != nil {
			return nil, err
		}
		var i Issued
		if err := json.Unmarshal(b, &i); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrFile, f.Name(), err)
		}
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b Issued) int {
		if n := strings.Compare(a.ID, b.ID); n != 0 {
			return n
		}
		return a.Until.Compare(b.Until)
	})
	return out, nil
}

// Revoke takes back every certificate of an identity that holds, or the one whose
// serial number is given in place of it. Whoever reads the trust file refuses
// them from then on. It fails with ErrNone.
func (c *CA) Revoke(what, reason string) (revoked []Issued, err error) {
	err = c.locked(func() error {
		s, err := c.load()
		if err != nil {
			return err
		}
		list, err := c.List()
		if err != nil {
			return err
		}
		for _, i := range list {
			if i.ID != what && i.Serial != what || !i.Revoked.IsZero() || c.now().After(i.Until) {
				continue
			}
			i.Revoked, i.Reason = c.now().UTC().Truncate(time.Second), reason
			if err := c.note(i); err != nil {
				return err
			}
			revoked = append(revoked, i)
		}
		if len(revoked) == 0 {
			return fmt.Errorf("%w: %.120q; bystander ca list shows them", ErrNone, what)
		}
		if err := c.writeTrust(&s); err != nil {
			return err
		}
		return c.save(s)
	})
	return revoked, err
}

// writeTrust writes the roots and, for each, the list of what was revoked under
// it. It drops roots that nothing depends on, from s too, and forgets
// certificates that are long over.
func (c *CA) writeTrust(s *state) error {
	list, err := c.List()
	if err != nil {
		return err
	}
	if err := c.dropRoots(s, list); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, rs := range s.Roots {
		r, err := c.readRoot(rs.N)
		if err != nil {
			return err
		}
		out.Write(certPEM(r.cert.Raw))
		der, err := c.revocations(r, list)
		if err != nil {
			return err
		}
		if err := pem.Encode(&out, &pem.Block{Type: crlType, Bytes: der}); err != nil {
			return fmt.Errorf("pki: %w", err)
		}
	}
	if _, err := ParseTrust(out.Bytes()); err != nil { // never hand out what others refuse
		return err
	}
	return errors.Join(writeWhole(c.TrustPath(), out.Bytes(), 0o644), c.forget(list))
}

// revocations is the signed list of what was taken back under a root and is not
// over yet.
func (c *CA) revocations(r *root, list []Issued) ([]byte, error) {
	now := c.now().UTC().Truncate(time.Second)
	t := &x509.RevocationList{Number: big.NewInt(now.UnixMilli()), ThisUpdate: now, NextUpdate: now.Add(listTerm)}
	for _, i := range list {
		if i.Root != r.n || i.Revoked.IsZero() || now.After(i.Until) {
			continue
		}
		serial, ok := new(big.Int).SetString(i.Serial, 16)
		if !ok {
			return nil, fmt.Errorf("%w: serial number %.60q", ErrFile, i.Serial)
		}
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: i.Revoked})
	}
	der, err := x509.CreateRevocationList(rand.Reader, t, r.cert, r.key)
	if err != nil {
		return nil, fmt.Errorf("pki: list of revocations: %w", err)
	}
	return der, nil
}

// dropRoots leaves out roots that a newer one has replaced and under which
// nothing holds any more, and destroys their keys.
func (c *CA) dropRoots(s *state, list []Issued) error {
	now := c.now()
	last := 0 // the newest that is in use
	for i, r := range s.Roots {
		if !now.Before(r.UseFrom) {
			last = i
		}
	}
	var keep []rootState
	for i, r := range s.Roots {
		needed := i >= last || slices.ContainsFunc(list, func(x Issued) bool { return x.Root == r.N && x.Holds(now) })
		if needed {
			keep = append(keep, r)
			continue
		}
		if err := os.Remove(c.rootPath(r.N, "key")); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("pki: %w", err)
		}
	}
	s.Roots = keep
	return nil
}

func (c *CA) forget(list []Issued) error {
	var errs []error
	for _, i := range list {
		if c.now().Sub(i.Until) > keepEnded {
			errs = append(errs, os.Remove(filepath.Join(c.path(issuedDir), i.Serial+".json")))
		}
	}
	return errors.Join(errs...)
}

// Root is one of the authority's roots.
type Root struct {
	N           int       `json:"n"`
	UseFrom     time.Time `json:"use_from"`
	Until       time.Time `json:"until"`
	Fingerprint string    `json:"fingerprint"`
}

// Roots lists the roots that are believed, the oldest first.
func (c *CA) Roots() ([]Root, error) {
	s, err := c.load()
	if err != nil {
		return nil, err
	}
	var out []Root
	for _, r := range s.Roots {
		b, err := readBounded(c.rootPath(r.N, "crt"))
		if err != nil {
			return nil, err
		}
		cert, err := oneCert(b)
		if err != nil {
			return nil, err
		}
		out = append(out, Root{r.N, r.UseFrom, cert.NotAfter, Fingerprint(cert)})
	}
	return out, nil
}

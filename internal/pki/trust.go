package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// maxRoots bounds the roots that are believed at a time: one, and another while
// it is replaced, with room for a mistake.
const maxRoots = 8

// Trust is whom to believe: the authority's roots, and the certificates that were
// taken back. It is read-only and safe for concurrent use.
type Trust struct {
	roots   []*x509.Certificate
	pool    *x509.CertPool
	revoked map[string]bool // by root and serial
	pem     []byte
}

const crlType = "X509 CRL"

// ParseTrust reads PEM blocks of roots and of lists of revoked certificates, each
// signed by one of the roots. It fails with ErrTrust: what is not signed, or not
// understood, spoils the whole.
func ParseTrust(b []byte) (*Trust, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTrust, maxFile)
	}
	t := &Trust{pool: x509.NewCertPool(), revoked: map[string]bool{}, pem: b}
	var lists []*x509.RevocationList
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrTrust, err)
			}
			if !c.IsCA || !c.BasicConstraintsValid || c.CheckSignatureFrom(c) != nil {
				return nil, fmt.Errorf("%w: a certificate that is no root", ErrTrust)
			}
			t.roots = append(t.roots, c)
			t.pool.AddCert(c)
		case crlType:
			l, err := x509.ParseRevocationList(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrTrust, err)
			}
			lists = append(lists, l)
		default:
			return nil, fmt.Errorf("%w: a block of kind %.40q", ErrTrust, block.Type)
		}
	}
	if len(t.roots) == 0 || len(t.roots) > maxRoots {
		return nil, fmt.Errorf("%w: %d roots", ErrTrust, len(t.roots))
	}
	return t, t.revoke(lists)
}

func (t *Trust) revoke(lists []*x509.RevocationList) error {
	for _, l := range lists {
		root := t.signerOf(l)
		if root == nil {
			return fmt.Errorf("%w: a list of revoked certificates that no root signed", ErrTrust)
		}
		for _, e := range l.RevokedCertificateEntries {
			t.revoked[place(root, e.SerialNumber)] = true
		}
	}
	return nil
}

func (t *Trust) signerOf(l *x509.RevocationList) *x509.Certificate {
	for _, r := range t.roots {
		if l.CheckSignatureFrom(r) == nil {
			return r
		}
	}
	return nil
}

func place(root *x509.Certificate, serial *big.Int) string {
	return string(root.SubjectKeyId) + "/" + serial.Text(16)
}

// PEM returns what ParseTrust read.
func (t *Trust) PEM() []byte { return t.pem }

// Digest names the content, for others to tell whether they have it.
func (t *Trust) Digest() string {
	sum := sha256.Sum256(t.pem)
	return hex.EncodeToString(sum[:])
}

// Check verifies a certificate shown by a process of the given role, or of any
// role when none is given, at now. It fails with ErrEnded, ErrRevoked, ErrRole,
// ErrIdentity and ErrTrust, and says whose certificate it is as far as it can.
func (t *Trust) Check(cert *x509.Certificate, role Role, now time.Time) (Identity, error) {
	id, err := Of(cert)
	if err != nil {
		return Identity{}, err
	}
	chains, err := cert.Verify(x509.VerifyOptions{
		Roots: t.pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return id, explain(id, cert, now, err)
	}
	for _, chain := range chains {
		if t.revoked[place(chain[len(chain)-1], cert.SerialNumber)] {
			return id, fmt.Errorf("%w: that of %s, number %s; if it should be let in again, %s", ErrRevoked, id, cert.SerialNumber.Text(16), remedy(id))
		}
	}
	if role != "" && id.Role != role {
		return id, fmt.Errorf("%w: %s is no %s", ErrRole, id, role)
	}
	return id, nil
}

// explain says in words why a certificate is not believed, and the way out.
func explain(id Identity, cert *x509.Certificate, now time.Time, err error) error {
	switch {
	case now.After(cert.NotAfter):
		return fmt.Errorf("%w: the certificate of %s ended on %s; %s", ErrEnded, id, cert.NotAfter.UTC().Format(time.RFC3339), remedy(id))
	case now.Before(cert.NotBefore):
		return fmt.Errorf("%w: the certificate of %s begins on %s; is this machine's clock right?", ErrEnded, id, cert.NotBefore.UTC().Format(time.RFC3339))
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return fmt.Errorf("%w: the certificate of %s is of another authority", ErrTrust, id)
	}
	return fmt.Errorf("%w: the certificate of %s: %w", ErrTrust, id, err)
}

func remedy(id Identity) string {
	switch id.Role {
	case Edge:
		return fmt.Sprintf("at the control run: bystander edge invite --id %s, and at the edge what that prints", id.Name)
	case Control:
		return "start the control, which renews its own, and see that it can read its authority (peers.ca)"
	default:
		return fmt.Sprintf("run: bystander ca issue %s", id)
	}
}

// Has reports whether a root with that fingerprint is believed.
func (t *Trust) Has(fingerprint string) bool {
	for _, r := range t.roots {
		if strings.EqualFold(Fingerprint(r), strings.ReplaceAll(fingerprint, ":", "")) {
			return true
		}
	}
	return false
}

// Fingerprint names a certificate: SHA-256 over it, in hex.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

package pki

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Role is what a process does.
type Role string

// The roles that certificates are for.
const (
	Edge    Role = "edge"    // cameras
	Control Role = "control" // policy, people, the interface
	Writer  Role = "writer"  // carries events into the store
)

// Roles lists them.
func Roles() []Role { return []Role{Edge, Control, Writer} }

func (r Role) valid() bool { return r == Edge || r == Control || r == Writer }

// Identity is one process of the house: its role and its name among those of the
// role.
type Identity struct {
	Role Role
	Name string
}

// scheme begins the URI by which a certificate names an identity.
const scheme = "bystander"

// namePattern is what a process may be called: fit for files, logs and addresses.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// New returns an identity. It fails with ErrIdentity.
func New(role Role, name string) (Identity, error) {
	if !role.valid() {
		return Identity{}, fmt.Errorf("%w: role %.40q; there are edge, control and writer", ErrIdentity, role)
	}
	if !namePattern.MatchString(name) {
		return Identity{}, fmt.Errorf("%w: name %.80q; use 1 to 63 small letters, digits, points, - or _", ErrIdentity, name)
	}
	return Identity{role, name}, nil
}

// Parse reads an identity as String writes it, such as edge/hall.
func Parse(s string) (Identity, error) {
	role, name, ok := strings.Cut(s, "/")
	if !ok {
		return Identity{}, fmt.Errorf("%w: %.80q; write ROLE/NAME, such as edge/hall", ErrIdentity, s)
	}
	return New(Role(role), name)
}

func (i Identity) String() string { return string(i.Role) + "/" + i.Name }

func (i Identity) uri() *url.URL {
	return &url.URL{Scheme: scheme, Host: string(i.Role), Path: "/" + i.Name}
}

// Of returns whose certificate it is. That the certificate can be believed is
// for Trust to check.
func Of(cert *x509.Certificate) (Identity, error) {
	if len(cert.URIs) != 1 || cert.URIs[0].Scheme != scheme {
		return Identity{}, fmt.Errorf("%w: the certificate names no process of this house", ErrIdentity)
	}
	u := cert.URIs[0]
	id, err := New(Role(u.Host), strings.TrimPrefix(u.Path, "/"))
	if err != nil {
		return Identity{}, err
	}
	if u.String() != id.uri().String() {
		return Identity{}, fmt.Errorf("%w: %.120q", ErrIdentity, u.String())
	}
	return id, nil
}

// serverName is what certificates of a role are asked for, whatever address a
// process is reached at: who answers is settled by its role and the authority,
// not by a network's names.
func serverName(role Role) string { return string(role) + ".bystander.internal" }

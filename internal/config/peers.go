package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
)

// What one process does.
const (
	RoleAll     = "all"     // everything on one machine
	RoleEdge    = "edge"    // cameras
	RoleControl = "control" // policy, people, the interface
)

// Peers say how the processes of one house reach each other: over TLS 1.3, each
// with a certificate of the house's own authority (bystander ca --help).
type Peers struct {
	// Listen is where edges reach this control, host:port; empty for no edges.
	Listen string `yaml:"listen"`
	// CA is the folder of the authority, which bystander ca init makes.
	CA string `yaml:"ca"`
	// Networks are where edges may be, as 10.0.0.0/8. Templates go nowhere else.
	// Private networks and this machine, unless others are named.
	Networks []string `yaml:"networks"`
	// Control is the control's address for an edge, https://host:port.
	Control string `yaml:"control"`
	// Dir is the folder of this process's own key and certificate; default
	// peer, in the folder of keys.
	Dir string `yaml:"dir"`
}

// privateNetworks are this machine, and what is not reachable from the internet.
var privateNetworks = []string{
	"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10",
}

// Prefixes are the networks in which edges may be.
func (p Peers) Prefixes() ([]netip.Prefix, error) {
	names := p.Networks
	if len(names) == 0 {
		names = privateNetworks
	}
	var out []netip.Prefix
	for _, n := range names {
		x, err := netip.ParsePrefix(n)
		if err != nil {
			return nil, fmt.Errorf("%q is no network such as 10.20.0.0/16", n)
		}
		out = append(out, x.Masked())
	}
	return out, nil
}

// IsEdge reports whether this process has cameras and nothing else.
func (c *Config) IsEdge() bool { return c.Role == RoleEdge }

func (c *Config) checkPeers(k *checker) {
	k.oneOf("role", c.Role, RoleAll, RoleEdge, RoleControl)
	p := c.Peers
	if _, err := p.Prefixes(); err != nil {
		k.fail("peers.networks", "%v", err)
	}
	if p.Listen != "" {
		if _, port, err := net.SplitHostPort(p.Listen); err != nil || port == "" {
			k.fail("peers.listen", "%q is not host:port, e.g. 10.0.0.2:8443", p.Listen)
		}
	}
	switch c.Role {
	case RoleEdge:
		c.checkEdge(k)
		return
	case RoleControl:
		if len(c.Cameras) > 0 {
			k.fail("cameras", "a control has none; list them in the configuration of an edge, or set role: all")
		}
		if c.Policy.Follows() {
			k.fail("policy.from", "a control decides itself; leave policy out, or set role: edge")
		}
		if p.Listen == "" {
			k.fail("peers.listen", "say where edges reach this control, e.g. 10.0.0.2:8443")
		}
	}
	if p.Control != "" {
		k.fail("peers.control", "belongs to role: edge; leave it out")
	}
	if p.Listen != "" && p.CA == "" {
		k.fail("peers.ca", "name the folder of the authority; make one with: bystander ca init --dir FOLDER")
	}
}

func (c *Config) checkEdge(k *checker) {
	p := c.Peers
	if !c.Policy.Follows() {
		k.fail("policy.from", "an edge follows its control; set from: bus, and site and key as bystander edge join printed them")
	}
	if !IsControl(p.Control) {
		k.fail("peers.control", "%q should be the control's address, such as https://control.example:8443", p.Control)
	}
	if p.Listen != "" {
		k.fail("peers.listen", "belongs to a control; leave it out")
	}
	if p.CA != "" {
		k.fail("peers.ca", "belongs to a control; leave it out")
	}
	if c.Verify.Enabled {
		k.fail("verify.enabled", "an edge has no interface for other programs; enable it at the control")
	}
	if len(c.Accounts.OIDC) > 0 || len(c.Rights.Connectors) > 0 {
		k.fail("role", "an edge has no accounts and no desks; keep accounts and rights in the control's configuration")
	}
}

// IsControl tells whether an address may be a control's: https, for what is said
// there is secret from the first word on.
func IsControl(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && (u.Path == "" || u.Path == "/")
}

func (p *Peers) fill(keys string) {
	p.Dir = cmp.Or(p.Dir, keys+"/peer")
}

package config

import "net/netip"

// Live says where browsers reach this machine for live pictures. What is asked and
// answered before (WHEP) goes to the pages' address, at a control for its edges, too;
// the pictures themselves come straight from here.
type Live struct {
	// Addresses to listen on; answers name them. Without any, that of
	// server.listen. 0.0.0.0 stands for all that the machine has at its start.
	Addresses []string `yaml:"addresses"`
	// UDPPort is the one UDP port for all viewers; 0 lets the system pick.
	UDPPort int `yaml:"udp_port"`
	// TCPPort also lets viewers in whose network lets no UDP through; 0 for none.
	TCPPort int `yaml:"tcp_port"`
	// Public are named in answers instead, where a router maps addresses.
	Public []string `yaml:"public"`
}

func (l Live) check(k *checker) {
	for key, list := range map[string][]string{"live.addresses": l.Addresses, "live.public": l.Public} {
		for _, s := range list {
			if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" || key == "live.public" && a.IsUnspecified() {
				k.fail(key, "%q is no IP address that others can reach, such as 10.20.0.7", s)
			}
		}
	}
	checkRange(k, "live.udp_port", l.UDPPort, 0, 65535)
	checkRange(k, "live.tcp_port", l.TCPPort, 0, 65535)
}

// addrs are addresses that check has let through.
func addrs(list []string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// Listens are the addresses to listen on, none where they were not named.
func (l Live) Listens() []netip.Addr { return addrs(l.Addresses) }

// Publics are the addresses that stand for them.
func (l Live) Publics() []netip.Addr { return addrs(l.Public) }

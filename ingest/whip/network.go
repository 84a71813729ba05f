package whip

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"bystander/ingest"
)

// network says where publishers reach the worker. It comes from the camera's
// address, see parseNetwork.
type network struct {
	addrs          []netip.Addr // empty: every address of this machine
	public         []string     // of a 1:1 NAT in front of it
	portLo, portHi uint16       // UDP; 0: the system picks
}

// parseNetwork reads the address of a WHIP camera:
//
//	whip://?addr=127.0.0.1&udp=8200-8210&public=203.0.113.7
//
// addr and public may come several times; addr=0.0.0.0 stands for all addresses
// of the machine. Without an address publishers on this machine are served, on
// a port the system picks. The error is permanent and names the part.
func parseNetwork(address string) (network, error) {
	n := network{addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}}
	if address == "" {
		return n, nil
	}
	bad := func(format string, args ...any) (network, error) {
		return network{}, ingest.Permanentf(ingest.CodeConfig, "WHIP camera address: "+format+
			" (expected whip://?addr=IP&udp=PORT-PORT&public=IP)", args...)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "whip" || u.Host != "" || strings.Trim(u.Path, "/") != "" {
		return bad("not of the form whip://?…")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bad("cannot be read")
	}
	for key, values := range q {
		switch key {
		case "addr":
			n.addrs = nil
			for _, v := range values {
				a, err := netip.ParseAddr(v)
				if err != nil {
					return bad("addr is not an IP address")
				}
				n.addrs = append(n.addrs, a)
			}
		case "public":
			for _, v := range values {
				if a, err := netip.ParseAddr(v); err != nil || a.IsUnspecified() {
					return bad("public is not an IP address")
				}
				n.public = append(n.public, v)
			}
		case "udp":
			if n.portLo, n.portHi, err = parsePorts(values[0]); err != nil {
				return bad("udp: %v", err)
			}
		default:
			return bad("unknown part %.20q", key)
		}
	}
	if slices.ContainsFunc(n.addrs, netip.Addr.IsUnspecified) {
		n.addrs = nil
	}
	return n, nil
}

func parsePorts(s string) (lo, hi uint16, err error) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	if errA != nil || errB != nil || a == 0 || b < a {
		return 0, 0, fmt.Errorf("%.20q is not a port or a range of ports", s)
	}
	return uint16(a), uint16(b), nil
}

// apply sets the WebRTC library up accordingly.
func (n network) apply(s *webrtc.SettingEngine) error {
	// ICE lite: checks are answered and never sent, so that an offer can't make
	// the worker send packets to addresses of the offer's choice.
	s.SetLite(true)
	s.DisableActiveTCP(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)
		if !ok {
			return false
		}
		a = a.Unmap()
		return slices.Contains(n.addrs, a) || len(n.addrs) == 0 && !a.IsLinkLocalUnicast()
	})
	if n.portLo != 0 {
		if err := s.SetEphemeralUDPPortRange(n.portLo, n.portHi); err != nil {
			return fmt.Errorf("whip: udp ports: %w", err)
		}
	}
	if len(n.public) > 0 {
		if err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: n.public, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace,
		}); err != nil {
			return fmt.Errorf("whip: public address: %w", err)
		}
	}
	return nil
}

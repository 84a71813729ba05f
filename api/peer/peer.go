// Package peer says where a request comes from, for limits on addresses.
package peer

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Address is what limits count a request for: an IPv4 address, or the network of
// 64 bits that an IPv6 address shares with its neighbours. Behind a proxy of ours
// it is the address that the proxy saw, which it puts last into X-Forwarded-For;
// what stands before could be made up by anybody.
func Address(r *http.Request, proxied bool) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if lines := r.Header.Values("X-Forwarded-For"); proxied && len(lines) > 0 {
		last := lines[len(lines)-1]
		if said := strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]); said != "" {
			if _, err := netip.ParseAddr(said); err == nil {
				host = said
			}
		}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

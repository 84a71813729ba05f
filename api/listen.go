package api

import (
	"fmt"
	"net"
	"net/netip"
)

// ListenCheck reports whether the server may listen on addr, a host and port.
// Beyond this machine passwords and pictures would travel unencrypted, so such an
// address is refused with ErrExposed unless allowed says that a proxy with TLS
// stands in front, or that the network is trusted.
func ListenCheck(addr string, allowed bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("api: listen address %q: want HOST:PORT, such as 127.0.0.1:8080: %w", addr, err)
	}
	if allowed || host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	shown := host
	if shown == "" {
		shown = "every address"
	}
	return fmt.Errorf("%w: %s (%q) can be reached by others, and passwords and pictures would travel unencrypted; "+
		"listen on 127.0.0.1, or put a proxy with TLS in front and set server.https: true",
		ErrExposed, shown, addr)
}

package api

import (
	"fmt"
	"net"
	"net/netip"
)

// ListenCheck reports whether the server may listen on addr, a host and port.
// Until there is sign-in, whoever reaches the server sees everything it shows;
// so an address beyond this machine is refused with ErrExposed unless
// allowInsecureNetwork says that the operator has put something in front.
func ListenCheck(addr string, allowInsecureNetwork bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("api: listen address %q: want HOST:PORT, such as 127.0.0.1:8080: %w", addr, err)
	}
	if allowInsecureNetwork || host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	shown := host
	if shown == "" {
		shown = "every address"
	}
	return fmt.Errorf("%w: %s (%q) can be reached by others and nobody has to sign in yet; "+
		"listen on 127.0.0.1, or set server.allow_insecure_network: true if a proxy with sign-in stands in front",
		ErrExposed, shown, addr)
}

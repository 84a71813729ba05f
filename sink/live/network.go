package live

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"bystander/internal/rtc"
)

const (
	socketBuffer   = 1 << 20   // bytes of kernel buffer for the shared socket
	tcpWriteBuffer = 512 << 10 // bytes waiting for one ICE-TCP viewer; beyond it packets are lost
)

// network owns the sockets that all viewers share.
type network struct {
	udp []*ice.UDPMuxDefault
	tcp []*ice.TCPMuxDefault
}

// expand replaces unspecified addresses by those the machine has.
func expand(addrs []netip.Addr) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, a := range addrs {
		if !a.IsUnspecified() {
			out = append(out, a)
			continue
		}
		all, err := net.InterfaceAddrs()
		if err != nil {
			return nil, fmt.Errorf("live: list this machine's addresses: %w", err)
		}
		for _, n := range all {
			p, err := netip.ParsePrefix(n.String())
			if err != nil {
				continue // not an IP address
			}
			if ip := p.Addr(); ip.Is4() == a.Is4() && !ip.IsLinkLocalUnicast() {
				out = append(out, ip)
			}
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	if out = slices.Compact(out); len(out) == 0 {
		return nil, errors.New("live: addrs: this machine has no such address")
	}
	return out, nil
}

// listen opens the sockets. On failure none is left open.
func listen(cfg Config) (_ *network, err error) {
	addrs, err := expand(cfg.Addrs)
	if err != nil {
		return nil, err
	}
	n := &network{}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	log := rtc.Log(cfg.Log)
	for _, a := range addrs {
		conn, err := listenUDP(a, cfg.UDPPort, max(cfg.UDPPort, cfg.UDPPortMax))
		if err != nil {
			return nil, err
		}
		n.udp = append(n.udp, ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: log.NewLogger("udp"), UDPConn: conn}))
		if cfg.TCPPort == 0 {
			continue
		}
		ln, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, cfg.TCPPort)))
		if err != nil {
			return nil, fmt.Errorf("live: tcp_port: cannot listen on %v port %d; choose another: %w", a, cfg.TCPPort, err)
		}
		n.tcp = append(n.tcp, ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Logger: log.NewLogger("tcp"), Listener: ln, ReadBufferSize: 64,
			WriteBufferSize: tcpWriteBuffer, FirstStunBindTimeout: 5 * time.Second,
			AliveDurationForConnFromStun: 5 * time.Second,
		}))
	}
	return n, nil
}

// listenUDP takes the first free port of lo..hi on a.
func listenUDP(a netip.Addr, lo, hi uint16) (*net.UDPConn, error) {
	var last error
	for port := int(lo); port <= int(hi); port++ {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(port))))
		if err != nil {
			last = err
			continue
		}
		// The system may grant less; that costs smoothness, not correctness.
		_ = c.SetWriteBuffer(socketBuffer)
		_ = c.SetReadBuffer(socketBuffer)
		return c, nil
	}
	return nil, fmt.Errorf("live: udp_port: no free port on %v from %d to %d; choose others: %w", a, lo, hi, last)
}

// apply points the WebRTC library at the sockets.
func (n *network) apply(s *webrtc.SettingEngine, public []netip.Addr) error {
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	muxes := make([]ice.UDPMux, len(n.udp))
	for i, m := range n.udp {
		muxes[i] = m
	}
	s.SetICEUDPMux(ice.NewMultiUDPMuxDefault(muxes...))
	if len(n.tcp) > 0 {
		types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
		all := make([]ice.TCPMux, len(n.tcp))
		for i, m := range n.tcp {
			all[i] = m
		}
		s.SetICETCPMux(ice.NewMultiTCPMuxDefault(all...))
	}
	s.SetNetworkTypes(types)
	s.SetIncludeLoopbackCandidate(true)
	if len(public) == 0 {
		return nil
	}
	ips := make([]string, len(public))
	for i, a := range public {
		ips[i] = a.String()
	}
	err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
		External: ips, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace,
	})
	if err != nil {
		return fmt.Errorf("live: public_addrs: %w", err)
	}
	return nil
}

// ports lists the UDP addresses in use.
func (n *network) ports() []netip.AddrPort {
	out := make([]netip.AddrPort, 0, len(n.udp))
	for _, m := range n.udp {
		if a, ok := m.LocalAddr().(*net.UDPAddr); ok {
			out = append(out, a.AddrPort())
		}
	}
	return out
}

func (n *network) close() error {
	var errs []error
	for _, m := range n.udp {
		errs = append(errs, m.Close())
	}
	for _, m := range n.tcp {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

package live

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/rs/zerolog"
)

// Config says where viewers reach the hub and how much they may take. The zero
// value serves viewers on this machine only, on a port the system picks.
type Config struct {
	// Addrs are the addresses to listen on; they appear as ICE candidates in
	// answers. Empty means 127.0.0.1. An unspecified address (0.0.0.0, ::)
	// stands for every address of its family that the machine has now.
	Addrs []netip.Addr
	// UDPPort is the one UDP port that every viewer shares. 0 lets the system
	// pick. With UDPPortMax set, the first free port of UDPPort..UDPPortMax is
	// taken.
	UDPPort, UDPPortMax uint16
	// TCPPort, when not 0, also accepts ICE over TCP (RFC 6544) on that port,
	// for viewers whose network lets no UDP through.
	TCPPort uint16
	// PublicAddrs replace Addrs in the candidates where a 1:1 NAT stands
	// between viewers and this machine.
	PublicAddrs []netip.Addr

	// MaxViewers bounds the viewers of one camera (default 16), MaxSessions
	// those of all cameras together (default 64).
	MaxViewers, MaxSessions int
	// Queue is how many pictures may wait for one viewer before it skips to
	// the next key picture (default 8).
	Queue int
	// KeyFrameInterval is the least time between two requests for a key
	// picture of one camera (default 500 ms).
	KeyFrameInterval time.Duration
	// ConnectTimeout removes a viewer who sent an offer and never connected
	// (default 10 s); DeadTimeout one who has fallen silent (default 10 s).
	ConnectTimeout, DeadTimeout time.Duration

	// OnKeyFrameNeeded asks the encoder of a camera for a key picture. It is
	// called from the hub's own goroutines and must not block. Required.
	OnKeyFrameNeeded func(camera string)
	// Log takes the hub's own messages; it never holds SDP or addresses of
	// viewers.
	Log zerolog.Logger
}

// withDefaults fills what is unset.
func (c Config) withDefaults() Config {
	if len(c.Addrs) == 0 {
		c.Addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	setDefault(&c.MaxViewers, 16)
	setDefault(&c.MaxSessions, 64)
	setDefault(&c.Queue, 8)
	setDefault(&c.KeyFrameInterval, 500*time.Millisecond)
	setDefault(&c.ConnectTimeout, 10*time.Second)
	setDefault(&c.DeadTimeout, 10*time.Second)
	return c
}

func setDefault[T int | time.Duration](p *T, v T) {
	if *p == 0 {
		*p = v
	}
}

// Check returns everything that is wrong, each error naming its field.
func (c Config) Check() error {
	c = c.withDefaults()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("live: "+format, args...)) }
	for _, a := range c.Addrs {
		if !a.IsValid() {
			bad("addrs: not an IP address")
		}
	}
	for _, a := range c.PublicAddrs {
		if !a.IsValid() || a.IsUnspecified() {
			bad("public_addrs: %v is no address that a viewer could reach", a)
		}
	}
	if c.UDPPortMax != 0 && (c.UDPPort == 0 || c.UDPPortMax < c.UDPPort) {
		bad("udp_port_max: %d needs a udp_port from 1 to %[1]d, not %d", c.UDPPortMax, c.UDPPort)
	}
	for name, v := range map[string]int{"max_viewers": c.MaxViewers, "max_sessions": c.MaxSessions, "queue": c.Queue} {
		if v < 1 || v > 10000 {
			bad("%s: %d is not between 1 and 10000", name, v)
		}
	}
	for name, v := range map[string]time.Duration{
		"key_frame_interval": c.KeyFrameInterval, "connect_timeout": c.ConnectTimeout, "dead_timeout": c.DeadTimeout,
	} {
		if v < 10*time.Millisecond || v > 10*time.Minute {
			bad("%s: %v is not between 10ms and 10m", name, v)
		}
	}
	if c.OnKeyFrameNeeded == nil {
		bad("on_key_frame_needed: missing; viewers would never see a first picture")
	}
	return errors.Join(errs...)
}

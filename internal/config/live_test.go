package config_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

func TestLiveAddresses(t *testing.T) {
	c := config.Default()
	c.Live = config.Live{Addresses: []string{"10.20.0.7", "fd00::7"}, UDPPort: 8189, TCPPort: 8189, Public: []string{"203.0.113.7"}}
	require.NoError(t, c.Validate())
	require.Equal(t, []netip.Addr{netip.MustParseAddr("10.20.0.7"), netip.MustParseAddr("fd00::7")}, c.Live.Listens())
	require.Equal(t, []netip.Addr{netip.MustParseAddr("203.0.113.7")}, c.Live.Publics())
	for key, l := range map[string]config.Live{
		"live.addresses": {Addresses: []string{"edge.example"}},
		"live.public":    {Public: []string{"0.0.0.0"}},
		"live.udp_port":  {UDPPort: 70000},
		"live.tcp_port":  {TCPPort: -1},
	} {
		c.Live = l
		require.ErrorContains(t, c.Validate(), key)
	}
}

package peer_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/peer"
)

func TestAddress(t *testing.T) {
	for _, test := range []struct {
		remote, forwarded string
		proxied           bool
		want              string
	}{
		{"192.0.2.7:4711", "", false, "192.0.2.7"},
		{"[2001:db8:1:2:3::4]:80", "", false, "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.7]:80", "", false, "192.0.2.7"},
		{"[fe80::1%eth0]:80", "", false, "fe80::/64"},
		{"192.0.2.7:4711", "198.51.100.1", false, "192.0.2.7"},
		{"127.0.0.1:4711", "10.0.0.1, 198.51.100.1", true, "198.51.100.1"},
		{"127.0.0.1:4711", "not an address", true, "127.0.0.1"},
		{"127.0.0.1:4711", "", true, "127.0.0.1"},
		{"@", "", false, "unknown"},
	} {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{}}
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		require.Equal(t, test.want, peer.Address(r, test.proxied), test)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("192.0.2.7:1", "a, 198.51.100.1")
	f.Add("[::1]:1", ",")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := peer.Address(r, true)
		if got == "unknown" {
			return
		}
		_, aerr := netip.ParseAddr(got)
		_, perr := netip.ParsePrefix(got)
		require.True(t, aerr == nil || perr == nil, got)
	})
}

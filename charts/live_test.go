package charts_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

// What a pod's addresses are in these tests.
var status = map[string]string{"status.podIP": "10.244.1.9", "status.hostIP": "10.20.0.7", "spec.nodeName": "node-1"}

// environment is what a container's program finds set.
func environment(c map[string]any) (out []string) {
	for _, e := range list(c["env"]) {
		v, ok := e["value"]
		if !ok {
			v = status[fmt.Sprint(object(e).at("valueFrom", "fieldRef", "fieldPath"))]
		}
		out = append(out, fmt.Sprintf("%s=%v", e["name"], v))
	}
	return out
}

// livePorts are a container's ports for live pictures: protocol, port, the node's.
func livePorts(c map[string]any) (out []string) {
	for _, p := range list(c["ports"]) {
		if strings.HasPrefix(fmt.Sprint(p["name"]), "live-") {
			out = append(out, fmt.Sprintf("%v %v %v", p["protocol"], p["containerPort"], p["hostPort"]))
		}
	}
	return out
}

// TestLivePicturesOfEdges: the program listens where the pod is reached, and tells
// browsers of an address and a port that lead there.
func TestLivePicturesOfEdges(t *testing.T) {
	pod, node, other := netip.MustParseAddr("10.244.1.9"), netip.MustParseAddr("10.20.0.7"), netip.MustParseAddr("10.30.0.40")
	for name, want := range map[string]struct {
		set      string
		udp, tcp int
		public   []netip.Addr
		ports    []string
	}{
		"venue-bystander-edge-hall":   {"cluster", 8189, 8189, []netip.Addr{other}, []string{"UDP 8189 <nil>", "TCP 8189 <nil>"}},
		"venue-bystander-edge-site":   {"gpu", 8189, 8189, nil, []string{"UDP 8189 <nil>", "TCP 8189 <nil>"}}, // the node's network
		"venue-bystander-edge-shared": {"gpu", 8190, 0, []netip.Addr{node}, []string{"UDP 8190 8190"}},
	} {
		found := false
		for _, o := range render(t, want.set) {
			_, spec := o.podSpec()
			if spec == nil || o.at("metadata", "name") != name {
				continue
			}
			found = true
			c := list(spec["containers"])[0]
			assert.Equal(t, want.ports, livePorts(c), name)
			var env []string
			for _, kv := range environment(c) {
				if strings.HasPrefix(kv, "BYSTANDER_LIVE_") {
					env = append(env, kv)
				}
			}
			file := filepath.Join(t.TempDir(), "bystander.yml")
			require.NoError(t, os.WriteFile(file, []byte("live: {udp_port: 1, public: [192.0.2.9]}\n"), 0o600))
			if len(want.public) == 0 {
				require.NoError(t, os.WriteFile(file, nil, 0o600))
			}
			cfg, err := config.Load(file, env)
			require.NoError(t, err, name)
			assert.Equal(t, []netip.Addr{pod}, cfg.Live.Listens(), name)
			assert.ElementsMatch(t, want.public, cfg.Live.Publics(), name)
			assert.Equal(t, []int{want.udp, want.tcp}, []int{cfg.Live.UDPPort, cfg.Live.TCPPort}, name)
		}
		require.True(t, found, name)
	}
}

// TestABrowserStaysWithOneControl, where there are several.
func TestABrowserStaysWithOneControl(t *testing.T) {
	service, door := false, false
	for _, o := range render(t, "cluster") {
		switch o.name() {
		case "Service/venue-bystander-control":
			service = true
			assert.Equal(t, "ClientIP", o.at("spec", "sessionAffinity"))
		case "Service/venue-bystander-control-peers":
			assert.Nil(t, o.at("spec", "sessionAffinity"), "an edge asks each control")
		case "Ingress/venue-bystander-control":
			door = true
			assert.Equal(t, "cookie", o.at("metadata", "annotations", "nginx.ingress.kubernetes.io/affinity"))
		}
	}
	assert.True(t, service)
	assert.True(t, door)
}

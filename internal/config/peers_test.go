package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

const edgeYAML = `
role: edge
peers: {control: "https://control.example:8443"}
policy: {from: bus, site: plaza, key: policy.pub}
events: {kafka: {brokers: ["k:9093"]}}
`

func TestRoles(t *testing.T) {
	c, err := load(t, edgeYAML)
	require.NoError(t, err)
	require.True(t, c.IsEdge())
	require.Equal(t, c.Keys+"/peer", c.Peers.Dir)
	p, err := c.Peers.Prefixes()
	require.NoError(t, err)
	require.Len(t, p, 7, "private networks")
	c, err = load(t, "role: control\npeers: {listen: '0.0.0.0:8443', ca: ca, networks: [10.1.0.0/16]}")
	require.NoError(t, err)
	require.False(t, c.IsEdge())
	require.NotEqual(t, "ca", c.Peers.CA, "taken from the file's folder")
	c, err = load(t, "")
	require.NoError(t, err)
	require.Equal(t, config.RoleAll, c.Role)
}

func TestRolesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"role: king":                      "role: \"king\" is not one of",
		"role: edge":                      "policy.from: an edge follows its control",
		"role: control":                   "peers.listen",
		"peers: {listen: '0.0.0.0:8443'}": "peers.ca",
		"peers: {listen: here, ca: x}":    "peers.listen",
		"peers: {networks: [here]}":       "peers.networks",
		"peers: {control: 'https://a:1'}": "peers.control: belongs to role: edge",
		"role: control\npeers: {listen: ':1', ca: x}\ncameras: [{id: a, url: 'rtsp://a'}]":                  "cameras: a control has none",
		edgeYAML + "verify: {enabled: true}":                                                                "verify.enabled",
		edgeYAML + "accounts: {oidc: [{id: x, issuer: 'https://a', client_id: b, roles: {g: [operator]}}]}": "an edge has no accounts",
	} {
		_, err := load(t, text)
		require.ErrorContains(t, err, want, text)
	}
	for _, addr := range []string{"http://a:1", "https://a/x", "a:1", ""} {
		_, err := load(t, `
role: edge
peers: {control: "`+addr+`"}
policy: {from: bus, site: plaza, key: policy.pub}
events: {kafka: {brokers: ["k:9093"]}}`)
		require.ErrorContains(t, err, "peers.control", addr)
	}
}

package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

func load(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("s3cret\n"), 0o600))
	path := filepath.Join(dir, "c.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return config.Load(path, nil)
}

func TestAccounts(t *testing.T) {
	c, err := load(t, `
server: {https: true, listen: "0.0.0.0:8080", hosts: [wall.example]}
accounts:
  second_factor: [auditor]
  oidc:
    - {id: venue, issuer: "https://login.example/x", client_id: b, client_secret_file: secret, roles: {guards: [operator]}}
`)
	require.NoError(t, err)
	require.Equal(t, config.SignInRequired, c.Server.SignIn)
	o := c.Accounts.OIDC[0]
	require.Equal(t, "venue", o.Label)
	require.Equal(t, "groups", o.GroupsClaim)
	secret, err := o.Secret()
	require.NoError(t, err)
	require.Equal(t, "s3cret", secret.Reveal())
	require.Equal(t, "***", secret.String())
}

func TestAccountsThatAreRefused(t *testing.T) {
	provider := func(more string) string {
		return "accounts: {oidc: [{id: venue, issuer: 'https://login.example', client_id: b, roles: {g: [operator]}" + more + "}]}"
	}
	for text, want := range map[string]string{
		"server: {sign_in: never}": "server.sign_in",
		"server: {sign_in: loopback, listen: '0.0.0.0:80', allow_insecure_network: true}": "server.sign_in: loopback lets whoever reaches",
		"server: {listen: '0.0.0.0:80'}":       "server.https: true",
		"accounts: {second_factor: [captain]}": "accounts.second_factor[0]",
		"accounts: {oidc: [{id: X, issuer: 'https://a', client_id: b, roles: {g: [operator]}}]}":        "accounts.oidc[0].id",
		"accounts: {oidc: [{id: x, issuer: 'http://a.example', client_id: b, roles: {g: [operator]}}]}": "accounts.oidc[0].issuer",
		"accounts: {oidc: [{id: x, issuer: 'https://a', roles: {g: [operator]}}]}":                      "accounts.oidc[0].client_id",
		"accounts: {oidc: [{id: x, issuer: 'https://a', client_id: b}]}":                                "accounts.oidc[0].roles",
		"accounts: {oidc: [{id: x, issuer: 'https://a', client_id: b, roles: {g: [boss]}}]}":            "accounts.oidc[0].roles.g",
		"accounts: {oidc: [{id: x, issuer: 'https://a', client_id: b, roles: {g: []}}]}":                "accounts.oidc[0].roles.g",
		provider(", client_secret_file: missing"):                                                       "accounts.oidc[0].client_secret_file",
		"server: {https: true}\n" + provider(""):                                                        "server.hosts",
	} {
		_, err := load(t, text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := load(t, provider(""))
	require.NoError(t, err)
}

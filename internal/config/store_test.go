package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

func TestStore(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pw"), []byte("x\n"), 0o600))
	load := func(text string) (config.Config, error) {
		path := filepath.Join(dir, "c.yml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return config.Load(path, nil)
	}
	c, err := load("store: {postgres: 'postgres://bystander@db.example:5432/bystander?sslrootcert=/etc/ca.pem', password_file: pw}\n")
	require.NoError(t, err)
	require.True(t, c.Store.Shared())
	require.Equal(t, filepath.Join(dir, "pw"), c.Store.PasswordFile)
	c, err = load("data: x\n")
	require.NoError(t, err)
	require.False(t, c.Store.Shared(), "files are the default")

	for text, want := range map[string]string{
		"store: {postgres: 'mysql://u@h/d'}":                         "store.postgres: should be an address",
		"store: {postgres: 'postgres://h/d'}":                        "store.postgres: should be an address",
		"store: {postgres: 'postgres://u@h'}":                        "store.postgres: should be an address",
		"store: {postgres: 'postgres://u:hunter2@h/d'}":              "store.postgres: holds a password",
		"store: {postgres: 'postgres://u@h/d?schema=x'}":             "store.postgres: schema and password_file",
		"store: {postgres: 'postgres://u@h/d', password_file: none}": "store.password_file: ",
		"store: {password_file: pw}":                                 "store.password_file: is of no use",
	} {
		_, err := load(text + "\n")
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

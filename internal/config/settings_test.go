package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

// proves: A-19
func TestSettingsSayWhereFromAndHideSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yml")
	require.NoError(t, os.WriteFile(path, []byte(`
data: here
server: {listen: "127.0.0.1:9", hosts: [a.example, b.example]}
cameras:
  - id: gate
    url: rtsp://viewer:c4n4ry@10.0.0.7/x
`), 0o600))
	env := []string{"BYSTANDER_REDACT_HOLD=3", "PATH=/bin"}
	c, err := config.Load(path, env)
	require.NoError(t, err)
	list, err := c.Settings(env)
	require.NoError(t, err)
	by := map[string]config.Setting{}
	for _, s := range list {
		require.NotContains(t, by, s.Key, "each key once")
		require.NotEmpty(t, s.Source, s.Key)
		by[s.Key] = s
	}
	for key, want := range map[string]config.Setting{
		"server.listen":      {Value: "127.0.0.1:9", Source: "file"},
		"server.hosts":       {Value: "a.example, b.example", Source: "file"},
		"redact.hold":        {Value: "3", Source: "environment"},
		"redact.style":       {Value: "frost", Source: "default"},
		"record.max_age":     {Value: "72h0m0s", Source: "default"},
		"cameras[0].id":      {Value: "gate", Source: "file"},
		"cameras[0].url":     {Value: "***", Source: "file", Secret: true},
		"cameras[0].driver":  {Value: "rtsp", Source: "program"},
		"keys":               {Value: filepath.Join(filepath.Dir(path), "here", "keys"), Source: "program"},
		"verify.legacy_sha1": {Value: "false", Source: "default"},
	} {
		want.Key = key
		require.Equal(t, want, by[key])
	}
	require.NotContains(t, fmt.Sprint(list), "c4n4ry")
}

func TestSettingsWithoutAFile(t *testing.T) {
	c, err := config.Load("", nil)
	require.NoError(t, err)
	list, err := c.Settings(nil)
	require.NoError(t, err)
	for _, s := range list {
		require.Contains(t, []string{"default", "program"}, s.Source, s.Key)
	}
}

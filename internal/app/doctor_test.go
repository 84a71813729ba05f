package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/doctor"
)

// TestDoctor looks at an installation whose key others can read, beside a
// program that says that its lease is over.
//
// proves: B-46
func TestDoctor(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Cameras = []config.Camera{{ID: "gate", Driver: "file", URL: "none.mp4"}}
	require.NoError(t, os.Mkdir(cfg.Keys, 0o700))
	key := filepath.Join(cfg.Keys, "edge.pem")
	require.NoError(t, os.WriteFile(key, nil, 0o600))
	require.NoError(t, os.Chmod(key, 0o644))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg.Server.Listen = free.Addr().String()
	require.NoError(t, free.Close())

	look := func() (map[string]doctor.Finding, error) {
		var out bytes.Buffer
		err := app.Doctor(t.Context(), cfg, true, &out)
		var all []doctor.Finding
		require.NoError(t, json.Unmarshal(out.Bytes(), &all), "%s", out.String())
		found := map[string]doctor.Finding{}
		for _, f := range all {
			if f.Level == doctor.Fine {
				require.Empty(t, f.Fix, f.Name)
			} else {
				require.NotEmpty(t, f.Why, "%s: %s", f.Name, f.Text)
			}
			if f.Level == doctor.Bad {
				require.NotEmpty(t, f.Fix, "%s: %s", f.Name, f.Text)
			}
			if old, ok := found[f.Name]; !ok || old.Level == doctor.Fine {
				found[f.Name] = f
			}
		}
		return found, err
	}
	found, err := look()
	require.Error(t, err)
	require.Equal(t, doctor.Bad, found["keys"].Level)
	require.Equal(t, "chmod 600 "+key, found["keys"].Fix)
	require.Contains(t, found["camera gate"].Text, "none.mp4")
	require.Contains(t, found, "port")
	for _, name := range []string{"swap", "core dumps", "confinement", "spool", "recordings", "backup of data", "backup of keys", "clock", "disk"} {
		require.Contains(t, found, name)
	}

	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"checks":[{"name":"policy","ok":false,"cause":"the lease is over"}]}`)
	}))
	defer srv.Close()
	cfg.Server.Listen = srv.Listener.Addr().String()
	found, err = look()
	require.Error(t, err)
	require.Equal(t, "the lease is over", found["running: policy"].Text)
	require.NotContains(t, found, "port", "the program has it")
	require.NotContains(t, found, "camera gate", "the program watches it")
}

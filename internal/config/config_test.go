package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

func TestDefaultsAreValid(t *testing.T) {
	c, err := config.Load("", nil)
	require.NoError(t, err)
	require.Equal(t, filepath.Join("data", "keys"), c.Keys)
}

func TestGoodFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			_, err := config.Load(f, nil)
			require.NoError(t, err)
		})
	}
	c, err := config.Load("testdata/good/full.yml", nil)
	require.NoError(t, err)
	require.Equal(t, "testdata/good/site.yml", c.Site)
	require.Equal(t, config.Bytes(512<<20), c.Record.MaxBytes)
	require.Equal(t, "rtsp", c.Cameras[0].Driver)
	require.Equal(t, "desk", c.Cameras[1].Name)
}

func TestBadFileNamesEveryFault(t *testing.T) {
	_, err := config.Load("testdata/bad/everything.yml", nil)
	require.ErrorContains(t, err, "everything.yml:1: listen: unknown key")

	for _, want := range []string{
		"server.listen: 0.0.0.0:80 reaches beyond this machine",
		"server.max_viewers: 0 is outside",
		`cameras[0].id: "Front Door"`,
		"cameras[0].url: should be an address",
		"cameras[1].url: no such file",
		`cameras[2].id: "a" is given twice`,
		"cameras[2].url: a whip camera publishes to us",
		"cameras[3].transport: the vdk driver speaks TCP only",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestHardwareIsAskedForByName(t *testing.T) {
	c := config.Default()
	require.Equal(t, []string{"none", "none"}, []string{c.Decode.Hardware, c.Encode.Hardware}, "nobody is asked unless somebody says so")
	for name, set := range map[string]func(string){
		"decode.hardware": func(v string) { c.Decode.Hardware = v },
		"encode.hardware": func(v string) { c.Encode.Hardware = v },
	} {
		for _, v := range []string{"auto", "nvidia", "cuda", "none"} {
			set(v)
			require.NoError(t, c.Validate(), v)
		}
		set("abacus")
		require.ErrorContains(t, c.Validate(), name)
		set("none")
	}
	c, err := config.Load("testdata/good/full.yml", []string{"BYSTANDER_DECODE_HARDWARE=auto"})
	require.NoError(t, err)
	require.Equal(t, "auto", c.Decode.Hardware)
}

func TestEnvironment(t *testing.T) {
	c, err := config.Load("testdata/good/full.yml", []string{
		"BYSTANDER_SERVER_LISTEN=127.0.0.1:1", "BYSTANDER_REDACT_HOLD=3",
		"BYSTANDER_REDACT_TRACK_HOLD=3s", "BYSTANDER_RECORD_MAX_BYTES=20MiB",
		"BYSTANDER_SHARED=/x", "HOME=/", "BYSTANDER_MODELS_OFFLINE=false",
		"BYSTANDER_DETECT_FACE_SCORE=0.5", "BYSTANDER_LIVE_PUBLIC= 10.20.0.7,fd00::7,", "BYSTANDER_LIVE_ADDRESSES=",
	})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", c.Server.Listen)
	require.Equal(t, 3, c.Redact.Hold)
	require.Equal(t, 3*time.Second, c.Redact.TrackHold)
	require.Equal(t, config.Bytes(20<<20), c.Record.MaxBytes)
	require.False(t, c.Models.Offline)
	require.Equal(t, []string{"10.20.0.7", "fd00::7"}, c.Live.Public, "a list in one line")
	require.Empty(t, c.Live.Addresses)

	_, err = config.Load("", []string{"BYSTANDER_REDACT_HOLD=x", "BYSTANDER_NO_KEY=1", "BYSTANDER_CAMERAS=x", "BYSTANDER_LIVE_PUBLIC=here"})
	require.ErrorContains(t, err, "BYSTANDER_REDACT_HOLD: should be a whole number")
	require.ErrorContains(t, err, "BYSTANDER_NO_KEY: no such key")
	require.ErrorContains(t, err, "BYSTANDER_CAMERAS: no such key", "a list of more than texts")
	require.ErrorContains(t, err, `live.public: "here" is no IP address`)
}

func TestNoSettingTurnsRedactionOff(t *testing.T) {
	for _, kv := range []string{
		"BYSTANDER_REDACT_STYLE=none", "BYSTANDER_REDACT_COVERAGE=none",
		"BYSTANDER_REDACT_MARGIN=0", "BYSTANDER_REDACT_TRACK_HOLD=0s",
		"BYSTANDER_DETECT_FACE_EVERY=100", "BYSTANDER_DETECT_FACE_SCORE=0.99",
	} {
		_, err := config.Load("", []string{kv})
		require.Error(t, err, kv)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	cam := config.Camera{URL: "rtsp://u:hunter2@x/y"}
	j, err := json.Marshal(cam)
	require.NoError(t, err)
	for _, s := range []string{fmt.Sprint(cam), fmt.Sprintf("%+v", cam), fmt.Sprintf("%#v", cam), string(j)} {
		require.NotContains(t, s, "hunter2")
	}
	a, err := cam.Address()
	require.NoError(t, err)
	require.Contains(t, a, "hunter2")
}

func TestURLFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "u"), []byte("rtsp://h/x\n"), 0o600))
	f := filepath.Join(dir, "c.yml")
	require.NoError(t, os.WriteFile(f, []byte("cameras: [{id: a, url_file: u}]\n"), 0o600))
	c, err := config.Load(f, nil)
	require.NoError(t, err)
	a, err := c.Cameras[0].Address()
	require.NoError(t, err)
	require.Equal(t, "rtsp://h/x", a)
}

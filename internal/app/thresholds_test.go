package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/policy"
)

// A scene whose threshold is laxer than what was validated does not start, and
// the message names the key.
//
// proves: C-30
func TestALaxThresholdDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "north", PlaceType: "arcade", Match: true})
	check := func(score float32) error {
		site.Scenes[0].Thresholds.Score = score
		text, err := site.YAML()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "site.yml"), text, 0o600))
		cfg := filepath.Join(dir, "b.yml")
		require.NoError(t, os.WriteFile(cfg, []byte(strings.Join([]string{
			"data: " + dir, "site: " + filepath.Join(dir, "site.yml"), "cameras:", "  - {id: north, url: \"rtsp://127.0.0.1:1/x\"}", "",
		}, "\n")), 0o600))
		var out bytes.Buffer
		return app.CheckConfig(t.Context(), cfg, nil, &out)
	}
	require.NoError(t, check(0))
	require.NoError(t, check(0.9), "stricter is allowed")
	err := check(0.2)
	require.ErrorIs(t, err, app.ErrUsage)
	require.ErrorContains(t, err, "scenes[0].thresholds.score")
}

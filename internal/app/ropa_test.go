package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/policy"
)

// proves: C-21
func TestTheRecordOfProcessingCoversEveryScene(t *testing.T) {
	dir := t.TempDir()
	site := policy.SampleSite(time.Now(),
		policy.SampleCamera{ID: "north", PlaceType: "arcade", Match: true}, policy.SampleCamera{ID: "south", PlaceType: "arcade", Match: true})
	text, err := site.YAML()
	require.NoError(t, err)
	cfg := config.Default()
	cfg.Data, cfg.Keys, cfg.Site = dir, filepath.Join(dir, "keys"), filepath.Join(dir, "site.yml")
	require.NoError(t, os.WriteFile(cfg.Site, text, 0o600))
	var out bytes.Buffer
	require.NoError(t, app.SiteROPA(t.Context(), cfg, &out))
	var doc struct {
		Processing []map[string]any
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &doc))
	require.Len(t, doc.Processing, len(site.Scenes))
	require.GreaterOrEqual(t, len(site.Scenes), 2)
	for i, p := range doc.Processing {
		require.Equal(t, site.Scenes[i].ID, p["scene"])
		for name, v := range p {
			require.NotEmpty(t, v, "%s of %s", name, p["scene"])
		}
	}
}

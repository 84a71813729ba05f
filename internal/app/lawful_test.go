package app

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
)

// noEmbedder stands for the model that made the templates; it embeds nothing.
type noEmbedder struct{ match.Embedder }

func (noEmbedder) Info() match.EmbedderInfo {
	return match.EmbedderInfo{Digest: match.Calibration0095().Model}
}

// A withdrawal ends the consents first and destroys the template after that. A
// lease that comes in between loads the template once more, and it must not
// stay in memory until somebody else enrols.
func TestADestroyedTemplateLeavesMemory(t *testing.T) {
	ctx := context.Background()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Site = filepath.Join(cfg.Data, "site.yml")
	text, err := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true}).YAML()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cfg.Site, text, 0o600))
	l, err := openLaw(ctx, cfg, &eyes{embedder: noEmbedder{}}, prometheus.NewRegistry(), zerolog.Nop())
	require.NoError(t, err)
	defer func() { require.NoError(t, l.close()) }()
	scene := policy.SampleScene("cam")
	require.Zero(t, l.shelf.Size(scene))

	// The command line works on the same files, as another process.
	r, err := openRegistry(ctx, cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	putTemplate(t, r.vault, scene)
	l.renew(ctx)
	require.NoError(t, l.failure)
	require.Equal(t, 1, l.shelf.Size(scene))

	require.NoError(t, r.vault.Destroy(ctx, "ana")) // the policy does not change with it
	l.renew(ctx)
	require.NoError(t, l.failure)
	require.Zero(t, l.shelf.Size(scene))
}

func putTemplate(t *testing.T, v *vault.Vault, scene string) {
	t.Helper()
	key, err := v.SceneKey(t.Context(), scene)
	require.NoError(t, err)
	p, err := match.NewProtector(key)
	require.NoError(t, err)
	raw := make([]float32, match.Dim)
	for i := range raw {
		raw[i] = rand.Float32() - 0.5
	}
	var probe match.Probe
	require.NoError(t, probe.Set(raw))
	blob, err := p.Seal(&probe)
	require.NoError(t, err)
	_, err = v.Put(t.Context(), vault.NewTemplate{
		Enrollee: "ana", Scene: scene, Model: match.Calibration0095().Model, Blob: blob, Quality: 1,
	})
	require.NoError(t, err)
}

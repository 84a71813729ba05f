package app

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/internal/config"
)

// Without any model and without ONNX Runtime the program still starts, masks
// everybody, and says on the page what is missing and what follows.
func TestNothingToSeeWithIsSaid(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("BYSTANDER_MODEL_MIRRORS", "")
	t.Setenv("BYSTANDER_SHARED", "")
	t.Chdir(dir)
	cfg := config.Default()
	cfg.Models.Offline = true
	cfg.Detect.Library = filepath.Join(dir, "no-such-library.so")
	e, err := openEyes(context.Background(), cfg, 1, zerolog.Nop())
	require.NoError(t, err)
	defer func() { require.NoError(t, e.close()) }()
	require.True(t, e.builtIn())
	require.Nil(t, e.embedder, "nobody can be compared")
	require.Error(t, e.canEnrol())
	codes := map[string]string{}
	for _, n := range e.notes {
		codes[n.Code] += n.Text + "\n"
	}
	require.Contains(t, codes[api.NoticeNoModel], "ONNX Runtime")
	require.Contains(t, codes[api.NoticeNoModel], "everybody is masked")
	require.Contains(t, codes[api.NoticeNoPerson], "motion only")
	for _, n := range e.notes {
		require.NotContains(t, n.Text, "%!")
	}
}

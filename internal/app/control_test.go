package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/policy"
)

func installation(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	return cfg
}

func addToken(t *testing.T, cfg config.Config, id string, roles ...string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, app.TokenAdd(context.Background(), cfg, app.TokenOptions{ID: id, Roles: roles, Expires: "30d", Stdout: &out}))
	token, _, _ := strings.Cut(out.String(), "\n")
	return token
}

// At the command line, too, one person halts and two resume.
// proves
func TestHaltAndResumeAtTheCommandLine(t *testing.T) {
	ctx, cfg := context.Background(), installation(t)
	olga, paul := addToken(t, cfg, "olga", "privacy_officer"), addToken(t, cfg, "paul", "administrator")
	otto := addToken(t, cfg, "otto", "operator")
	var out bytes.Buffer
	require.ErrorIs(t, app.Halt(ctx, cfg, " ", &out), app.ErrUsage, "a reason is needed")
	require.NoError(t, app.Halt(ctx, cfg, "something is wrong", &out))

	t.Setenv(app.EnvToken, "")
	require.ErrorIs(t, app.Resume(ctx, cfg, "over", &out), app.ErrUsage)
	t.Setenv(app.EnvToken, otto)
	require.ErrorContains(t, app.Resume(ctx, cfg, "over", &out), "otto")
	t.Setenv(app.EnvToken, olga)
	require.NoError(t, app.Resume(ctx, cfg, "over", &out))
	require.Contains(t, out.String(), "second person")
	require.ErrorContains(t, app.Resume(ctx, cfg, "over", &out), "second person")
	require.NoError(t, app.TokenRevoke(ctx, cfg, "paul", &out))
	t.Setenv(app.EnvToken, paul)
	require.Error(t, app.Resume(ctx, cfg, "over", &out), "revoked")
	t.Setenv(app.EnvToken, addToken(t, cfg, "paul", "administrator"))
	require.NoError(t, app.Resume(ctx, cfg, "over", &out))
	require.Contains(t, out.String(), "resumed")

	out.Reset()
	require.NoError(t, app.TokenList(ctx, cfg, &out))
	require.Contains(t, out.String(), "revoked")
	require.NotContains(t, out.String(), olga)
}

func TestImportBringsNothingLive(t *testing.T) {
	ctx, cfg := context.Background(), installation(t)
	file := filepath.Join(t.TempDir(), "site.yml")
	b, err := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true}).YAML()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, b, 0o600))
	var out bytes.Buffer
	require.ErrorIs(t, app.SiteImport(ctx, cfg, file, "", &out), app.ErrUsage)
	require.NoError(t, app.SiteImport(ctx, cfg, file, "we move to the living site", &out))
	require.Error(t, app.SiteImport(ctx, cfg, file, "again", &out), "there is a site already")

	out.Reset()
	require.NoError(t, app.SiteShow(ctx, cfg, &out))
	require.Contains(t, out.String(), "ZONE_SUSPENDED")
	require.Contains(t, out.String(), "SCENE_PAUSED")

	out.Reset()
	require.NoError(t, app.SiteExport(ctx, cfg, &out))
	back, err := policy.ParseSite("export", out.Bytes())
	require.NoError(t, err)
	require.Equal(t, policy.ZoneSuspended, back.Zones[0].State)
	require.Equal(t, policy.ScenePaused, back.Scenes[0].State)
	require.Len(t, back.Zones[0].Signs, 3)
}

package backends_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/backends"
	"bystander/internal/testkit"
)

func TestUpAndDownAreIdempotent(t *testing.T) {
	t.Chdir(testkit.Root(t))
	o := backends.UpOptions{
		Root: ".", Dir: t.TempDir(), KafkaPort: testkit.FreePort(t), ClickHousePort: testkit.FreePort(t),
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	down := func() string {
		out.Reset()
		require.NoError(t, backends.Down(o.Dir, &out))
		return out.String()
	}
	require.Contains(t, down(), "does not run")
	t.Cleanup(func() { _ = backends.Down(o.Dir, &out) })

	up := func() string {
		out.Reset()
		require.NoError(t, backends.Up(ctx, o, &out))
		return out.String()
	}
	first := up()
	t.Log(first)
	require.Contains(t, first, "kcat -b")
	require.NotContains(t, first, "already")
	second := up()
	require.Contains(t, second, "kafka      runs already")
	require.Contains(t, second, "clickhouse runs already")
	state, err := os.ReadFile(filepath.Join(o.Dir, "running.json"))
	require.NoError(t, err)

	text := down()
	require.Contains(t, text, "kafka      ended")
	require.Contains(t, text, "clickhouse ended")
	require.Contains(t, down(), "kafka      does not run")

	// A list that names processes of before a restart ends nobody.
	old := bytes.ReplaceAll(state, []byte(`"pid": `), []byte(`"pid": 1, "was": `))
	require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "running.json"), old, 0o600))
	require.Contains(t, down(), "kafka      does not run")
}

func TestMissingServersAreNamed(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	_, err := backends.StartKafka(t.Context(), backends.KafkaOptions{Dir: t.TempDir()})
	require.ErrorIs(t, err, backends.ErrMissing)
	require.ErrorContains(t, err, "scripts/setup.sh --test")
	_, err = backends.StartEngine(t.Context(), backends.EngineOptions{Dir: t.TempDir()})
	require.ErrorIs(t, err, backends.ErrMissing)
	_, err = backends.StartServer(t.Context(), backends.ServerOptions{Dir: t.TempDir()})
	require.ErrorIs(t, err, backends.ErrMissing)
}

func TestAServerThatEndsTellsWhy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := backends.StartKafka(ctx, backends.KafkaOptions{Dir: t.TempDir(), Properties: map[string]string{"node.id": "2"}})
	require.ErrorIs(t, err, backends.ErrStart)
	require.ErrorContains(t, err, "controller.quorum.voters")
}

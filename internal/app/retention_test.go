package app_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/testkit"
	"bystander/sink/sqlite"
)

// Every store of a running edge applies its rules and says so on the log, where
// question 12 finds what outlived them.
//
// proves: B-16, B-58, INV-16
func TestEveryStoreTellsOfItsRules(t *testing.T) {
	testkit.Shared(t)
	dir := t.TempDir()
	var out, said bytes.Buffer
	require.NoError(t, app.Demo(t.Context(), app.DemoOptions{
		Headless: true, For: 5 * time.Second, Data: dir, Listen: "127.0.0.1:0", Stdout: &out, Stderr: &said,
		Input: filepath.Join(testkit.Shared(t), "data", "videos", "arcade.mp4"),
	}), said.String())
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "events.db"), sqlite.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	rows, err := s.Events(t.Context(), sqlite.Query{Kinds: []event.Kind{event.KindRetentionRun}, Limit: sqlite.MaxLimit})
	require.NoError(t, err)
	told := map[string]bool{}
	for _, r := range rows {
		d := r.Event.Detail
		require.Equal(t, "0", d["overdue"], d["table"])
		require.Empty(t, d["error"], d["table"])
		require.NotEmpty(t, d["rule"], d["table"])
		told[d["table"]] = true
	}
	for _, table := range []string{"events", "skeleton", "access_log", "requests", "contacts", "recordings"} {
		require.True(t, told[table], "%s: nothing tells that its rule was applied; told: %v", table, told)
	}
	cfg := config.Default()
	cfg.Data, cfg.Keys = dir, filepath.Join(dir, "keys")
	var answer bytes.Buffer
	require.NoError(t, app.AuditAsk(t.Context(), cfg, app.AskOptions{Question: "overdue", Format: "table", Stdout: &answer}), answer.String())
	require.Contains(t, answer.String(), "holds")
}

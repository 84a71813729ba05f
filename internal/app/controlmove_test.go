package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/sqldb"
	"bystander/internal/testkit/postgres"
	"bystander/policy"
	"bystander/policy/store"
)

// An installation moves from its files to a server, and the commands then work on
// what is there; those that know files alone refuse.
func TestControlMoves(t *testing.T) {
	ctx := t.Context()
	s := postgres.Start(t, postgres.Options{})
	cfg, err := config.Load("", nil)
	require.NoError(t, err)
	dir := t.TempDir()
	cfg.Data, cfg.Keys = filepath.Join(dir, "data"), filepath.Join(dir, "keys")
	var out bytes.Buffer
	require.NoError(t, app.TokenAdd(ctx, cfg, app.TokenOptions{ID: "anna", Roles: []string{string(actor.Auditor)}, Expires: "24h", Stdout: &out}))
	people, err := store.Open(ctx, filepath.Join(cfg.Data, "policy.db"))
	require.NoError(t, err)
	require.NoError(t, people.PutEnrollee(ctx, policy.Enrollee{
		ID: "e1", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: time.Unix(1, 0).UTC(),
	}))
	require.NoError(t, people.Close())

	out.Reset()
	move := app.MoveOptions{From: "sqlite", To: s.URL(), Stdout: &out}
	require.ErrorIs(t, app.ControlMigrate(ctx, cfg, app.MoveOptions{From: "sqlite", To: "postgres://u:p@h/d"}), app.ErrUsage)
	require.NoError(t, app.ControlMigrate(ctx, cfg, move))
	require.Contains(t, out.String(), "compared on both sides")
	require.Contains(t, out.String(), "bystander_policy.enrollees")
	require.ErrorContains(t, app.ControlMigrate(ctx, cfg, move), "nothing was moved", "it is there already")

	requireTypes(t, s.URL())
	there := cfg
	there.Store.Postgres = s.URL()
	there.Data = filepath.Join(dir, "other machine")
	require.NoError(t, os.MkdirAll(there.Data, 0o700))
	out.Reset()
	require.NoError(t, app.TokenList(ctx, there, &out))
	require.Contains(t, out.String(), "anna")
	require.NoFileExists(t, filepath.Join(there.Data, "tokens.db"))

	// An address that would let others read is refused before anything is opened.
	file := filepath.Join(dir, "c.yml")
	require.NoError(t, os.WriteFile(file, []byte("store: {postgres: 'postgres://u@db.example/d?sslmode=require'}\n"), 0o600))
	err = app.CheckConfig(ctx, file, nil, &out)
	require.ErrorIs(t, err, app.ErrUsage)
	require.ErrorContains(t, err, "store.postgres: ")
	require.ErrorContains(t, err, "sslmode=require would let others read")

	// Replicas need the keys: no new ones are made beside what the old ones sealed.
	stranger := there
	stranger.Keys = filepath.Join(dir, "other keys")
	require.Error(t, app.UserList(ctx, stranger, &out))

	for name, err := range map[string]error{
		"backup":  app.Backup(ctx, there, app.BackupOptions{Stdout: &out, Stderr: &out}),
		"restore": app.Restore(ctx, there, app.RestoreOptions{Stdout: &out, Stderr: &out}),
	} {
		require.ErrorIs(t, err, app.ErrUsage, name)
		require.ErrorContains(t, err, "store.postgres", name)
		require.ErrorContains(t, err, "docs/postgres.md", name)
	}
}

// requireTypes looks at how the server took over what migrations say: a type that
// was written in small letters would be sorted by the server's language, or hold
// half of a number, and nobody would be told.
func requireTypes(t *testing.T, server string) {
	t.Helper()
	db, err := sqldb.OpenAsIs(t.Context(), sqldb.Place(server, "bystander_policy", ""))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), `SELECT table_schema || '.' || table_name || '.' || column_name || ': ' || data_type || ' ' || coalesce(collation_name, '')
		FROM information_schema.columns WHERE table_schema LIKE 'bystander%' AND table_name <> 'schema_migrations'
		AND NOT (data_type IN ('bigint', 'bytea', 'double precision') OR data_type = 'text' AND collation_name = 'C')`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var what string
		require.NoError(t, rows.Scan(&what))
		t.Errorf("%s", what)
	}
	require.NoError(t, rows.Err())
}

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

	"bystander/api/actor/tokens"
	"bystander/api/admin/cameras"
	"bystander/api/notes"
	"bystander/api/users/accounts"
	"bystander/audit/access"
	"bystander/audit/resolve"
	"bystander/internal/app"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/internal/testkit"
	"bystander/policy/consent"
	"bystander/policy/sitestore"
	"bystander/rights"
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
	for _, table := range []string{"events", "skeleton", "access_log", "requests", "contacts", "recordings", "tokens", "resolutions"} {
		require.True(t, told[table], "%s: nothing tells that its rule was applied; told: %v", table, told)
	}
	nothingWithoutARule(t, dir, told)
	cfg := config.Default()
	cfg.Data, cfg.Keys = dir, filepath.Join(dir, "keys")
	var answer bytes.Buffer
	require.NoError(t, app.AuditAsk(t.Context(), cfg, app.AskOptions{Question: "overdue", Format: "table", Stdout: &answer}), answer.String())
	require.Contains(t, answer.String(), "holds")
}

// keptWhile says of what is not kept for a number of days when it goes, and where
// that is done.
var keptWhile = map[string]string{
	"spool":      "a segment goes once every reader has it and events.max_age is over: sink/spool",
	"log":        "hashes alone, for as long as anybody may want a proof: audit/mlog",
	"recordings": "record.max_age and record.max_bytes, told as the table recordings: sink/record",
	"keys":       "as long as what they open: internal/app/keys.go; a person's go with their erasure: match/vault",
	"logs":       "the program's own messages, turned by whoever runs it",
	// tables without a period
	"site-file.db": "the site of the configuration file, rewritten at each start",
	"policy.db":    "consents and enrolments go with an erasure: policy/store",
	"templates.db": "templates go with consent, keys with an erasure: match/vault",
	"names.db":     "a name goes with the enrolment: policy/store",
	"samples.db":   "photographs go with the template, or after 30 days: policy/consent",
}

// nothingWithoutARule walks what a run left in its data directory: of each
// database every table has a rule that was applied, or its end stands above; and
// nothing lies there that nobody has thought of.
func nothingWithoutARule(t *testing.T, dir string, told map[string]bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	dbs := 0
	for _, f := range entries {
		name := strings.TrimSuffix(strings.TrimSuffix(f.Name(), "-wal"), "-shm")
		if keptWhile[name] != "" {
			continue
		}
		if filepath.Ext(name) != ".db" {
			t.Errorf("%s lies in the data directory, and no rule says for how long", f.Name())
			continue
		}
		if name != f.Name() {
			continue
		}
		dbs++
		for table, period := range rulesIn(t, filepath.Join(dir, name)) {
			if period && !told[table] {
				t.Errorf("%s: the rule of table %s is not applied by a running program: see keepings in retention.go", name, table)
			}
		}
	}
	require.Greater(t, dbs, 8)
}

// ruled are the databases with rules of their own. A table without one fails
// their opening: internal/sqldb.
var ruled = map[string]func(ctx context.Context, path string) (rules []sqldb.Rule, err error){
	"events.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		return rulesOf(sqlite.Open(ctx, path, sqlite.Options{}))
	},
	"access.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		return rulesOf(access.Open(ctx, path, access.Options{}))
	},
	"resolve.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		return rulesOf(resolve.Open(ctx, path, resolve.Options{}))
	},
	"rights.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) { return rulesOf(rights.OpenDB(ctx, path)) },
	"consent.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		return rulesOf(consent.OpenDB(ctx, path))
	},
	"site.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		s, err := sitestore.Open(ctx, path, sitestore.Options{})
		if err != nil {
			return nil, err
		}
		return s.DB().Rules(), s.Close()
	},
	"notes.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		s, err := notes.Open(ctx, path, noAEAD{})
		if err != nil {
			return nil, err
		}
		return s.DB().Rules(), s.Close()
	},
	"accounts.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		s, err := accounts.Open(ctx, path, accounts.Options{Key: noAEAD{}})
		if err != nil {
			return nil, err
		}
		return s.DB().Rules(), s.Close()
	},
	"tokens.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		s, err := tokens.Open(ctx, path, tokens.Options{})
		if err != nil {
			return nil, err
		}
		return s.DB().Rules(), s.Close()
	},
	"cameras.db": func(ctx context.Context, path string) ([]sqldb.Rule, error) {
		s, err := cameras.Open(ctx, path, noAEAD{}, time.Now)
		if err != nil {
			return nil, err
		}
		return s.DB().Rules(), s.Close()
	},
}

// noAEAD seals nothing: the databases' schemas alone are looked at.
type noAEAD struct{}

func (noAEAD) Encrypt(b, _ []byte) ([]byte, error) { return b, nil }
func (noAEAD) Decrypt(b, _ []byte) ([]byte, error) { return b, nil }

func rulesOf[T interface {
	Rules() []sqldb.Rule
	Close() error
}](s T, err error,
) ([]sqldb.Rule, error) {
	if err != nil {
		return nil, err
	}
	return s.Rules(), s.Close()
}

// rulesIn gives for each table of a database whether its rule has a period.
func rulesIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	open, ok := ruled[filepath.Base(path)]
	if !ok {
		t.Errorf("%s lies in the data directory, and no rule says for how long", filepath.Base(path))
		return nil
	}
	rules, err := open(t.Context(), path)
	require.NoError(t, err, path)
	require.NotEmpty(t, rules, path)
	out := map[string]bool{}
	for _, r := range rules {
		out[r.Table] = r.Period > 0
	}
	return out
}

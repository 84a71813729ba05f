// Package deploy_test checks what deploys the program: alert rules and their
// runbook, dashboards, compose files, units and Dockerfiles.
//
//	make deploy-check
package deploy_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/observe"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// tool runs a pinned tool of make deploy-check.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if os.Getenv("BYSTANDER_DEPLOY") == "" {
		t.Skip("make deploy-check runs this; it installs the tools first")
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), filepath.Join(cache, "bystander", "tools", name), args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestAlertRules(t *testing.T) {
	tool(t, "promtool", "check", "rules", "prometheus/alerts.yml")
	tool(t, "promtool", "test", "rules", "prometheus/alerts_test.yml")
}

// TestDockerfiles: no engine runs here, so that images are linted, not built.
func TestDockerfiles(t *testing.T) {
	tool(t, "hadolint", "--config", "../.hadolint.yaml", "images/Dockerfile")
}

// TestEveryAlertHasItsPlace finds each alert's heading in the runbook.
func TestEveryAlertHasItsPlace(t *testing.T) {
	book := strings.ToLower(read(t, "../docs/runbook.md"))
	rules := read(t, "prometheus/alerts.yml")
	links := regexp.MustCompile(`runbook_url: docs/runbook\.md#([a-z]+)`).FindAllStringSubmatch(rules, -1)
	require.Len(t, links, strings.Count(rules, "- alert:"))
	for _, l := range links {
		assert.Contains(t, book, "## "+l[1]+"\n")
	}
}

// metricNames are the names that the program's source gives to metrics.
func metricNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"up": true, "process_cpu_seconds_total": true, "process_resident_memory_bytes": true}
	own := regexp.MustCompile(`(?:counterOf|gaugeOf|\bd)\("([a-z_]+)"`)
	whole := regexp.MustCompile(`"(bystander_[a-z_]+)"`)
	writer := regexp.MustCompile(`(?:name|counter)\("([a-z_]+)"`)
	for path, form := range map[string]struct {
		re     *regexp.Regexp
		prefix string
	}{
		"../internal/app/metrics.go": {own, "bystander_"}, "../internal/app/metricsstate.go": {own, "bystander_"}, "../internal/app/metricsqueues.go": {own, "bystander_"},
		"../internal/observe/timing.go": {whole, ""}, "../internal/trace/trace.go": {whole, ""},
		"../internal/app/lawful.go": {whole, ""}, "../internal/app/metricsstore.go": {whole, ""}, "../internal/app/roleedge.go": {whole, ""}, "../api/metrics.go": {whole, ""}, "../sink/writer/metrics.go": {writer, "bystander_writer_"},
	} {
		found := form.re.FindAllStringSubmatch(read(t, path), -1)
		require.NotEmpty(t, found, path)
		for _, m := range found {
			names[form.prefix+m[1]] = true
		}
	}
	for _, m := range whole.FindAllStringSubmatch(read(t, "../internal/app/metrics.go"), -1) {
		names[m[1]] = true
	}
	return names
}

// TestOnlyMetricsThatExist reads every expression of alerts and dashboards.
func TestOnlyMetricsThatExist(t *testing.T) {
	names := metricNames(t)
	used := regexp.MustCompile(`\b(bystander_[a-z_]+|process_[a-z_]+)\b`)
	check := func(where, expr string) {
		for _, m := range used.FindAllString(expr, -1) {
			assert.True(t, names[m] || names[strings.TrimSuffix(m, "_bucket")], "%s: %s does not exist", where, m)
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "prometheus/alerts.yml")), &rules))
	require.NotEmpty(t, rules.Groups)
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			check(r.Alert, r.Expr)
		}
	}
	boards, err := filepath.Glob("grafana/dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, boards, 3)
	for _, b := range boards {
		var d struct {
			Panels []struct {
				ID      int
				Title   string
				Type    string
				Targets []struct{ Expr string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(read(t, b)), &d))
		ids := map[int]bool{}
		for _, p := range d.Panels {
			require.False(t, ids[p.ID], "%s: panel %d twice", b, p.ID)
			ids[p.ID] = true
			require.True(t, p.Type == "row" || len(p.Targets) > 0, "%s: %s asks nothing", b, p.Title)
			for _, q := range p.Targets {
				check(b+" "+p.Title, q.Expr)
			}
		}
	}
}

// TestComposeFiles: every service of ours is closed in, every image has a version,
// every file that is mounted exists or is said to be the installer's, and the
// program takes its settings.
func TestComposeFiles(t *testing.T) {
	theirs := []string{"./conf", "./models", "./edges", "./secrets/control-keys"}
	for _, name := range []string{"one-machine.yml", "full.yml"} {
		var c struct {
			Services map[string]map[string]any
		}
		require.NoError(t, yaml.Unmarshal([]byte(read(t, "compose/"+name)), &c))
		require.NotEmpty(t, c.Services)
		for s, v := range c.Services {
			at := name + " " + s
			assert.Contains(t, v, "cap_drop", at)
			assert.Equal(t, []any{"no-new-privileges:true"}, v["security_opt"], at)
			image, _ := v["image"].(string)
			if strings.HasPrefix(image, "${BYSTANDER_IMAGE") {
				assert.Equal(t, true, v["read_only"], at)
				assert.Equal(t, "10001:10001", v["user"], at)
			} else {
				assert.Regexp(t, `:v?[0-9]+\.[0-9]+`, image, at)
			}
			volumes, _ := v["volumes"].([]any)
			for _, x := range volumes {
				m, _ := x.(map[string]any)
				src, _ := m["source"].(string)
				if m["type"] != "bind" || strings.HasPrefix(src, "${") {
					continue
				}
				_, err := os.Stat(filepath.Join("compose", src))
				assert.True(t, err == nil || contains(theirs, src), "%s: %s", at, src)
				assert.Equal(t, true, m["read_only"], at)
			}
		}
	}
	// That the program takes the settings: TestTheFullSetRuns of cmd/bystander.
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// TestUnits asks systemd how much each unit leaves open, of 10.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	units, err := filepath.Glob("systemd/*.service")
	require.NoError(t, err)
	require.Len(t, units, 3)
	for _, u := range units {
		out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--threshold=20", u).CombinedOutput()
		require.NoError(t, err, "%s: %s", u, out)
	}
}

// TestNoSecretLiesHere looks for what must never be in the repository.
func TestNoSecretLiesHere(t *testing.T) {
	secret := regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{20}|BEGIN (?:RSA |EC )?PRIVATE KEY|rtsp://[^ @]+:[^ @]+@(?:[0-9]|[a-z]+\.[a-z])`)
	for _, dir := range []string{".", "../charts"} {
		require.NoError(t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(p, "_test.go") {
				return err
			}
			assert.Empty(t, secret.FindString(read(t, p)), p)
			return nil
		}))
	}
}

// TestTheDashboardShowsEveryStage beside its budget, and every stage has one.
func TestTheDashboardShowsEveryStage(t *testing.T) {
	board := read(t, "grafana/dashboards/timing.json")
	for _, m := range []string{
		"bystander_stage_duration_seconds_bucket", "bystander_stage_budget_seconds", "bystander_picture_duration_seconds_bucket", "bystander_picture_budget_seconds",
		"bystander_look_part_duration_seconds_bucket", "bystander_event_stage_duration_seconds_bucket", "bystander_writer_event_delay_seconds_bucket",
		"bystander_queue_pictures", "bystander_queue_limit_pictures", "bystander_queue_oldest_seconds", "bystander_queue_dropped_total",
		"bystander_events_queue_oldest_seconds", "bystander_spool_waiting_seconds", "bystander_writer_pending_seconds",
	} {
		assert.Contains(t, board, m)
	}
	assert.Equal(t, observe.BoundHeld, observe.Sum(observe.Budgets(config.Default().Redact.Hold, 25)), "the budget is for the hold that is the default")
}

package app

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/actor"
	"bystander/internal/config"
	"bystander/internal/testkit"
	"bystander/sink/live"
)

// everybody is every role, and nobody in particular.
func everybody() []string {
	out := []string{"nobody"}
	for _, r := range actor.Roles() {
		out = append(out, string(r))
	}
	return out
}

// mayCall reads the table of testdata/roles.txt: for each route, who may call it.
func mayCall(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/roles.txt")
	require.NoError(t, err)
	table := map[string][]string{}
	var who []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		route, row := strings.CutPrefix(line, "  ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case row:
			require.NotContains(t, table, route, "named twice")
			table[route] = who
		case line == "everybody:":
			who = everybody()
		case line == "whoever has a session:":
			who = nil // the account's own pages: no role alone opens them
		default:
			who = strings.Fields(strings.TrimSuffix(line, ":"))
			for _, r := range who {
				require.Contains(t, everybody(), r)
			}
		}
	}
	return table
}

// inRole lets a request act in the role that it names.
type inRole struct{}

func (inRole) Authenticate(_ http.ResponseWriter, r *http.Request) (context.Context, error) {
	role := actor.Role(r.Header.Get("X-Test-Role"))
	if role == "" {
		return r.Context(), nil
	}
	who := actor.Actor{ID: "x", Roles: []actor.Role{role}, Via: "session", Session: "x", Strong: true}
	if role == actor.Subject {
		who.Enrollee = "e"
	}
	switch r.Header.Get("X-Test-Factor") {
	case "old":
		who.Proved = time.Now().Add(-actor.StrongFor)
	case "none":
		who.Strong = false
	case "program":
		who.Strong, who.Via = false, actor.ViaToken
	}
	return actor.With(r.Context(), who), nil
}

func (inRole) Valid(context.Context, actor.Actor) bool { return true }

// openForRoles opens a whole installation behind a door that takes each request
// for what it says.
func openForRoles(t *testing.T) *api.API {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Data, cfg.Keys, cfg.Events.Edge = dir, filepath.Join(dir, "keys"), "roles"
	cfg.Verify.Enabled, cfg.Record.Enabled = true, false
	e, err := openEdge(t.Context(), cfg, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.close()) })
	e.asDemo() // its one route, too
	_, modules := e.signIn.modules()
	a, err := api.New(api.Config{
		Version: "1", Log: zerolog.Nop(), Modules: append(modules, e.modules()...), Sessions: inRole{},
		WHEP: live.NewHandler(e.hub, "/whep/"),
	}, e.backend())
	require.NoError(t, err)
	return a
}

// What takes people's data out of the house, or learns a name, asks for a second
// factor given lately; of programs, for a token made for it.
//
// proves: B-63
func TestWhatTakesDataAwayAsksForASecondFactor(t *testing.T) {
	testkit.Shared(t)
	a := openForRoles(t)
	const id = "018f0000-0000-7000-8000-000000000001"
	for _, tt := range []struct {
		method, path string
		who          actor.Role
	}{
		{"POST", "/v1/exports", actor.Operator},
		{"GET", "/v1/audit/questions/consent-missing/answer?purpose=audit&format=csv", actor.Auditor},
		{"GET", "/v1/audit/questions/consent-missing/answer?purpose=audit&format=parquet", actor.PrivacyOfficer},
		{"POST", "/v1/audit/query?format=csv", actor.Auditor},
		{"GET", "/v1/rights/requests/" + id + "/bundle", actor.PrivacyOfficer},
		{"POST", "/v1/audit/names/" + id + "/decision", actor.PrivacyOfficer},
		{"POST", "/v1/audit/names/" + id + "/answer", actor.Auditor},
	} {
		for factor, want := range map[string]string{"": "", "old": "STEP_UP", "none": "STEP_UP", "program": "TOKEN_MAY_NOT_EXPORT"} {
			body := `{"approve":true,"reason":"for the test"}`
			if tt.path == "/v1/audit/query?format=csv" {
				body = `{"purpose":"audit","from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z"}`
			}
			req := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(body))
			req.Host = "127.0.0.1"
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Test-Role", string(tt.who))
			req.Header.Set("X-Test-Factor", factor)
			w := httptest.NewRecorder()
			a.ServeHTTP(w, req)
			if want == "" {
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, w.Code, "%s %s", tt.method, tt.path)
				continue
			}
			require.Equal(t, http.StatusForbidden, w.Code, "%s %s %s", tt.method, tt.path, factor)
			require.Contains(t, w.Body.String(), `"code":"`+want+`"`, "%s %s %s", tt.method, tt.path, factor)
		}
	}
}

// Every route asks for a role, or is meant to be open; and lets in nobody else.
// proves: B-63
func TestRoleMatrix(t *testing.T) {
	testkit.Shared(t) // the 1:1 interface needs the face models
	a, table, used := openForRoles(t), mayCall(t), map[string]bool{}
	routes, err := a.Routes()
	require.NoError(t, err)
	require.Greater(t, len(routes), 180)
	param := regexp.MustCompile(`\{[^}]*\}`)
	for _, r := range routes {
		name := r.Method + " " + r.Pattern
		want, ok := table[name]
		if !ok {
			name = "* " + r.Pattern
			want, ok = table[name]
		}
		if !ok {
			t.Errorf("%s %s has no row in internal/app/testdata/roles.txt: add it under those who may call it", r.Method, r.Pattern)
			continue
		}
		used[name] = true
		path := param.ReplaceAllString(strings.TrimSuffix(r.Pattern, "*"), "x")
		for _, who := range everybody() {
			status := callAs(t, a, r.Method, path, who)
			let := status != http.StatusUnauthorized && status != http.StatusForbidden
			if let != slices.Contains(want, who) {
				t.Errorf("%s %s as %s: %d; the table says %v", r.Method, r.Pattern, who, status, want)
			}
		}
	}
	for name := range table {
		require.True(t, used[name], "there is no route %s any more", name)
	}
}

// callAs sends an empty request and returns the answer's status. The request is
// over before it begins, so that nothing goes on for long.
func callAs(t *testing.T, a *api.API, method, path, who string) int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, http.NoBody)
	r.Host, r.RemoteAddr = "127.0.0.1", "192.0.2.1:1"
	if who != "nobody" {
		r.Header.Set("X-Test-Role", who)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code == http.StatusTooManyRequests { // it came to where anybody may ask, too often
		return http.StatusOK
	}
	return w.Code
}

// proves: B-63
func TestUsersAtTheCommandLine(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	var out bytes.Buffer
	add := func(id, password string, roles ...string) error {
		o := UserOptions{ID: id, Roles: roles, Stdout: &out}
		if password != "" {
			o.Password = strings.NewReader(password + "\n")
		}
		return UserAdd(t.Context(), cfg, o)
	}
	require.NoError(t, add("otto", "", "operator"))
	require.Regexp(t, `http://127\.0\.0\.1:8080/setup#[A-Za-z0-9_-]{43}\n`, out.String())
	require.ErrorIs(t, add("otto", "", "operator"), ErrUsage)
	require.ErrorIs(t, add("Full Name", "", "operator"), ErrUsage)
	require.ErrorIs(t, add("x", "", "captain"), ErrUsage)
	require.ErrorIs(t, add("x", "too short", "operator"), ErrUsage)
	out.Reset()
	require.NoError(t, add("ada", "turquoise ladder forgets noon", "administrator", "privacy_officer"))
	require.Contains(t, out.String(), "beware")
	require.NoError(t, UserDisable(t.Context(), cfg, "otto", &out))
	require.ErrorContains(t, UserDisable(t.Context(), cfg, "otto", &out), "bystander user list")
	require.NoError(t, UserReset(t.Context(), cfg, "ada", &out))
	out.Reset()
	require.NoError(t, UserList(t.Context(), cfg, &out))
	require.Regexp(t, `(?m)^ada +invited .*\notto +disabled `, out.String())
}

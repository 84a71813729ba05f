package docstest_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/docstest"
	"bystander/internal/testkit"
)

func contextOf(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// pages are all pages of the project, by path.
func pages(t *testing.T) map[string]*docstest.Page {
	t.Helper()
	root, out := testkit.Root(t), map[string]*docstest.Page{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", ".git", "build", "out", "data", "testdata", "dist"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".md") || d.Name() == "THIRD_PARTY_NOTICES.md":
			return nil
		}
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		if out[name], err = docstest.Parse(name, string(b)); err != nil && guide(name) {
			t.Error(err)
		}
		if err != nil {
			delete(out, name)
		}
		return nil
	}))
	require.Contains(t, out, "README.md")
	return out
}

// guide tells the pages that people work by.
func guide(name string) bool {
	return name == "README.md" || strings.HasPrefix(name, "docs/") && !strings.HasPrefix(name, "docs/adr/")
}

// TestLinksResolve: every relative link leads to a file, and every # to a heading.
func TestLinksResolve(t *testing.T) {
	all := pages(t)
	for name, p := range all {
		for _, l := range p.Links {
			u, err := url.Parse(l.Text)
			require.NoError(t, err, "%s:%d", name, l.Line)
			if u.Scheme != "" || strings.HasPrefix(u.Path, "/") {
				continue
			}
			to := filepath.Join(filepath.Dir(name), u.Path)
			if u.Path == "" {
				to = name
			}
			if _, err := os.Stat(filepath.Join(testkit.Root(t), to)); err != nil {
				t.Errorf("%s:%d: the link leads nowhere: %s", name, l.Line, l.Text)
				continue
			}
			if other := all[to]; u.Fragment != "" && other != nil && !other.Anchors[u.Fragment] {
				t.Errorf("%s:%d: %s has no heading #%s", name, l.Line, to, u.Fragment)
			}
		}
	}
}

// TestEveryPageIsReached: whoever begins with the README finds each page of docs.
func TestEveryPageIsReached(t *testing.T) {
	all := pages(t)
	seen, todo := map[string]bool{}, []string{"README.md"}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] || all[name] == nil {
			continue
		}
		seen[name] = true
		for _, l := range all[name].Links {
			path, _, _ := strings.Cut(l.Text, "#")
			todo = append(todo, filepath.Join(filepath.Dir(name), path))
		}
	}
	for name := range all {
		require.True(t, seen[name] || !strings.HasPrefix(name, "docs/"), "nothing leads to %s", name)
	}
}

// TestCommandsStandInBlocks: a command outside of a block for commands would be
// checked by nobody.
func TestCommandsStandInBlocks(t *testing.T) {
	for name, p := range pages(t) {
		for _, l := range p.Loose {
			require.False(t, guide(name), "%s:%d: put this into a block of the language sh: %s", name, l.Line, l.Text)
		}
	}
}

var (
	pathForm  = regexp.MustCompile(`^(deploy|charts|docs|internal|scripts|cmd|api|audit|detect|eval|ingest|match|policy|redact|rights|schema|sink|web)(/[A-Za-z0-9_.*-]+)+/?$`)
	routeForm = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) (?:https?://[^/\s]+)?(/[^\s?#'")` + "`" + `]*)`)
	makeForm  = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	rowForm   = regexp.MustCompile(`\b(?:[ABC]-\d\d|INV-\d+)\b`)
)

// TestNamesInPagesExist: files, make targets and routes that pages name are there.
func TestNamesInPagesExist(t *testing.T) {
	root := testkit.Root(t)
	makefile := read(t, "Makefile")
	routes := knownRoutes(t)
	for name, p := range pages(t) {
		if strings.HasPrefix(name, "docs/adr/") { // these tell of their time
			continue
		}
		spans := slices.Clone(p.Code)
		for _, b := range p.Blocks {
			if b.Lang != "sh" && b.Lang != "console" {
				continue
			}
			spans = append(spans, docstest.Span{Line: b.Line, Text: b.Text})
			for _, c := range docstest.Commands(b.Text) {
				for _, w := range c {
					spans = append(spans, docstest.Span{Line: b.Line, Text: w})
				}
			}
		}
		for _, s := range spans {
			if pathForm.MatchString(s.Text) {
				found, err := filepath.Glob(filepath.Join(root, s.Text))
				require.NoError(t, err)
				if found == nil { // a README speaks of its own folder
					found, err = filepath.Glob(filepath.Join(root, filepath.Dir(name), s.Text))
					require.NoError(t, err)
				}
				if found == nil {
					t.Errorf("%s:%d: there is no %s", name, s.Line, s.Text)
				}
			}
			for _, m := range makeForm.FindAllStringSubmatch(s.Text, -1) {
				if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(makefile) {
					t.Errorf("%s:%d: the Makefile has no target %s", name, s.Line, m[1])
				}
			}
			for _, m := range routeForm.FindAllStringSubmatch(s.Text, -1) {
				if !routes.has(m[1], m[2]) {
					t.Errorf("%s:%d: there is no route %s %s", name, s.Line, m[1], m[2])
				}
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), path))
	require.NoError(t, err)
	return string(b)
}

// routeTable is the table of who may call what, which is complete by a test of
// its own.
type routeTable [][]string

func knownRoutes(t *testing.T) routeTable {
	t.Helper()
	var out routeTable
	for _, m := range regexp.MustCompile(`(?m)^  (\S+) (/\S*)$`).FindAllStringSubmatch(read(t, "internal/app/testdata/roles.txt"), -1) {
		out = append(out, append([]string{m[1]}, strings.Split(m[2], "/")...))
	}
	require.Greater(t, len(out), 100)
	return out
}

func (r routeTable) has(method, path string) bool {
	want := strings.Split(strings.TrimRight(path, ".,:;…"), "/")
	return slices.ContainsFunc(r, func(known []string) bool {
		if known[0] != "*" && known[0] != method {
			return false
		}
		for i, part := range known[1:] {
			switch {
			case part == "*":
				return true
			case i >= len(want):
				return false
			case strings.HasPrefix(part, "{"), part == want[i], strings.Contains(want[i], "$"):
			default:
				return false
			}
		}
		return len(want) == len(known)-1
	})
}

// TestRowsExist: every row of the requirements that a page leans on is one, and an
// invariant is explained.
func TestRowsExist(t *testing.T) {
	list, invariants := read(t, "docs/requirements.md"), read(t, "docs/privacy.md")
	for name, p := range pages(t) {
		for _, row := range rowForm.FindAllString(p.Text, -1) {
			in := list
			if strings.HasPrefix(row, "INV") {
				in = invariants
			}
			require.Contains(t, in, "| "+row+" |", "%s names %s", name, row)
		}
	}
}

// TestTheCamerasPageKnowsEveryCode: whatever the connection test or a running
// camera may say has a line with the way out.
func TestTheCamerasPageKnowsEveryCode(t *testing.T) {
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(read(t, "docs/cameras.md"), -1) {
		rows[m[1]] = true
	}
	known := map[string]bool{}
	for _, file := range []string{"ingest/errors.go", "ingest/conntest/conntest.go"} {
		codes := constants(t, filepath.Join(testkit.Root(t), file), "Code")
		require.Greater(t, len(codes), 8, file)
		for _, c := range codes {
			known[c] = true
			require.True(t, rows[c], "docs/cameras.md has no line for %s of %s", c, file)
		}
	}
	for c := range rows {
		require.True(t, known[c], "docs/cameras.md tells of %s, which nothing says", c)
	}
}

// constants are the values of a file's constants of a type, but the empty one.
func constants(t *testing.T, file, kind string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if id, is := typeOf(v); !ok || !is || id != kind {
			return true
		}
		for _, e := range v.Values {
			lit, ok := e.(*ast.BasicLit)
			require.True(t, ok, "%s", file)
			s, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			if s != "" {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

func typeOf(v *ast.ValueSpec) (string, bool) {
	if v == nil {
		return "", false
	}
	id, ok := v.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/docstest"
	"bystander/internal/testkit"
)

// TestMain lets the test binary be the program: whatever does not begin as
// go test begins it is a command line, also that of a camera's worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// guides are the pages that people work by, in the order of their names.
func guides(t *testing.T) []*docstest.Page {
	t.Helper()
	root := testkit.Root(t)
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.Greater(t, len(files), 15)
	var out []*docstest.Page
	for _, f := range append([]string{filepath.Join(root, "README.md")}, files...) {
		name, err := filepath.Rel(root, f)
		require.NoError(t, err)
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		p, err := docstest.Parse(name, string(b))
		require.NoError(t, err)
		out = append(out, p)
	}
	return out
}

// TestTheDocumentedCommandsWork runs every command of every page, in the order of
// the page, against this program, with cameras that play a drawn crowd. What a page
// shows of the output has to be what is printed. DOCS=cameras runs one page.
func TestTheDocumentedCommandsWork(t *testing.T) {
	for _, p := range guides(t) {
		harmless(t, p)
	}
	s := newStage(t)
	ran := 0
	for _, p := range guides(t) {
		if !p.Runs() || !strings.Contains(p.Name, os.Getenv("DOCS")) {
			continue
		}
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(p.Name), ".md"), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // far more than any page takes
			defer cancel()
			w := s.set(t, p)
			if err := docstest.Run(ctx, p, w); err != nil {
				t.Error(err)
				s.tell(t, w.Dir)
			}
		})
	}
	require.Positive(t, ran, "no page has commands to run")
}

// harmless refuses to run a page whose commands go beyond the page's own folder, as
// when a note why not was forgotten.
func harmless(t *testing.T, p *docstest.Page) {
	t.Helper()
	tools := strings.Fields(`bystander as cat cd cp curl date do done echo export for grep head jq ls openssl photo sed sleep sort test tr uniq until while [ } as() photo()`)
	for _, b := range p.Blocks {
		if b.Not != "" || b.Lang != "sh" && b.Lang != "console" {
			continue
		}
		for _, step := range b.Steps() {
			for _, c := range docstest.Commands(step.Command) {
				word := c[0]
				for len(c) > 1 && strings.Contains(word, "=") { // a variable before its command
					c = c[1:]
					word = c[0]
				}
				ok := strings.Contains(word, "=") || slices.Contains(tools, filepath.Base(word))
				require.True(t, ok, "%s:%d: %s is not among what a test may run; say above the block why not: <!-- not run: … -->", p.Name, step.Line, word)
			}
		}
	}
}

// parser is the program's own, which does nothing but parse.
func parser(t *testing.T) *kong.Kong {
	t.Helper()
	p, err := kong.New(&commands{}, kong.Name("bystander"), kong.Exit(func(int) {}))
	require.NoError(t, err)
	return p
}

// TestTheDocumentedCommandsParse holds those that are not run, and those that stand
// in running text, to the program's commands and flags.
func TestTheDocumentedCommandsParse(t *testing.T) {
	checked := 0
	for _, p := range guides(t) {
		for _, b := range p.Blocks {
			if b.Lang != "sh" && b.Lang != "console" {
				continue
			}
			for _, c := range docstest.Commands(strings.ReplaceAll(b.Text, "\n$ ", "\n")) {
				if b.Not == "" || filepath.Base(c[0]) != "bystander" {
					continue
				}
				checked++
				if _, err := parser(t).Parse(c[1:]); err != nil {
					t.Errorf("%s:%d: %s: %v", p.Name, b.Line, strings.Join(c, " "), err)
				}
			}
		}
		for _, s := range p.Code {
			for _, c := range docstest.Commands(s.Text) {
				if filepath.Base(c[0]) != "bystander" || len(c) == 1 {
					continue
				}
				checked++
				if err := known(parser(t).Model.Node, c[1:]); err != nil {
					t.Errorf("%s:%d: `%s`: %v", p.Name, s.Line, s.Text, err)
				}
			}
		}
	}
	require.Greater(t, checked, 50)
}

// known checks the subcommands and the names of flags of a command that may be
// given in part.
func known(n *kong.Node, words []string) error {
	at := true // no argument has come yet
	for _, w := range words {
		if name, ok := strings.CutPrefix(w, "--"); ok {
			name, _, _ = strings.Cut(name, "=")
			if name != "" && !hasFlag(n, name) {
				return fmt.Errorf("no flag --%s", name)
			}
			at = false
			continue
		}
		if !at || len(n.Children) == 0 {
			continue
		}
		i := slices.IndexFunc(n.Children, func(c *kong.Node) bool { return c.Name == w })
		switch {
		case i >= 0:
			n = n.Children[i]
		case n.DefaultCmd != nil:
			n, at = n.DefaultCmd, false
		case strings.Contains(w, "|"), strings.HasPrefix(w, "…"):
			at = false
		default:
			return fmt.Errorf("no command %q", w)
		}
	}
	return nil
}

func hasFlag(n *kong.Node, name string) bool {
	for ; n != nil; n = n.Parent {
		if slices.ContainsFunc(n.Flags, func(f *kong.Flag) bool { return f.Name == name }) {
			return true
		}
		if n.DefaultCmd != nil && slices.ContainsFunc(n.DefaultCmd.Flags, func(f *kong.Flag) bool { return f.Name == name }) {
			return true
		}
	}
	return false
}

// TestTheDocumentedConfigurationsHold checks every configuration that a page shows
// as the program does, and every key that running text names.
func TestTheDocumentedConfigurationsHold(t *testing.T) {
	keys := configKeys(reflect.TypeFor[config.Config](), "")
	top := map[string]bool{}
	for k := range keys {
		first, _, _ := strings.Cut(k, ".")
		top[first] = true
	}
	key := regexp.MustCompile(`^[a-z_]+(\[\])?(\.[a-z0-9_]+(\[\])?)+$`)
	isFile := regexp.MustCompile(`\.(db|pub|pem|go|md|yml|json|mp4|txt|conf|key|vkey|ts|sql)$`)
	helm := chartValues(t)
	for _, p := range guides(t) {
		for _, b := range p.Blocks {
			if b.Lang != "yaml" || b.Not != "" {
				continue
			}
			if err := loads(t, b.Text); err != nil {
				t.Errorf("%s:%d: %v", p.Name, b.Line, err)
			}
		}
		for _, s := range p.Code {
			name, _, _ := strings.Cut(s.Text, ":")
			first, _, _ := strings.Cut(name, ".")
			plain := strings.ReplaceAll(name, "[]", "")
			if !key.MatchString(name) || !top[first] || keys[plain] || isFile.MatchString(name) || helm[plain] {
				continue
			}
			t.Errorf("%s:%d: there is no key %s", p.Name, s.Line, name)
		}
	}
}

// TestEveryKeyIsExplained: the page of all keys has them all.
func TestEveryKeyIsExplained(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "configuration.md"))
	require.NoError(t, err)
	page := strings.ReplaceAll(string(b), "[]", "")
	keys := configKeys(reflect.TypeFor[config.Config](), "")
	for k := range keys {
		section := slices.ContainsFunc(slices.Collect(maps.Keys(keys)), func(o string) bool { return strings.HasPrefix(o, k+".") })
		whole := strings.Contains(page, "`"+k+"`")
		for up := k; !whole && strings.Contains(up, "."); { // told of with the section that it belongs to
			up = up[:strings.LastIndex(up, ".")]
			line := regexp.MustCompile("(?m)^.*`" + regexp.QuoteMeta(up) + "`.*`" + regexp.QuoteMeta(k[strings.LastIndex(k, ".")+1:]) + "`.*$")
			whole = line.MatchString(page)
		}
		if !whole && !section {
			t.Errorf("docs/configuration.md has no line for %s", k)
		}
	}
}

// configKeys are the paths of all keys, sections included.
func configKeys(t reflect.Type, path string) map[string]bool {
	out := map[string]bool{}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()) {
		return out
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		out[path+name] = true
		maps.Copy(out, configKeys(t.Field(i).Type, path+name+"."))
	}
	return out
}

// loads loads a configuration as the program would, beside files for the secrets
// that it names.
func loads(t *testing.T, text string) error {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "bystander.yml")
	text = regexp.MustCompile(`(_file: +)(\S+[^\s},])`).ReplaceAllStringFunc(text, func(s string) string {
		key, name, _ := strings.Cut(s, ":")
		name = filepath.Base(strings.TrimSpace(name))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("a secret of more than thirty-two bytes"), 0o600))
		return key + ": " + filepath.Join(dir, name)
	})
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	_, err := config.Load(file, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it names a file that a reader does not have: %w", err)
	}
	return err
}

// chartValues are the chart's values, which pages name as well.
func chartValues(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), "charts", "bystander", "values.yaml"))
	require.NoError(t, err)
	out, section := map[string]bool{}, ""
	for line := range strings.Lines(string(b)) {
		name, _, ok := strings.Cut(strings.TrimRight(line, "\n"), ":")
		switch {
		case !ok || strings.HasPrefix(strings.TrimSpace(name), "#"):
		case !strings.HasPrefix(name, " "):
			section = name
		case strings.HasPrefix(name, "  ") && !strings.HasPrefix(name, "   "):
			out[section+"."+strings.TrimSpace(name)] = true
		}
	}
	return out
}

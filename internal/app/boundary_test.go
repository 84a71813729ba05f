package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
)

// stages lists what each stage may import from the house, besides its own
// subpackages. The reasons are in docs/ARCHITECTURE.md; above all, nothing
// right of redact can reach a raw picture's source, and stages do not know each
// other: internal/app alone joins them.
var stages = map[string][]string{
	"internal/geom":       {},
	"internal/frame":      {},
	"internal/event":      {},
	"internal/strictyaml": {},
	"internal/config":     {"internal/strictyaml", "internal/kafkax"},
	"internal/capacity":   {"internal/strictyaml"},
	"internal/kafkax":     {"internal/event"},
	"internal/logx":       {},
	"internal/doctor":     {},
	"internal/release":    {},
	"internal/trace":      {},
	"internal/observe":    {},
	"internal/models":     {},
	"internal/av":         {"internal/frame", "internal/geom"},
	"internal/yuv":        {"internal/frame", "internal/geom"},
	"internal/ort":        {},
	"internal/registers":  {},
	"internal/rtc":        {},
	"ingest":              {"internal/frame", "internal/av", "internal/rtc"},
	"detect":              {"internal/frame", "internal/geom", "internal/yuv", "internal/ort", "internal/models"},
	"match":               {"internal/frame", "internal/geom", "internal/yuv", "internal/ort", "internal/registers", "policy", "internal/event", "internal/sqldb"},
	"policy":              {"internal/geom", "internal/event", "internal/strictyaml", "internal/sqldb", "internal/kafkax"},
	"redact":              {"internal/frame", "internal/geom", "internal/yuv"},
	"sink":                {"internal/frame", "internal/event", "internal/av", "internal/sqldb", "internal/rtc", "internal/kafkax", "internal/observe", "deploy"},
	"audit":               {"internal/event", "internal/sqldb"},
	"rights":              {"internal/event", "internal/sqldb", "policy"},
	"api":                 {"internal/event", "web", "policy", "rights", "audit"},
	"internal/pki":        {},
	"api/peer":            {"api/problem", "internal/pki", "internal/outbox", "internal/sqldb"},
	"api/actor/tokens":    {"api/actor", "internal/outbox", "internal/sqldb"},
	"api/users/accounts":  {"api/actor", "internal/outbox", "internal/sqldb"},
	"api/notes":           {"api/actor", "api/problem", "audit/receipt", "internal/event", "internal/sqldb"},
	"api/admin/cameras":   {"internal/sqldb"},
	"schema":              {},
	"internal/backends":   {},
	"internal/docstest":   {},
	"internal/outbox":     {"internal/sqldb"},
	"deploy":              {},
	"web":                 {},
}

// proves: B-57
func TestStagesKeepToThemselves(t *testing.T) {
	root := testkit.Root(t)
	seen := map[string]bool{}
	walkGo(t, root, func(dir string, imports []string) {
		stage, allowed, ok := ruleFor(dir)
		if !ok {
			return
		}
		seen[stage] = true
		for _, imp := range imports {
			p, ours := strings.CutPrefix(imp, "bystander/")
			if !ours || under(p, stage) || slices.ContainsFunc(allowed, func(a string) bool { return under(p, a) }) {
				continue
			}
			t.Errorf("%s imports %s; %s may import only its own and %v", dir, imp, stage, allowed)
		}
	})
	for stage := range stages {
		require.True(t, seen[stage], "no code found for %s: is the rule out of date?", stage)
	}
}

// encoders lists who may encode raw planes: the redacted side's encoder, and
// the simulated camera, which plays a file as a camera would; and tests, for
// pictures that they draw themselves.
var encoders = []string{"internal/av", "sink/encode", "sink/mux", "internal/loopcam", "internal/testkit"}

func TestOnlyTheEncoderEncodes(t *testing.T) {
	root := testkit.Root(t)
	walkGo(t, root, func(dir string, imports []string) {
		if !slices.Contains(imports, "bystander/internal/av") {
			return
		}
		ok := slices.Contains(encoders, dir) || under(dir, "ingest") || under(dir, "eval") || dir == "internal/app"
		require.True(t, ok, "%s imports internal/av", dir)
	})
}

func ruleFor(dir string) (stage string, allowed []string, ok bool) {
	for s, a := range stages {
		if under(dir, s) && len(s) > len(stage) {
			stage, allowed, ok = s, a, true
		}
	}
	return stage, allowed, ok
}

func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// walkGo visits the imports of every Go file that is not a test.
func walkGo(t *testing.T, root string, visit func(dir string, imports []string)) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, p)
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), imports)
		return nil
	})
	require.NoError(t, err)
}

package redact_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const framePath = "bystander/internal/frame"

// TestOnlyThisPackageSeals reads every Go file of the house: no package but
// redact may take the Sealer, name it, or call Seal, and none but the
// evaluation may ask for a Redactor with parts switched off. Test files may
// seal pictures of their own making, since no test file is linked into the
// program; helpers for tests that are packages of their own may not.
func TestOnlyThisPackageSeals(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for _, trespass := range trespasses(t, path, filepath.ToSlash(rel)) {
			t.Error(trespass)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d Go files read under %s", files, root)
	}
}

// trespasses lists what the file at path, named rel in the repository, does that
// only redact may do.
func trespasses(t *testing.T, path, rel string) []string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	dir := rel[:strings.LastIndexByte("/"+rel, '/')]
	dir = strings.TrimSuffix(dir, "/")
	home := dir == "redact" || dir == "internal/frame" || strings.HasSuffix(rel, "_test.go")
	eval := dir == "redact" || strings.Contains(rel, "eval")
	var out []string
	for _, im := range f.Imports {
		p := strings.Trim(im.Path.Value, `"`)
		if p == framePath && im.Name != nil && im.Name.Name == "." {
			out = append(out, rel+": imports frame with a dot, which hides who seals")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		where := set.Position(s.Pos()).String()
		switch s.Sel.Name {
		case "TakeSealer", "Sealer":
			if x, ok := s.X.(*ast.Ident); ok && x.Name == frameName(f) && !home {
				out = append(out, where+": only package redact may hold the Sealer")
			}
		case "Seal":
			// Ciphers seal too; with the frame package at hand it is suspect.
			if frameName(f) != "" && !home {
				out = append(out, where+": only package redact may seal pictures")
			}
		case "NewForEvaluation":
			if !eval {
				out = append(out, where+": parts of the mask are switched off for evaluation only")
			}
		}
		return true
	})
	return out
}

// frameName is the name under which a file imports package frame, if it does.
func frameName(f *ast.File) string {
	for _, im := range f.Imports {
		if strings.Trim(im.Path.Value, `"`) != framePath {
			continue
		}
		if im.Name != nil {
			return im.Name.Name
		}
		return "frame"
	}
	return ""
}

// TestTheGuardNoticesTrespass keeps the test above honest.
func TestTheGuardNoticesTrespass(t *testing.T) {
	const head = "package sink\nimport f \"bystander/internal/frame\"\n"
	for name, c := range map[string]struct {
		rel, src string
		want     int
	}{
		"takes the sealer":     {"sink/x.go", head + "var s = f.TakeSealer()\n", 1},
		"names the type":       {"sink/x.go", head + "var s *f.Sealer\n", 1},
		"seals":                {"sink/x.go", head + "func x(s interface{ Seal(*f.Raw, bool) *f.Redacted }) { s.Seal(nil, true) }\n", 1},
		"dot import":           {"sink/x.go", "package sink\nimport . \"bystander/internal/frame\"\nvar _ = Size{}\n", 1},
		"switches parts off":   {"sink/x.go", "package sink\nimport \"bystander/redact\"\nvar _ = redact.NewForEvaluation\n", 1},
		"a test seals its own": {"sink/x_test.go", head + "var s = f.TakeSealer()\n", 0},
		"a helper for tests":   {"internal/testkit/x.go", head + "var s = f.TakeSealer()\n", 1},
		"uses a cipher":        {"policy/x.go", "package policy\nfunc x(a interface{ Seal() }) { a.Seal() }\n", 0},
		"is the package":       {"redact/x.go", head + "var s = f.TakeSealer()\n", 0},
		"reads redacted only":  {"sink/x.go", head + "func x(r *f.Redacted) { r.Release() }\n", 0},
	} {
		path := filepath.Join(t.TempDir(), "x.go")
		if err := os.WriteFile(path, []byte(c.src), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := trespasses(t, path, c.rel); len(got) != c.want {
			t.Errorf("%s: %q, want %d", name, got, c.want)
		}
	}
}

// TestNobodyElseCanMakeARedacted compiles programs that try. They are laid over
// the module as a package that does not exist, so the compiler sees them as
// part of the house.
//
// proves: B-57, INV-1
func TestNobodyElseCanMakeARedacted(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"control, which must compile": {"var _ *frame.Redacted\n", ""},
		"a literal with fields": {
			"var _ = &frame.Redacted{raw: nil, full: true}\n", "unexported field",
		},
		"setting a field": {
			"func x(r *frame.Redacted, raw *frame.Raw) { r.raw = raw }\n", "unexported",
		},
		"a sealer of one's own": {
			"var _ = frame.Sealer{genuine: true}\n", "unexported field",
		},
		"converting": {
			"func x(raw *frame.Raw) *frame.Redacted { return (*frame.Redacted)(raw) }\n", "cannot convert",
		},
		"passing a raw picture for a redacted one": {
			"func show(*frame.Redacted) {}\nfunc x(raw *frame.Raw) { show(raw) }\n", "cannot use raw",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := compile(t, "package trespass\n\nimport \"bystander/internal/frame\"\n\n"+c.body)
			switch {
			case c.want == "" && err != nil:
				t.Fatalf("does not compile: %v\n%s", err, out)
			case c.want != "" && err == nil:
				t.Fatal("compiles")
			case c.want != "" && !strings.Contains(out, c.want):
				t.Fatalf("fails for another reason:\n%s", out)
			}
		})
	}
}

// compile builds src as a package of the house, by an overlay.
func compile(t *testing.T, src string) (string, error) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, overlay := filepath.Join(dir, "x.go"), filepath.Join(dir, "overlay.json")
	at := filepath.Join(root, "internal", "trespass", "x.go")
	js := `{"Replace": {"` + filepath.ToSlash(at) + `": "` + filepath.ToSlash(file) + `"}}`
	for path, text := range map[string]string{file: src, overlay: js} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "./internal/trespass")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

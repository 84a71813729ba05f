package repotest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// weakTLS says where a file allows TLS below 1.2, or a certificate that nobody
// has checked: every tls.Config is written out with a MinVersion of 1.2 or 1.3.
func weakTLS(fset *token.FileSet, f *ast.File) []string {
	name := ""
	for _, i := range f.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == "crypto/tls" {
			name = "tls"
			if i.Name != nil {
				name = i.Name.Name
			}
		}
	}
	if name == "" {
		return nil
	}
	var out []string
	fail := func(n ast.Node, why string) {
		out = append(out, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), why))
	}
	isTLS := func(e ast.Expr, what ...string) bool {
		s, ok := e.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		x, ok := s.X.(*ast.Ident)
		return ok && x.Name == name && slices.Contains(what, s.Sel.Name)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if !isTLS(n.Type, "Config") {
				return true
			}
			set := map[string]ast.Expr{}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if k, ok := kv.Key.(*ast.Ident); ok {
						set[k.Name] = kv.Value
					}
				}
			}
			if !isTLS(set["MinVersion"], "VersionTLS12", "VersionTLS13") {
				fail(n, "a tls.Config without MinVersion: tls.VersionTLS12")
			}
			// Who pins a certificate verifies it, by a function of their own.
			if set["InsecureSkipVerify"] != nil && set["VerifyConnection"] == nil {
				fail(n, "InsecureSkipVerify without VerifyConnection")
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "new" && len(n.Args) == 1 && isTLS(n.Args[0], "Config") {
				fail(n, "new(tls.Config) has no MinVersion")
			}
		case *ast.ValueSpec:
			if isTLS(n.Type, "Config") && len(n.Values) == 0 {
				fail(n, "a tls.Config variable has no MinVersion")
			}
		case *ast.SelectorExpr:
			if isTLS(n, "VersionTLS10", "VersionTLS11", "VersionSSL30") {
				fail(n, "a version of TLS that is broken")
			}
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == "InsecureSkipVerify" {
					fail(n, "InsecureSkipVerify")
				}
			}
		}
		return true
	})
	return out
}

// proves: B-53
func TestTLSIsNeverWeakerThan12(t *testing.T) {
	files := 0
	eachFile(t, func(path string, fset *token.FileSet, f *ast.File) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		files++
		for _, w := range weakTLS(fset, f) {
			t.Error(w)
		}
	})
	require.Greater(t, files, 300, "the sources were found")
}

func TestWeakTLSIsNoticed(t *testing.T) {
	for code, weak := range map[string]bool{
		`import "crypto/tls"; var c = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}`:                           true,
		`import "crypto/tls"; var c = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: pinned}`: false,
		`import "crypto/tls"; var c = &tls.Config{MinVersion: tls.VersionTLS12}`:                                                     false,
		`import "crypto/tls"; var c = tls.Config{MinVersion: tls.VersionTLS13, ServerName: "x"}`:                                     false,
		`import "crypto/tls"; var c = &tls.Config{}`:                                                                                 true,
		`import "crypto/tls"; var c = &tls.Config{ServerName: "x"}`:                                                                  true,
		`import t "crypto/tls"; var c = t.Config{MinVersion: t.VersionTLS10}`:                                                        true,
		`import "crypto/tls"; var c = &tls.Config{MinVersion: 0x0301}`:                                                               true,
		`import "crypto/tls"; var c tls.Config`:                                                                                      true,
		`import "crypto/tls"; var c = new(tls.Config)`:                                                                               true,
		`import "crypto/tls"; func f(c *tls.Config) { c.MinVersion = tls.VersionTLS11 }`:                                             true,
		`import "crypto/tls"; func f(c *tls.Config) { c.InsecureSkipVerify = true }`:                                                 true,
		`import tls "example.org/other"; var c = &tls.Config{}`:                                                                      false,
		`import "crypto/tls"; func f() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }`:                             false,
		`import "crypto/tls"; func f(c *tls.Config) (tls.Certificate, *tls.Config) { return c.Certificates[0], c }`:                  false,
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "x.go", "package x; "+code, 0)
		require.NoError(t, err, code)
		require.Equal(t, weak, len(weakTLS(fset, f)) > 0, code)
	}
}

package repotest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoSecretHidesInAPrivateField: fmt prints private fields without asking
// their type, so a Secret in one would be shown by %v of the struct around it.
func TestNoSecretHidesInAPrivateField(t *testing.T) {
	seen := 0
	eachFile(t, func(_ string, fset *token.FileSet, f *ast.File) {
		n, bad := privateSecrets(f)
		seen += n
		for _, at := range bad {
			t.Errorf("%s: a Secret in a private field is printed by %%v of its struct", fset.Position(at))
		}
	})
	require.Positive(t, seen, "the walk reaches them")
}

// privateSecrets counts a file's fields of a type Secret, and finds those that
// are private.
func privateSecrets(f *ast.File) (seen int, bad []token.Pos) {
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		for _, field := range s.Fields.List {
			if !isSecret(field.Type) {
				continue
			}
			seen++
			for _, name := range field.Names {
				if !name.IsExported() {
					bad = append(bad, name.Pos())
				}
			}
		}
		return true
	})
	return seen, bad
}

func isSecret(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Secret"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Secret"
	case *ast.StarExpr:
		return isSecret(e.X)
	case *ast.ArrayType:
		return isSecret(e.Elt)
	}
	return false
}

func TestAPrivateSecretIsNoticed(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "x.go",
		"package x; type a struct { A config.Secret; b Secret; c []*config.Secret; d string }", 0)
	require.NoError(t, err)
	seen, bad := privateSecrets(f)
	require.Equal(t, 3, seen)
	require.Len(t, bad, 2)
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
)

// mine are the parts whose must rows may not stay empty.
var mine = []string{"policy", "enrol", "rights", "zones", "match", "audit"}

func TestPageIsCurrentAndNothingIsEmpty(t *testing.T) {
	root := testkit.Root(t)
	page, rows, err := generate(root, filepath.Join(testkit.Shared(t), "REQUIREMENTS.md"))
	require.NoError(t, err)
	require.Greater(t, len(rows), 150, "all three tables")
	have, err := os.ReadFile(filepath.Join(root, "docs", "requirements.md"))
	require.NoError(t, err)
	require.Equal(t, string(page), string(have), "run: make requirements")
	for _, r := range rows {
		if r.must() && r.in(mine) && len(r.Proofs) == 0 && r.Note == "" {
			t.Errorf("%s (%s): no test says that it proves this, and no note says why", r.ID, r.Demand)
		}
	}
}

func TestReadRows(t *testing.T) {
	rows, err := readRows(strings.NewReader("| id | x |\n| A-01 | c | Do it. | It is done. | policy/docs | must |\n"))
	require.NoError(t, err)
	require.Equal(t, []row{{ID: "A-01", Demand: "Do it.", Parts: []string{"policy", "docs"}, Priority: "must"}}, rows)
	_, err = readRows(strings.NewReader("| A-01 | c | Do it. | policy | must |\n"))
	require.ErrorContains(t, err, "A-01")
}

func TestTags(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("a_test.go", "// TestIt says so.\n// proves: A-01, INV-3\nfunc TestIt(t *testing.T) {\n")
	write("b.test.ts", "// proves: A-01\ntest('a sign', () => {\n")
	found, err := findProofs(dir)
	require.NoError(t, err)
	require.Equal(t, map[string][]proof{
		"A-01": {{"a_test.go", "TestIt"}, {"b.test.ts", "a sign"}}, "INV-3": {{"a_test.go", "TestIt"}},
	}, found)

	write("c_test.go", "// proves: A-02\nvar x int\n")
	_, err = findProofs(dir)
	require.ErrorContains(t, err, "c_test.go:2")
	write("c_test.go", "// proves: later\nfunc TestIt(t *testing.T) {\n")
	_, err = findProofs(dir)
	require.ErrorContains(t, err, "no row")
}

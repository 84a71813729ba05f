package repotest_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
)

// A test is named as [TestName](../path/file_test.go). A subtest of a table may
// follow the name after a slash.
var (
	testLink = regexp.MustCompile(`\[((?:Test|Fuzz)[A-Za-z0-9_]+)[^\]]*\]\(([^)\s]+)\)`)
	anyLink  = regexp.MustCompile(`\]\(([^)\s#]+)(?:#[^)\s]*)?\)`)
	// A threat is a heading of the fourth rank, such as "#### C1. What happens".
	threat = regexp.MustCompile(`^#### ([A-Z]\d+)\. `)
)

// faults says what is wrong with a page of docs/: links to files that are not
// there, tests that the file they link to does not have.
func faults(root, page string, read func(string) ([]byte, error)) []string {
	var out []string
	for _, m := range anyLink.FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, "docs", m[1])); err != nil {
			out = append(out, fmt.Sprintf("%s: no such file", m[1]))
		}
	}
	for _, m := range testLink.FindAllStringSubmatch(page, -1) {
		name, path := m[1], m[2]
		b, err := read(filepath.Join(root, "docs", path))
		if err != nil {
			continue // told above
		}
		if !regexp.MustCompile(`(?m)^func ` + name + `\(`).Match(b) {
			out = append(out, fmt.Sprintf("%s: there is no %s", path, name))
		}
	}
	return out
}

func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	root := testkit.Root(t)
	b, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	require.NoError(t, err)
	page := string(b)
	require.Empty(t, faults(root, page, os.ReadFile))
	require.Greater(t, len(testLink.FindAllString(page, -1)), 40, "the page names its tests")
}

// TestEveryThreatSaysAll: what happens, what stops it, what proves that, and
// what remains.
func TestEveryThreatSaysAll(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "security.md"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for id, body := range threats(string(b)) {
		require.False(t, seen[id], "%s stands twice", id)
		seen[id] = true
		for _, part := range []string{"**Control.** ", "**Proof.** ", "**Remains.** "} {
			require.Contains(t, body, part, "threat %s", id)
		}
		_, proof, _ := strings.Cut(body, "**Proof.** ")
		proof, _, _ = strings.Cut(proof, "**Remains.** ")
		require.Regexp(t, testLink, proof, "threat %s names no test", id)
	}
	require.Greater(t, len(seen), 30)
}

// threats gives each threat's id and text, in the page's order.
func threats(page string) iter.Seq2[string, string] {
	return func(yield func(id, body string) bool) {
		id, body := "", ""
		for line := range strings.Lines(page + "\n## \n") {
			if !strings.HasPrefix(line, "##") {
				body += line
				continue
			}
			if id != "" && !yield(id, body) {
				return
			}
			id, body = "", ""
			if m := threat.FindStringSubmatch(line); m != nil {
				id = m[1]
			}
		}
	}
}

func TestAMissingTestIsNoticed(t *testing.T) {
	root := testkit.Root(t)
	for page, want := range map[string]int{
		"[TestAMissingTestIsNoticed](../internal/repotest/links_test.go)":         0,
		"[TestAMissingTestIsNoticed/one](../internal/repotest/links_test.go)":     0,
		"[TestThatNobodyWrote](../internal/repotest/links_test.go)":               1,
		"[TestAMissingTest](../internal/repotest/links_test.go) a part of a name": 1,
		"[TestX](../internal/repotest/nowhere_test.go)":                           1,
		"[this page](nowhere.md)":                                                 1,
		"[elsewhere](https://example.org/x)":                                      0,
	} {
		require.Len(t, faults(root, page, os.ReadFile), want, page)
	}
}

package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// proof is one test that says it proves a row.
type proof struct {
	File string // from the root of the repository, with slashes
	Test string
}

var (
	tag     = regexp.MustCompile(`^\s*// proves: (.+)$`)
	goTest  = regexp.MustCompile(`^func (Test\w+|Fuzz\w+)\(`)
	webTest = regexp.MustCompile("^\\s*(?:test|it|describe)(?:\\.\\w+)?\\(\\s*[\"'`](.+?)[\"'`]")
)

// findProofs reads the tags of every test below root.
func findProofs(root string) (map[string][]proof, error) {
	found := map[string][]proof{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "dist" || d.Name() == "build"):
			return fs.SkipDir
		case d.IsDir() || !isTest(d.Name()):
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return readTags(path, filepath.ToSlash(rel), found)
	})
	for id := range found {
		slices.SortFunc(found[id], func(a, b proof) int {
			return strings.Compare(a.File+a.Test, b.File+b.Test)
		})
		found[id] = slices.Compact(found[id])
	}
	return found, err
}

func isTest(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".test.ts") ||
		strings.HasSuffix(name, ".test.tsx") || strings.HasSuffix(name, ".spec.ts")
}

// readTags adds one file's tags to found. A tag that no test follows is an
// error: it would promise a proof that is not there.
func readTags(path, rel string, found map[string][]proof) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var ids []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if m := tag.FindStringSubmatch(line); m != nil {
			for id := range strings.SplitSeq(m[1], ",") {
				ids = append(ids, strings.TrimSpace(id))
			}
			continue
		}
		if len(ids) == 0 || strings.HasPrefix(strings.TrimSpace(line), "//") {
			continue
		}
		name := testName(line)
		if name == "" {
			return fmt.Errorf("%s:%d: a tag must stand directly above a test", rel, n)
		}
		for _, id := range ids {
			if !rowID.MatchString(id) && !strings.HasPrefix(id, "INV-") {
				return fmt.Errorf("%s:%d: %q is no row", rel, n, id)
			}
			found[id] = append(found[id], proof{rel, name})
		}
		ids = nil
	}
	return s.Err()
}

func testName(line string) string {
	if m := goTest.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	if m := webTest.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

package release

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
)

// ErrIncomplete reports a folder that lacks a part of a release.
var ErrIncomplete = errors.New("release: incomplete")

// parts are what a release is delivered as, by the pattern of the file's name.
var parts = []struct{ pattern, what string }{
	{"bystander-*-*[0-9a-z]", "the program"},
	{"bystander-*.tgz", "the Helm chart"},
	{"openapi.json", "the description of the interface"},
	{"sbom-program.cdx.json", "the program's bill of materials"},
	{"sbom-web.cdx.json", "the pages' bill of materials"},
	{"LICENSE", "the licence"},
	{"THIRD_PARTY_NOTICES.md", "the notices of others' work"},
}

// Parts refuses a folder that lacks a part of a release.
func Parts(dir string) error {
	names, err := files(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range parts {
		found := false
		for _, n := range names {
			ok, err := path.Match(p.pattern, n)
			if err != nil {
				return fmt.Errorf("release: %w", err)
			}
			found = found || ok && (path.Ext(n) == ".tgz") == (path.Ext(p.pattern) == ".tgz")
		}
		if !found {
			errs = append(errs, fmt.Errorf("%w: %s is missing: %s", ErrIncomplete, p.what, filepath.Join(dir, p.pattern)))
		}
	}
	return errors.Join(errs...)
}

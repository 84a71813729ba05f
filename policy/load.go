package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"bystander/internal/strictyaml"
)

// LoadSite reads and checks a site file. Every error found is reported at
// once, each with the file, the line and the key path; the whole wraps
// ErrInvalid.
func LoadSite(path string) (*Site, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("policy: site file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, strictyaml.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("policy: site file %s: %w", path, err)
	}
	return ParseSite(path, b)
}

// ParseSite is LoadSite for a file already read; name is used in messages.
func ParseSite(name string, b []byte) (*Site, error) {
	var s Site
	err := strictyaml.Decode(name, b, &s)
	// A file of the wrong shape is judged further only by what could be read,
	// lest one slip in a list hides the rest.
	c := checker{file: name, lines: lineFinder(b)}
	s.check(&c)
	if err = errors.Join(append([]error{err}, c.errs...)...); err != nil {
		return nil, fmt.Errorf("%w site file:\n%w", ErrInvalid, err)
	}
	return &s, nil
}

// YAML writes the site as a file that LoadSite accepts.
func (s *Site) YAML() ([]byte, error) {
	b, err := yaml.MarshalWithOptions(s, yaml.Indent(2))
	if err != nil {
		return nil, fmt.Errorf("policy: write site: %w", err)
	}
	if s.Sample {
		b = append([]byte(sampleHead), b...)
	}
	return bytes.TrimLeft(b, "\n"), nil
}

// lineFinder returns a function from key path to line, 0 when unknown. A key
// that is missing is placed at its nearest parent.
func lineFinder(b []byte) func(path string) int {
	file, err := parser.ParseBytes(b, 0, parser.AllowDuplicateMapKey())
	if err != nil || len(file.Docs) != 1 {
		return func(string) int { return 0 }
	}
	return func(path string) int {
		for path != "" {
			if n := nodeAt(file, path); n != nil && n.GetToken() != nil {
				return n.GetToken().Position.Line
			}
			path = path[:max(strings.LastIndexAny(path, ".["), 0)]
		}
		return 0
	}
}

func nodeAt(file *ast.File, path string) ast.Node {
	p, err := yaml.PathString("$." + path)
	if err != nil {
		return nil
	}
	n, err := p.FilterFile(file)
	if err != nil {
		return nil
	}
	return n
}

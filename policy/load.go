package policy

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxSiteFile bounds a site file; real ones have a few kilobytes.
const maxSiteFile = 4 << 20

// LoadSite reads and checks a site file. Every error found is reported at
// once, each with the file, the line and the key path; they wrap ErrInvalid.
func LoadSite(path string) (*Site, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("policy: site file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSiteFile+1))
	if err != nil {
		return nil, fmt.Errorf("policy: site file %s: %w", path, err)
	}
	if len(b) > maxSiteFile {
		return nil, fmt.Errorf("%w: site file %s is larger than %d bytes", ErrInvalid, path, maxSiteFile)
	}
	s, err := ParseSite(b)
	if err != nil {
		return nil, fmt.Errorf("site file %s:\n%w", path, err)
	}
	return s, nil
}

// ParseSite is LoadSite for a file already read.
func ParseSite(b []byte) (*Site, error) {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: not YAML: %s", ErrInvalid, firstLine(err))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("%w: one YAML document expected, found %d", ErrInvalid, len(file.Docs))
	}
	d := strict{lines: map[string]int{}}
	var s Site
	d.decode(file.Docs[0].Body, reflect.ValueOf(&s).Elem(), "", 0)
	d.errs = append(d.errs, s.problems(d.lines)...)
	if err := errors.Join(d.errs...); err != nil {
		return nil, err
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

// strict decodes a parsed document key by key, so that every unknown key and
// every value of the wrong type is reported and not only the first.
type strict struct {
	lines map[string]int // key path to line
	errs  []error
}

func (d *strict) fail(line int, path, format string, a ...any) {
	d.errs = append(d.errs, problem(line, path, fmt.Sprintf(format, a...)))
}

func problem(line int, path, text string) error {
	if line > 0 {
		return fmt.Errorf("%w: line %d: %s: %s", ErrInvalid, line, path, text)
	}
	return fmt.Errorf("%w: %s: %s", ErrInvalid, path, text)
}

// maxDepth bounds nesting; the deepest key of a site file lies at 6.
const maxDepth = 16

func (d *strict) decode(n ast.Node, v reflect.Value, path string, depth int) {
	line := n.GetToken().Position.Line
	d.lines[path] = line
	switch {
	case depth > maxDepth:
		d.fail(line, path, "nested too deeply")
	case n.Type() == ast.AnchorType || n.Type() == ast.AliasType || n.Type() == ast.MergeKeyType || n.Type() == ast.TagType:
		d.fail(line, path, "anchors, aliases and tags are not allowed in a site file")
	case isLeaf(v.Type()):
		d.leaf(n, v, path, line)
	case v.Kind() == reflect.Struct:
		d.mapping(n, path, line, depth, func(key string) (reflect.Value, func()) {
			return fieldByTag(v, key), func() {}
		})
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		d.mapping(n, path, line, depth, func(key string) (reflect.Value, func()) {
			e := reflect.New(v.Type().Elem()).Elem()
			return e, func() { v.SetMapIndex(reflect.ValueOf(key), e) }
		})
	default:
		d.sequence(n, v, path, line, depth)
	}
}

func (d *strict) mapping(n ast.Node, path string, line, depth int, slot func(string) (reflect.Value, func())) {
	m, ok := n.(ast.MapNode)
	if !ok {
		if n.Type() != ast.NullType {
			d.fail(line, path, "keys expected here, found %s", kindWord(n))
		}
		return
	}
	seen := map[string]bool{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		at := it.Key().GetToken().Position.Line
		p := join(path, key)
		v, done := slot(key)
		switch {
		case it.Key().Type() == ast.MergeKeyType || !v.IsValid():
			d.fail(at, p, "unknown key")
		case seen[key]:
			d.fail(at, p, "given twice")
		default:
			d.decode(it.Value(), v, p, depth+1)
			d.lines[p] = at
			done()
		}
		seen[key] = true
	}
}

func (d *strict) sequence(n ast.Node, v reflect.Value, path string, line, depth int) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		if n.Type() != ast.NullType {
			d.fail(line, path, "a list is expected here, found %s", kindWord(n))
		}
		return
	}
	if v.Kind() == reflect.Array {
		if len(s.Values) != v.Len() {
			d.fail(line, path, "%d values are expected, found %d", v.Len(), len(s.Values))
			return
		}
	} else {
		v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	}
	for i, e := range s.Values {
		d.decode(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
	}
}

func (d *strict) leaf(n ast.Node, v reflect.Value, path string, line int) {
	if v.Type() == timeType {
		t, err := parseTime(n.GetToken().Value)
		if err != nil {
			d.fail(line, path, "%q is not a time like 2027-01-31 or 2027-01-31T12:00:00Z", n.GetToken().Value)
			return
		}
		v.Set(reflect.ValueOf(t))
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
			d.fail(line, path, "%v", err)
		}
		return
	}
	if _, scalar := n.(ast.ScalarNode); !scalar {
		d.fail(line, path, "a single value is expected here, found %s", kindWord(n))
		return
	}
	if v.Kind() == reflect.String {
		// A plain 1.0 or yes is taken as the text it is.
		v.SetString(n.GetToken().Value)
		if l, ok := n.(*ast.LiteralNode); ok {
			v.SetString(l.Value.Value)
		}
		return
	}
	if err := yaml.NodeToValue(n, v.Addr().Interface()); err != nil {
		d.fail(line, path, "%q is not %s", n.GetToken().Value, typeWord(v.Kind()))
	}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func isLeaf(t reflect.Type) bool {
	if t == timeType || reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return false
	default:
		return true
	}
}

func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err
}

func fieldByTag(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name == key {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func kindWord(n ast.Node) string {
	switch n.(type) {
	case ast.MapNode:
		return "keys"
	case *ast.SequenceNode:
		return "a list"
	default:
		return fmt.Sprintf("%q", n.GetToken().Value)
	}
}

func typeWord(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number that is not negative"
	}
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

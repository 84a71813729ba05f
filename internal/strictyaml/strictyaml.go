// Package strictyaml reads YAML into structs and reports every mistake at
// once: unknown keys (with the nearest known one), doubled keys and values of
// the wrong kind, each with its line and key path.
package strictyaml

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxBytes bounds a document.
const MaxBytes = 4 << 20

// Error is one mistake in a file.
type Error struct {
	File string
	Line int    // from 1; 0 when unknown
	Path string // e.g. "cameras[2].url"
	Msg  string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Path != "" {
		fmt.Fprintf(&b, ": %s", e.Path)
	}
	fmt.Fprintf(&b, ": %s", e.Msg)
	return b.String()
}

// Decode reads data into the struct that into points to. Keys that the file
// leaves out keep the value that into came with, so defaults are set before.
// The error joins one *Error for each mistake; file is used in messages only.
func Decode(file string, data []byte, into any) error {
	if len(data) > MaxBytes {
		return &Error{File: file, Msg: fmt.Sprintf("larger than %d bytes", MaxBytes)}
	}
	doc, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return syntaxError(file, err)
	}
	d := decoder{file: file}
	switch len(doc.Docs) {
	case 0:
		return nil
	case 1:
	default:
		return &Error{File: file, Msg: "holds several documents; keep one"}
	}
	if body := doc.Docs[0].Body; body != nil {
		d.value(body, reflect.ValueOf(into).Elem(), "", 0)
	}
	return errors.Join(d.errs...)
}

func syntaxError(file string, err error) error {
	e := &Error{File: file, Msg: yaml.FormatError(err, false, false)}
	var ye yaml.Error
	if errors.As(err, &ye) {
		e.Msg = ye.GetMessage()
		if t := ye.GetToken(); t != nil {
			e.Line = t.Position.Line
		}
	}
	return e
}

type decoder struct {
	file string
	errs []error
}

const maxDepth = 32

var durationType = reflect.TypeFor[time.Duration]()

func (d *decoder) fail(n ast.Node, path, format string, args ...any) {
	line := 0
	if n != nil && n.GetToken() != nil {
		line = n.GetToken().Position.Line
	}
	d.errs = append(d.errs, &Error{d.file, line, path, fmt.Sprintf(format, args...)})
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string, depth int) {
	if depth > maxDepth {
		d.fail(n, path, "nested too deeply")
		return
	}
	switch n.(type) {
	case *ast.AliasNode, *ast.AnchorNode, *ast.MergeKeyNode, *ast.TagNode:
		d.fail(n, path, "anchors, aliases and tags are not used here; write the value out")
		return
	case *ast.NullNode:
		return // an empty value keeps the default
	}
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok || v.Type() == durationType {
		d.leaf(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), path, depth+1)
	case reflect.Struct:
		d.mapping(n, v, path, depth)
	case reflect.Slice:
		d.sequence(n, v, path, depth)
	default:
		d.leaf(n, v, path)
	}
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string, depth int) {
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		d.fail(n, path, "should hold keys and values")
		return
	}
	fields := fieldsOf(v)
	seen := map[string]bool{}
	for _, p := range pairs {
		key := strings.Trim(p.Key.String(), `"' `)
		at := key
		if path != "" {
			at = path + "." + key
		}
		f, ok := fields[key]
		switch {
		case seen[key]:
			d.fail(p.Key, at, "given twice")
		case !ok:
			d.fail(p.Key, at, "unknown key%s", suggest(key, fields))
		default:
			d.value(p.Value, f, at, depth+1)
		}
		seen[key] = true
	}
}

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string, depth int) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(n, path, "should be a list")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, item := range s.Values {
		d.value(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
	}
	v.Set(out)
}

func (d *decoder) leaf(n ast.Node, v reflect.Value, path string) {
	if v.Type() == durationType {
		dur, err := time.ParseDuration(strings.Trim(n.String(), `"' `))
		if err != nil {
			d.fail(n, path, "should be a duration such as 500ms, 30s or 24h")
			return
		}
		v.SetInt(int64(dur))
		return
	}
	if err := yaml.NodeToValue(n, v.Addr().Interface()); err != nil {
		d.fail(n, path, "%s", leafMessage(v, err))
	}
}

func leafMessage(v reflect.Value, err error) string {
	switch v.Kind() {
	case reflect.Bool:
		return "should be true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "should be a whole number within range"
	case reflect.Float32, reflect.Float64:
		return "should be a number"
	}
	var ye yaml.Error
	if errors.As(err, &ye) {
		return ye.GetMessage()
	}
	return err.Error()
}

// fieldsOf maps the yaml key of each field to its place; fields without a key
// cannot be set from a file.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, opt, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case opt == "inline":
			for k, f := range fieldsOf(v.Field(i)) {
				out[k] = f
			}
		case name != "" && name != "-":
			out[name] = v.Field(i)
		}
	}
	return out
}

func suggest(key string, fields map[string]reflect.Value) string {
	best, dist := "", min(3, len(key)/2+1) // another word altogether is no slip
	for k := range fields {
		if n := distance(key, k); n < dist || n == dist && best != "" && k < best {
			best, dist = k, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			prev, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, prev+cost)
		}
	}
	return row[len(b)]
}

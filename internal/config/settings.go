package config

import (
	"encoding"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Where a setting's value came from.
const (
	SourceDefault     = "default"
	SourceFile        = "file"
	SourceEnvironment = "environment"
	// SourceProgram is a value that follows from others, or that a
	// demonstration sets.
	SourceProgram = "program"
)

// Setting is one key of a configuration, fit to be shown.
type Setting struct {
	Key    string // as the file writes it, such as server.listen or cameras[0].id
	Value  string // stars where it is secret
	Source string
	Secret bool
}

// secretKey matches keys whose value is hidden whatever its type.
var secretKey = regexp.MustCompile(`(?i)(password|secret|token|credential)$`)

// Settings lists every key of c with where its value came from. env is the
// environment that c was loaded with.
func (c *Config) Settings(env []string) ([]Setting, error) {
	inFile := map[string]bool{}
	if c.From != "" {
		b, err := os.ReadFile(c.From)
		if err != nil {
			return nil, fmt.Errorf("config: %w", err)
		}
		var root map[string]any
		if err := yaml.Unmarshal(b, &root); err != nil {
			return nil, fmt.Errorf("config: %s is no YAML any more; was it changed since the start?", c.From)
		}
		keysOf(root, "", inFile)
	}
	inEnv := map[string]bool{}
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		inEnv[name] = true
	}
	def := Default()
	defaults := map[string]string{}
	list(reflect.ValueOf(def), "", func(s Setting) { defaults[s.Key] = s.Value })
	var out []Setting
	list(reflect.ValueOf(*c), "", func(s Setting) {
		was, known := defaults[s.Key]
		switch {
		case inEnv[envPrefix+strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))]:
			s.Source = SourceEnvironment
		case inFile[s.Key]:
			s.Source = SourceFile
		case known && was == s.Value || !known && s.Value == "":
			s.Source = SourceDefault
		default:
			s.Source = SourceProgram
		}
		out = append(out, s)
	})
	return out, nil
}

// keysOf collects the keys that a file sets; those of lists with their place.
func keysOf(v any, at string, out map[string]bool) {
	out[at] = true
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			keysOf(x, join(at, k), out)
		}
	case []any:
		for i, x := range v {
			keysOf(x, fmt.Sprintf("%s[%d]", at, i), out)
		}
	}
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// list tells of each leaf below v.
func list(v reflect.Value, at string, tell func(Setting)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case !f.IsExported() || tag == "-":
			case opts == "inline":
				list(v.Field(i), at, tell)
			default:
				list(v.Field(i), join(at, tag), tell)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			parts := make([]string, v.Len())
			for i := range parts {
				parts[i] = fmt.Sprint(v.Index(i).Interface())
			}
			tell(setting(at, strings.Join(parts, ", "), false))
			return
		}
		for i := range v.Len() {
			list(v.Index(i), fmt.Sprintf("%s[%d]", at, i), tell)
		}
	default:
		value, secret := shown(v)
		tell(setting(at, value, secret))
	}
}

func setting(key, value string, secret bool) Setting {
	if secretKey.MatchString(key) && value != "" {
		value, secret = "***", true
	}
	return Setting{Key: key, Value: value, Secret: secret}
}

// shown is a leaf as text. What marshals to stars is secret.
func shown(v reflect.Value) (text string, secret bool) {
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String(), false
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		if err != nil {
			return "***", true
		}
		return string(b), string(b) == "***"
	}
	return fmt.Sprint(v.Interface()), false
}

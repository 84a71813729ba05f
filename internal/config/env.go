package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// envPrefix begins every variable that sets a key: BYSTANDER_SERVER_LISTEN
// sets server.listen, and a list of texts what commas part. Lists of other things,
// such as cameras, are set in the file only.
const envPrefix = "BYSTANDER_"

// reserved are variables with this prefix that are no configuration keys.
var reserved = map[string]bool{
	"BYSTANDER_SHARED": true, "BYSTANDER_ORT_LIB": true, "BYSTANDER_CONFIG": true,
	"BYSTANDER_MASTER_KEY_FILE": true, "BYSTANDER_MASTER_KEY": true, "BYSTANDER_MODEL_MIRRORS": true,
	"BYSTANDER_TOKEN": true, // whoever acts at the command line
}

func (c *Config) applyEnv(env []string) error {
	keys := map[string]reflect.Value{}
	collect(reflect.ValueOf(c).Elem(), strings.TrimSuffix(envPrefix, "_"), keys)
	var errs []error
	for _, kv := range env {
		name, text, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) || reserved[name] {
			continue
		}
		v, ok := keys[name]
		if !ok {
			errs = append(errs, fmt.Errorf("environment: %s: no such key; unset it", name))
			continue
		}
		if err := setText(v, text); err != nil {
			errs = append(errs, fmt.Errorf("environment: %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func collect(v reflect.Value, name string, out map[string]reflect.Value) {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("yaml")
		if tag == "-" {
			continue
		}
		key := name + "_" + strings.ToUpper(tag)
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			collect(f, key, out)
		case reflect.Slice:
			if f.Type() == reflect.TypeFor[[]string]() {
				out[key] = f
			}
		default:
			out[key] = f
		}
	}
}

// words are what commas part; an empty text has none.
func words(text string) (out []string) {
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("should be a duration such as 500ms, 30s or 24h")
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.Slice: // of strings, as collect found
		v.Set(reflect.ValueOf(words(text)))
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("should be true or false")
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("should be a whole number")
		}
		v.SetInt(int64(n))
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("should be a number")
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("cannot be set here (%s)", v.Kind())
	}
	return nil
}

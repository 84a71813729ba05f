package config_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/kafkax"
)

// TestNoVerbShowsASecret prints secrets in every way that a log line or an error
// could, alone and inside other values.
//
// proves: A-19
func TestNoVerbShowsASecret(t *testing.T) {
	const clear = "hunter2"
	one, two := config.Secret(clear), kafkax.Secret(clear)
	type holder struct {
		A config.Secret
		B *kafkax.Secret
		C []config.Secret
		D map[string]kafkax.Secret
		E any
	}
	whole := holder{one, &two, []config.Secret{one}, map[string]kafkax.Secret{"k": two}, one}
	for _, v := range []any{one, two, &one, whole, &whole, []any{one, two}} {
		// Not %p and %w, which fmt answers without asking the type; go vet refuses both.
		for _, verb := range strings.Split("v +v #v s q x X d o b c U t e f g T 10s -5v +q #x", " ") {
			require.NotContains(t, fmt.Sprintf("%"+verb, v), clear, "%%%s of %T", verb, v)
			require.NotContains(t, fmt.Sprintf("%"+verb, v), fmt.Sprintf("%x", clear), "%%%s of %T", verb, v)
		}
		require.NotContains(t, fmt.Sprintln(v), clear)
		require.NotContains(t, fmt.Errorf("dial: %v: %w", v, errors.New("no")).Error(), clear)
		j, err := json.Marshal(v)
		require.NoError(t, err)
		require.NotContains(t, string(j), clear)
		y, err := yaml.Marshal(v)
		require.NoError(t, err)
		require.NotContains(t, string(y), clear)
		var log bytes.Buffer
		l := zerolog.New(&log)
		l.Info().Any("v", v).Interface("w", v).Msgf("%v", v)
		require.NotContains(t, log.String(), clear)
	}
	require.Equal(t, clear, one.Reveal()+"")
}

// secretName matches keys of values that must not be shown. A file that holds
// one may be named.
var secretName = regexp.MustCompile(`(?i)(password|passphrase|secret|token|credential|private_key)$`)

// TestEverySecretSettingHasTheType: a key that says it is secret, and an address
// that may carry a password, is not a plain string.
func TestEverySecretSettingHasTheType(t *testing.T) {
	found := 0
	var walk func(rt reflect.Type, at string)
	walk = func(rt reflect.Type, at string) {
		switch rt.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(rt.Elem(), at+"[]")
		case reflect.Struct:
			for i := range rt.NumField() {
				f := rt.Field(i)
				key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
				if key == "" || key == "-" {
					key = f.Name
				}
				walk(f.Type, at+"."+key)
			}
		case reflect.String:
			hidden := rt == reflect.TypeFor[config.Secret]() || rt == reflect.TypeFor[kafkax.Secret]()
			if hidden {
				found++
			}
			if (secretName.MatchString(at) || at == ".cameras[].url") && !hidden {
				t.Errorf("%s is a plain %v; give it the type Secret", at, rt)
			}
			if hidden && !rt.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
				t.Errorf("%s: %v would be shown as JSON", at, rt)
			}
		}
	}
	walk(reflect.TypeFor[config.Config](), "")
	require.GreaterOrEqual(t, found, 2, "the walk reaches them")
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConvert(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "swagger.json")
	require.NoError(t, os.WriteFile(in, []byte(`{"definitions": {
		"io.k8s.api.apps.v1.Thing": {"type": "object",
			"properties": {"size": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"},
				"port": {"type": "string", "format": "int-or-string"},
				"properties": {"type": "object", "properties": {"x": {"type": "string"}}}},
			"x-kubernetes-group-version-kind": [{"group": "apps", "kind": "Thing", "version": "v1"}, {"group": "a.b.io", "kind": "Thing", "version": "v1"}]},
		"io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"}}}`), 0o600))
	n, err := convert(in, filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.Equal(t, 2, n)

	read := func(name string) (s schema) {
		b, err := os.ReadFile(filepath.Join(dir, "out", name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &s))
		return s
	}
	kind := read("thing-a-v1.json")
	require.Equal(t, "a.b.io/v1", kind["properties"].(schema)["apiVersion"].(schema)["const"])
	defs := read(definitions)["definitions"].(schema)
	thing := defs["io.k8s.api.apps.v1.Thing"].(schema)
	require.Equal(t, false, thing["additionalProperties"])
	props := thing["properties"].(schema)
	require.Equal(t, definitions+"#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity", props["size"].(schema)["$ref"])
	require.Equal(t, []any{"string", "integer"}, props["port"].(schema)["type"])
	require.Equal(t, false, props["properties"].(schema)["additionalProperties"], "a field that is called properties")
	require.Equal(t, []any{"string", "number"}, defs["io.k8s.apimachinery.pkg.api.resource.Quantity"].(schema)["type"])

	_, err = convert(filepath.Join(dir, "missing.json"), dir)
	require.Error(t, err)
}

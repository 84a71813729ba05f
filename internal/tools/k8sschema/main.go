// K8sschema makes JSON schemas for kubeconform out of Kubernetes' own OpenAPI
// description, since the usual collections of such schemas are a download of
// hundreds of megabytes from a place that no checksum covers.
//
//	go run ./internal/tools/k8sschema -swagger swagger.json -out DIR
//
// For each kind it writes KIND-GROUP-VERSION.json, as kubeconform's
// {{.ResourceKind}}{{.KindSuffix}} names it. A key that the API does not know is
// an error, as with kubeconform's strict schemas.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const definitions = "_definitions.json"

// schema is one JSON schema, as far as it is looked at here.
type schema = map[string]any

// groupVersionKind names a kind of the API.
type groupVersionKind struct{ Group, Version, Kind string }

func (g groupVersionKind) file() string {
	name := strings.ToLower(g.Kind)
	if g.Group != "" {
		first, _, _ := strings.Cut(g.Group, ".")
		name += "-" + strings.ToLower(first)
	}
	return name + "-" + strings.ToLower(g.Version) + ".json"
}

func main() {
	swagger := flag.String("swagger", "", "Kubernetes' api/openapi-spec/swagger.json")
	out := flag.String("out", "", "folder to write into")
	flag.Parse()
	n, err := convert(*swagger, *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "k8sschema:", err)
		os.Exit(1)
	}
	fmt.Printf("%d kinds\n", n)
}

func convert(swagger, out string) (int, error) {
	b, err := os.ReadFile(swagger) //nolint:gosec // the caller's file
	if err != nil {
		return 0, err
	}
	var api struct {
		Definitions map[string]schema `json:"definitions"`
	}
	if err := json.Unmarshal(b, &api); err != nil {
		return 0, fmt.Errorf("%s: %w", swagger, err)
	}
	if len(api.Definitions) == 0 {
		return 0, errors.New(swagger + " holds no definitions")
	}
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // schemas are public
		return 0, err
	}
	kinds := map[string]schema{}
	for name, d := range api.Definitions {
		list, err := kindsOf(d)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		mend(name, d)
		for _, g := range list {
			kinds[g.file()] = kindSchema(name, d, g)
		}
	}
	if err := write(filepath.Join(out, definitions), schema{"definitions": api.Definitions}); err != nil {
		return 0, err
	}
	for file, s := range kinds {
		if err := write(filepath.Join(out, file), s); err != nil {
			return 0, err
		}
	}
	return len(kinds), nil
}

// kindSchema is the schema of one kind: the definition itself, with kind and
// version fixed, as one definition may stand for several.
func kindSchema(name string, d schema, g groupVersionKind) schema {
	version := g.Version
	if g.Group != "" {
		version = g.Group + "/" + g.Version
	}
	s := schema{
		"$schema": "http://json-schema.org/draft-07/schema#",
		"allOf":   []any{schema{"$ref": definitions + "#/definitions/" + name}},
		"properties": schema{
			"apiVersion": schema{"const": version}, "kind": schema{"const": g.Kind},
		},
		"required": []any{"apiVersion", "kind"},
	}
	if text, ok := d["description"]; ok {
		s["description"] = text
	}
	return s
}

func kindsOf(d schema) ([]groupVersionKind, error) {
	raw, ok := d["x-kubernetes-group-version-kind"]
	if !ok {
		return nil, nil
	}
	b, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var list []groupVersionKind
	return list, json.Unmarshal(b, &list)
}

// mend turns what OpenAPI 2 says in words into JSON schema, all the way down.
func mend(name string, d schema) {
	switch {
	case strings.HasSuffix(name, ".api.resource.Quantity"):
		d["type"] = []any{"string", "number"}
	case d["format"] == "int-or-string":
		d["type"] = []any{"string", "integer"}
		delete(d, "format")
	}
	if d["x-kubernetes-preserve-unknown-fields"] != true && d["properties"] != nil && d["additionalProperties"] == nil {
		d["additionalProperties"] = false
	}
	for key, v := range d {
		switch v := v.(type) {
		case string:
			if key == "$ref" {
				d[key] = definitions + strings.TrimPrefix(v, definitions)
			}
		case schema:
			if key == "properties" {
				for _, p := range v {
					if p, ok := p.(schema); ok {
						mend("", p)
					}
				}
				continue
			}
			mend("", v)
		}
	}
}

func write(path string, s schema) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644) //nolint:gosec // schemas are public
}

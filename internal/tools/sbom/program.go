package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// programBill is the bill of a program, from what its linker wrote into it: the
// modules that are in it, and no others. licences are by "path version".
func programBill(info *debug.BuildInfo, licences map[string]string) ([]byte, error) {
	if len(info.Deps) == 0 {
		return nil, errors.New("the program does not say what it is made of")
	}
	version := "(devel)"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			version = s.Value
		}
	}
	components := []any{map[string]any{
		"type": "platform", "bom-ref": "go", "name": "go", "version": strings.TrimPrefix(info.GoVersion, "go"),
		"licenses": []licence{{"BSD-3-Clause"}},
	}}
	var errs []error
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		l, ok := licences[m.Path+" "+m.Version]
		if !ok {
			errs = append(errs, fmt.Errorf("%s %s has no licence in the notices; run: go run ./internal/tools/notices -write", m.Path, m.Version))
		}
		purl := "pkg:golang/" + m.Path + "@" + m.Version
		components = append(components, map[string]any{
			"type": "library", "bom-ref": purl, "purl": purl, "name": m.Path, "version": m.Version, "scope": "required",
			"licenses": []licence{{l}},
			// The sum that the Go command checks a module against.
			"properties": []map[string]string{{"name": "go:sum", "value": m.Sum}},
		})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": map[string]any{
			"component": map[string]any{"type": "application", "bom-ref": info.Main.Path, "name": info.Main.Path, "version": version},
		},
		"components": components,
	})
}

// licencesIn reads the notices' table: "| path version | licence |".
func licencesIn(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) == 4 {
			out[strings.TrimSpace(f[1])] = strings.TrimSpace(f[2])
		}
	}
	return out, nil
}

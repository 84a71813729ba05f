// Package models finds model files: it knows which there are (an embedded
// manifest), where they may come from, and refuses every byte that is not the
// one named.
package models

import (
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed manifest.yml
var manifest []byte

// Kind is what a model says about a person.
type Kind string

// The only kinds that a model of this project may give (REQUIREMENTS C-13).
const (
	KindBox       Kind = "box"
	KindLandmarks Kind = "landmarks"
	KindQuality   Kind = "quality"
	KindPAD       Kind = "pad"
	KindEmbedding Kind = "embedding"
)

// Allowed reports whether a model may give this kind of output.
func (k Kind) Allowed() bool {
	switch k {
	case KindBox, KindLandmarks, KindQuality, KindPAD, KindEmbedding:
		return true
	}
	return false
}

// Input describes what a model takes: value = (sample − Mean)·Scale.
type Input struct {
	Name     string  `yaml:"name" json:"name"`
	Shape    []int64 `yaml:"shape" json:"shape"` // -1 is free
	Colour   string  `yaml:"colour" json:"colour"`
	Multiple int     `yaml:"multiple,omitempty" json:"multiple,omitempty"` // of free sides
	Mean     float32 `yaml:"mean" json:"mean"`
	Scale    float32 `yaml:"scale" json:"scale"`
	Pad      float32 `yaml:"pad,omitempty" json:"pad,omitempty"` // letterbox value
}

// Output describes what a model gives.
type Output struct {
	Name  string `yaml:"name" json:"name"`
	Kind  Kind   `yaml:"kind" json:"kind"`
	About string `yaml:"about,omitempty" json:"about,omitempty"`
}

// Info is one model of the manifest.
type Info struct {
	Name    string `yaml:"name" json:"name"`
	File    string `yaml:"file" json:"file"`
	SHA256  string `yaml:"sha256" json:"sha256"`
	Bytes   int64  `yaml:"bytes" json:"bytes"`
	Purpose string `yaml:"purpose" json:"purpose"`
	Licence string `yaml:"licence" json:"licence"`
	Origin  string `yaml:"origin" json:"origin"`
	// URL is the upstream address; empty where upstream does not publish this
	// very file and a mirror has to hold it.
	URL string `yaml:"url,omitempty" json:"url,omitempty"`
	// Module is a path within the Go module cache that holds the file.
	Module     string             `yaml:"module,omitempty" json:"module,omitempty"`
	Input      Input              `yaml:"input" json:"input"`
	Outputs    []Output           `yaml:"outputs" json:"outputs"`
	Thresholds map[string]float32 `yaml:"thresholds" json:"thresholds"`
}

// licences that allow deployment; anything else is refused (REQUIREMENTS A-14).
var licences = map[string]bool{"Apache-2.0": true, "MIT": true, "BSD-3-Clause": true, "CC0-1.0": true}

// ParseManifest reads a manifest strictly and checks every rule; all faults
// come at once, each naming the model. Faults are ErrManifest.
func ParseManifest(b []byte) ([]Info, error) {
	var m struct {
		Models []Info `yaml:"models"`
	}
	if err := yaml.UnmarshalWithOptions(b, &m, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	var errs []error
	names := map[string]bool{}
	for _, i := range m.Models {
		if names[i.Name] {
			errs = append(errs, fmt.Errorf("%w: %s: named twice", ErrManifest, i.Name))
		}
		names[i.Name] = true
		for _, fault := range i.faults() {
			errs = append(errs, fmt.Errorf("%w: %s: %s", ErrManifest, i.Name, fault))
		}
	}
	if len(m.Models) == 0 {
		errs = append(errs, fmt.Errorf("%w: no models", ErrManifest))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m.Models, nil
}

func (i Info) faults() []string {
	var f []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			f = append(f, fmt.Sprintf(format, args...))
		}
	}
	add(i.Name == "", "name is empty")
	add(i.File == "" || i.File != filepath.Base(i.File) || strings.HasPrefix(i.File, "."),
		"file %q is no plain file name", i.File)
	d, err := hex.DecodeString(i.SHA256)
	add(err != nil || len(d) != 32 || i.SHA256 != strings.ToLower(i.SHA256), "sha256 is not 64 lower-case hex digits")
	add(i.Bytes <= 0 || i.Bytes > maxBytes, "bytes %d is not between 1 and %d", i.Bytes, int64(maxBytes))
	add(i.Purpose == "", "purpose is empty")
	add(!licences[i.Licence], "licence %q does not allow deployment", i.Licence)
	add(i.Origin == "", "origin is empty")
	add(i.URL != "" && !strings.HasPrefix(i.URL, "https://"), "url %q is not https", i.URL)
	add(i.Module != "" && !filepath.IsLocal(i.Module), "module %q leaves the module cache", i.Module)
	add(len(i.Input.Shape) == 0, "input has no shape")
	add(len(i.Outputs) == 0, "no outputs")
	for _, o := range i.Outputs {
		add(!o.Kind.Allowed(), "output %q is of kind %q; only box, landmarks, quality, pad and embedding are allowed (C-13)", o.Name, o.Kind)
	}
	return f
}

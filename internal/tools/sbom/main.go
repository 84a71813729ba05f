// Sbom writes what a release is made of as CycloneDX 1.5 or newer in JSON: one
// file for the program, from the modules that the linker wrote into it and the
// native libraries that it is linked with or loads; one for its pages, which is
// cyclonedx-npm's. Both are checked to name every part. The same source gives the
// same bytes: SOURCE_DATE_EPOCH is the time on them.
//
//	go run ./internal/tools/sbom -binary bin/bystander -npm PATH -onnxruntime 1.2.3 -out build/release
package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	binary := flag.String("binary", "bin/bystander", "the program")
	web := flag.String("web", "web", "the web application's folder, with its packages installed")
	npm := flag.String("npm", "cyclonedx-npm", "cyclonedx-npm")
	out := flag.String("out", "build/release", "where the two lists go")
	ort := flag.String("onnxruntime", "", "version of ONNX Runtime that the program loads")
	flag.Parse()
	if err := run(context.Background(), *binary, *web, *out, *ort, *npm); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, web, out, ort, npm string) error {
	at, err := epoch(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // public
		return err
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	licences, err := licencesIn("THIRD_PARTY_NOTICES.md")
	if err != nil {
		return err
	}
	program, err := programBill(info, licences)
	if err != nil {
		return err
	}
	native, err := nativeParts(ctx, ort)
	if err != nil {
		return err
	}
	pages, err := output(ctx, web, npm, "--omit", "dev", "--package-lock-only", "--output-reproducible", "--output-format", "JSON")
	if err != nil {
		return err
	}
	packages, err := packagesOf(filepath.Join(web, "package-lock.json"))
	if err != nil {
		return err
	}
	for name, b := range map[string]struct {
		list []byte
		more []part
		must []string
	}{"sbom-program.cdx.json": {program, native, modulesIn(info)}, "sbom-web.cdx.json": {pages, nil, packages}} {
		text, err := finish(b.list, b.more, at)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := lists(text, b.must); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil { //nolint:gosec // public
			return err
		}
	}
	return nil
}

// epoch is the time that goes onto the lists.
func epoch(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, errors.New("set SOURCE_DATE_EPOCH to the time of the source in seconds, as git log -1 --format=%ct prints it")
	}
	return time.Unix(n, 0).UTC(), nil
}

func output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // named by the Makefile
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// part is a component that no package manager of ours lists.
type part struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Licences []licence `json:"licenses"`
	Scope    string    `json:"scope"`
}

type licence struct {
	Expression string `json:"expression"`
}

// nativeParts are the libraries beside the Go modules, in the versions that the
// program was built with.
func nativeParts(ctx context.Context, ort string) ([]part, error) {
	var out []part
	add := func(name, version, lic string) {
		out = append(out, part{"library", name + "@" + version, name, version, []licence{{lic}}, "required"})
	}
	const libav = "LGPL-2.1-or-later AND GPL-2.0-or-later"
	for _, lib := range []struct{ name, licence string }{
		{"libavformat", libav}, {"libavcodec", libav}, {"libswscale", libav}, {"libavutil", libav}, {"x264", "GPL-2.0-or-later"},
	} {
		v, err := output(ctx, "", "pkg-config", "--modversion", lib.name)
		if err != nil {
			return nil, err
		}
		add(lib.name, strings.TrimSpace(string(v)), lib.licence)
	}
	if ort == "" {
		return nil, errors.New("name the version of ONNX Runtime with -onnxruntime")
	}
	add("onnxruntime", ort, "MIT")
	return out, nil
}

// finish puts the further parts and the time of the source onto a list, and lays
// it out the same way each time.
func finish(list []byte, more []part, at time.Time) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(list, &doc); err != nil {
		return nil, fmt.Errorf("no JSON: %w", err)
	}
	if doc["bomFormat"] != "CycloneDX" {
		return nil, errors.New("no CycloneDX")
	}
	components, ok := doc["components"].([]any)
	if !ok || len(components) == 0 {
		return nil, errors.New("it lists nothing")
	}
	for _, p := range more {
		components = append(components, p)
	}
	doc["components"] = components
	meta, _ := doc["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
	}
	meta["timestamp"] = at.Format(time.RFC3339)
	doc["metadata"] = meta
	delete(doc, "serialNumber")
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}

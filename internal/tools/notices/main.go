// Notices lists what the binary is made of, with the licence of each part, and
// fails when a part has none that allows deployment (requirement A-14).
//
//	go run ./internal/tools/notices          check, and compare with the file
//	go run ./internal/tools/notices -write   write THIRD_PARTY_NOTICES.md
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const target = "THIRD_PARTY_NOTICES.md"

const head = `# Third-party notices

What Bystander's binary and web application are built from. Made by
` + "`go run ./internal/tools/notices -write`" + `; the lint checks that it is current and that
each part's licence allows deployment.

Libraries that are not part of the binary but loaded or linked at run time:

| library | licence | note |
|---|---|---|
| FFmpeg libav* 5.1 (Debian) | LGPL-2.1-or-later; Debian's build is GPL-2.0-or-later | linked dynamically |
| x264 (by itself and through libav), libvpx (through libav) | GPL-2.0-or-later; BSD-3-Clause | who ships a binary together with x264 follows the GPL, or has a licence from its owners |
| ONNX Runtime 1.30.0 | MIT | loaded at run time |

Model files are not part of this repository; ` + "`bystander models list`" + ` names
the licence of each.
`

// phrases tell a licence by words of its text; the first hit holds.
var phrases = []struct{ licence, words string }{
	{"Apache-2.0", "Apache License"},
	{"MPL-2.0", "Mozilla Public License"},
	{"", "GNU AFFERO"},
	{"", "GNU GENERAL PUBLIC"},
	{"", "non-commercial"},
	{"", "research purposes only"},
	{"ISC", "Permission to use, copy, modify, and/or distribute"},
	{"ISC", "Permission to use, copy, modify, and distribute this software for any"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"BSD-3-Clause", "Neither the name"},
	{"BSD-3-Clause", "names of its contributors"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
	{"Unlicense", "This is free and unencumbered software"},
	{"CC0-1.0", "CC0 1.0 Universal"},
}

func main() {
	write := flag.Bool("write", false, "write "+target)
	flag.Parse()
	if err := run(context.Background(), *write); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, write bool) error {
	mods, err := goModules(ctx)
	if err != nil {
		return err
	}
	pkgs, err := npmPackages()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(head)
	table(&b, "Go modules", mods)
	table(&b, "Packages in the web application", pkgs)
	if write {
		return os.WriteFile(target, b.Bytes(), 0o644)
	}
	have, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, b.Bytes()) {
		return fmt.Errorf("%s is out of date; run: go run ./internal/tools/notices -write", target)
	}
	return nil
}

func table(w io.Writer, title string, rows map[string]string) {
	fmt.Fprintf(w, "\n## %s\n\n| part | licence |\n|---|---|\n", title)
	for _, k := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(w, "| %s | %s |\n", k, rows[k])
	}
}

func goModules(ctx context.Context) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/bystander").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	rows := map[string]string{}
	var errs []error
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 || rows[f[0]+" "+f[1]] != "" {
			continue
		}
		l, err := licenceIn(f[2])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f[0], err))
			continue
		}
		rows[f[0]+" "+f[1]] = l
	}
	return rows, errors.Join(errs...)
}

func licenceIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		text := strings.Join(strings.Fields(string(b)), " ")
		for _, p := range phrases {
			if strings.Contains(text, p.words) {
				if p.licence == "" {
					return "", fmt.Errorf("%s does not allow deployment (%q)", e.Name(), p.words)
				}
				return p.licence, nil
			}
		}
	}
	return "", errors.New("no known licence found")
}

// allowed are the licences that a package in the shipped web application may
// have.
var allowed = []string{"MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "CC0-1.0", "Unlicense"}

func npmPackages() (map[string]string, error) {
	b, err := os.ReadFile("web/package-lock.json")
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct {
			Version, License string
			Dev              bool
		}
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		return nil, fmt.Errorf("web/package-lock.json: %w", err)
	}
	rows := map[string]string{}
	var errs []error
	for path, p := range lock.Packages {
		name, ok := strings.CutPrefix(path, "node_modules/")
		if !ok || p.Dev {
			continue
		}
		if !slices.Contains(allowed, p.License) {
			errs = append(errs, fmt.Errorf("npm %s: licence %q is not among those allowed", name, p.License))
		}
		rows[name+" "+p.Version] = p.License
	}
	return rows, errors.Join(errs...)
}

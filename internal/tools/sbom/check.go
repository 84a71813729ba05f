package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// modulesIn are the modules that the linker says are in the program, as
// "path@version".
func modulesIn(info *debug.BuildInfo) []string {
	var out []string
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		out = append(out, m.Path+"@"+m.Version)
	}
	return out
}

// packagesOf are the packages that the lock file says are shipped, as
// "name@version"; those of the tools that build are not, nor those of other
// platforms.
func packagesOf(lock string) ([]string, error) {
	b, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Packages map[string]struct {
			Version  string `json:"version"`
			Dev      bool   `json:"dev"`
			Optional bool   `json:"optional"`
			Peer     bool   `json:"peer"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", lock, err)
	}
	var out []string
	for path, p := range doc.Packages {
		if path == "" || p.Dev || p.Optional || p.Peer {
			continue
		}
		_, name, _ := cutLast(path, "node_modules/")
		out = append(out, name+"@"+p.Version)
	}
	if len(out) == 0 {
		return nil, errors.New(lock + " ships nothing")
	}
	return out, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// lists checks that a bill names every one of the parts.
func lists(bill []byte, parts []string) error {
	var doc struct {
		Components []struct {
			Group   string `json:"group"`
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"components"`
	}
	if err := json.Unmarshal(bill, &doc); err != nil {
		return err
	}
	have := map[string]bool{}
	for _, c := range doc.Components {
		name := c.Name
		if c.Group != "" {
			name = c.Group + "/" + name
		}
		have[name+"@"+c.Version] = true
	}
	var errs []error
	for _, p := range parts {
		if !have[p] {
			errs = append(errs, fmt.Errorf("%s is not listed", p))
		}
	}
	return errors.Join(errs...)
}

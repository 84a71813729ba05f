package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	demands := flag.String("demands", "", "the tables of demands, REQUIREMENTS.md")
	flag.Parse()
	if err := run(*root, *demands); err != nil {
		fmt.Fprintf(os.Stderr, "requirements: %v\n", err)
		os.Exit(1)
	}
}

func run(root, demands string) error {
	text, _, err := generate(root, demands)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "requirements.md"), text, 0o644)
}

// generate returns the page and the rows behind it.
func generate(root, demands string) (page []byte, rows []entry, err error) {
	if demands == "" {
		return nil, nil, fmt.Errorf("name the tables with -demands FILE")
	}
	in, err := os.Open(demands)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	table, err := readRows(in)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", demands, err)
	}
	proofs, err := findProofs(root)
	if err != nil {
		return nil, nil, err
	}
	notes, err := readNotes(filepath.Join(root, "docs", "requirements-notes.yml"))
	if err != nil {
		return nil, nil, err
	}
	rows, err = join(table, proofs, notes)
	if err != nil {
		return nil, nil, err
	}
	return render(rows), rows, nil
}

// readNotes reads why rows without a test are out of scope or open, by row.
func readNotes(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	notes := map[string]string{}
	if err := yaml.Unmarshal(b, &notes); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return notes, nil
}

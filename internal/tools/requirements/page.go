package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// entry is one row with what proves it.
type entry struct {
	row
	Proofs []proof
	Note   string
}

// join puts rows, proofs and notes together. A proof or note for a row that
// does not exist is an error.
func join(rows []row, proofs map[string][]proof, notes map[string]string) ([]entry, error) {
	known := map[string]bool{}
	entries := make([]entry, 0, len(rows))
	for _, r := range rows {
		known[r.ID] = true
		entries = append(entries, entry{r, proofs[r.ID], notes[r.ID]})
	}
	for _, id := range slices.Sorted(maps.Keys(proofs)) {
		if !known[id] && !strings.HasPrefix(id, "INV-") {
			return nil, fmt.Errorf("%s: %s proves row %s, which does not exist", proofs[id][0].File, proofs[id][0].Test, id)
		}
	}
	for id := range notes {
		if !known[id] {
			return nil, fmt.Errorf("docs/requirements-notes.yml: there is no row %s", id)
		}
	}
	return entries, nil
}

const head = `# Requirements and what proves them

Written by ` + "`make requirements`" + ` from the tests' own tags (` + "`// proves: A-07`" + `); edit
the tags or [requirements-notes.yml](requirements-notes.yml), not this page. A row
may name several tests; a note says what is left out, or where it is still open.

`

func render(entries []entry) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	proven, open := 0, 0
	for _, e := range entries {
		if len(e.Proofs) > 0 {
			proven++
		} else if e.must() && e.Note == "" {
			open++
		}
	}
	fmt.Fprintf(&b, "%d rows; %d with a test; %d that must be met have neither test nor note.\n", len(entries), proven, open)
	table := ""
	for _, e := range entries {
		if t := e.ID[:1]; t != table {
			table = t
			fmt.Fprintf(&b, "\n## Table %s\n\n| row | demand | priority | proven by |\n|---|---|---|---|\n", t)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", e.ID, e.Demand, e.Priority, e.answer())
	}
	return b.Bytes()
}

func (e entry) answer() string {
	var parts []string
	for _, p := range e.Proofs {
		parts = append(parts, fmt.Sprintf("[%s](../%s)", strings.ReplaceAll(p.Test, "|", "\\|"), p.File))
	}
	if e.Note != "" {
		parts = append(parts, strings.ReplaceAll(e.Note, "|", "\\|"))
	}
	if len(parts) == 0 {
		return "**open**"
	}
	return strings.Join(parts, "<br>")
}

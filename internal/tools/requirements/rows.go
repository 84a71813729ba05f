package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// row is one demand.
type row struct {
	ID       string
	Demand   string
	Parts    []string // policy, zones, …
	Priority string   // as written: "must", "should", "out: …", or a mixture
}

// must reports whether some of the row must be met.
func (r row) must() bool { return strings.Contains(r.Priority, "must") }

// in reports whether the row belongs to one of the parts.
func (r row) in(parts []string) bool {
	return slices.ContainsFunc(r.Parts, func(p string) bool { return slices.Contains(parts, p) })
}

var rowID = regexp.MustCompile(`^[ABC]-\d{2}$`)

// readRows reads the tables: id | clause | demand | behaviour | part | priority.
func readRows(in io.Reader) ([]row, error) {
	var rows []row
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		cells := strings.Split(strings.Trim(s.Text(), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !rowID.MatchString(cells[0]) {
			continue
		}
		if len(cells) != 6 {
			return nil, fmt.Errorf("row %s has %d cells, want 6", cells[0], len(cells))
		}
		rows = append(rows, row{
			ID: cells[0], Demand: cells[2], Priority: cells[5],
			Parts: strings.Split(cells[4], "/"),
		})
	}
	return rows, s.Err()
}

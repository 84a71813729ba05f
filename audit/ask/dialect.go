package ask

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

//go:embed sql/*.sql
var queries embed.FS

// dialect is how one store writes what the two say differently. Both take
// parameters as @name, and times as milliseconds since 1970.
type dialect struct {
	name    string
	explain string                // what a query begins with to be explained
	text    func(x string) string // empty for none
	int     func(x string) string // 0 for none
	float   func(x string) string
	digest  func(x string) string // lower-case hex, empty for none
	// nothing is whether the digest x is unset.
	nothing func(x string) string
	// rows is a table expression of the events of these kinds, with ts in
	// milliseconds, narrowed by the parameters named, and by doubts: conditions
	// that hold wherever a check could find something, and mostly nowhere else.
	rows func(narrow, kinds []string) string
	// one is the event of the parameter's id; old are those beyond the rule.
	one, old string
	detail   func(alias, key string) string // empty for none
	// detailInt is a number in the detail, 0 for none.
	detailInt func(alias, key string) string
	// asof joins, to each row m, the last row of a history whose key is m's and
	// whose ts is not after at.
	asof func(alias string, h history, key, at string) string
	lead func(x, by, order, none string) string
	lag  func(x, by, order, none string) string
	div  func(a, b string) string // whole numbers
	// held is chain and seq of every row and skeleton in the range asked for; runs
	// is the same as chain, first and last of runs without gaps, each number in
	// one; doubles is chain and seq of numbers that are there with two contents.
	held, runs, doubles string
}

// history is a record of changes, by a key.
type history struct {
	kind    string
	columns map[string]string // name → detail key
	times   map[string]string // name → detail key of an RFC 3339 time, as milliseconds
	fields  []string          // columns of the event itself
}

var histories = map[string]history{
	"consents": {
		kind:    "consent_change",
		columns: map[string]string{"state": "state", "under14": "under14", "guardian": "guardian"},
		times:   map[string]string{"expires": "expires"},
	},
	"zones": {
		kind:    "zone_change",
		columns: map[string]string{"state": "state", "inspection_until": "inspection_until"},
		times:   map[string]string{"inspection_ms": "inspection_until"},
		fields:  []string{"sign_set_hash"},
	},
	"gates": {
		kind:    "gate_change",
		columns: map[string]string{"state": "state", "reasons": "reasons"},
	},
	"scenes": {
		kind:    "scene_change",
		columns: map[string]string{"state": "state", "approver": "approver"},
	},
	"notices": {
		kind:    "notice_change",
		columns: map[string]string{"effective_from": "effective_from"},
	},
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// query returns the question's text in this dialect.
func (d *dialect) query(q Question) (string, error) {
	file := q.Name + ".sql"
	src, err := queries.ReadFile("sql/" + file)
	if err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	t, err := template.New(file).Option("missingkey=error").Funcs(d.funcs()).Parse(string(src))
	if err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	return b.String(), nil
}

func (d *dialect) funcs() template.FuncMap {
	return template.FuncMap{
		"text": d.text, "int": d.int, "float": d.float, "digest": d.digest, "nothing": d.nothing,
		"rows": func(narrow, kinds string) (string, error) {
			return d.rows(list(narrow), list(kinds)), nil
		},
		"one":    func(string) string { return d.one },
		"old":    func() string { return d.old },
		"detail": d.detail, "detailint": d.detailInt,
		"asof": func(alias, name, key, at string) (string, error) {
			h, ok := histories[name]
			if !ok {
				return "", fmt.Errorf("there is no history %q", name)
			}
			return d.asof(alias, h, key, at), nil
		},
		"lead": d.lead, "lag": d.lag, "div": d.div,
		"runs":    func() string { return d.runs },
		"doubles": func() string { return d.doubles },
		"held":    func() string { return d.held },
		"key":     func(x string) string { return d.text(x) },
	}
}

// quoted writes the kinds as a list of literals. They come from the files here,
// never from a user.
func quoted(kinds []string) string {
	q := make([]string, len(kinds))
	for i, k := range kinds {
		q[i] = "'" + k + "'"
	}
	return strings.Join(q, ", ")
}

// sorted returns the map's keys in order, so that a query's text never varies.
func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

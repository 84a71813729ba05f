package ask

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
)

// Answer is the table that a question was answered with. A value is a string,
// int64, float64 or time.Time (UTC; the zero time for none), by its column's
// type; a digest is its lower-case hex, a withheld count nil.
type Answer struct {
	Question Question
	Rows     [][]any
	// More tells that there may be rows beyond the bound.
	More bool
	Took time.Duration
}

// Holds reports whether a check found nothing; true for questions that are no
// checks.
func (a *Answer) Holds() bool { return !a.Question.Check || len(a.Rows) == 0 }

// Subjects lists the pseudonyms of the people in the answer, each once, for the
// access log.
func (a *Answer) Subjects() []event.Digest {
	at := slices.IndexFunc(a.Question.Columns, func(c Column) bool { return c.Name == "subject_ref" })
	if at < 0 {
		return nil
	}
	seen := map[event.Digest]bool{}
	var out []event.Digest
	for _, r := range a.Rows {
		var d event.Digest
		text, _ := r[at].(string)
		if d.UnmarshalText([]byte(text)) != nil || d.IsZero() || seen[d] {
			continue
		}
		seen[d] = true
		out = append(out, d)
	}
	return out
}

// Asker puts questions to one store. It is safe for concurrent use.
type Asker struct {
	db      *sql.DB
	dialect *dialect
	now     func() time.Time
	arg     func(name string, v any) any
}

// NewSQLite returns an asker of an embedded event store's database. The caller
// keeps db open, and closes it afterwards.
func NewSQLite(db *sql.DB, now func() time.Time) *Asker {
	return &Asker{db, sqliteDialect(), now, func(name string, v any) any { return sql.Named(name, v) }}
}

// Ask answers the question of that name, or number. Parameters are as a user
// writes them; those left out take their defaults. It fails with ErrUnknown,
// ErrParam and the store's errors.
func (a *Asker) Ask(ctx context.Context, name string, given map[string]string) (*Answer, error) {
	q, err := Find(name)
	if err != nil {
		return nil, err
	}
	values, err := q.bind(given, a.now())
	if err != nil {
		return nil, err
	}
	limit := int64(DefaultRows)
	if n, ok := values["rows"].(int64); ok {
		if n < 1 || n > MaxRows {
			return nil, fmt.Errorf("%w: rows lies between 1 and %d", ErrParam, MaxRows)
		}
		limit = n
		values["rows"] = n + 1 // one more tells whether there is more
	}
	if q.Name == "people-held" && values["limit"].(int64) == 0 {
		return nil, fmt.Errorf("%w: limit is a threshold above 0", ErrParam)
	}
	return a.run(ctx, q, values, int(limit))
}

func (a *Asker) run(ctx context.Context, q Question, values map[string]any, limit int) (*Answer, error) {
	text, err := a.dialect.query(q)
	if err != nil {
		return nil, err
	}
	return a.runText(ctx, q, text, values, limit)
}

// runText puts a query's text with its values, and reads up to limit rows.
func (a *Asker) runText(ctx context.Context, q Question, text string, values map[string]any, limit int) (*Answer, error) {
	began := time.Now()
	rows, err := a.db.QueryContext(ctx, text, a.args(values)...)
	if err != nil {
		return nil, fmt.Errorf("ask: %s: %w", q.Name, err)
	}
	defer rows.Close()
	out := &Answer{Question: q, Rows: [][]any{}}
	for rows.Next() {
		row, err := scan(rows, q.Columns)
		if err != nil {
			return nil, fmt.Errorf("ask: %s: %w", q.Name, err)
		}
		if len(out.Rows) == limit {
			out.More = true
			break
		}
		out.Rows = append(out.Rows, row)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("ask: %s: %w", q.Name, err)
	}
	out.Took = time.Since(began)
	return out, nil
}

// Explain returns the store's own plan for a question, for those who tune it.
func (a *Asker) Explain(ctx context.Context, name string, given map[string]string) (string, error) {
	q, err := Find(name)
	if err != nil {
		return "", err
	}
	values, err := q.bind(given, a.now())
	if err != nil {
		return "", err
	}
	text, err := a.dialect.query(q)
	if err != nil {
		return "", err
	}
	rows, err := a.db.QueryContext(ctx, a.dialect.explain+text, a.args(values)...)
	if err != nil {
		return "", fmt.Errorf("ask: explain %s: %w", q.Name, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", fmt.Errorf("ask: explain %s: %w", q.Name, err)
	}
	var b strings.Builder
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(any)
		}
		if err := rows.Scan(line...); err != nil {
			return "", fmt.Errorf("ask: explain %s: %w", q.Name, err)
		}
		// The plan's text stands in the last column in both stores.
		fmt.Fprintln(&b, *line[len(line)-1].(*any))
	}
	return b.String(), rows.Err()
}

// args puts the values in order, by name.
func (a *Asker) args(values map[string]any) []any {
	args := make([]any, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		args = append(args, a.arg(name, values[name]))
	}
	return args
}

func scan(rows *sql.Rows, columns []Column) ([]any, error) {
	dst := make([]any, len(columns))
	for i, c := range columns {
		switch c.Type {
		case Int, Time, Count:
			dst[i] = new(int64)
		case Float:
			dst[i] = new(float64)
		default:
			dst[i] = new(string)
		}
	}
	if err := rows.Scan(dst...); err != nil {
		return nil, err
	}
	row := make([]any, len(columns))
	for i, c := range columns {
		switch v := dst[i].(type) {
		case *int64:
			row[i] = *v
			if c.Type == Time {
				row[i] = moment(*v)
			}
		case *float64:
			row[i] = *v
		case *string:
			if c.Type == Digest {
				if _, err := hex.DecodeString(*v); err != nil {
					return nil, fmt.Errorf("column %s: %w", c.Name, err)
				}
			}
			row[i] = *v
		}
	}
	return row, nil
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

package ask

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The ways in which a question cannot be put.
var (
	// ErrUnknown reports a question that is not in the catalogue.
	ErrUnknown = errors.New("ask: no such question")
	// ErrParam reports a parameter that is missing, unknown or malformed.
	ErrParam = errors.New("ask: parameter")
)

// The bounds of one answer.
const (
	DefaultRows = 1000
	MaxRows     = 100_000
)

// Type is what a column or parameter holds.
type Type string

// The types. In JSON a Time is RFC 3339 in UTC, a Digest lower-case hex.
const (
	Text     Type = "text"
	Int      Type = "int"
	Float    Type = "float"
	Time     Type = "time"
	Digest   Type = "digest"
	Duration Type = "duration"
	EventID  Type = "event_id"
)

// Param is one parameter of a question.
type Param struct {
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Required bool   `json:"required"`
	Default  string `json:"default,omitempty"` // as the user would write it
	About    string `json:"about"`
}

// Column is one column of an answer.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Question is one named query.
type Question struct {
	Number int    `json:"number"` // in REQUIREMENTS section 6
	Name   string `json:"name"`
	Title  string `json:"title"`
	About  string `json:"about"`
	// Check tells that the answer lists what should not be.
	Check   bool     `json:"check"`
	Params  []Param  `json:"params"`
	Columns []Column `json:"columns"`
}

// Questions lists the catalogue, by number.
func Questions() []Question { return slices.Clone(catalogue) }

// Find returns the question of that name, or number.
func Find(name string) (Question, error) {
	for _, q := range catalogue {
		if q.Name == name || strconv.Itoa(q.Number) == name {
			return q, nil
		}
	}
	names := make([]string, len(catalogue))
	for i, q := range catalogue {
		names[i] = q.Name
	}
	return Question{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(names, ", "))
}

// bind turns what the user wrote into values for the query: times and durations
// in milliseconds, everything else as it is. Unknown parameters are refused.
func (q Question) bind(given map[string]string, now time.Time) (map[string]any, error) {
	values := map[string]any{}
	for _, p := range q.Params {
		text, ok := given[p.Name]
		if !ok || text == "" {
			if p.Required {
				return nil, fmt.Errorf("%w: %s asks for %s (%s)", ErrParam, q.Name, p.Name, p.About)
			}
			text = p.Default
		}
		v, err := p.parse(text, now)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrParam, p.Name, err)
		}
		values[p.Name] = v
	}
	for name := range given {
		if _, ok := values[name]; !ok {
			return nil, fmt.Errorf("%w: %s takes no %s", ErrParam, q.Name, name)
		}
	}
	if from, ok := values["from"].(int64); ok {
		if to, ok := values["to"].(int64); ok && from > to {
			return nil, fmt.Errorf("%w: from lies after to", ErrParam)
		}
	}
	return values, nil
}

func (p Param) parse(text string, now time.Time) (any, error) {
	switch p.Type {
	case Int:
		if text == "" {
			return int64(0), nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no number from 0 on", text)
		}
		return n, nil
	case Time:
		return parseTime(text, now)
	case Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%q is no duration such as 10s or 24h", text)
		}
		return d.Milliseconds(), nil
	case EventID:
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no event id (a UUID)", text)
		}
		return id.String(), nil
	default:
		if len(text) > 256 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0xfffd }) {
			return nil, errors.New("the text is too long or holds control characters")
		}
		return text, nil
	}
}

// parseTime takes RFC 3339, a date, "now", or a duration back from now (-30d).
func parseTime(text string, now time.Time) (int64, error) {
	if text == "now" {
		return now.UnixMilli(), nil
	}
	if back, ok := strings.CutPrefix(text, "-"); ok {
		if days, ok := strings.CutSuffix(back, "d"); ok {
			n, err := strconv.ParseUint(days, 10, 16)
			if err == nil {
				return now.Add(-time.Duration(n) * 24 * time.Hour).UnixMilli(), nil
			}
		}
		if d, err := time.ParseDuration(back); err == nil {
			return now.Add(-d).UnixMilli(), nil
		}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time: write 2026-01-31, 2026-01-31T12:00:00Z, now, or -30d", text)
}

package ask

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Format is how an answer is written.
type Format string

// The formats.
const (
	Table   Format = "table"
	CSV     Format = "csv"
	JSON    Format = "json"
	Parquet Format = "parquet"
)

// Formats lists the formats.
func Formats() []Format { return []Format{Table, CSV, JSON, Parquet} }

// Media is the format's media type.
func (f Format) Media() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case JSON:
		return "application/json"
	case Parquet:
		return "application/vnd.apache.parquet"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Write writes the answer in the format. It fails with ErrParam for an unknown
// one, and with the writer's error.
func (a *Answer) Write(w io.Writer, f Format) error {
	switch f {
	case Table:
		return a.writeTable(w)
	case CSV:
		return a.writeCSV(w)
	case JSON:
		return json.NewEncoder(w).Encode(a)
	case Parquet:
		return a.writeParquet(w)
	}
	return fmt.Errorf("%w: there is no format %q; there are table, csv, json and parquet", ErrParam, f)
}

// MarshalJSON implements json.Marshaler: the rows as objects, in order.
func (a *Answer) MarshalJSON() ([]byte, error) {
	rows := make([]map[string]any, len(a.Rows))
	for i, r := range a.Rows {
		rows[i] = make(map[string]any, len(r))
		for j, c := range a.Question.Columns {
			v := r[j]
			if t, ok := v.(time.Time); ok && t.IsZero() {
				v = nil
			}
			rows[i][c.Name] = v
		}
	}
	return json.Marshal(struct {
		Name    string           `json:"name"`
		Number  int              `json:"number"`
		Title   string           `json:"title"`
		Check   bool             `json:"check"`
		Holds   bool             `json:"holds"`
		Columns []Column         `json:"columns"`
		Rows    []map[string]any `json:"rows"`
		More    bool             `json:"more"`
		TookMS  float64          `json:"took_ms"`
	}{
		a.Question.Name, a.Question.Number, a.Question.Title, a.Question.Check, a.Holds(),
		a.Question.Columns, rows, a.More, float64(a.Took.Microseconds()) / 1000,
	})
}

// cell is a value as text. Times are RFC 3339, empty for none.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.Format("2006-01-02T15:04:05.000Z07:00")
	case float64:
		return strconv.FormatFloat(v, 'g', 6, 64)
	default:
		return fmt.Sprint(v)
	}
}

func (a *Answer) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	line := make([]string, len(a.Question.Columns))
	for i, c := range a.Question.Columns {
		line[i] = c.Name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, r := range a.Rows {
		for i, v := range r {
			line[i] = harmless(cell(v))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			return "'" + s
		}
	}
	return s
}

// writeTable is for people: digests are cut to twelve digits, and the last
// lines say what the table means.
func (a *Answer) writeTable(w io.Writer) error {
	if len(a.Rows) > 0 {
		out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		names := make([]string, len(a.Question.Columns))
		for i, c := range a.Question.Columns {
			names[i] = strings.ToUpper(c.Name)
		}
		fmt.Fprintln(out, strings.Join(names, "\t"))
		for _, r := range a.Rows {
			for i, v := range r {
				text := printable(cell(v))
				if a.Question.Columns[i].Type == Digest && len(text) > 12 {
					text = text[:12]
				}
				if text == "" {
					text = "-"
				}
				names[i] = text
			}
			fmt.Fprintln(out, strings.Join(names, "\t"))
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, a.sum())
	return err
}

// printable leaves out what would move a terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return -1
		}
		return r
	}, s)
}

func (a *Answer) sum() string {
	n := fmt.Sprintf("%d rows", len(a.Rows))
	if len(a.Rows) == 1 {
		n = "1 row"
	}
	if a.More {
		n += ", and there are more: ask for more with rows, or narrow the time"
	}
	n += fmt.Sprintf(" (%v)", a.Took.Round(time.Millisecond))
	switch {
	case !a.Question.Check:
		return n
	case a.Holds():
		return "holds: nothing found (" + a.Took.Round(time.Millisecond).String() + ")"
	}
	return "DOES NOT HOLD: " + n
}
